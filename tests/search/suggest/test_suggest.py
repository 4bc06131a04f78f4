"""Suggested terms: whole, of the library, new to the query, in groups, and grounded."""

import shutil
import sqlite3
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from search.encoder import Encoder, ModelError
from search.exact import ExactSearch, quoted
from search.filters import Filters
from search.library.library import Library
from search.library.manifest import MANIFEST, SEAL, Manifest, file_checksum
from search.ranked.engine import Engine, QueryError
from search.suggest import GROUPS, Suggester
from search.text.fold import nfkc
from search.text.phrases import is_term
from search.text.terms import terms
from search.text.variants import fold

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
        assert is_term(suggestion.term)
        assert not set(terms(suggestion.term)) <= set(terms(query))
        assert suggestion.query == f"{query} {suggestion.term}"
        assert suggestion.reasons
    groups = [GROUPS.index(s.group) for s in found]
    assert groups == sorted(groups)


@pytest.mark.parametrize("query", QUERIES)
def test_suggestions_are_grounded_in_the_library(
    suggester: Suggester, engine: Engine, query: str
) -> None:
    exact = ExactSearch(engine.library)
    for suggestion in suggester.suggest(query):
        grounding = suggestion.grounding
        assert grounding.records == exact.count(quoted(suggestion.term)) > 0
        assert 0 <= grounding.new_records <= grounding.records
        if grounding.example is None:
            # A keyword may be all that has the term.
            written = f"{quoted(suggestion.term)}/TI OR {quoted(suggestion.term)}/AB"
            assert exact.count(written) == 0
            continue
        sentence = grounding.example.sentence
        start, end = sentence.marks[0]
        assert fold(sentence.text[start:end]) == fold(suggestion.term)


def test_new_records_are_those_that_the_expression_lacks(
    suggester: Suggester, engine: Engine
) -> None:
    exact = ExactSearch(engine.library)
    for suggestion in suggester.suggest("糖尿病"):
        assert suggestion.grounding.basis == "exact"
        beyond = exact.count(f"{quoted(suggestion.term)} NOT 糖尿病")
        assert suggestion.grounding.new_records == beyond
    assert {s.grounding.basis for s in suggester.suggest("糖尿病の人の足")} == {"hits"}


def test_filters_hold_for_suggestions(suggester: Suggester, engine: Engine) -> None:
    exact, filters = ExactSearch(engine.library), Filters(year_from=2020)
    found = suggester.suggest("糖尿病", filters=filters)
    assert found
    for suggestion in found:
        assert suggestion.grounding.records == exact.count(quoted(suggestion.term), filters) > 0
    assert suggester.suggest("糖尿病", filters=Filters(year_from=2999)) == ()


def test_what_was_declined_is_not_offered_again(suggester: Suggester) -> None:
    before = [s.term for s in suggester.suggest("肺炎")]
    after = [s.term for s in suggester.suggest("肺炎", declined=before[:2])]
    assert len(after) == len(before)
    assert not set(before[:2]) & set(after)


@pytest.mark.parametrize("query", ["糖尿病患者に[MASK]を投与した", "糖尿病患者に＿＿を投与した"])
def test_a_mask_is_filled(suggester: Suggester, query: str) -> None:
    found = suggester.fill_masks(query, limit=10)
    (fillings,) = found.masks
    assert len(fillings) == 10
    assert all(0 < f.probability < 1 for f in fillings)
    assert all(f.records >= 1 and is_term(f.term) for f in fillings)
    assert fillings[0].query == f"糖尿病患者に{fillings[0].term}を投与した"
    assert found.together == ()
    declined = suggester.fill_masks(query, limit=10, declined=[fillings[0].term]).masks[0]
    assert fillings[0].term not in [f.term for f in declined]


def test_several_masks_are_filled_one_by_one_and_together(suggester: Suggester) -> None:
    found = suggester.fill_masks("[MASK]に対する[MASK]の効果", limit=5)
    first, second = found.masks
    assert len(first) == len(second) == 5
    assert first[0].query == f"{first[0].term}に対する[MASK]の効果"
    assert second[0].query == f"[MASK]に対する{second[0].term}の効果"
    assert 1 <= len(found.together) <= 5
    probabilities = [joint.probability for joint in found.together]
    assert probabilities == sorted(probabilities, reverse=True)
    for joint in found.together:
        one, other = joint.terms
        assert joint.query == f"{one}に対する{other}の効果"
        assert one != other
        assert one in [f.term for f in first]


@pytest.mark.parametrize("query", ["", "  ", "[MASK]"])
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
    found = alone.suggest("糖尿病")
    assert found
    assert all("fits" not in s.reasons for s in found)
    with pytest.raises(ModelError, match="no MLM head"):
        alone.fill_masks("[MASK]の治療")


def test_a_library_without_term_vectors_still_suggests(engine: Engine, tmp_path: Path) -> None:
    shutil.copytree(engine.library.path, tmp_path / "library")
    (file,) = (tmp_path / "library" / "generations").glob("*/terms.db")
    with sqlite3.connect(file) as db:
        db.execute("drop table term_vectors")
    db.close()
    manifest = Manifest.read(file.parent)
    sealed = replace(manifest, files={**manifest.files, file.name: file_checksum(file)})
    (file.parent / MANIFEST).write_text(sealed.to_json(), encoding="utf-8")
    (file.parent / SEAL).unlink()
    assert Suggester(Engine(Library(tmp_path / "library"), engine.encoder)).suggest("糖尿病")


def test_every_frequent_term_has_its_vector(suggester: Suggester, engine: Engine) -> None:
    vectors = engine.generation().term_vectors
    numbers = vectors.numbers
    term_of = dict(
        tuple(row)
        for row in engine.generation().terms.execute(
            "select number, term from terms where standalone > 0 and records > 0"
        )
    )
    assert len(numbers) == sum(map(is_term, term_of.values()))
    some = numbers[:20].tolist()
    encoded = engine.encoder.encode_queries([nfkc(term_of[n]) for n in some])
    np.testing.assert_allclose(vectors.of(np.arange(20)), encoded, atol=2e-3)


def test_variants_of_writing_are_synonyms(suggester: Suggester, engine: Engine) -> None:
    vocabulary = suggester.vocabulary(engine.generation())
    scores = vocabulary.spellings.likeness("糖尿病")
    assert scores[vocabulary.index["糖尿病"]] == pytest.approx(1)
    assert scores.max() <= 1 + 1e-9


def test_names_of_the_same_come_first_as_synonyms(suggester: Suggester) -> None:
    first = suggester.suggest("おねしょの相談")[0]
    assert (first.term, first.group, first.reasons) == ("夜尿症", "synonym", ("name",))
    assert first.swapped == "夜尿症の相談"
    assert first.grounding.records
    declined = suggester.suggest("おねしょの相談", declined=["夜尿症"])
    assert "夜尿症" not in {suggestion.term for suggestion in declined}
