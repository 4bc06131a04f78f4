"""The command that publishes a library to Milvus."""

from pathlib import Path

import click

from indexer.progress import TerminalProgress
from indexer.publishing import publish as publish_library
from search.cli import ShownErrors
from search.manifest import Manifest, live_generation
from search.milvus import MilvusAddress


@click.command(cls=ShownErrors)
@click.argument("library", type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--to",
    "address",
    required=True,
    metavar="ADDRESS",
    help="milvus://HOST:PORT/NAME (milvus+tls:// for TLS), or milvus:///FOLDER/FILE.db for "
    "milvus-lite.",
)
def publish(library: Path, address: str) -> None:
    """Publish the live generation of LIBRARY to Milvus, for serve --library ADDRESS.

    It is loaded beside the one that is served there, then the alias NAME is switched to it. Where
    Milvus asks who it is, JMEDSEARCH_MILVUS_TOKEN holds USER:PASSWORD or a key. Needs the
    extra milvus (docs/milvus.md).
    """
    to = MilvusAddress.parse(address)
    progress = TerminalProgress()
    try:
        folder = live_generation(library)
        progress.stage("publish", Manifest.read(folder).passages if folder else None)
        done = publish_library(library, to, progress.advance)
    finally:
        progress.close()
    words = "vectors and term lists" if done.ranks_words else "vectors"
    click.echo(f"generation {done.generation} is live at {to}: {words}, {done.passages} passages")
    if done.dropped:
        click.echo(f"no longer kept there: {', '.join(done.dropped)}")
