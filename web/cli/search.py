"""The commands that only read a library: search, suggest, verify."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from itertools import groupby
from pathlib import Path
from typing import TypeVar

import click

from search.exact import SORTS, Sort
from search.exact.exact_search import ExactHit
from search.filters import Filters, RetractionFilter
from search.library.manifest import live_folder, verify
from search.ranked.engine import Engine, Hit, RankedList
from search.ranked.ranking import DEPTH
from search.ranked.snippets import shareable_sentence
from search.spelling.correction import Corrector, Offer
from search.suggest import Suggester
from search.suggest.drafts import draft as draft_strategies
from search.text.profile import has_mask
from web.cli.exact import exact_page, export, shown_set
from web.cli.options import (
    ShownErrors,
    library_option,
    mapping_option,
    model_option,
    open_engine,
)
from web.cli.record_files import WRITABLE, save
from web.cli.strategy_lines import strategy_lines
from web.http.search_parameters import thesaurus_use

_H = TypeVar("_H", Hit, ExactHit)


def _shareable(hits: Iterable[_H]) -> tuple[_H, ...]:
    """Hits as programs get them: without abstracts that must not be passed on."""
    return tuple(
        replace(hit, record=hit.record.shareable(), sentence=shareable_sentence(hit.sentence))
        for hit in hits
    )


@click.command(cls=ShownErrors)
@click.argument("query")
@library_option
@model_option
@click.option("--page", default=1, show_default=True, help="Page of the list.")
@click.option("--per-page", default=10, show_default=True, help="Records a page.")
@click.option("--year-from", type=int, help="First year of publication.")
@click.option("--year-to", type=int, help="Last year of publication.")
@click.option("--journal", default="", help="Exact name of the journal.")
@click.option("--publication-type", default="", help="A publication type that records have.")
@click.option("--keyword", default="", help="A keyword or heading that records have.")
@click.option("--language", default="", help="Language of title or abstract (ja, en …).")
@click.option("--has-abstract", is_flag=True, help="Only records with an abstract.")
@click.option(
    "--retraction",
    type=click.Choice(["exclude", "only"]),
    help="Without the records retracted or under an expression of concern, or only those.",
)
@click.option(
    "--other-names/--no-other-names",
    default=True,
    help="Whether other names of what QUERY names are looked for as well.  [default: yes]",
)
@mapping_option
@click.option("--json", "as_json", is_flag=True, help="Write JSON instead of text.")
@click.option("--exact", is_flag=True, help="QUERY is an expression; find the complete set.")
@click.option("--sort", type=click.Choice(SORTS), help="Order of a set.  [default: year]")
@click.option(
    "--format",
    type=click.Choice(WRITABLE),
    help="Write the records in this format: the whole set, or a ranked list to where relevance "
    "ends.",
)
@click.option("--output", help="File for --format.  [default: standard output]")
@click.option(
    "--limit",
    type=click.IntRange(1, DEPTH),
    help="Write so many records of a ranked list with --format, relevant or not.",
)
def search(
    query: str,
    library: Path,
    model: str | None,
    page: int,
    per_page: int,
    as_json: bool,
    year_from: int | None,
    year_to: int | None,
    journal: str,
    publication_type: str,
    keyword: str,
    language: str,
    has_abstract: bool,
    retraction: RetractionFilter | None,
    other_names: bool,
    mapping: bool,
    exact: bool,
    sort: Sort | None,
    format: str | None,  # noqa: A002 - the option's name
    output: str | None,
    limit: int | None,
) -> None:
    """Ranked search (関連度検索): the records nearest to QUERY, best first.

    Records that QUERY names (DOI, PMID, 医中誌ID, trial number, author, exact title) come before
    all others. A line says where relevance ends; what was mistyped is answered by an offer. With
    --format the records above that line are saved to a file.

    With --exact, exact search (検索式): the complete set that the expression QUERY finds, in the
    notation of 医中誌Web or PubMed, with its count.
    """
    if sort and not exact:
        raise click.UsageError("--sort needs --exact: a ranked list has the best record first")
    if (output or limit) and not format:
        raise click.UsageError("--output and --limit need --format")
    if limit and exact:
        raise click.UsageError("--limit is for ranked lists: with --exact the whole set is written")
    filters = Filters(
        year_from,
        year_to,
        journal,
        publication_type,
        keyword,
        language,
        has_abstract,
        retraction or "",
    )
    if format and exact:
        use = thesaurus_use(mapping)
        count = export(library, query, filters, sort or "year", format, output or "-", use)
        click.echo(f"{count} records written", err=True)
        return
    if exact:
        use = thesaurus_use(mapping)
        complete = exact_page(library, query, filters, sort or "year", page, per_page, use)
        complete = replace(complete, hits=_shareable(complete.hits))
        data = json.dumps(asdict(complete), ensure_ascii=False, indent=2)
        click.echo(data if as_json else shown_set(complete))
        return
    engine = open_engine(library, model)
    if format:
        _save_list(engine, query, filters, other_names, limit, format, output or "-")
        return
    found = engine.search(query, filters, page=page, per_page=per_page, other_names=other_names)
    offers = Corrector().offers(engine.generation(), query)
    if as_json:
        found = replace(found, hits=_shareable(found.hits))
        data = json.dumps(
            asdict(found) | {"offers": [asdict(o) for o in offers]}, ensure_ascii=False, indent=2
        )
        click.echo(data)
        return
    click.echo(_shown_list(found, offers))


def _save_list(
    engine: Engine,
    query: str,
    filters: Filters,
    other_names: bool,
    limit: int | None,
    format_name: str,
    output: str,
) -> None:
    """Save the first ``limit`` records, or those above the line where relevance ends."""
    found = engine.search(query, filters, per_page=1, other_names=other_names)
    wanted = limit or (found.total if found.above is None else found.above)
    records = engine.best(query, filters, wanted, other_names=other_names) if wanted else iter(())
    count = save(records, format_name, output)
    click.echo(f"{count} of {found.total} records written, the best first", err=True)
    if not wanted:
        click.echo(
            "Nothing in this library is close to the query (関連の高い文献はありません); --limit N "
            "writes the nearest N.",
            err=True,
        )


def _shown_list(found: RankedList, offers: Sequence[Offer]) -> str:
    """A page of a ranked list, with what is offered and where relevance ends."""
    lines = [
        f"Did you mean (もしかして): {o.query}  ({o.offered}: {o.records} records)" for o in offers
    ]
    if found.folded:
        pairs = ", ".join(f"{written} → {understood}" for written, understood in found.folded)
        lines.append(f"Understood as: {pairs}")
    if found.relevant == 0 and found.hits:
        lines.append(
            "Weak matches only (弱い一致のみです):"
            if found.weak
            else "Nothing in this library is close to the query (関連の高い文献はありません)."
        )
    if found.names:
        told = "; ".join(f"{written} = {', '.join(names)}" for written, names in found.names)
        lines.append(f"Other names (別の言い方): {told}")
    if found.added:
        lines.append(f"Also looked for (次の語も探しました): {', '.join(found.added)}")
    for hit in found.hits:
        if found.above and hit.rank == found.above + 1:
            lines.append("---- less relevant from here (ここから先は関連が低い) ----")
        lines.append(_shown(hit))
    if not found.hits:
        named = found.encoder_text == ""
        lines.append("No such record here." if named else "No record matches the filters.")
    return "\n".join(lines)


def _shown(hit: Hit) -> str:
    record = hit.record
    source = "  ".join(part for part in (record.journal, record.date, record.id) if part)
    flag = f"  [{record.retraction}]" if record.retraction else ""
    ranks = f"semantic #{hit.dense_rank or '–'}, lexical #{hit.lexical_rank or '–'}"
    known = f"  [{hit.known}]" if hit.known else ""
    lines = [
        f"{hit.rank:>3}. {record.title or record.id}{flag}{known}",
        f"     {source}  ({ranks})",
    ]
    if hit.sentence:
        text, position, marked = hit.sentence.text, 0, ""
        for start, end in hit.sentence.marks:
            marked += text[position:start] + click.style(text[start:end], bold=True)
            position = end
        lines.append(f"     {marked + text[position:]}")
    return "\n".join(lines)


@click.command(cls=ShownErrors)
@click.argument("query")
@library_option
@model_option
@click.option("--limit", default=8, show_default=True, help="How many terms.")
@click.option("--without", multiple=True, help="A term that is not wanted; may be repeated.")
@click.option("--json", "as_json", is_flag=True, help="Write JSON instead of text.")
def suggest(
    query: str,
    library: Path,
    model: str | None,
    limit: int,
    without: tuple[str, ...],
    as_json: bool,
) -> None:
    """Suggest terms (検索語候補) for QUERY, in groups; [MASK] or ＿＿ in it is filled.

    Each term stands with the number of records that contain it, how many of these are new (not
    found by QUERY as an expression, or not among its first hits), and why it is offered.
    """
    suggester = Suggester(open_engine(library, model))
    if has_mask(query):
        filled = suggester.fill_masks(query, limit, declined=without)
        if as_json:
            click.echo(json.dumps(asdict(filled), ensure_ascii=False, indent=2))
            return
        for joint in filled.together:
            click.echo(f"  {joint.probability:8.4f}  {joint.query}")
        for number, fillings in enumerate(filled.masks, 1):
            click.echo(f"[MASK] {number}")
            for f in fillings:
                click.echo(f"  {f.probability:8.4f}  {f.term}  ({f.records})")
        return
    found = suggester.suggest(query, limit, declined=without)
    if as_json:
        click.echo(json.dumps([asdict(s) for s in found], ensure_ascii=False, indent=2))
        return
    for group, members in groupby(found, key=lambda s: s.group):
        click.echo(group)
        for s in members:
            counts = f"{s.grounding.records} records, {s.grounding.new_records} new"
            click.echo(f"  {s.term}  ({counts}; {', '.join(s.reasons)})")


@click.command(cls=ShownErrors)
@click.argument("query")
@library_option
@model_option
@click.option("--term", "accepted", multiple=True, help="A term accepted for it; may be repeated.")
@click.option("--json", "as_json", is_flag=True, help="Write JSON instead of text.")
def draft(
    query: str, library: Path, model: str | None, accepted: tuple[str, ...], as_json: bool
) -> None:
    """Draft strategies for 医中誌Web and PubMed from QUERY and the terms accepted for it.

    English terms come from the terminology, or else from the library; a term that neither pairs
    with an English one is listed and left out of the draft for PubMed.
    """
    found = draft_strategies(Suggester(open_engine(library, model)), query, accepted)
    if as_json:
        click.echo(json.dumps(asdict(found), ensure_ascii=False, indent=2))
        return
    click.echo(f"医中誌Web  {found.ichushi}")
    click.echo(f"PubMed     {found.pubmed or '(no term has an English partner here)'}")
    if found.without_english:
        click.echo(f"Without an English partner: {', '.join(found.without_english)}")


@click.command("verify", cls=ShownErrors)
@click.argument("library", type=click.Path(path_type=Path, file_okay=False))
def verify_command(library: Path) -> None:
    """Check the live generation of LIBRARY against its manifest."""
    generation = live_folder(library)
    if generation is None:
        raise click.ClickException(f"{library}: no library here")
    problems = verify(generation)
    for problem in problems:
        click.echo(problem, err=True)
    if problems:
        raise click.ClickException(
            f"generation {generation.name} is damaged; index its sources again into a new folder"
        )
    click.echo(f"generation {generation.name}: every file is as its manifest says")


commands: list[click.Command] = [search, suggest, draft, strategy_lines, verify_command]
