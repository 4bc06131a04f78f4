"""A search of a strategy, asked of a library: what it finds there, as ids of records."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Literal, TypeVar, cast

from pydantic import TypeAdapter, ValidationError

from search.exact import USES, ExactSearch, ExactSyntaxError, Lines, ThesaurusUse, parse
from search.exact.expression import EarlierSearch, lines_of
from search.filters import Filters
from search.library.generation import Generation
from search.library.manifest import LibraryError
from search.ranked.engine import Engine, clean_query
from search.ranked.ranking import DEPTH
from web.desk.history import CollectionError

Syntax = Literal["exact", "ranked", "combination"]
# How many of a ranked list are kept unless one says otherwise.
USUAL_TOP = 100
# How often a search begins anew because the library moved on under it.
_PATIENCE = 5
_FILTERS = TypeAdapter(Filters)
_Result = TypeVar("_Result")


@dataclass(frozen=True)
class LibrarySearch:
    """Both searches of one library. ``engine`` is called only where something is ranked: it may
    have to load a model first."""

    exact: ExactSearch
    engine: Callable[[], Engine]


@dataclass(frozen=True)
class SearchRequest:
    """What a search asks for. ``top`` is how many records of a ranked list are kept, None where the
    search is none. ``thesaurus`` is the use that an expression makes of the terminology: none where
    the search was kept before there was one, so that it goes on finding what it found."""

    query: str
    syntax: Syntax
    filters: Filters
    top: int | None = None
    thesaurus: ThesaurusUse = "none"


def search_request(
    query: str,
    *,
    ranked: bool,
    filters: Filters,
    top: int = USUAL_TOP,
    thesaurus: ThesaurusUse = "none",
) -> SearchRequest:
    """What was typed, recognised: an expression that refers to other searches is a combination.

    Raises:
        ExactSyntaxError: for an expression that cannot be read. QueryError: for a query that is
            too long. CollectionError: for a number of records that a ranked list has not.
    """
    if ranked:
        if not 1 <= top <= DEPTH:
            raise CollectionError(f"of a ranked list the first 1 to {DEPTH} can be kept, not {top}")
        return SearchRequest(clean_query(query), "ranked", filters, top)
    query = query.strip()
    syntax: Syntax = "combination" if references(query) else "exact"
    return SearchRequest(query, syntax, filters, thesaurus=thesaurus)


def references(expression: str) -> tuple[EarlierSearch, ...]:
    """The searches that an expression refers to, each once, with its first place.

    Raises:
        ExactSyntaxError: for an expression that cannot be read.
    """
    found = lines_of(parse(expression, with_lines=True).tree)
    return tuple({line.number: line for line in reversed(list(found))}.values())[::-1]


def check_references(expression: str, own: int, known: Mapping[int, bool]) -> None:
    """Refuse what an expression of number ``own`` cannot refer to; ``known`` says of every number
    whether its search was deleted. References lead backwards only, so there can be no circle.

    Raises:
        ExactSyntaxError: naming the place.
    """
    for line in references(expression):
        place = (expression, line.start, line.end)
        if line.number not in known:
            raise ExactSyntaxError("unknown line", *place)
        if line.number >= own:
            raise ExactSyntaxError("later line", *place)
        if known[line.number]:
            raise ExactSyntaxError("deleted line", *place)


def answer(
    library: LibrarySearch,
    wanted: SearchRequest,
    generation: Generation,
    parts: Mapping[int, Sequence[str]],
) -> list[str]:
    """The ids of the records that a search finds in ``generation``: the best first, or the newest
    first of a set. ``parts`` are what the searches found that it refers to; of these, the records
    that the library still holds count.

    Raises:
        ExactSyntaxError, QueryError, LibraryError: as the searches do.
    """
    if wanted.syntax == "ranked":
        best = library.engine().best(wanted.query, wanted.filters, wanted.top or USUAL_TOP)
        return [record.id for record in best]
    lines = Lines(generation, {n: numbers(generation, ids) for n, ids in parts.items()})
    found = library.exact.numbers(
        wanted.query, wanted.filters, lines=lines, thesaurus=wanted.thesaurus
    )
    return generation.ids(found.tolist())


def in_one_generation(
    library: LibrarySearch, work: Callable[[Generation], _Result]
) -> tuple[Generation, _Result]:
    """Do ``work`` in the live generation, and again where another is published meanwhile, so that
    all of it was found in the one that is given back.

    Raises:
        LibraryError: when the library cannot be used, or never stands still.
    """
    for _ in range(_PATIENCE):
        generation = library.exact.library.generation()
        result = work(generation)
        if library.exact.library.generation() is generation:
            return generation, result
    raise LibraryError(f"{library.exact.library.path} is changing all the time: try again later")


def numbers(generation: Generation, ids: Sequence[str]) -> list[int]:
    """The numbers of the records that some ids lead to, in order; ids that lead nowhere are left
    out."""
    present = generation.present(ids)
    return list(dict.fromkeys(present[i][0] for i in ids if i in present))


def written_filters(filters: Filters, thesaurus: ThesaurusUse = "none") -> str:
    """Filters as they are stored, and with them the use of the thesaurus: JSON of what differs from
    none."""
    usual = asdict(Filters())
    named = {n: v for n, v in asdict(filters).items() if v != usual[n] and n != "within"}
    if thesaurus != "none":
        named["thesaurus"] = thesaurus
    return json.dumps(named, ensure_ascii=False, sort_keys=True)


def read_filters(written: str) -> Filters:
    """Stored filters.

    Raises:
        CollectionError: when they are none.
    """
    try:
        read_thesaurus(written)
        return _FILTERS.validate_python(json.loads(written))
    except (ValueError, ValidationError) as error:
        raise CollectionError(f"{written!r} are no filters") from error


def read_thesaurus(written: str) -> ThesaurusUse:
    """The use of the thesaurus that is stored with filters; none where nothing is said.

    Raises:
        CollectionError: when it is none that there is.
    """
    told = json.loads(written)
    found = told.get("thesaurus", "none") if isinstance(told, dict) else "none"
    if found not in USES:
        raise CollectionError(f"{written!r} names no use of the thesaurus")
    return cast("ThesaurusUse", found)
