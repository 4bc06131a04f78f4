"""The command that publishes a library to Milvus."""

from pathlib import Path

import click

from indexer.publishing import publish as publish_library
from search.library.manifest import Manifest, live_folder
from search.library.milvus import MilvusAddress
from web.cli.options import ShownErrors
from web.cli.progress_bars import TerminalProgress


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
@click.option(
    "--wait",
    type=click.FloatRange(min=0),
    default=60.0,
    show_default=True,
    metavar="SECONDS",
    help="Wait so long for web processes to move on, before what they serve stays loaded.",
)
def publish(library: Path, address: str, wait: float) -> None:
    """Publish the live generation of LIBRARY to Milvus, for serve --library ADDRESS.

    It is loaded beside the one that is served there, then the alias NAME is switched to it, and
    what was there is released from memory once no web process serves it. A run that is broken off
    is gone on with by the next.

    Where Milvus asks who it is, JMEDSEARCH_MILVUS_TOKEN holds USER:PASSWORD or a key; where its
    certificate is signed by an authority of one's own, JMEDSEARCH_MILVUS_CA names that one's file
    (PEM). Needs the extra milvus (docs/milvus.md).
    """
    to = MilvusAddress.parse(address)
    progress = TerminalProgress()
    try:
        folder = live_folder(library)
        progress.stage("publish", Manifest.read(folder).passages if folder else None)
        done = publish_library(
            library,
            to,
            progress.advance,
            lambda reason: click.echo(f"{reason}; trying again", err=True),
            wait,
        )
    finally:
        progress.close()
    words = "vectors and term lists" if done.ranks_words else "vectors"
    click.echo(f"generation {done.generation} is live at {to}: {words}, {done.passages} passages")
    if done.dropped:
        click.echo(f"no longer kept there: {', '.join(done.dropped)}")
    if done.still_served:
        click.echo(
            f"still served, and so kept in memory: {', '.join(done.still_served)}; to have it "
            "released once web processes have moved on, publish again"
        )
