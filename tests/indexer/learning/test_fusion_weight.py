"""The weight of the dense leg, learnt from the library's own text."""

from pathlib import Path

import numpy as np
import pytest

from indexer.learning.fusion_weight import WEIGHTS, choose_weight, known_items
from search.library.library import Library
from search.records import Record


def curve(best: float, steepness: float) -> np.ndarray:
    return np.array([[1 - steepness * abs(w - best) for w in WEIGHTS]] * 30)


@pytest.mark.parametrize(
    ("best", "steepness", "expected"),
    [
        (0.5, 0.1, 0.5),  # equal legs stay equal
        (0.2, 0.01, 0.45),  # flat: three quarters of the way to equal weights
        (0.0, 5.0, 0.0),  # a dense leg that finds nothing gets no weight
        (1.0, 5.0, 1.0),  # nor does a lexical leg
        (0.0, 0.24, 0.2),  # steep: as far as a twentieth is lost
    ],
)
def test_the_choice(best: float, steepness: float, expected: float) -> None:
    assert choose_weight({"title": curve(best, steepness)}) == pytest.approx(expected)


def test_known_items_hold_their_query_out_of_what_remains() -> None:
    abstract = "急性心筋梗塞を対象とした。β遮断薬を投与した。死亡率は低下した。副作用はなかった。"
    records = {
        7: Record("a", "心筋梗塞の治療", abstract, "ja"),
        8: Record("b", "短い", "一文。", "ja"),
    }
    items = list(known_items(records, latin=False))
    assert {i.number for i in items} == {7}
    by_kind = {i.kind: i for i in items}
    assert by_kind["title"].query == "心筋梗塞の治療"
    assert by_kind["title"].rest == abstract
    sentence = by_kind["sentence"]
    assert sentence.query in abstract
    assert sentence.query not in sentence.rest
    assert by_kind["term"].query in sentence.query
    assert by_kind["title"].title == ""
    assert sentence.title == "心筋梗塞の治療"
    assert items == list(known_items(records, latin=False))
    assert not list(known_items(records, latin=True))


def test_the_sample_learns_a_weight(sample_library: Path) -> None:
    manifest = Library(sample_library).generation().manifest
    assert manifest.fusion == "weighted"
    assert 0 < manifest.dense_weight < 1
    assert manifest.fusion_learnt_on == manifest.records


def test_too_little_text_falls_back_to_rrf(built: Path) -> None:
    assert Library(built).generation().manifest.fusion == "rrf"
