"""The commands that look after collections."""

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import click

from search.exact import ExactSearch
from search.formats import FORMATS
from search.library.library import Library
from web.cli.cite_chase import cite_chase
from web.cli.duplicates import commands as duplicate_commands
from web.cli.options import (
    Group,
    collections_option,
    default_file,
    library_option,
    mapping_option,
    open_terminology,
    opened,
    who,
)
from web.cli.record_sources import commands as source_commands
from web.cli.terminal import file_output, visible
from web.desk import items, shelf, tags
from web.desk.additions import Intake, add_file, add_identifiers, add_records
from web.desk.copies import Why
from web.desk.document import import_document, read_document
from web.desk.export import COLLECTION_FORMATS, CollectionFormat, drops, write
from web.desk.history import history, restore_to, undo
from web.desk.private_files import private_file
from web.desk.standing_access import Reopened, end_standing_access, reopened
from web.desk.store import restore as restore_file
from web.http.search_parameters import thesaurus_use

json_option = click.option("--json", "as_json", is_flag=True, help="Write JSON instead of text.")


@click.group(cls=Group)
def collection() -> None:
    """Look after collections (コレクション): a librarian's own sets of records.

    A collection is named by its number in the list.
    """


@collection.command("list")
@json_option
@collections_option
def list_collections(as_json: bool, collections_file: Path | None) -> None:
    """List all collections."""
    store = opened(collections_file).store
    found = shelf.collections(store)
    if as_json:
        click.echo(json.dumps([asdict(c) for c in found], ensure_ascii=False, indent=1))
        return
    names = {f.id: f.name for f in shelf.folders(store)}
    for c in found:
        folder = f"  [{names[c.folder]}]" if c.folder else ""
        click.echo(f"{c.id}  {c.name}{folder}  {c.records} records  changed {c.changed}")


@collection.command("show")
@click.argument("number", type=int)
@click.option("--tag", default="", help="Only records with this tag.")
@json_option
@collections_option
def show(number: int, tag: str, as_json: bool, collections_file: Path | None) -> None:
    """List the records of a collection with their notes and tags."""
    store = opened(collections_file).store
    shelf.collection(store, number)
    _, found = items.items(store, number, tag=tag)
    if as_json:
        click.echo(json.dumps([asdict(i) for i in found], ensure_ascii=False, indent=1))
        return
    for place, item in enumerate(found, 1):
        marks = "".join(f" #{name}" for name in item.tags)
        title = item.record.title or next((v.title for v in item.record.versions()), "")
        click.echo(f"{place}. {title}  ({item.record.id}){marks}")
        for line in item.note.splitlines():
            click.echo(f"     {line}")


@collection.command("create")
@click.argument("name")
@click.option("--description", default="", help="What it is for.")
@collections_option
def create(name: str, description: str, collections_file: Path | None) -> None:
    """Make an empty collection and print its number."""
    click.echo(shelf.create(opened(collections_file).store, who(), name, description))


@collection.command("add")
@click.argument("number", type=int)
@click.argument("identifiers", nargs=-1)
@click.option("--exact", "expression", help="Add all records that meet this expression.")
@mapping_option
@library_option
@collections_option
def add(
    number: int,
    identifiers: tuple[str, ...],
    expression: str | None,
    mapping: bool,
    library: Path,
    collections_file: Path | None,
) -> None:
    """Add records of a library: by IDENTIFIERS (PMID, DOI, 医中誌ID, id; - reads a list from
    standard input), or all of an exact search.

    Ends with 1 where no record has any of the identifiers.
    """
    store = opened(collections_file).store
    opened_library = Library(library)
    exact = ExactSearch(opened_library, open_terminology())
    if (expression is None) == (not identifiers):
        raise click.UsageError("give identifiers or --exact, one of the two")
    if expression is not None:
        found = exact.records(expression, thesaurus=thesaurus_use(mapping))
        report_intake(add_records(store, who(), number, found, expression))
        return
    text = sys.stdin.read() if identifiers == ("-",) else "\n".join(identifiers)
    generation = opened_library.generation()
    intake = add_identifiers(store, who(), number, text, generation, exact)
    report_intake(intake)
    if not intake.found:
        raise click.ClickException(f"{library} has no record with these identifiers")


