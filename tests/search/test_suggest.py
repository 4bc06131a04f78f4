"""Suggested terms: whole, of the library, and new to the query."""

import pytest

from search.encoder import Encoder, ModelError
from search.engine import Engine, QueryError
from search.library import Library
from search.suggest import Suggester
from search.text.phrases import is_term
from search.text.terms import terms

QUERIES = [
    "心筋梗塞",
    "糖尿病の食事療法",
    "高齢者の肺炎",
    "乳がん 再発",
    "asthma in children",
    "{x}",
]


@pytest.mark.parametrize("query", QUERIES)
def test_terms_to_add(suggester: Suggester, query: str) -> None:
    found = suggester.suggest(query, limit=8)
    assert 1 <= len(found) <= 8
    words = [frozenset(terms(s.term)) for s in found]
    assert len(set(words)) == len(words)
    for suggestion in found:
        assert suggestion.kind == "add"
        assert is_term(suggestion.term)
        assert not set(terms(suggestion.term)) <= set(terms(query))
        assert suggestion.query == f"{query} {suggestion.term}"
    assert [s.score for s in found] == sorted((s.score for s in found), reverse=True)


def test_counts_are_the_records_that_contain_the_term(suggester: Suggester, engine: Engine) -> None:
    from search.text.fold import nfkc

    texts = [
        nfkc("\n".join([*(v.text for v in r.versions()), *r.keywords]))
        for _, r in engine.generation().all_records()
    ]
    for suggestion in suggester.suggest("糖尿病", limit=20):
        containing = sum(suggestion.term in text for text in texts)
        # A term counts where it stands between word borders; inside a longer word it does not.
        assert 1 <= suggestion.records <= containing


@pytest.mark.parametrize("query", ["糖尿病患者に[MASK]を投与した", "糖尿病患者に＿＿を投与した"])
def test_a_mask_is_filled(suggester: Suggester, query: str) -> None:
    (fillings,) = suggester.fill_masks(query, limit=10)
    assert len(fillings) == 10
    probabilities = [f.probability for f in fillings]
    assert probabilities == sorted(probabilities, reverse=True)
    assert all(0 < p < 1 for p in probabilities)
    assert all(f.records >= 1 and is_term(f.term) for f in fillings)
    assert fillings[0].query == f"糖尿病患者に{fillings[0].term}を投与した"
    assert [s.term for s in suggester.suggest(query, limit=3)] == [f.term for f in fillings[:3]]
    assert suggester.suggest(query)[0].kind == "fill"


def test_several_masks_are_filled_one_by_one(suggester: Suggester) -> None:
    first, second = suggester.fill_masks("[MASK]に対する[MASK]の効果", limit=5)
    assert len(first) == len(second) == 5
    assert first[0].query == f"{first[0].term}に対する[MASK]の効果"
    assert second[0].query == f"[MASK]に対する{second[0].term}の効果"


@pytest.mark.parametrize("query", ["", "  "])
def test_empty_queries(suggester: Suggester, query: str) -> None:
    with pytest.raises(QueryError):
        suggester.suggest(query)


def test_filling_without_a_mask(suggester: Suggester) -> None:
    with pytest.raises(QueryError) as caught:
        suggester.fill_masks("肺炎")
    assert caught.value.reason == "no mask"


def test_without_an_mlm_head_the_hits_decide(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Encoder, "can_fill_masks", property(lambda _: False))
    alone = Suggester(Engine(Library(engine.library.path), engine.encoder))
    assert alone.suggest("糖尿病")
    with pytest.raises(ModelError, match="no MLM head"):
        alone.fill_masks("[MASK]の治療")
