"""A filter that keeps one record in a hundred loses nothing: both legs equal brute force over what
is left.

The texts are made up of random words, and the tiny model's vectors mean nothing (synthetic): what
is tested is that retrieval is complete, with more passages than records.
"""

import json
import random
from pathlib import Path

import numpy as np
import pytest

from indexer.run.pipeline import build
from search.encoder import Encoder
from search.filters import Filters
from search.library.generation import Generation
from search.library.lexical_index import record_terms
from search.library.library import Library
from search.ranked.ranking import rank
from search.text.terms import terms

RECORDS = 400
WORDS = ["肺炎", "喘息", "糖尿病", "治療", "予後", "患者", "薬剤", "手術", "検査", "感染"]
QUERIES = ["肺炎の治療", "喘息 患者", "手術", "白血病"]
# Each keeps four records of four hundred.
RARE = [Filters(1999, 1999), Filters(journal="希少雑誌"), Filters(language="de")]


@pytest.fixture(scope="module")
def generation(tmp_path_factory: pytest.TempPathFactory, published_layout: Path) -> Generation:
    generator = random.Random(0)
    folder = tmp_path_factory.mktemp("filtered")
    with (folder / "records.jsonl").open("w", encoding="utf-8") as stream:
        for number in range(RECORDS):
            # Every tenth is too long for one passage.
            sentences = 60 if number % 10 == 0 else 2
            text = "".join(
                f"{'、'.join(generator.sample(WORDS, 3))}について{number}を調べた。"
                for _ in range(sentences)
            )
            rare = number % 100
            record = {
                "id": str(number),
                "title": f"{generator.choice(WORDS)}の研究",
                "abstract": text,
                "language": "de" if rare == 7 else "ja",
                "date": "1999" if rare == 10 else "2020",
                "journal": "希少雑誌" if rare == 20 else "架空雑誌",
            }
            stream.write(json.dumps(record, ensure_ascii=False) + "\n")
    build([folder / "records.jsonl"], folder / "library", model=str(published_layout), device="cpu")
    return Library(folder / "library").generation()


def left_in(generation: Generation, filters: Filters) -> set[int]:
    return {
        number
        for number, r in generation.all_records()
        if (filters.year_from is None or r.year == filters.year_from)
        and filters.journal in ("", r.journal)
        and filters.language in ("", r.language)
    }


@pytest.mark.parametrize("filters", RARE, ids=["year", "journal", "language"])
@pytest.mark.parametrize("query", QUERIES)
def test_filtered_legs_equal_brute_force(
    generation: Generation, tiny_encoder: Encoder, query: str, filters: Filters
) -> None:
    allowed = left_in(generation, filters)
    assert len(allowed) == RECORDS // 100
    vector = tiny_encoder.encode_queries([query])[0]
    query_terms = terms(query)

    # What a title alone gains by its shortness is taken off, in a filtered list as in others.
    shortness = generation.bare_advantage(vector)
    assert shortness is not None
    titles = set(generation.owners.bare.numbers().tolist())
    best: dict[int, float] = {}
    for number in allowed:
        passages = [p.number for p in generation.passages_of(number)]
        less = [shortness if p in titles else 0.0 for p in passages]
        best[number] = float((generation.vectors(passages) @ vector - less).max())
    dense = generation.nearest_records(vector, 1000, filters)
    assert dense.ranking.numbers.tolist() == sorted(best, key=lambda n: (-best[n], n))
    np.testing.assert_allclose(dense.ranking.scores, sorted(best.values())[::-1], atol=1e-5)
    assert {generation.passage(p).record for p in dense.passages.tolist()} == allowed

    # A term's weight is that of the whole library, so scores are those of the unfiltered list.
    everything = generation.lexical.search(query_terms, RECORDS, Filters())
    lexical = generation.lexical.search(query_terms, 1000, filters)
    assert list(lexical) == [(n, s) for n, s in everything if n in allowed]
    with_a_term = {
        n
        for n, r in generation.records(sorted(allowed)).items()
        if set(query_terms) & set(record_terms(r))
    }
    assert {n for n, _ in lexical} == with_a_term

    order = [n for n, _ in rank(generation, vector, query_terms, filters).order]
    assert sorted(order) == sorted(allowed)


def test_records_of_several_passages_are_among_them(generation: Generation) -> None:
    several = [n for n in left_in(generation, RARE[0]) if len(generation.passages_of(n)) > 2]
    assert len(several) == RECORDS // 100
    assert generation.manifest.passages > 2 * RECORDS