@collection.command("add-file")
@click.argument("number", type=int)
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.option(
    "--format",
    "format_name",
    type=click.Choice(sorted(FORMATS)),
    help="Format of the file [default: recognised by content].",
)
@click.option(
    "--library",
    type=click.Path(path_type=Path, file_okay=False),
    envvar="JMEDSEARCH_LIBRARY",
    show_envvar=True,
    help="Library whose own record is taken where it knows the id.",
)
@collections_option
def add_file_command(
    number: int,
    file: Path,
    format_name: str | None,
    library: Path | None,
    collections_file: Path | None,
) -> None:
    """Add the records of FILE, in any format that can be read.

    Ends with 1 where no record of it can be read; it is no fault if all are there already.
    """
    store = opened(collections_file).store
    generation = Library(library).generation() if library else None
    with file.open("rb") as stream:
        intake = add_file(store, who(), number, stream, file.name, generation, format_name)
    report_intake(intake)
    if not intake.found:
        left_out = f"none of its {len(intake.rejected)} records can be read"
        reason = left_out if intake.rejected else "no records in there"
        raise click.ClickException(f"{file}: {reason}; nothing was added")


@collection.command("remove")
@click.argument("number", type=int)
@click.argument("ids", nargs=-1, required=True)
@click.option("--automation", is_flag=True, help="An automation tool decided so, not a person.")
@collections_option
def remove(
    number: int, ids: tuple[str, ...], automation: bool, collections_file: Path | None
) -> None:
    """Take the records with these IDS out of a collection."""
    why: Why = "automation" if automation else "other"
    click.echo(items.remove(opened(collections_file).store, who(), number, ids, why))


@collection.command("tag")
@click.argument("number", type=int)
@click.argument("name")
@click.argument("ids", nargs=-1, required=True)
@click.option("--off", is_flag=True, help="Take the tag off instead.")
@collections_option
def tag_command(
    number: int, name: str, ids: tuple[str, ...], off: bool, collections_file: Path | None
) -> None:
    """Put the tag NAME on the records with these IDS."""
    edit = tags.untag_records if off else tags.tag_records
    click.echo(edit(opened(collections_file).store, who(), number, name, ids))


@collection.command("history")
@click.argument("number", type=int)
@json_option
@collections_option
def show_history(number: int, as_json: bool, collections_file: Path | None) -> None:
    """List who changed what and when, the newest first."""
    store = opened(collections_file).store
    shelf.collection(store, number, deleted=True)
    _, found = history(store, number, count=-1)
    if as_json:
        click.echo(json.dumps([asdict(c) for c in found], ensure_ascii=False, indent=1))
        return
    for c in found:
        detail = ", ".join(f"{name}: {value}" for name, value in c.detail.items())
        click.echo(f"#{c.id}  {c.at}  {c.who}  {c.action}  {detail}".rstrip())


@collection.command("undo")
@click.argument("change", type=int)
@collections_option
def undo_command(change: int, collections_file: Path | None) -> None:
    """Take back a CHANGE of a history, if what it changed has not been changed again."""
    click.echo(undo(opened(collections_file).store, who(), change).action)


@collection.command("return")
@click.argument("number", type=int)
@click.argument("change", type=int)
@collections_option
def return_to(number: int, change: int, collections_file: Path | None) -> None:
    """Bring a collection back to what it was right after a CHANGE of its history."""
    restore_to(opened(collections_file).store, who(), number, change)


