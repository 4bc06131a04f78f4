"""The line where relevance ends: where it falls in a list, and what it makes of real queries."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.sample import sample_files
from search.filters import Filters
from search.library.library import Library
from search.library.relevance import DenseScale, RelevanceLine, closeness
from search.library.scored_records import Ranking
from search.ranked.engine import Engine
from search.ranked.ranking import Leg

LINE = RelevanceLine(DenseScale(0.1, 0.5, 0.5), DenseScale(0.1, 0.9, 0.9), 0.5)
AVERAGE = -10.0  # far below: the line alone decides
FULL_MATCH = 10.0
NOTHING = Ranking()


def evident(*evidence: float) -> Ranking:
    """A dense ranking, in this order, of records with this evidence."""
    return Ranking.of((number, 0.1 + 0.4 * e) for number, e in enumerate(evidence))


def told(
    order: Ranking,
    dense: Ranking = NOTHING,
    lexical: Ranking = NOTHING,
    *,
    query: str = "肺炎",
    average: float = AVERAGE,
    shares: Mapping[int, float] | None = None,
    line: RelevanceLine = LINE,
) -> tuple[int, int]:
    """How many hits are close, and how many are weak matches at least."""
    full_match = FULL_MATCH if lexical else 0.0
    found = closeness(line, query, order, dense, lexical, average, full_match, shares or {})
    return found.close, found.weak


@pytest.mark.parametrize(
    ("evidence", "expected"),
    [
        ((), 0),
        ((0.9, 0.5), 0),
        ((2.0, 1.5, 1.2), 3),
        ((2.0, 1.5, 0.2, 0.1), 2),
        # One that is a little below among many above does not end the list, and one that is far
        # above after many below does not make it longer.
        ((2.0, 0.9, 1.5, 0.1), 3),
        ((2.0, 0.0, 0.0, 0.0, 9.0), 1),
        ((0.5, 0.5, 1.2), 0),
    ],
)
def test_where_the_line_falls(evidence: tuple[float, ...], expected: int) -> None:
    dense = evident(*evidence)
    assert told(dense, dense) == (expected, expected)


def test_nearness_that_other_topics_reach_is_a_weak_match() -> None:
    line = RelevanceLine(DenseScale(0.1, 0.5, 0.7), DenseScale(0.1, 0.9, 0.9), 0.5)
    dense = Ranking.of([(1, 0.75), (2, 0.6), (3, 0.2)])
    assert told(dense, dense, line=line) == (1, 2)
    dense = Ranking.of([(2, 0.6), (3, 0.2)])
    assert told(dense, dense, line=line) == (0, 1)
    # Most of the words beside it make it close, a word that many share does not.
    assert told(dense, dense, line=line, shares={2: 0.8}) == (1, 1)
    assert told(dense, dense, line=line, shares={2: 0.3}) == (0, 1)


def test_a_record_with_all_words_is_close_however_far_it_is() -> None:
    order = Ranking.of([(1, 0.9), (2, 0.8)])
    dense = Ranking.of([(2, 0.11), (1, 0.1)])
    assert told(order, dense, shares={1: 1.0, 2: 0.3}) == (1, 1)


def test_words_alone_are_a_weak_match() -> None:
    order = Ranking.of([(2, 0.9), (3, 0.1)])
    lexical = Ranking.of([(2, 8.0), (3, 1.0)])
    dense = Ranking.of([(3, 0.2), (2, 0.1)])
    assert told(order, dense, lexical, shares={2: 0.5}) == (0, 1)
    # In a list by words, most of them are enough.
    assert told(order, NOTHING, lexical, shares={2: 0.8}) == (1, 1)


def test_within_a_field_a_hit_has_to_be_near_the_best_ones() -> None:
    # The first is the text that the query was taken from.
    dense = Ranking.of(enumerate((0.99, 0.8, 0.8, 0.79, 0.78, 0.6, 0.6, 0.6)))
    assert told(dense, dense) == (8, 8)
    assert told(dense, dense, average=0.5) == (5, 5)


def test_queries_in_latin_letters_have_their_own_scale() -> None:
    dense = Ranking.of([(1, 0.7)])
    assert told(dense, dense, query="COPD の治療") == (1, 1)
    assert told(dense, dense, query="COPD treatment") == (0, 0)


@given(st.lists(st.floats(0, 3), max_size=30))
def test_the_line_parts_better_than_any_other(evidence: list[float]) -> None:
    dense = evident(*evidence)
    gain = [max(-1.0, min(1.0, (s - 0.1) / (0.5 - 0.1) - 1)) for _, s in dense]
    found, _ = told(dense, dense)
    assert sum(gain[:found]) >= max(sum(gain[:i]) for i in range(len(gain) + 1)) - 1e-9


UNRELATED = (
    "衆議院の解散総選挙と内閣支持率",
    "味噌汁に合う具材",
    "株主総会の招集手続",
    "江戸時代の参勤交代",
    "parliamentary election results",
    "python list comprehension",
    "ぬめへろちそまゆけ",
    "asdfghjkl",
    "lorem ipsum dolor sit amet",
    "鉛窯楽塔虹机",
    "!!!",
)


def test_nothing_close(engine: Engine) -> None:
    found = [engine.search(query) for query in UNRELATED]
    # The line is what 19 of 20 unrelated queries stay below, in a library of enough records.
    assert sum(f.above == 0 for f in found) >= len(UNRELATED) - 1
    assert not any(f.relevant for f in found)
    # The list is there all the same.
    for unrelated in found:
        assert unrelated.total == engine.generation().manifest.records
        assert len(unrelated.hits) == 10


@pytest.mark.parametrize("leg", ["fused", "dense", "lexical"])
def test_titles_find_their_records_above_the_line(engine: Engine, leg: Leg) -> None:
    records = [r for _, r in engine.generation().all_records() if r.abstract][::15]
    above = 0
    for record in records:
        found = engine.search(record.title, leg=leg)
        assert found.relevant is not None
        assert found.relevant < found.total / 2
        above += record.id in {h.record.id for h in found.hits[: found.relevant]}
    assert above >= len(records) - 1


def test_questions_without_a_word_in_common(engine: Engine) -> None:
    lines = sample_files()[1].read_text(encoding="utf-8").splitlines()
    queries = [json.loads(line)["query"] for line in lines]
    above = [engine.search(query).above or 0 for query in queries]
    # Of twenty; over eight draws of the unrelated queries it was 8 to 11.
    assert sum(n > 0 for n in above) >= 8


def test_by_year_a_list_without_anything_near_stays_as_it_is(engine: Engine) -> None:
    by_relevance = engine.search(UNRELATED[0])
    by_year = engine.search(UNRELATED[0], sort="year")
    assert by_relevance.above == 0
    assert by_year.sort == "relevance"
    assert [h.record.id for h in by_year.hits] == [h.record.id for h in by_relevance.hits]


def test_a_filter_leaves_the_line_where_it_is(engine: Engine) -> None:
    found = engine.search("衆議院の解散総選挙", Filters(language="en"))
    assert found.relevant == 0
    everything = engine.search("糖尿病の食事療法", per_page=100)
    recent = engine.search("糖尿病の食事療法", Filters(year_from=2015), per_page=100)
    assert everything.relevant
    assert recent.relevant is not None
    assert 0 < recent.relevant <= recent.total <= everything.total


def test_every_page_says_the_same(engine: Engine) -> None:
    pages = {engine.search("高齢者の肺炎", page=p).relevant for p in (1, 2, 5)}
    assert len(pages) == 1


def test_the_line_is_kept_in_the_manifest(sample_library: Path) -> None:
    line = Library(sample_library).generation().manifest.relevance
    assert line is not None
    for scale in (line.japanese, line.latin):
        assert -1 < scale.floor < scale.line <= scale.topic < 1
    assert 0 < line.lexical < 1.5
