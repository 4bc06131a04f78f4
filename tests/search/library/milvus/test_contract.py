"""What every engine has to do: find the records that the library's own files find, as they rank.

Records and vectors are made up (the tiny model's mean nothing): what is tested is that legs are
complete, and filtered inside. Ranks and sets are compared, never scores.
"""

import json
import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from indexer import publishing
from indexer.run.pipeline import build
from indexer.upkeep.curation import remove
from search.encoder import Encoder, load_encoder
from search.filters import Filters
from search.library.generation import Generation
from search.library.library import Library
from search.ranked.engine import Engine as SearchEngine
from search.ranked.ranking import rank
from search.records import Record
from search.text.terms import terms
from tests.search.library.milvus.conftest import Engine

RECORDS = 120
WORDS = ["肺炎", "喘息", "糖尿病", "治療", "予後", "患者", "薬剤", "手術", "検査", "IL-6", "5-FU"]
QUERIES = ["肺炎の治療", "喘息 患者 IL-6", "手術", "5-FU 薬剤", "白血病", "糖尿病患者の予後の検査"]
# Texts that have ended queries elsewhere.
JOURNALS = ["架空雑誌", 'O"Brien\\s', "It's 100% {x} _", "雑誌；🩺", "a\tb", 'x" or year > 0 or "']
LONG = "、".join(WORDS)


def records() -> list[dict[str, object]]:
    generator = random.Random(0)
    made = []
    for number in range(RECORDS):
        sentences = 60 if number % 10 == 0 else 2
        text = "".join(
            f"{'、'.join(generator.sample(WORDS, 3))}について{number}を調べた。"
            for _ in range(sentences)
        )
        made.append(
            {
                "id": f"r{number}",
                "title": f"{generator.choice(WORDS)}と{generator.choice(WORDS)}の研究{number}",
                # Every third is a bare title.
                "abstract": "" if number % 3 == 0 else text,
                "language": "de" if number % 7 == 0 else "ja",
                "date": "" if number % 11 == 0 else str(1990 + number % 30),
                "journal": JOURNALS[number % len(JOURNALS)],
                "keywords": [JOURNALS[number % 4], "共通"] if number % 5 == 0 else [],
                "publication_types": ["総説"] if number % 4 == 0 else [],
                "retraction": "retracted" if number % 13 == 0 else "",
            }
        )
    return made


FILTERS: list[tuple[Filters, Callable[[Record], bool]]] = [
    (Filters(year_from=2000), lambda r: r.year is not None and r.year >= 2000),
    (Filters(year_to=2000), lambda r: r.year is not None and r.year <= 2000),
    (Filters(1995, 1996), lambda r: r.year in (1995, 1996)),
    (Filters(3000, 10**12), lambda _: False),
    *((Filters(journal=j), lambda r, j=j: r.journal == j) for j in JOURNALS),
    (Filters(journal="ない雑誌"), lambda _: False),
    *((Filters(keyword=k), lambda r, k=k: k in r.keywords) for k in JOURNALS[:2]),
    (Filters(publication_type="総説"), lambda r: "総説" in r.publication_types),
    (Filters(language="de"), lambda r: r.language == "de"),
    (Filters(has_abstract=True), lambda r: bool(r.abstract)),
    (Filters(retraction="exclude"), lambda r: not r.retraction),
    (Filters(retraction="only"), lambda r: bool(r.retraction)),
    (Filters(words="喘息"), lambda r: "喘息" in r.title + r.abstract),
    (Filters(within=(1, 2, 5)), lambda r: r.id in ("r0", "r1", "r4")),
    (
        Filters(year_from=1991, journal="架空雑誌", language="ja", has_abstract=True),
        lambda r: (
            (r.year or 0) >= 1991
            and r.journal == "架空雑誌"
            and r.language == "ja"
            and bool(r.abstract)
        ),
    ),
]


@pytest.fixture(scope="module")
def encoder(published_layout: Path) -> Encoder:
    return load_encoder(str(published_layout), "cpu")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, published_layout: Path) -> Path:
    return built(tmp_path_factory.mktemp("contract"), published_layout, records())


def built(directory: Path, model: Path, made: list[dict[str, object]]) -> Path:
    source = directory / "records.jsonl"
    source.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in made))
    build([source], directory / "library", model=str(model), device="cpu")
    return directory / "library"


@pytest.fixture(scope="module")
def embedded(folder: Path) -> Generation:
    return Library(folder).generation()


@pytest.fixture(scope="module")
def library(answering: Engine, folder: Path) -> Library:
    return answering.serve(folder, answering.address())


@pytest.fixture(scope="module")
def served(library: Library) -> Generation:
    return library.generation()


def top(ranking: list[tuple[int, float]], count: int = 10) -> set[int]:
    return {number for number, _ in ranking[:count]}


