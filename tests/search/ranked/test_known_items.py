"""Known items come first: identifiers, authors' names and exact titles typed into the box."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.run.pipeline import build
from search.encoder import Encoder
from search.filters import Filters
from search.library.library import Library
from search.ranked.engine import Engine, Known

DOI = "10.1234/abc.5(6)"
RECORDS = [
    {
        "id": "pmid:30776994",
        "pmid": "30776994",
        "doi": DOI,
        "title": "心筋梗塞の治療",
        "abstract": "β遮断薬を投与した。",
        "authors": [{"family": "山田", "given": "太郎"}, {"family": "川崎", "given": "一"}],
        "date": "2019",
    },
    {
        "id": "ichushi:2020123456",
        "ichushi_id": "2020123456",
        "title": "川崎病の診断",
        "abstract": "川崎病の患児を調べた。",
        "authors": [{"family": "山田", "given": "太郎"}],
        "date": "2021",
        "trial_ids": ["jRCT1031200001", "UMIN000012345"],
    },
    {
        "id": "x-1",
        "title": "Long QT syndrome",
        "abstract": "Long QT was seen.",
        "authors": [{"family": "Yamada", "given": "Taro"}, {"family": "Long", "given": "QT"}],
        "trial_ids": ["NCT01234567"],
        "date": "2020",
    },
    {
        "id": "x-2",
        "title": "Editorial",
        "abstract": "肺炎について。",
        "authors": [{"family": "Young", "given": "J K"}, {"family": "Yamada", "given": "T"}],
        "date": "2018",
    },
    {"id": "x-3", "title": "Editorial", "abstract": "A young man.", "date": "2022"},
]


@pytest.fixture(scope="module")
def engine(
    tmp_path_factory: pytest.TempPathFactory, published_layout: Path, tiny_encoder: Encoder
) -> Engine:
    folder = tmp_path_factory.mktemp("known")
    source = folder / "records.jsonl"
    source.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in RECORDS))
    build([source], folder / "library", model=str(published_layout), device="cpu")
    return Engine(Library(folder / "library"), tiny_encoder)


def known(engine: Engine, query: str, filters: Filters | None = None) -> list[tuple[str, Known]]:
    """The known items of a list: they come first, and nothing comes twice."""
    found = engine.search(query, filters, per_page=100)
    ids = [h.record.id for h in found.hits]
    assert len(ids) == len(set(ids)) == found.total
    assert [h.rank for h in found.hits] == list(range(1, found.total + 1))
    first = [(h.record.id, h.known) for h in found.hits if h.known]
    assert [i for i, _ in first] == ids[: len(first)]
    return [(i, kind) for i, kind in first if kind]


@pytest.mark.parametrize(
    ("query", "record"),
    [
        (DOI, "pmid:30776994"),
        (DOI.upper(), "pmid:30776994"),
        (f"doi: {DOI}", "pmid:30776994"),
        (f"https://doi.org/{DOI}", "pmid:30776994"),
        (f"{DOI} [doi].", "pmid:30776994"),
        ("30776994", "pmid:30776994"),
        ("３０７７６９９４", "pmid:30776994"),
        ("PMID: 30776994", "pmid:30776994"),
        ("PMID 30776994", "pmid:30776994"),
        ("https://pubmed.ncbi.nlm.nih.gov/30776994/", "pmid:30776994"),
        ("2020123456", "ichushi:2020123456"),
        ("医中誌ID：2020123456", "ichushi:2020123456"),
        ("ichushi:2020123456", "ichushi:2020123456"),
        ("jRCT1031200001", "ichushi:2020123456"),
        ("umin000012345", "ichushi:2020123456"),
        ("NCT01234567", "x-1"),
        ("nct01234567", "x-1"),
        ("x-2", "x-2"),
    ],
)
def test_an_identifier_alone_gives_its_record_alone(
    engine: Engine, query: str, record: str
) -> None:
    assert known(engine, query) == [(record, "identifier")]
    found = engine.search(query)
    assert (found.total, found.terms, found.encoder_text) == (1, (), "")
    assert found.hits[0].sentence is None
    assert engine.search(query, page=2).hits == ()


def test_a_pasted_list_of_identifiers_keeps_its_order(engine: Engine) -> None:
    pasted = f"NCT01234567\nPMID: 30776994, {DOI}; 2020123456"
    assert [i for i, _ in known(engine, pasted)] == [
        "x-1",
        "pmid:30776994",
        "ichushi:2020123456",
    ]
    assert engine.search(pasted).total == 3


@pytest.mark.parametrize("query", ["10.9999/nowhere", "PMID: 1", "NCT99999999"])
def test_an_identifier_that_is_not_here_finds_nothing(engine: Engine, query: str) -> None:
    found = engine.search(query)
    assert (found.total, found.relevant, found.hits) == (0, 0, ())


def test_a_citation_with_a_doi_is_still_searched(engine: Engine) -> None:
    citation = f"Yamada T, et al. 心筋梗塞の治療. J Fict 2019;1:2. doi:{DOI}"
    assert known(engine, citation) == [("pmid:30776994", "identifier")]
    assert engine.search(citation).total == len(RECORDS)


@pytest.mark.parametrize("query", ["type 2 diabetes", "2", "x-9", "COVID-19", "30776994 治療"])
def test_numbers_in_a_topic_are_words(engine: Engine, query: str) -> None:
    assert known(engine, query) == []
    assert engine.search(query).total == len(RECORDS)


@pytest.mark.parametrize(
    ("query", "records"),
    [
        ("山田太郎", ["ichushi:2020123456", "pmid:30776994"]),
        ("山田 太郎", ["ichushi:2020123456", "pmid:30776994"]),
        ("山田　太郎", ["ichushi:2020123456", "pmid:30776994"]),
        ("山田", ["ichushi:2020123456", "pmid:30776994"]),
        ("Yamada Taro", ["x-1"]),
        ("Taro Yamada", ["x-1", "x-2"]),
        ("YAMADA, Taro", ["x-1"]),
        ("Yamada T", ["x-1", "x-2"]),
        ("T. Yamada", ["x-1", "x-2"]),
        ("Young JK", ["x-2"]),
    ],
)
def test_an_author(engine: Engine, query: str, records: list[str]) -> None:
    assert known(engine, query) == [(record, "author") for record in records]
    assert engine.search(query).total == len(RECORDS)


@pytest.mark.parametrize(
    "query", ["川崎", "Young", "Long QT", "山田太郎の治療", "田", "Yamada asthma"]
)
def test_a_name_does_not_hijack_a_topic(engine: Engine, query: str) -> None:
    assert known(engine, query) == []


@pytest.mark.parametrize(
    ("query", "records"),
    [
        ("心筋梗塞の治療", ["pmid:30776994"]),
        ("「心筋梗塞の治療」。", ["pmid:30776994"]),
        ("long QT syndrome.", ["x-1"]),
        ("EDITORIAL", ["x-3", "x-2"]),
    ],
)
def test_a_title(engine: Engine, query: str, records: list[str]) -> None:
    assert known(engine, query) == [(record, "title") for record in records]
    assert engine.search(query).total == len(RECORDS)


def test_filters_and_pages_hold_for_known_items(engine: Engine) -> None:
    recent = Filters(year_from=2020)
    assert known(engine, "山田太郎", recent) == [("ichushi:2020123456", "author")]
    assert known(engine, "30776994", recent) == []
    pages = [engine.search("山田太郎", page=p, per_page=1).hits[0] for p in range(1, 6)]
    assert len({h.record.id for h in pages}) == 5
    assert [h.known for h in pages] == ["author", "author", None, None, None]
    assert [h.record.id for h in pages] == [
        h.record.id for h in engine.search("山田太郎", per_page=5).hits
    ]


def test_a_single_leg_shows_the_leg(engine: Engine) -> None:
    assert all(h.known is None for h in engine.search("山田太郎", leg="dense").hits)


@settings(max_examples=60, deadline=None)
@given(st.text(st.sampled_from("山田太郎 ,.;:10/xabcPMIDdoi-2３Yamada"), min_size=1, max_size=25))
def test_whatever_is_typed_nothing_comes_twice(engine: Engine, query: str) -> None:
    if not query.strip():
        return
    known(engine, query)


def test_known_items_are_above_the_line(
    tmp_path: Path, encoder: Encoder, sample_library: Path
) -> None:
    engine = Engine(Library(sample_library), encoder)
    record = next(r for _, r in engine.generation().all_records() if r.authors)
    found = engine.search(record.title)
    assert found.hits[0].known == "title"
    assert found.relevant
    name = record.authors[0].display()
    found = engine.search(name, per_page=100)
    marked = [h for h in found.hits if h.known]
    assert {h.known for h in marked} == {"author"}
    assert found.relevant is not None
    assert found.relevant >= len(marked) > 0
