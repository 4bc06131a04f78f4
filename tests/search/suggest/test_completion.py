"""Words that are still being typed, completed with terms of the sample library."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search.suggest import Suggester
from search.suggest.completion import Completer
from search.text.fold import to_lexical


@pytest.fixture(scope="module")
def completer(suggester: Suggester) -> Completer:
    return Completer(suggester)


def terms_for(completer: Completer, typed: str, limit: int = 8) -> list[str]:
    return [c.term for c in completer.complete(typed, limit)]


@pytest.mark.parametrize(
    "typed", ["糖尿", "とうにょう", "トウニョ", "とうにょうb", "tounyou", "tonyo"]
)
def test_spelling_kana_and_romaji_begin_the_same_term(completer: Completer, typed: str) -> None:
    assert "糖尿病" in terms_for(completer, typed, 20)


def test_latin_terms_by_their_letters(completer: Completer) -> None:
    found = terms_for(completer, "hba", 20)
    assert "HbA1c" in found
    assert terms_for(completer, "h") == []


def test_what_stands_before_stays(completer: Completer) -> None:
    (first, *_) = completer.complete("高齢者 糖尿")
    assert first.query == f"高齢者 {first.term}"
    assert first.start == 4
    # The spaces of a Japanese keyboard, and words that run on.
    assert completer.complete("高齢者\u3000糖尿")[0].query.startswith("高齢者\u3000")
    running = completer.complete("高齢者の糖尿")
    assert running[0].query.startswith("高齢者の糖尿")
    # Kana that have not been converted yet: のち is no 後 here.
    assert "高齢者の治療" in [c.query for c in completer.complete("高齢者のち", 20)]


def test_each_is_in_the_library_and_says_in_how_many_records(completer: Completer) -> None:
    terms = completer.suggester.engine.generation().terms
    for completion in completer.complete("心", 20):
        (records,) = terms.execute(
            "select records from terms where term = ?", [completion.term]
        ).fetchone()
        assert completion.records == records > 0


def test_the_context_decides_among_equals(completer: Completer) -> None:
    alone = terms_for(completer, "し", 20)
    after = terms_for(completer, "心房細動 し", 20)
    assert set(alone) & set(after)
    assert alone != after


@pytest.mark.parametrize("typed", ["", " ", "糖尿病 ", "糖尿病、", "ｘｑｚｘ", "、。"])
def test_nothing_to_complete(completer: Completer, typed: str) -> None:
    assert completer.complete(typed) == ()


def test_empty_words_are_no_terms(completer: Completer) -> None:
    assert not {"こと", "もの"} & set(
        terms_for(completer, "こ", 20) + terms_for(completer, "も", 20)
    )


def test_what_is_typed_already_is_no_completion(completer: Completer) -> None:
    assert "糖尿病" not in terms_for(completer, "糖尿病", 20)


@settings(max_examples=60, deadline=None)
@given(st.text("あしんきnkshitのを糖尿病心 \u3000ｓ①㍍か\u3099AB-9、{}", max_size=12))
def test_any_typing(completer: Completer, typed: str) -> None:
    for completion in completer.complete(typed, 3):
        assert completion.query == typed[: completion.start] + completion.term
        assert to_lexical(completion.term) != to_lexical(typed[completion.start :])