@pytest.mark.parametrize("query", QUERIES)
def test_the_dense_leg_is_the_nearest_passages(
    served: Generation, embedded: Generation, encoder: Encoder, query: str
) -> None:
    vector = encoder.encode_queries([query])[0]
    found = served.nearest_records(vector, 10, Filters())
    wanted = embedded.nearest_records(vector, 10, Filters())
    assert found.ranking.numbers.tolist() == wanted.ranking.numbers.tolist()
    # All of them, where all are asked for: more passages than records, each record once.
    everything = served.nearest_records(vector, 1000, Filters()).ranking
    assert sorted(everything.numbers.tolist()) == list(range(1, RECORDS + 1))


@pytest.mark.parametrize("query", QUERIES)
def test_the_lexical_leg_and_the_fused_list_are_nearly_those_of_the_library_itself(
    served: Generation, embedded: Generation, encoder: Encoder, query: str
) -> None:
    vector = encoder.encode_queries([query])[0]
    found, wanted = (rank(g, vector, terms(query), Filters()) for g in (served, embedded))
    # Every record that has one of the words, no other.
    assert top(found.unaided, 1000) == top(wanted.unaided, 1000)
    assert found.added == wanted.added
    # tantivy stores a text's length in a byte, so that close scores may change places.
    assert len(top(found.order) & top(wanted.order)) >= 7


@pytest.mark.parametrize(("filters", "meets"), FILTERS, ids=[str(f)[:60] for f, _ in FILTERS])
def test_filters_leave_in_what_meets_them_and_lose_nothing(
    served: Generation,
    encoder: Encoder,
    filters: Filters,
    meets: Callable[[Record], bool],
) -> None:
    wanted = {number for number, record in served.all_records() if meets(record)}
    vector = encoder.encode_queries([LONG])[0]
    assert set(served.nearest_records(vector, 1000, filters).ranking.numbers.tolist()) == wanted
    with_words = top(served.best_by_words(terms(LONG), 1000, Filters()), 1000)
    found = served.best_by_words(terms(LONG), 1000, filters)
    assert top(found, 1000) == wanted & with_words


def test_what_is_removed_or_replaced_is_found_no_more(
    answering: Engine, tmp_path: Path, published_layout: Path, encoder: Encoder
) -> None:
    folder = built(tmp_path, published_layout, records()[:20])
    address = answering.address()
    library = answering.serve(folder, address)
    before = library.generation()
    remove(folder, ["r3"])
    changed = {**records()[4], "title": "角膜移植後の経過", "abstract": ""}
    built(tmp_path, published_layout, [changed])
    assert ids(before, encoder, "肺炎") == {f"r{n}" for n in range(20)}
    served = answering.serve(folder, address).generation()
    assert ids(served, encoder, "肺炎") == {f"r{n}" for n in range(20)} - {"r3"}
    first = served.best_by_words(terms("角膜移植後の経過"), 1, Filters())
    assert served.ids([number for number, _ in first]) == ["r4"]


def ids(generation: Generation, encoder: Encoder, query: str) -> set[str]:
    vector = encoder.encode_queries([query])[0]
    found = generation.nearest_records(vector, 1000, Filters())
    return set(generation.ids(found.ranking.numbers.tolist()))


def test_hits_are_complete(library: Library, folder: Path, encoder: Encoder) -> None:
    """A page of the list, with marked sentences and facets, is the library's own."""
    found, wanted = (
        SearchEngine(one, encoder).search("喘息患者の治療", with_facets=True)
        for one in (library, Library(folder))
    )
    assert (found.total, found.terms) == (wanted.total, wanted.terms)
    both = {h.record.id for h in found.hits} & {h.record.id for h in wanted.hits}
    assert len(both) >= 8
    assert all(h.dense_rank and h.lexical_rank for h in found.hits)
    assert any(h.sentence and h.sentence.marks for h in found.hits)


def test_the_nearest_passages_come_best_first(served: Generation, encoder: Encoder) -> None:
    vector = encoder.encode_queries([LONG])[0]
    found = served.nearest_records(vector, 30, Filters(has_abstract=True))
    scores = [float(served.vectors([p])[0] @ vector) for p in found.passages]
    assert np.all(np.diff(scores) <= 1e-5)


def test_an_index_that_is_not_exact_finds_nearly_the_same(
    answering: Engine,
    folder: Path,
    embedded: Generation,
    encoder: Encoder,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What Milvus gets beyond 50 000 passages."""
    monkeypatch.setattr(publishing, "EXACT", 0)
    served = answering.serve(folder, answering.address()).generation()
    vectors = encoder.encode_queries(QUERIES)
    found, wanted = (
        [set(g.nearest_records(v, 10, Filters()).ranking.numbers.tolist()) for v in vectors]
        for g in (served, embedded)
    )
    shared = [len(a & b) for a, b in zip(found, wanted, strict=True)]
    assert sum(shared) >= 0.95 * 10 * len(QUERIES)
