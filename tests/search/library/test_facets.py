"""Facets are counts over what was found, no more and no less."""

from collections import Counter
from collections.abc import Iterable

import tantivy
from hypothesis import given, settings
from hypothesis import strategies as st

from search.filters import Filters
from search.library.facets import Facets, facets, facets_of_records
from search.ranked.engine import Engine
from search.records import Record


def counted(records: Iterable[Record], values: int) -> Facets:
    """The same by counting."""
    records = list(records)

    def listed(found: Iterable[Iterable[str]]) -> tuple[tuple[str, int], ...]:
        counter = Counter(v for each in found for v in set(each) if v)
        return tuple(sorted(counter.items(), key=lambda item: (-item[1], item[0])))[:values]

    return Facets(
        counted=len(records),
        years=tuple(sorted(Counter(r.year for r in records if r.year is not None).items())),
        journals=listed([r.journal] for r in records),
        publication_types=listed(r.publication_types for r in records),
        keywords=listed(r.keywords for r in records),
        languages=listed([v.language for v in r.versions() if v.title] for r in records),
    )


@settings(max_examples=20, deadline=None)
@given(st.sets(st.integers(1, 148)))
def test_facets_count_the_records_asked_for(engine: Engine, numbers: set[int]) -> None:
    generation = engine.generation()
    records = generation.records(sorted(numbers))
    found = facets_of_records(generation.lexical, sorted(numbers), values=1000)
    assert found == counted(records.values(), 1000)


def test_the_whole_library(engine: Engine) -> None:
    generation = engine.generation()
    everything = [record for _, record in generation.all_records()]
    found = facets(generation.lexical, tantivy.Query.all_query(), len(everything), 5)
    assert found == counted(everything, 5)


def test_a_ranked_list_has_the_facets_of_what_is_above_its_line(engine: Engine) -> None:
    query, narrowed = "心房細動の再発", Filters(year_from=2015)
    found = engine.search(query, narrowed, per_page=3, with_facets=True)
    assert found.facets
    above = list(engine.best(query, narrowed, found.relevant or found.total))
    assert found.facets == counted(above, 10)
    assert engine.search(query, per_page=3).facets is None
