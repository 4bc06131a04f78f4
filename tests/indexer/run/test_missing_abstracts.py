"""Records without an abstract are neither drowned nor favoured."""

import json
from pathlib import Path

import numpy as np
import pytest

from indexer.run.pipeline import build
from indexer.sample import sample_files
from search.encoder import Encoder
from search.filters import Filters
from search.library.library import Library
from search.ranked.engine import Engine

QUERIES = ["糖尿病", "心筋梗塞", "パーキンソン病", "リウマチ", "肺炎", "腎不全", "白血病", "結核"]


def test_bare_titles_do_not_fill_the_list(
    tmp_path: Path, encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Where relevance ends says nothing of the order.
    monkeypatch.setattr("indexer.run.pipeline.learn_relevance_line", lambda *_: None)
    source = tmp_path / "half.jsonl"
    lines = sample_files()[0].read_text(encoding="utf-8").splitlines()
    with source.open("w", encoding="utf-8") as stream:
        for number, line in enumerate(lines[:100]):
            record = {**json.loads(line), "translations": []}
            if number % 2:
                # As short as entries of a dictionary or of a table of contents are.
                record |= {"title": record["keywords"][0], "abstract": ""}
            stream.write(json.dumps(record, ensure_ascii=False) + "\n")
    build([str(source)], tmp_path / "library")
    engine = Engine(Library(tmp_path / "library"), encoder)
    generation = engine.generation()

    plain, shown = [], []
    for query, vector in zip(QUERIES, encoder.encode_queries(QUERIES), strict=True):
        passages = range(generation.manifest.passages)
        nearest = np.argsort(-(generation.vectors(passages) @ vector))[:10]
        owners = [generation.passage(int(p)).record for p in nearest]
        plain += [not r.abstract for r in generation.records(owners).values()]
        hits = engine.search(query, leg="dense").hits
        shown += [not h.record.abstract for h in hits]
    # About half of the records are bare. By inner product alone they would crowd the others out,
    # though these have their titles for passages too.
    assert np.mean(plain) > 0.5
    assert 0.25 < np.mean(shown) < 0.6

    # The others keep their order among themselves, and a filter finds them all.
    only = engine.search(QUERIES[0], Filters(has_abstract=True), leg="dense", per_page=100)
    assert only.total == sum(bool(r.abstract) for _, r in generation.all_records())
    mixed = engine.search(QUERIES[0], leg="dense", per_page=100)
    assert mixed.total == 100
    kept = [h.record.id for h in mixed.hits if h.record.abstract]
    assert kept == [h.record.id for h in only.hits]
