"""What a collection shows: all of it, by tag or state, or what a search inside it finds."""

from dataclasses import dataclass, replace
from typing import Literal

from search.exact import ExactSearch, parse
from search.exact.excerpts import Marker
from search.filters import Filters
from search.library.generation import Generation
from search.library.legs import UnreachableError
from search.ranked.engine import Engine
from web.desk.items import ItemOrder, items, record_ids
from web.desk.kept_copies import ids_that_meet
from web.desk.members import Member, Standing, live_generation, members, standing
from web.desk.store import Store

Mode = Literal["words", "meaning"]
Group = Literal["", "dropped", "elsewhere", "doubtful"]


@dataclass(frozen=True)
class Listing:
    """A page of a collection. ``total`` is the number of records found; ``unranked`` how many a
    search by meaning could not rank, because the library does not hold them."""

    total: int
    first: int
    members: tuple[Member, ...]
    standing: Standing
    unranked: int = 0


def listing(
    store: Store,
    engine: Engine,
    exact: ExactSearch,
    collection: int,
    *,
    query: str = "",
    mode: Mode = "words",
    tag: str = "",
    group: Group = "",
    order: ItemOrder = "own",
    page: int = 1,
    per_page: int = 50,
    language: str = "ja",
) -> Listing:
    """One page of a collection in its own or another order, or by relevance where ``mode`` is
    ``meaning``.

    Raises:
        ExactSyntaxError: for an expression that cannot be read.
        QueryError: for a query without words. LibraryError: where ranking needs the library.
    """
    generation = live_generation(engine.library)
    stands = standing(store, collection, generation)
    first = (page - 1) * per_page
    among = set(getattr(stands, group)) if group else None
    if query and mode == "meaning":
        return _ranked(store, engine, collection, query, tag, among, first, per_page, language)
    if query:
        found = _with_words(store, exact, query, stands, generation)
        among = found if among is None else among & found
    if among is None and order == "own":
        total, page_items = items(store, collection, tag=tag, first=first, count=per_page)
    else:
        ids = record_ids(store, collection, tag=tag, order=order)
        ids = [i for i in ids if among is None or i in among]
        total, chosen = len(ids), ids[first : first + per_page]
        _, page_items = items(store, collection, record_ids=chosen)
        place = {record_id: n for n, record_id in enumerate(chosen)}
        page_items.sort(key=lambda item: place[item.record.id])
    shown = members(page_items, generation)
    if query:
        marker = Marker(parse(query).tree)
        shown = [
            replace(
                member,
                title_marks=marker.title(member.record.version(language).title),
                sentence=marker.sentence(member.record, language),
            )
            for member in shown
        ]
    return Listing(total, first, tuple(shown), stands)


def _with_words(
    store: Store,
    exact: ExactSearch,
    expression: str,
    stands: Standing,
    generation: Generation | None,
) -> set[str]:
    """The ids of the records that meet an expression, or are handled as one with one that does:
    asked of the library's index where it holds them, read one by one where it does not."""
    tree = parse(expression).tree
    found: set[str] = set()
    if generation is not None and stands.numbers:
        numbers = exact.numbers(expression, Filters(within=tuple(stands.numbers.values())))
        wanted = set(numbers.tolist())
        found = {i for i, number in stands.numbers.items() if number in wanted}
    found |= ids_that_meet(store, tree, stands.absent)
    return {stands.mains.get(i, i) for i in found}


def _ranked(
    store: Store,
    engine: Engine,
    collection: int,
    query: str,
    tag: str,
    among: set[str] | None,
    first: int,
    per_page: int,
    language: str,
) -> Listing:
    generation = engine.generation()
    stands = standing(store, collection, generation)
    chosen = [i for i in record_ids(store, collection, tag=tag) if among is None or i in among]
    held = {i: stands.numbers[i] for i in chosen if i in stands.numbers}
    # A record that the library does not hold is ranked by one under it that it does.
    there = set(chosen)
    for under, main in stands.mains.items():
        if main in there and main not in held and under in stands.numbers:
            held[main] = stands.numbers[under]
    by_number = {number: i for i, number in held.items()}
    ranked = engine.search(
        query,
        Filters(within=tuple(by_number)),
        page=first // per_page + 1,
        per_page=per_page,
        language=language,
    )
    if ranked.degraded:
        raise UnreachableError(
            "a collection's records cannot be ranked by words alone: those without the words would "
            f"be missing from the list (vectors: {ranked.degraded})",
            ranked.degraded,
        )
    numbers = generation.present([hit.record.id for hit in ranked.hits])
    ids = [by_number[numbers[hit.record.id][0]] for hit in ranked.hits]
    _, found = items(store, collection, record_ids=ids)
    kept = {item.record.id: item for item in found}
    shown = tuple(
        Member(kept[i], hit.record, "in library", hit.title_marks, hit.sentence)
        for i, hit in zip(ids, ranked.hits, strict=True)
    )
    return Listing(ranked.total, first, shown, stands, unranked=len(chosen) - len(by_number))
