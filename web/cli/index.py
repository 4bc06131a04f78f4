"""The command that builds libraries, and the list of all of indexer's commands."""

from datetime import datetime
from pathlib import Path
from typing import get_args

import click

from indexer.run.imports import COUNTS, Export
from indexer.run.intake import Reading, Report
from indexer.run.pipeline import build
from indexer.run.pipeline import dry_run as try_sources
from indexer.stages.vector_index_writer import VectorSettings
from search.encoder.encoder import Device
from search.formats import FORMATS
from search.library.manifest import VectorIndexChoice
from web.cli.evaluation import eval_command
from web.cli.options import ShownErrors, library_option
from web.cli.progress_bars import TerminalProgress
from web.cli.publish import publish
from web.cli.train import commands as training_commands
from web.cli.upkeep import commands as upkeep_commands


def _mapping(_: click.Context, __: click.Parameter, pairs: tuple[str, ...]) -> dict[str, str]:
    mapping = {}
    for pair in pairs:
        column, equals, field = pair.rpartition("=")
        if not column or not equals or not field:
            raise click.BadParameter(f"{pair!r} should be COLUMN=FIELD, as in 標題=title")
        mapping[column] = field
    return mapping


@click.command(cls=ShownErrors)
@click.argument("sources", nargs=-1, required=True)
@library_option
@click.option(
    "--model",
    help="Model: a directory or an id on the Hugging Face hub [default: the embedded model, or "
    "the library's own].",
)
@click.option(
    "--format",
    "format_name",
    type=click.Choice(sorted(FORMATS)),
    help="Format of the sources [default: recognised by content].",
)
@click.option(
    "--mapping",
    multiple=True,
    callback=_mapping,
    metavar="COLUMN=FIELD",
    help="What a column of a table holds, where its name does not say it. Can be repeated.",
)
@click.option("--database", default="", help="Where the sources were exported (医中誌Web …).")
@click.option(
    "--searched",
    type=click.DateTime(["%Y-%m-%d"]),
    help="When that database was searched (YYYY-MM-DD).",
)
@click.option("--note", default="", help="A note on this import, such as the search strategy.")
@click.option("--dry-run", is_flag=True, help="Report what would come in; write nothing.")
@click.option(
    "--vectors",
    type=click.Choice(get_args(VectorIndexChoice)),
    help="Vector index: every vector compared, 8-bit codes or 4-bit product quantisation in lists. "
    "Holds for later runs, too [default: the library's own, or auto: by their number].",
)
@click.option(
    "--vector-memory",
    type=click.IntRange(min=1),
    metavar="MB",
    help="Memory that the codes of vectors may take [default: the library's own, or 4000].",
)
@click.option(
    "--device",
    type=click.Choice(get_args(Device)),
    default="auto",
    show_default=True,
    help="Where the encoder runs.",
)
@click.option(
    "--ray",
    metavar="ADDRESS",
    help="Embed on the hosts of a Ray cluster: HOST:PORT, auto, or local for this machine alone. "
    "They share the library's folder, at the same path. Needs the extra ray (docs/scale.md).",
)
def index(
    sources: tuple[str, ...],
    library: Path,
    model: str | None,
    format_name: str | None,
    mapping: dict[str, str],
    database: str,
    searched: datetime | None,
    note: str,
    dry_run: bool,
    vectors: VectorIndexChoice | None,
    vector_memory: int | None,
    device: Device,
    ray: str | None,
) -> None:
    """Add the records of SOURCES to a library and publish a new generation.

    SOURCES are files, folders, patterns, .zip and .tar.gz archives, or - for standard input.

    Records are known by their id: one that changed is replaced, one that did not is left alone.
    The same record from two databases is merged; what might be the same is proposed (see
    duplicates).
    """
    reading = Reading(format_name, mapping)
    export = Export(database, searched.date().isoformat() if searched else "", note)
    progress = TerminalProgress()
    try:
        if dry_run:
            report = try_sources(
                sources, library, reading=reading, export=export, progress=progress
            )
        else:
            report = build(
                sources,
                library,
                model=model,
                device=device,
                reading=reading,
                export=export,
                progress=progress,
                settings=VectorSettings(vectors, vector_memory),
                ray=ray,
            )
    finally:
        progress.close()
    click.echo(summary(report))


def summary(report: Report) -> str:
    """What an indexing run did, in one line."""
    counts = ", ".join(f"{getattr(report, name)} {name}" for name in COUNTS[1:])
    if report.generation is None:
        return f"{report.read} read: {counts}; a dry run, nothing was written"
    return f"{report.read} read: {counts}; generation {report.generation.name} is live"


commands: list[click.Command] = [
    index,
    eval_command,
    publish,
    *upkeep_commands,
    *training_commands,
]
