"""The commands for the strategy of a collection: its searches, alerts and report."""

import json
from collections.abc import Callable
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import click

from search.encoder import load_encoder
from search.exact import ExactSearch, ExactSyntaxError
from search.filters import Filters
from search.library.generation import Generation
from search.library.library import Library
from search.ranked.engine import Engine
from search.ranked.ranking import DEPTH
from web.cli.collections import json_option, report_intake
from web.cli.exact import shown_fault
from web.cli.options import (
    ShownErrors,
    collections_option,
    library_option,
    model_option,
    open_terminology,
    opened,
    who,
)
from web.cli.terminal import visible
from web.desk import alerts, strategies
from web.desk import searches as kept
from web.desk.findings import Finding, shown_ids
from web.desk.members import live_generation
from web.desk.report import ITEMS, Item, answer
from web.desk.searches import Search
from web.desk.shelf import collection as collection_of
from web.desk.strategy_answers import USUAL_TOP, LibrarySearch, search_request
from web.http.language import LANGUAGES, spoken
from web.reports.prisma_s import as_markdown, report

_Command = TypeVar("_Command", bound=Callable[..., Any])
# What of a long list a terminal is shown.
_SHOWN = 20

library_if_any = click.option(
    "--library",
    type=click.Path(path_type=Path, file_okay=False),
    envvar="JMEDSEARCH_LIBRARY",
    show_envvar=True,
    help="Folder of the library, to show records by title.",
)


def _filter_options(command: _Command) -> _Command:
    """The filters of a search, as the options of ``jmedsearch search``."""
    for option in reversed(
        (
            click.option("--year-from", type=int, help="First year of publication."),
            click.option("--year-to", type=int, help="Last year of publication."),
            click.option("--journal", default="", help="Exact name of the journal."),
            click.option("--publication-type", default="", help="A publication type of records."),
            click.option("--keyword", default="", help="A keyword or heading of records."),
            click.option("--language", default="", help="Language of title or abstract."),
            click.option("--has-abstract", is_flag=True, help="Only records with an abstract."),
            click.option(
                "--retraction",
                type=click.Choice(["exclude", "only"]),
                help="Without the records retracted or in doubt, or only those.",
            ),
        )
    ):
        command = option(command)
    return command


@click.command("search", cls=ShownErrors)
@click.argument("number", type=int)
@click.argument("query")
@click.option("--ranked", is_flag=True, help="A ranked search; the first of its list are kept.")
@click.option(
    "--top",
    default=USUAL_TOP,
    show_default=True,
    type=click.IntRange(1, DEPTH),
    help="How many of a ranked list are kept.",
)
@_filter_options
@click.option("--name", default="", help="What to call the search.")
@click.option("--note", default="", help="What to know about it.")
@library_option
@model_option
@collections_option
@json_option
def run_search(
    number: int,
    query: str,
    ranked: bool,
    top: int,
    name: str,
    note: str,
    library: Path,
    model: str | None,
    collections_file: Path | None,
    as_json: bool,
    **filters: Any,
) -> None:
    """Run QUERY over a library and keep it in the strategy of a collection.

    QUERY is an expression of exact search; earlier searches are combined by their numbers:
    "#1 AND #2 NOT #3".
    """
    store = opened(collections_file).store
    chosen = Filters(**{**filters, "retraction": filters["retraction"] or ""})
    searched = library_search(library, model)
    try:
        wanted = search_request(query, ranked=ranked, filters=chosen, top=top)
        found = strategies.run_search(store, who(), number, wanted, searched, name=name, note=note)
    except ExactSyntaxError as error:
        raise click.ClickException(shown_fault(error)) from error
    click.echo(_as_json(found) if as_json else _shown(found))


@click.command("searches", cls=ShownErrors)
@click.argument("number", type=int)
@json_option
@collections_option
def list_searches(number: int, as_json: bool, collections_file: Path | None) -> None:
    """List the searches of a collection with what their last runs found."""
    found = kept.searches(opened(collections_file).store, number)
    if as_json:
        click.echo(json.dumps([asdict(s) for s in found], ensure_ascii=False, indent=1))
        return
    for one in found:
        click.echo(_shown(one))


