"""The commands of a collection's sources: listed, named, taken back."""

import json
from dataclasses import asdict
from pathlib import Path

import click

from web.cli.options import ShownErrors, collections_option, opened, who
from web.cli.terminal import visible
from web.desk import shelf
from web.desk.copies import KINDS, Kind, sources
from web.desk.record_sources import name_source, take_back_source
from web.desk.screening.file_decisions import Name, decline, take_over, told
from web.desk.screening.plan import STAGES, Stage


@click.command("sources", cls=ShownErrors)
@click.argument("number", type=int)
@click.option("--json", "as_json", is_flag=True, help="Write JSON instead of text.")
@collections_option
def list_sources(number: int, as_json: bool, collections_file: Path | None) -> None:
    """List the files and searches that gave a collection its records."""
    store = opened(collections_file).store
    shelf.collection(store, number)
    found = sources(store, number)
    if as_json:
        click.echo(json.dumps([asdict(s) for s in found], ensure_ascii=False, indent=1))
        return
    tell = told(store, number)
    for s in found:
        unread = f", {s.unread} could not be read" if s.unread else ""
        click.echo(
            f"{s.id}  {visible(s.shown)}  ({s.kind}, {s.held + s.unlisted} records{unread})  {s.at}"
        )
        if tells := tell.get(s.id):
            verdicts = ", ".join(f"{n} {verdict}" for verdict, n in tells.verdicts.items())
            click.echo(f"   tells decisions: {verdicts}  {tells.answer}".rstrip())


@click.command("name-source", cls=ShownErrors)
@click.argument("number", type=int)
@click.argument("source", type=int)
@click.option("--label", default="", help="Database or method; without it the file's own name.")
@click.option(
    "--kind",
    type=click.Choice(KINDS),
    default=KINDS[0],
    show_default=True,
    help="How the records were found.",
)
@collections_option
def name_source_command(
    number: int, source: int, label: str, kind: Kind, collections_file: Path | None
) -> None:
    """Say which database a SOURCE is of, or by what other method its records were found."""
    name_source(opened(collections_file).store, who(), number, source, label, kind)


@click.command("take-back-source", cls=ShownErrors)
@click.argument("number", type=int)
@click.argument("source", type=int)
@collections_option
def take_back_source_command(number: int, source: int, collections_file: Path | None) -> None:
    """Take a SOURCE back as if it had never come in, and print how many records left with it."""
    click.echo(take_back_source(opened(collections_file).store, who(), number, source))


@click.command("take-decisions", cls=ShownErrors)
@click.argument("number", type=int)
@click.argument("source", type=int)
@click.option("--file-names", is_flag=True, help="In the names that the file has, not as your own.")
@click.option(
    "--stage",
    type=click.Choice(STAGES),
    default=STAGES[0],
    show_default=True,
    help="Stage of those decisions that name none.",
)
@click.option("--decline", "declined", is_flag=True, help="Do not take them over, nor be asked.")
@collections_option
def take_decisions(
    number: int,
    source: int,
    file_names: bool,
    stage: Stage,
    declined: bool,
    collections_file: Path | None,
) -> None:
    """Take over the decisions that a SOURCE told of, and print how many."""
    store = opened(collections_file).store
    if declined:
        decline(store, who(), number, source)
        return
    name: Name = "file" if file_names else "own"
    taken = take_over(store, who(), number, source, name, stage, may_open=True)
    click.echo(f"{taken.taken} taken over, {taken.left} left")


commands: tuple[click.Command, ...] = (
    list_sources,
    take_decisions,
    name_source_command,
    take_back_source_command,
)