@collection.command("export")
@click.argument("number", type=int)
@click.option(
    "--format",
    "format_name",
    type=click.Choice(COLLECTION_FORMATS),
    default="json",
    show_default=True,
    help="json carries everything and can be imported again.",
)
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="New file, which only its owner may read [default: standard output].",
)
@collections_option
def export(
    number: int,
    format_name: CollectionFormat,
    output: Path | None,
    collections_file: Path | None,
) -> None:
    """Write a collection to standard output, or to a file; what the format drops is said on
    standard error."""
    store = opened(collections_file).store
    try:
        with file_output() if output is None else private_file(output) as file:
            write(store, number, format_name, file)
    except OSError as error:
        raise click.ClickException(f"{output or 'standard output'}: {error.strerror}") from error
    for part, what in drops(format_name).items():
        click.echo(f"{format_name} drops {part}: {what}", err=True)


@collection.command("import")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@collections_option
def import_command(file: Path, collections_file: Path | None) -> None:
    """Make a collection of the JSON that export wrote, and print its number."""
    read = read_document(file.read_bytes(), file.name)
    click.echo(import_document(opened(collections_file).store, who(), read, file.name))


@collection.command("backup")
@click.argument("target", type=click.Path(path_type=Path, dir_okay=False))
@collections_option
def backup(target: Path, collections_file: Path | None) -> None:
    """Copy collections and accounts to the new file TARGET, while others go on working."""
    opened(collections_file).store.backup(target)


@collection.command("restore")
@click.argument("source", metavar="BACKUP", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--yes", is_flag=True, help="Do not ask; without --keep-access, end it.")
@click.option(
    "--end-access/--keep-access",
    default=None,
    help="End all sessions, tokens, links and feeds that the backup holds, or keep them, also "
    "those that were ended since [default: asked].",
)
@click.option("--dry-run", is_flag=True, help="Write as JSON what would come back; change nothing.")
@collections_option
def restore(
    source: Path,
    yes: bool,
    end_access: bool | None,
    dry_run: bool,
    collections_file: Path | None,
) -> None:
    """Put collections and accounts back to what they were in BACKUP, also under a running server.

    What was ended since the backup would be open again: it is listed. A file that cannot be read
    any more is set aside first.
    """
    path = collections_file or default_file()
    back = reopened(source, path)
    if dry_run:
        click.echo(json.dumps(asdict(back), ensure_ascii=False))
        return
    for line in _reopened(back):
        click.echo(line, err=True)
    if not yes:
        question = "Replace all collections and accounts with those of the backup?"
        click.confirm(question, abort=True, err=True)
        if end_access is None:
            question = "End all sessions, tokens, links and feeds of the backup?"
            end_access = click.confirm(question, default=True, err=True)
    restore_file(source, path)
    if end_access is not False:
        ended = end_standing_access(opened(path).store)
        click.echo(
            ", ".join(f"{n} {of.replace('_', ' ')}" for of, n in asdict(ended).items()) + " ended"
        )


def _reopened(found: Reopened) -> Iterator[str]:
    """What a backup brings back, in lines."""
    for what, names in (
        ("tokens ended since the backup, which come back", found.tokens),
        ("links ended since, which come back", found.links),
        ("feeds ended since, which come back", found.feeds),
        ("users locked out or gone since, who are let in again", found.users),
        ("users whose password of then holds again", found.passwords),
    ):
        if names:
            yield visible(f"{what}: {', '.join(names)}")


def report_intake(intake: Intake) -> None:
    """Say what came in, and on standard error what did not."""
    beside = f", {intake.noted} notes" if intake.noted else ""
    beside += f", {intake.labelled} labels" if intake.labelled else ""
    beside += f", {intake.to_complete} to complete" if intake.to_complete else ""
    beside += f", {intake.decided} decisions that wait (take-decisions)" if intake.decided else ""
    click.echo(f"{intake.added} added, {intake.already} there already{beside}")
    for name, found in (("no record has", intake.unknown), ("several have", intake.ambiguous)):
        for identifier in found:
            click.echo(visible(f"{name} {identifier}"), err=True)
    for item in intake.rejected:
        click.echo(visible(f"{item.place}: {item.reason}"), err=True)


for command in (*duplicate_commands, *source_commands, cite_chase):
    collection.add_command(command)

commands = (collection,)
