"""What a run of a search found, page by page, as the library has it now."""

from collections.abc import Sequence
from dataclasses import dataclass

from search.exact import ExactSearch, Lines, Sort
from search.exact.excerpts import Marker
from search.library.generation import Generation
from search.ranked.snippets import MatchedSentence
from search.records import Record
from web.desk.members import live_generation
from web.desk.searches import Run, Search, found_by
from web.desk.store import Store
from web.desk.strategy_answers import numbers


@dataclass(frozen=True)
class Finding:
    """A record that was found: its rank in a ranked list, or its place in the page's order. There
    is no ``record`` where the library has it no more. Marks are as in a hit."""

    rank: int
    id: str
    record: Record | None
    title_marks: tuple[tuple[int, int], ...] = ()
    sentence: MatchedSentence | None = None


@dataclass(frozen=True)
class Findings:
    """A page of what was found: how many there are, how many of them the library still has, and of
    a set those that it has no more, which no order holds."""

    total: int
    present: int
    dropped: tuple[str, ...]
    page: int
    per_page: int
    findings: tuple[Finding, ...]


def findings(
    store: Store,
    exact: ExactSearch,
    found: Search,
    one: Run,
    *,
    sort: Sort = "year",
    page: int = 1,
    per_page: int = 50,
    language: str = "ja",
) -> Findings:
    """A page of what a run found: a ranked list in its own order, a set in that of ``sort``.

    Raises:
        QueryError: for an impossible page.
    """
    generation = live_generation(exact.library)
    ids = found_by(store, one)
    first = (page - 1) * per_page
    if generation is None:
        bare = ids[first : first + per_page]
        return Findings(len(ids), len(ids), (), page, per_page, shown_ids(bare, None, first + 1))
    present = generation.present(ids)
    dropped = tuple(i for i in ids if i not in present)
    if found.asked.syntax == "ranked":
        shown = shown_ids(ids[first : first + per_page], generation, first + 1)
    else:
        lines = Lines(generation, {1: numbers(generation, ids)})
        hits = exact.search(
            "#1", sort=sort, page=page, per_page=per_page, language=language, lines=lines
        ).hits
        asked = found.asked
        marker = Marker(exact.parsed(asked.query, asked.thesaurus, with_lines=True).tree)
        shown = tuple(
            Finding(
                place,
                hit.record.id,
                hit.record,
                marker.title(hit.record.version(language).title),
                marker.sentence(hit.record, language),
            )
            for place, hit in enumerate(hits, first + 1)
        )
    return Findings(len(ids), len(ids) - len(dropped), dropped, page, per_page, shown)


def shown_ids(
    ids: Sequence[str], generation: Generation | None, first: int = 1
) -> tuple[Finding, ...]:
    """Some ids with the records that they lead to, in their order, ``first`` being the rank of the
    first; without a library, bare ids."""
    if generation is None:
        return tuple(Finding(rank, i, None) for rank, i in enumerate(ids, first))
    present = generation.present(ids)
    records = generation.records([number for number, _ in present.values()])
    return tuple(
        Finding(rank, i, records[present[i][0]] if i in present else None)
        for rank, i in enumerate(ids, first)
    )
