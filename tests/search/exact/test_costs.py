"""What valid expressions cost: work is counted beforehand, and what is too much is refused."""

import itertools
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search import budget
from search.budget import TooLongError, TooMuchError, limited
from search.exact import ExactSearch, ExactSyntaxError, parse, queries
from search.exact.expression import Near, Term
from search.exact.occurrences import contains_near, operand_patterns
from search.exact.parser import MAX_TERMS

_NEAR = "(の* NEAR5 を*)"


def _spent(exact: ExactSearch, expression: str) -> dict[str, int]:
    with limited(600) as opened:
        exact.count(expression)
    return {work: budget.LIMITS[work] - left for work, left in opened.left.items()}


def test_what_is_written_many_times_is_looked_for_once(exact: ExactSearch) -> None:
    once = _spent(exact, _NEAR)
    assert once["words"] > 0
    for joined in (" OR ", " AND "):
        assert _spent(exact, joined.join([_NEAR] * 200)) == once


def test_words_count_by_the_records_that_they_stand_in(exact: ExactSearch) -> None:
    rare, frequent = _spent(exact, "肺癌[ti]"), _spent(exact, "の[tiab]")
    assert 0 < rare["words"] < frequent["words"]
    assert _spent(exact, "肺癌[ti] NOT の[tiab]")["words"] == rare["words"] + frequent["words"]


def test_more_than_may_be_asked_for_is_refused_before_it_is_done(
    exact: ExactSearch, monkeypatch: pytest.MonkeyPatch
) -> None:
    expression = "肺炎 OR 肺癌 OR pain*"
    monkeypatch.setitem(budget.LIMITS, "words", _spent(exact, expression)["words"] - 1)
    with limited(600), pytest.raises(TooMuchError) as refused:
        exact.search(expression)
    assert refused.value.work == "words"
    assert exact.count(expression)


@pytest.mark.parametrize(
    "expression", ["の* NEAR5 を*", "pai* NEAR/9 kne*", '"heart fail*"[tiab]', '"肺 が"[tiab]']
)
def test_texts_are_read_where_there_are_too_many_endings(
    exact: ExactSearch, monkeypatch: pytest.MonkeyPatch, expression: str
) -> None:
    by_index = exact.numbers(expression).tolist()
    assert not _spent(exact, expression)["texts"]
    monkeypatch.setattr(queries, "_MOST_WORDS", 0)
    assert exact.numbers(expression).tolist() == by_index
    assert _spent(exact, expression)["texts"] >= len(by_index)


def test_the_endings_of_all_phrases_count_together(
    exact: ExactSearch, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = "の* NEAR5 を*", "は* NEAR5 に*"
    monkeypatch.setattr(queries, "_MOST_WORDS", 12 * 3 * 200)
    counts = [_spent(exact, e)["texts"] for e in (first, f"({first}) OR ({second})")]
    for limit in (100_000, 1):
        monkeypatch.setattr(queries, "_MOST_WORDS", limit)
        counts.append(_spent(exact, f"({first}) OR ({second})")["texts"])
    assert counts[2] == 0 < counts[3]


def test_too_many_texts_are_not_read(exact: ExactSearch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "_MOST_WORDS", 0)
    monkeypatch.setitem(budget.LIMITS, "texts", 3)
    with limited(600), pytest.raises(TooMuchError) as refused:
        exact.count("の* NEAR5 を*")
    assert refused.value.work == "texts"


def test_reading_texts_ends_with_the_time(
    exact: ExactSearch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "_MOST_WORDS", 0)
    looks = itertools.count()
    with limited(4, lambda: float(next(looks))), pytest.raises(TooLongError):
        exact.count("の* NEAR5 を*")


def test_sets_are_listed_whole_up_to_a_size(
    exact: ExactSearch, monkeypatch: pytest.MonkeyPatch
) -> None:
    expression = "NOT xyzzy"
    count = exact.count(expression)
    monkeypatch.setitem(budget.LIMITS, "set", count)
    with limited(600):
        assert len(exact.numbers(expression)) == count
    monkeypatch.setitem(budget.LIMITS, "set", count - 1)
    with limited(600), pytest.raises(TooMuchError):
        exact.numbers(expression)
    with limited(600):
        assert len(exact.numbers(expression, most=3)) == 3
        assert exact.search(expression).count == count


def test_pages_far_behind_the_end_are_empty(exact: ExactSearch) -> None:
    for sort in ("year", "relevance"):
        found = exact.search("肺炎 OR pain", sort=sort, page=10_000_000, per_page=100)
        assert found.count
        assert not found.hits


@pytest.mark.parametrize(
    "typed",
    ['"' * 20_000, '""' * 5_000, "[" * 20_000, "a " * 10_000, "(" * 9_000, "肺 " * (MAX_TERMS + 1)],
)
def test_what_is_far_too_much_is_refused_unread(typed: str) -> None:
    with pytest.raises(ExactSyntaxError) as refused:
        parse(typed)
    assert refused.value.reason == "too many terms"
    assert refused.value.proposal is None


def test_a_long_expression_with_faults_is_not_mended() -> None:
    faulty = "肺炎 AND OR "
    with pytest.raises(ExactSyntaxError) as mended:
        parse(f"{faulty}治療")
    with pytest.raises(ExactSyntaxError) as refused:
        parse(f"{faulty} {'喘息 ' * 900}{'x' * 3_000}")
    assert refused.value.reason == mended.value.reason == "missing operand"
    assert (mended.value.proposal, refused.value.proposal) == ("肺炎 AND   治療", None)


def test_terms_are_as_long_as_what_they_stand_for() -> None:
    assert parse("ﷺ" * 50)
    for typed in ("ﷺ" * 400, f'"{"肺" * 1_001}"[ti]'):
        with pytest.raises(ExactSyntaxError) as refused:
            parse(typed)
        assert refused.value.reason == "too long"


@given(
    st.lists(st.sampled_from("のをは肺|"), max_size=9),
    st.lists(st.sampled_from(["の", "を", "は", "のを", "肺"]), min_size=3, max_size=4),
    st.integers(0, 5),
)
def test_words_near_each_other_are_those_that_trying_all_choices_finds(
    text: list[str], words: list[str], distance: int
) -> None:
    near = Near(tuple(Term("title", word) for word in words), distance)
    assert contains_near(near, operand_patterns(near), text) == _tried(text, words, distance)


def _tried(text: Sequence[str], words: Sequence[str], distance: int) -> bool:
    spans = [
        [(i, i + len(w)) for i in range(len(text)) if list(text[i : i + len(w)]) == list(w)]
        for w in words
    ]
    for chosen in map(sorted, itertools.product(*spans)):
        between = [b - a for (_, a), (b, _) in itertools.pairwise(chosen)]
        if all(gap >= 0 for gap in between) and sum(between) <= distance:
            return True
    return False


def test_frequent_words_near_each_other_do_not_take_ages() -> None:
    words = "のをはにがでとも"
    near = Near((*(Term("title", word) for word in words[:7]), Term("title", "肺")), 100)
    text = [*(words[:7] * 40), *["x"] * 200, "肺"]
    assert not contains_near(near, operand_patterns(near), text)
    assert contains_near(near, operand_patterns(near), [*text[:280], "肺"])
