"""Ranked lists while whoever knows the vectors does not answer: by words alone, and they say so."""

import json
from pathlib import Path
from typing import Any

import pytest

from indexer.run.pipeline import build
from search.encoder import load_encoder
from search.filters import Filters
from search.library.legs import EmbeddedLegs, EmbeddedRetrieval, Opened, UnreachableError
from search.library.library import Library
from search.ranked.engine import Engine
from search.ranked.ranking import rank
from search.text.terms import terms

RECORDS = [
    {"id": "a", "title": "高齢者の肺炎", "abstract": "肺炎の予後を調べた。", "language": "ja"},
    {"id": "b", "title": "小児の喘息", "abstract": "喘息の治療を調べた。", "language": "ja"},
    {"id": "c", "title": "肺炎と喘息", "abstract": "両者を比べた。", "language": "ja"},
]


class Faltering(EmbeddedRetrieval):
    """The library's own files, whose vectors are out of reach while ``away``."""

    def __init__(self) -> None:
        self.away = False
        self.asked = 0

    def legs(self, opened: Opened) -> EmbeddedLegs:
        legs = EmbeddedLegs(opened)
        nearest = legs.nearest

        def falter(*arguments: Any) -> Any:
            self.asked += 1
            if self.away:
                raise UnreachableError("nobody there", "slow")
            return nearest(*arguments)

        legs.nearest = falter  # type: ignore[method-assign]
        return legs


@pytest.fixture
def retrieval() -> Faltering:
    return Faltering()


@pytest.fixture
def faltering(tmp_path: Path, published_layout: Path, retrieval: Faltering) -> Engine:
    source = tmp_path / "records.jsonl"
    source.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in RECORDS))
    build([source], tmp_path / "library", model=str(published_layout), device="cpu")
    encoder = load_encoder(str(published_layout), "cpu")
    return Engine(Library(tmp_path / "library", retrieval), encoder)


def test_a_list_by_words_alone_says_so_and_is_not_remembered(
    faltering: Engine, retrieval: Faltering
) -> None:
    retrieval.away = True
    found = faltering.search("肺炎", with_facets=True)
    assert (found.degraded, found.dense_weight, found.relevant) == ("slow", 0.0, None)
    assert {hit.record.id for hit in found.hits} == {"a", "c"}
    assert all(hit.dense_rank is None and hit.lexical_rank for hit in found.hits)
    assert all(hit.sentence for hit in found.hits)

    retrieval.away = False
    found = faltering.search("肺炎")
    assert found.degraded is None
    assert {hit.record.id for hit in found.hits} == {"a", "b", "c"}

    # A whole list is remembered, and answered while nobody could make it.
    retrieval.away = True
    asked = retrieval.asked
    assert faltering.search("肺炎").degraded is None
    assert retrieval.asked == asked


def test_what_is_kept_is_made_of_whole_lists_alone(faltering: Engine, retrieval: Faltering) -> None:
    retrieval.away = True
    with pytest.raises(UnreachableError, match="by words alone"):
        list(faltering.best("肺炎"))
    retrieval.away = False
    assert {record.id for record in faltering.best("肺炎")} == {"a", "b", "c"}


def test_similar_records_say_so_too(faltering: Engine, retrieval: Faltering) -> None:
    retrieval.away = True
    similar = faltering.similar("a")
    assert similar.degraded == "slow"
    assert [hit.record.id for hit in similar.hits] == ["c"]


def test_the_list_of_the_vectors_alone_cannot_be_had(
    faltering: Engine, retrieval: Faltering
) -> None:
    retrieval.away = True
    with pytest.raises(UnreachableError):
        faltering.search("肺炎", leg="dense")
    generation = faltering.generation()
    vector = faltering.query_vectors.vector("肺炎")
    assert rank(generation, vector, terms("肺炎"), Filters(), "lexical").degraded is None
