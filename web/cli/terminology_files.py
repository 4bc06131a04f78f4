"""The commands that look after terminologies."""

from pathlib import Path

import click

from indexer.terminology.adding import (
    add_own_pairs,
    add_terminology,
    check_terminology,
    remove_terminology,
)
from search.terminology.terminology import Terminology, added_files, shipped_file
from web.cli.options import ShownErrors, terminology_option

_SHOWN = 20


@click.group()
def terminology() -> None:
    """What things are called (用語集): add names of your own to those that ship.

    A server reads them when it starts.
    """


@terminology.command(cls=ShownErrors)
@click.argument(
    "file", required=False, type=click.Path(path_type=Path, exists=True, dir_okay=False)
)
@click.option(
    "--from-library",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="In the place of FILE, a library: names that its records give in brackets.",
)
@terminology_option
@click.option("--name", default="", help="What it is called here.  [default: the file's name]")
@click.option("--version", default="", help="Version of the source, to be told with its names.")
@click.option("--licence", default="", help="Licence of the source, to be told with its names.")
def add(
    file: Path | None,
    from_library: Path | None,
    folder: Path,
    name: str,
    version: str,
    licence: str,
) -> None:
    """Add FILE: a table of names (CSV or TSV), MeSH in XML as NLM publishes it (descriptors or
    supplementary records), or SKOS in Turtle, RDF/XML or JSON-LD, which needs the extra skos.

    The first row of a table names its columns: ja, en, ja_also, en_also, abbreviations, lay,
    broader, check_tag; several values of a cell are parted by semicolons.

    --from-library takes what the records of a library give in brackets, 深部静脈血栓症（DVT）,
    where three records or more do and neither side stands with anything else.
    """
    if (file is None) == (from_library is None):
        raise click.UsageError("give FILE or --from-library, one of the two")
    if from_library is not None:
        added = add_own_pairs(from_library, folder, name, licence)
    else:
        assert file is not None
        added = add_terminology(file, folder, name, version, licence)
    for rejected in added.rejected[:_SHOWN]:
        click.echo(f"{file}, {rejected.place}: {rejected.reason}", err=True)
    if len(added.rejected) > _SHOWN:
        click.echo(f"… and {len(added.rejected) - _SHOWN} more", err=True)
    click.echo(f"{added.concepts} concepts with {added.names} names added as {added.path.stem}")


@terminology.command("list", cls=ShownErrors)
@terminology_option
def list_terminologies(folder: Path) -> None:
    """List the sources of names: those that ship, and those that were added."""
    for file in [shipped_file(), *added_files(folder)]:
        opened = Terminology([file])
        for source in opened.sources:
            told = ", ".join(part for part in (source.version, source.licence) if part)
            where = "ships" if file == shipped_file() else f"added as {file.stem}"
            click.echo(f"{source.name}  ({told or 'no licence told'})  {where}")


@terminology.command(cls=ShownErrors)
@click.argument("name")
@terminology_option
def remove(name: str, folder: Path) -> None:
    """Remove the terminology that was added as NAME."""
    remove_terminology(folder, name)
    click.echo(f"{name} removed")


@terminology.command(cls=ShownErrors)
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
def check(file: Path) -> None:
    """Tell what should be looked at in FILE: names that several concepts share, broader names that
    none has, concepts that lie under themselves."""
    doubts = check_terminology(file)
    for title, found in (
        ("names of several concepts (offered, never applied)", doubts.homographs),
        ("broader names that no concept has, or several", doubts.orphans),
        ("concepts that lie under themselves", doubts.cycles),
    ):
        click.echo(f"{len(found)} {title}")
        for name in found[:_SHOWN]:
            click.echo(f"  {name}")
        if len(found) > _SHOWN:
            click.echo(f"  … and {len(found) - _SHOWN} more")
