"""The commands that look after a library: imports, remove, duplicates, generations."""

import json
from dataclasses import asdict
from pathlib import Path

import click

from indexer.run.imports import COUNTS, merges, rejected
from indexer.run.imports import imports as list_imports
from indexer.upkeep.curation import Decision, DuplicatePair, decide, proposals
from indexer.upkeep.curation import part as part_records
from indexer.upkeep.curation import remove as remove_records
from indexer.upkeep.generations import list_generations, prune, roll_back
from search.matching import REASONS, SAMENESS
from search.records import Record, record_to_dict
from web.cli.options import ShownErrors, library_option
from web.cli.progress_bars import TerminalProgress

json_option = click.option("--json", "as_json", is_flag=True, help="Write JSON instead of text.")


@click.command(cls=ShownErrors)
@library_option
@click.option("--rejected", "number", type=int, help="List what this import left out, and why.")
@click.option(
    "--merged",
    type=int,
    metavar="NUMBER",
    help="List what it took for duplicates, and why.",
)
@json_option
def imports(library: Path, number: int | None, merged: int | None, as_json: bool) -> None:
    """List what was imported, when, from where, and what became of it.

    What was taken for a duplicate wrongly is parted by: duplicates --part.
    """
    if merged is not None:
        for found in merges(library, merged):
            reason = {str(k): v for k, v in SAMENESS.items()}.get(found.reason, found.reason)
            told = f"{found.record} <- {found.id}  {found.title}  ({found.source}): {reason}"
            click.echo(json.dumps(asdict(found), ensure_ascii=False) if as_json else told)
        return
    if number is not None:
        for left_out in rejected(library, number):
            line = json.dumps(asdict(left_out), ensure_ascii=False) if as_json else str(left_out)
            click.echo(line)
        return
    listed = list_imports(library)
    if as_json:
        click.echo(json.dumps([asdict(i) for i in listed], ensure_ascii=False, indent=1))
        return
    for item in listed:
        searched = f", searched {item.searched}" if item.searched else ""
        click.echo(f"{item.number}  {item.started}  {item.database or '–'}{searched}")
        click.echo(f"   {', '.join(item.sources)}")
        click.echo(f"   {', '.join(f'{getattr(item, name)} {name}' for name in COUNTS)}")
        if item.note:
            click.echo(f"   {item.note}")


@click.command(cls=ShownErrors)
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
@library_option
def remove(ids: tuple[str, ...], library: Path) -> None:
    """Remove the records with these IDs and publish a new generation.

    An ID that is not there is named and left at that.
    """
    progress = TerminalProgress()
    try:
        unknown, generation = remove_records(library, ids, progress)
    finally:
        progress.close()
    for record_id in unknown:
        click.echo(f"not there: {record_id}", err=True)
    if generation is None:
        click.echo("nothing to remove")
    else:
        removed = len(ids) - len(unknown)
        click.echo(f"{removed} removed; generation {generation.name} is live")


@click.command(cls=ShownErrors)
@library_option
@click.option("--merge", nargs=2, metavar="A B", help="Merge two records: the older id stays.")
@click.option("--distinct", nargs=2, metavar="A B", help="Two records are two: never ask again.")
@click.option("--part", nargs=2, metavar="A B", help="Part two that were merged, for good.")
@click.option(
    "--state",
    type=click.Choice(["open", "merged", "distinct"]),
    default="open",
    show_default=True,
    help="Which pairs to list.",
)
@json_option
def duplicates(
    library: Path,
    merge: tuple[str, str] | None,
    distinct: tuple[str, str] | None,
    part: tuple[str, str] | None,
    state: str,
    as_json: bool,
) -> None:
    """List records that may be the same (重複候補), and decide on them."""
    if sum(map(bool, (merge, distinct, part))) > 1:
        raise click.UsageError("give one of --merge, --distinct and --part")
    if part:
        progress = TerminalProgress()
        try:
            kept, other, generation = part_records(library, *part, progress)
        finally:
            progress.close()
        click.echo(f"{kept} and {other} are two; generation {generation.name} is live")
        return
    if pair := merge or distinct:
        decision: Decision = "merged" if merge else "distinct"
        progress = TerminalProgress()
        try:
            generation = decide(library, *pair, decision, progress)
        finally:
            progress.close()
        click.echo(f"{pair[0]} and {pair[1]}: {decision}; generation {generation.name} is live")
        return
    found = proposals(library, state)
    if as_json:
        data = [
            {
                "reason": p.reason,
                "state": p.state,
                "ids": p.ids,
                "records": [record_to_dict(r) if r else None for r in p.records],
            }
            for p in found
        ]
        click.echo(json.dumps(data, ensure_ascii=False, indent=1))
        return
    for proposal in found:
        click.echo(_shown(proposal))
    if not found:
        click.echo(f"no pair is {state}")


def _shown(proposal: DuplicatePair) -> str:
    reason = {str(k): v for k, v in REASONS.items()}.get(proposal.reason, "named by hand")
    lines = [reason]
    for record_id, record in zip(proposal.ids, proposal.records, strict=True):
        lines.append(f"  {record_id}  {_cited(record) if record else '(merged or removed)'}")
    return "\n".join(lines)


def _cited(record: Record) -> str:
    author = record.authors[0].display() if record.authors else ""
    parts = (record.title, author, record.journal, record.date, record.doi)
    return " / ".join(part for part in parts if part)


@click.command(cls=ShownErrors)
@library_option
@click.option("--rollback", type=int, metavar="NUMBER", help="Make an older generation live again.")
@click.option(
    "--prune",
    "keep",
    type=click.IntRange(min=0),
    metavar="KEEP",
    help="Delete all but the newest KEEP generations and the live one.",
)
@json_option
def generations(library: Path, rollback: int | None, keep: int | None, as_json: bool) -> None:
    """List the generations of a library, go back to one, or delete old ones."""
    if rollback is not None and keep is not None:
        raise click.UsageError("give either --rollback or --prune")
    if rollback is not None:
        click.echo(f"generation {roll_back(library, rollback).name} is live")
        return
    if keep is not None:
        gone = prune(library, keep)
        click.echo(f"deleted: {', '.join(map(str, gone))}" if gone else "nothing to delete")
        return
    found = list_generations(library)
    if as_json:
        click.echo(json.dumps([asdict(g) for g in found], ensure_ascii=False, indent=1))
        return
    for g in found:
        what = g.problem or f"{g.created}  {g.records} records  {g.passages} passages"
        click.echo(f"{'*' if g.live else ' '} {g.number}  {what}")


commands: list[click.Command] = [imports, remove, duplicates, generations]
