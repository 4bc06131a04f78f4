"""The commands for a collection's duplicates."""

import json
from dataclasses import asdict
from pathlib import Path

import click

from search.matching import REASONS
from web.cli.options import ShownErrors, collections_option, opened, who
from web.desk import shelf
from web.desk.duplicates import (
    PossibleDuplicates,
    declare_distinct,
    groups,
    handle_as_one,
    handle_certain,
    proposals,
    take_apart,
)


@click.command("duplicates", cls=ShownErrors)
@click.argument("number", type=int)
@click.option("--certain", is_flag=True, help="Handle as one all that leave no doubt.")
@click.option("--json", "as_json", is_flag=True, help="Write JSON instead of text.")
@collections_option
def duplicates(number: int, certain: bool, as_json: bool, collections_file: Path | None) -> None:
    """List the records of a collection that may be one, and those that are handled as one."""
    store = opened(collections_file).store
    shelf.collection(store, number)
    if certain:
        click.echo(handle_certain(store, who(), number))
        return
    proposed, handled = proposals(store, number)[1], groups(store, number)[1]
    if as_json:
        data = {
            "proposals": [asdict(p) | {"certain": p.certain} for p in proposed],
            "groups": [asdict(g) for g in handled],
        }
        click.echo(json.dumps(data, ensure_ascii=False, indent=1))
        return
    for proposal in proposed:
        click.echo(_shown(proposal))
    for group in handled:
        click.echo("handled as one")
        for item in (group.main, *group.others):
            click.echo(f"  {item.record.id}  {item.record.title}")


@click.command("handle-as-one", cls=ShownErrors)
@click.argument("number", type=int)
@click.argument("main")
@click.argument("others", nargs=-1, required=True)
@collections_option
def as_one(number: int, main: str, others: tuple[str, ...], collections_file: Path | None) -> None:
    """Put the records OTHERS under the record MAIN: it is shown and counted, they are not."""
    click.echo(handle_as_one(opened(collections_file).store, who(), number, main, others))


@click.command("take-apart", cls=ShownErrors)
@click.argument("number", type=int)
@click.argument("main")
@collections_option
def apart(number: int, main: str, collections_file: Path | None) -> None:
    """Show again by themselves the records that lie under the record MAIN."""
    click.echo(take_apart(opened(collections_file).store, who(), number, main))


@click.command("distinct", cls=ShownErrors)
@click.argument("number", type=int)
@click.argument("ids", nargs=-1, required=True)
@collections_option
def distinct(number: int, ids: tuple[str, ...], collections_file: Path | None) -> None:
    """Remember that none of the records with these IDS is a duplicate of another of them."""
    declare_distinct(opened(collections_file).store, who(), number, ids)


def _shown(proposal: PossibleDuplicates) -> str:
    reasons = {str(k): v for k, v in REASONS.items()} | {
        "same": "the same PMID or 医中誌ID, DOI and title, or title, year, first author and page"
        " or volume"
    }
    lines = ["; ".join(reasons[likeness] for likeness in proposal.likenesses)]
    lines += [f"  {item.record.id}  {item.record.title}" for item in proposal.items]
    return "\n".join(lines)


commands: tuple[click.Command, ...] = (duplicates, as_one, apart, distinct)
