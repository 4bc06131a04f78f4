"""Terms near in meaning, looked for where a library lacks the words of a query."""

import numpy as np
import pytest
from numpy.typing import NDArray

from search.library.expansion import NearTerms
from search.ranked.engine import Engine
from search.text.terms import terms
from tests.search.library.test_term_vectors import term_vectors

TEXTS = ("オーメン症候群", "心筋梗塞", "Omenn", "肺炎")
QUERY = np.array([1.0, 0.0, 0.0], np.float32)


def unit(*values: float) -> NDArray[np.float32]:
    vector = np.array(values, np.float32)
    return vector / np.float32(np.linalg.norm(vector))


@pytest.fixture
def near() -> NearTerms:
    rows = np.stack([unit(1, 0.2, 0), unit(0, 1, 0), unit(1, 0.1, 0), unit(-1, 0, 1)])
    return NearTerms(TEXTS, term_vectors(rows))


def test_the_nearest_are_added_first_and_never_weigh_as_much_as_a_typed_word(
    near: NearTerms,
) -> None:
    added = near.expansions(QUERY, terms("Omenn症候群"), 0.4)
    assert added[0].term == "オーメン症候群"
    assert added[0].words == tuple(terms("オーメン症候群"))
    weights = [a.weight for a in added]
    assert weights == sorted(weights, reverse=True)
    assert all(0 <= weight < 1 for weight in weights)


def test_what_the_query_says_itself_is_not_added(near: NearTerms) -> None:
    assert "Omenn" not in {a.term for a in near.expansions(QUERY, terms("Omenn症候群"), 0.0)}


def test_the_more_is_missing_the_more_it_weighs(near: NearTerms) -> None:
    little, much = (near.expansions(QUERY, ["omenn"], covered)[0] for covered in (0.8, 0.2))
    assert much.weight == pytest.approx(4 * little.weight)


@pytest.mark.parametrize(
    ("words", "covered"), [(["omenn"], 1.0), ([], 0.0), ([f"語{i}" for i in range(9)], 0.0)]
)
def test_known_words_and_long_queries_are_left_as_they_are(
    near: NearTerms, words: list[str], covered: float
) -> None:
    assert near.expansions(QUERY, words, covered) == ()


def test_a_library_without_term_vectors_adds_nothing() -> None:
    assert NearTerms((), term_vectors(np.zeros((0, 3)))).expansions(QUERY, ["omenn"], 0.0) == ()


def test_a_list_says_what_was_looked_for_too(engine: Engine) -> None:
    assert engine.search("糖尿病").added == ()
    found = engine.search("ハートアタック")
    assert found.added
    held = {row[0] for row in engine.generation().terms.execute("select term from terms")}
    assert set(found.added) <= held


def test_what_is_added_is_no_evidence_that_something_is_close(engine: Engine) -> None:
    found = engine.search("ｑｗｅｒｔｙ")
    assert found.relevant == 0