@click.command("rerun", cls=ShownErrors)
@click.argument("number", type=int)
@click.argument("searches", nargs=-1, type=int)
@library_option
@model_option
@collections_option
@json_option
def rerun(
    number: int,
    searches: tuple[int, ...],
    library: Path,
    model: str | None,
    collections_file: Path | None,
    as_json: bool,
) -> None:
    """Run searches of a collection again, all or those numbered, and say what changed.

    Combinations are run over what their parts find now. Ends with 1 where one could not be run.
    """
    store = opened(collections_file).store
    searched = library_search(library, model)
    done = strategies.rerun(store, who(), number, searched, searches or None)
    generation = searched.exact.library.generation()
    if as_json:
        told = [
            {
                **asdict(one.search),
                "before": asdict(one.before) if one.before else None,
                "changed": asdict(one.changed) if one.changed is not None else None,
                "other_model": one.other_model,
                "fault": one.fault.reason if one.fault else None,
            }
            for one in done
        ]
        click.echo(json.dumps(told, ensure_ascii=False, indent=1))
    else:
        for one in done:
            _say_changes(one, generation)
    if any(one.fault for one in done):
        raise click.exceptions.Exit(1)


@click.command("add-found", cls=ShownErrors)
@click.argument("number", type=int)
@click.argument("search", type=int)
@click.option("--new", "only_new", is_flag=True, help="Only what the run before did not find.")
@library_option
@collections_option
def add_found(
    number: int, search: int, only_new: bool, library: Path, collections_file: Path | None
) -> None:
    """Add to a collection what the last run of one of its searches found."""
    store = opened(collections_file).store
    found = kept.search(store, number, search)
    generation = Library(library).generation()
    ids = kept.found_by(store, found.last)
    if only_new:
        before = kept.run_before(store, found, found.last)
        if before is None:
            raise click.ClickException(f"{found.mark} was run once: there is nothing new")
        ids = strategies.changes(store, found, before, found.last, generation).new
    report_intake(strategies.add_found(store, who(), number, found, ids, generation))


@click.command("describe-search", cls=ShownErrors)
@click.argument("number", type=int)
@click.argument("search", type=int)
@click.option("--name", help="What to call it.")
@click.option("--note", help="What to know about it.")
@click.option("--delete", is_flag=True, help="Put it away instead; undo brings it back.")
@collections_option
def describe_search(
    number: int,
    search: int,
    name: str | None,
    note: str | None,
    delete: bool,
    collections_file: Path | None,
) -> None:
    """Change the name or the note of a search, or delete it. Its number is not given out again."""
    store = opened(collections_file).store
    if delete:
        strategies.delete(store, who(), number, search)
        return
    strategies.describe(store, who(), number, search, name=name, note=note)


@click.command("alert", cls=ShownErrors)
@click.argument("number", type=int)
@click.argument("search", type=int)
@click.option("--off", is_flag=True, help="Switch it off instead.")
@collections_option
def alert(number: int, search: int, off: bool, collections_file: Path | None) -> None:
    """Switch on an alert: from now on, what a search's last run did not find is new."""
    store = opened(collections_file).store
    if off:
        alerts.switch_off(store, who(), number, search)
    else:
        alerts.switch_on(store, who(), number, search)


@click.command("alerts", cls=ShownErrors)
@click.argument("number", type=int, required=False)
@click.option(
    "--mark/--peek",
    default=False,
    help="Mark what was printed as seen, or leave it new for the next time [default: --peek].",
)
@library_option
@model_option
@collections_option
@json_option
def show_alerts(
    number: int | None,
    mark: bool,
    library: Path,
    model: str | None,
    collections_file: Path | None,
    as_json: bool,
) -> None:
    """Print what is new in alerts, of all collections or one; for cron.

    Needs no server. Prints nothing where nothing is new, so cron sends no mail. Ends with 0 whether
    or not something is new, and with 1 where a search could not be run, after all others. With
    --mark every new record is printed once; nothing is marked that was not printed.
    """
    store = opened(collections_file).store
    searched = library_search(library, model)
    if number is not None:
        collection_of(store, number)
    told = [
        (of, alerts.news(store, of.id, one, searched))
        for of, one in alerts.all_alerts(store)
        if number in (None, of.id)
    ]
    generation = searched.exact.library.generation()
    if as_json:
        listed = [
            {
                "collection": of.id,
                "name": of.name,
                "search": news.alert.search.number,
                "query": news.alert.search.asked.query,
                "seen_at": news.alert.seen_at,
                "new": news.new,
                "fault": news.fault.reason if news.fault else None,
            }
            for of, news in told
        ]
        click.echo(json.dumps(listed, ensure_ascii=False, indent=1))
    for of, news in told:
        search = news.alert.search
        if news.fault is not None:
            click.echo(visible(f"{of.name} {search.mark}: {news.fault}"), err=True)
        elif news.new and not as_json:
            click.echo(
                f"{of.name} {search.mark}  {search.asked.query}{_kind(search)}  {len(news.new)} new"
            )
            _say(shown_ids(news.new, generation), "  +")
    # What could not be printed has ended the command by now.
    if mark:
        for of, news in told:
            if news.new:
                alerts.mark_seen(store, who(), of.id, news)
    if any(news.fault for _, news in told):
        raise click.exceptions.Exit(1)


