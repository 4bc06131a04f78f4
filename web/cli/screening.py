"""The commands of screening for those who script: decisions out, the flow, the test set."""

import csv
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import get_args

import click

from search.formats.tables import as_text_cell
from search.library.library import Library
from web.cli.options import ShownErrors, collections_option, library_option, opened
from web.cli.terminal import file_output, visible
from web.desk import items
from web.desk.growing import growth
from web.desk.screening.flow import BOXES, COLUMNS, BoxName, Column, flow
from web.desk.screening.flow_lists import counted_records, unlisted
from web.desk.screening.outcomes import State, agreements, screened
from web.desk.screening.plan import STAGES, Stage
from web.desk.screening.screened_files import SCREENED_FORMATS, ScreenedFormat, write_screened
from web.desk.screening.test_set import write_folder
from web.desk.store import Store

stage_option = click.option(
    "--stage",
    type=click.Choice(STAGES),
    default=STAGES[0],
    show_default=True,
    help="Stage of the screening.",
)


@click.command("screening", cls=ShownErrors)
@click.argument("number", type=int)
@stage_option
@click.option("--json", "as_json", is_flag=True, help="Write JSON instead of CSV.")
@collections_option
def screening(number: int, stage: Stage, as_json: bool, collections_file: Path | None) -> None:
    """Write where each record of a screening stands, with all decisions; on standard error, how
    reviewers agree."""
    store = opened(collections_file).store
    found = screened(store, number, stage)
    _, kept = items.items(store, number, record_ids=found.outcomes)
    titles = {item.record.id: item.record.title for item in kept}
    if as_json:
        rows = [asdict(o) | {"title": titles[i]} for i, o in found.outcomes.items()]
        click.echo(json.dumps(rows, ensure_ascii=False, indent=1))
    else:
        table = csv.writer(sys.stdout, lineterminator="\n")
        table.writerow(["record_id", "title", "state", "reason", "decisions", "resolution"])
        for record_id, o in found.outcomes.items():
            decisions = "; ".join(_told(d.who, d.verdict, d.reason) for d in o.decisions)
            settled = o.resolution
            resolution = _told(settled.who, settled.verdict, settled.reason) if settled else ""
            cells = [record_id, titles[record_id], o.state, o.reason, decisions, resolution]
            table.writerow(map(as_text_cell, cells))
    for agreement in agreements(found):
        kappa = "–" if agreement.kappa is None else f"{agreement.kappa:.3f}"
        names = visible(" and ".join(agreement.reviewers))
        click.echo(
            f"{names}: {agreement.agreed} of {agreement.both} agreed, Cohen's kappa {kappa}",
            err=True,
        )


@click.command("screened", cls=ShownErrors)
@click.argument("number", type=int)
@stage_option
@click.option(
    "--state",
    type=click.Choice(get_args(State)),
    help="Only records that stand so [default: all].",
)
@click.option(
    "--format",
    "format_name",
    type=click.Choice(SCREENED_FORMATS),
    default="ris",
    show_default=True,
    help="Format of the file.",
)
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Where to write it [default: standard output].",
)
@collections_option
def screened_command(
    number: int,
    stage: Stage,
    state: State | None,
    format_name: ScreenedFormat,
    output: Path | None,
    collections_file: Path | None,
) -> None:
    """Write the records of a stage with decision, reason, reviewers, tags and note, in a format
    that other programs read."""
    store = opened(collections_file).store
    if output is None:
        with file_output() as stream:
            write_screened(store, number, stage, state or "", format_name, stream)
        return
    try:
        with output.open("wb") as stream:
            count = write_screened(store, number, stage, state or "", format_name, stream)
    except OSError as error:
        raise click.ClickException(f"{output}: {error.strerror or error}") from error
    click.echo(f"{count} records written to {output}", err=True)


@click.command("flow", cls=ShownErrors)
@click.argument("number", type=int)
@click.option("--box", type=click.Choice(BOXES), help="List what this number counts instead.")
@click.option("--part", default="", help="Only of this source, or with this reason.")
@click.option(
    "--column",
    type=click.Choice(COLUMNS),
    default=COLUMNS[0],
    show_default=True,
    help="Which side.",
)
@collections_option
def flow_command(
    number: int, box: BoxName | None, part: str, column: Column, collections_file: Path | None
) -> None:
    """Write the numbers of the PRISMA 2020 flow diagram as JSON, or what one of them counts as
    CSV."""
    store = opened(collections_file).store
    if box is not None:
        _list_counted(store, number, box, part, column)
        return
    found = flow(store, number)
    data = asdict(found) | {
        "total": found.total,
        "adds_up": found.adds_up,
        "in_review": found.in_review,
    }
    click.echo(json.dumps(data, ensure_ascii=False, indent=1))


def _list_counted(store: Store, number: int, box: BoxName, part: str, column: Column) -> None:
    _, found = counted_records(store, number, box, part, column)
    table = csv.writer(sys.stdout, lineterminator="\n")
    table.writerow(["record_id", "title", "source", "place", "copies"])
    for one in found:
        source, place = (one.copy.name, one.copy.place) if one.copy else ("", "")
        copies = "; ".join(f"{c.name} {c.place}" for c in one.copies)
        cells = [one.record.id, one.record.title, source, str(place), copies]
        table.writerow(map(as_text_cell, cells))
    if more := unlisted(store, number, box, part, column):
        click.echo(f"and {more} more of which only the number is known", err=True)


@click.command("test-set", cls=ShownErrors)
@click.argument("number", type=int)
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False))
@stage_option
@library_option
@collections_option
def test_set_command(
    number: int, directory: Path, stage: Stage, library: Path, collections_file: Path | None
) -> None:
    """Write decisions as a test collection into DIRECTORY, for jmedsearch eval.

    The searches of the strategy are its queries, what they found lies in runs/ as TREC runs:
    jmedsearch eval DIRECTORY --library LIBRARY --peers DIRECTORY/runs
    """
    write_folder(
        opened(collections_file).store, number, stage, Library(library).generation(), directory
    )


@click.command("growing", cls=ShownErrors)
@click.argument("number", type=int)
@library_option
@collections_option
def growing_command(number: int, library: Path, collections_file: Path | None) -> None:
    """List records of the library that are near a collection, and records that lie apart in it."""
    found = growth(opened(collections_file).store, number, Library(library).generation())
    for place, theme in enumerate(found.themes, 1):
        click.echo(f"theme {place}: {', '.join(theme.terms)} ({len(theme.record_ids)} records)")
    for p in found.proposals:
        shared = f", shared {' '.join(p.shared)}" if p.shared else ""
        click.echo(
            f"{p.record.id}  {p.record.title}  (theme {p.theme + 1}, {p.likeness:.2f}, near "
            f"{p.nearest}{shared})"
        )
    for o in found.outliers:
        click.echo(f"apart: {o.record_id}  ({o.likeness:.2f}; usual {o.usual:.2f})")


def _told(who: str, verdict: str, reason: str) -> str:
    return f"{who}: {verdict}" + (f" ({reason})" if reason else "")


commands: tuple[click.Command, ...] = (
    screening,
    screened_command,
    flow_command,
    test_set_command,
    growing_command,
)
