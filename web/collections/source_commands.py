"""The commands of a collection's sources: listed, named, taken back."""

import json
from dataclasses import asdict
from pathlib import Path

import click

from search.cli import ShownErrors
from search.terminal import visible
from web.collections import shelf
from web.collections.copies import KINDS, Kind, sources
from web.collections.options import collections_option, opened, who
from web.collections.record_sources import name_source, take_back_source


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
    for s in found:
        unread = f", {s.unread} could not be read" if s.unread else ""
        click.echo(
            f"{s.id}  {visible(s.shown)}  ({s.kind}, {s.held + s.unlisted} records{unread})  {s.at}"
        )


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


commands: tuple[click.Command, ...] = (
    list_sources,
    name_source_command,
    take_back_source_command,
)