@click.command("report", cls=ShownErrors)
@click.argument("number", type=int)
@click.option(
    "--language",
    type=click.Choice(LANGUAGES),
    default="ja",
    show_default=True,
    help="Language of the report.",
)
@click.option("--item", type=click.Choice(ITEMS), help="Write --text to this item instead.")
@click.option("--text", help="What to write; an empty text leaves the item blank.")
@library_if_any
@collections_option
def write_report(
    number: int,
    language: str,
    item: Item | None,
    text: str | None,
    library: Path | None,
    collections_file: Path | None,
) -> None:
    """Print the search report of a collection after PRISMA-S, as Markdown."""
    store = opened(collections_file).store
    if (item is None) != (text is None):
        raise click.UsageError("--item and --text go together")
    if item is not None and text is not None:
        answer(store, who(), number, item, text)
        return
    generation = live_generation(Library(library)) if library else None
    with spoken(language):
        written = as_markdown(report(store, number, library.name if library else "", generation))
    click.echo(written, nl=False)


def library_search(library: Path, model: str | None) -> LibrarySearch:
    """Both searches of a library; a model is loaded only where something is ranked."""
    followed = Library(library)

    @cache
    def engine() -> Engine:
        source = model or followed.generation().manifest.model_source
        return Engine(followed, load_encoder(source), open_terminology())

    return LibrarySearch(ExactSearch(followed), engine)


def _shown(one: Search) -> str:
    """A search on a line."""
    name = f"{one.name}: " if one.name else ""
    filters = "".join(
        f"  {field}={value}"
        for field, value in asdict(one.asked.filters).items()
        if value not in (None, "", False)
    )
    return (
        f"{one.mark}  {name}{one.asked.query}{_kind(one)}{filters}  {one.last.count} records  "
        f"{one.last.at}  generation {one.last.generation}"
    )


def _kind(one: Search) -> str:
    """That ranked lists, which are cut off, are in a search; empty for a complete set."""
    if one.asked.syntax == "ranked":
        return f"  [ranked, first {one.asked.top} frozen]"
    marks = ", ".join(f"#{n}" for n in one.last.frozen)
    return f"  [with frozen {marks}]" if marks else ""


def _as_json(one: Search) -> str:
    return json.dumps(asdict(one), ensure_ascii=False, indent=1)


def _say_changes(done: strategies.Rerun, generation: Generation) -> None:
    if done.fault is not None:
        click.echo(visible(f"{done.search.mark}  {shown_fault(done.fault)}"), err=True)
        return
    click.echo(_shown(done.search))
    if done.other_model:
        click.echo("  the library has another model than before", err=True)
    assert done.changed is not None
    for sign, ids in (("+", done.changed.new), ("-", done.changed.gone)):
        _say(shown_ids(ids[:_SHOWN], generation), f"  {sign}")
        if len(ids) > _SHOWN:
            click.echo(f"  {sign} … {len(ids)} in all")
    for move in done.changed.moved[:_SHOWN]:
        click.echo(f"  ~ {move.id}  rank {move.before} → {move.after}")


def _say(findings: tuple[Finding, ...], sign: str) -> None:
    for finding in findings:
        title = finding.record.version("ja").title if finding.record else "no longer in the library"
        click.echo(f"{sign} {finding.id}  {title}")


commands = (
    run_search,
    list_searches,
    rerun,
    add_found,
    describe_search,
    alert,
    show_alerts,
    write_report,
)
