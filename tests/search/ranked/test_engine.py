"""Ranked search over the sample library: full pages, filters inside both legs, honest marks."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.run.pipeline import build
from indexer.sample import sample_files
from search.encoder import Encoder
from search.filters import Filters, RetractionFilter
from search.library.library import Library
from search.library.manifest import LibraryError
from search.ranked.engine import Engine, QueryError, UnknownRecordError
from search.ranked.highlighting import marks
from search.ranked.ranking import DEPTH, Leg
from search.records import Record


def everything(engine: Engine, query: str, filters: Filters | None = None) -> list[str]:
    ids: list[str] = []
    page = 1
    while True:
        found = engine.search(query, filters, page=page, per_page=100)
        ids += [h.record.id for h in found.hits]
        if len(ids) >= found.total:
            return ids
        page += 1


def test_pages_are_full_and_distinct(engine: Engine) -> None:
    first = engine.search("糖尿病の治療", per_page=10)
    second = engine.search("糖尿病の治療", per_page=10, page=2)
    ids = [h.record.id for h in (*first.hits, *second.hits)]
    assert len(ids) == len(set(ids)) == 20
    assert [h.rank for h in second.hits] == list(range(11, 21))
    scores = [h.score for h in (*first.hits, *second.hits)]
    assert scores == sorted(scores, reverse=True)


def test_the_list_is_the_same_at_any_page_size(engine: Engine) -> None:
    query = "高齢者の肺炎"
    by_tens = [
        h.record.id for p in (1, 2, 3) for h in engine.search(query, page=p, per_page=10).hits
    ]
    assert by_tens == [h.record.id for h in engine.search(query, per_page=30).hits]


def test_hits_say_how_each_leg_saw_them(engine: Engine) -> None:
    found = engine.search("β遮断薬")
    top = found.hits[0]
    assert top.dense_rank is not None
    assert top.lexical_rank is not None
    assert top.lexical_score is not None
    assert top.lexical_score > 0
    assert "β遮断" in found.terms
    assert found.encoder_text == "β遮断薬"


def test_marks_are_offsets_into_the_original(engine: Engine) -> None:
    found = engine.search("IL-6 HbA1c 糖尿病")
    marked = 0
    for hit in found.hits:
        for start, end in hit.title_marks:
            assert hit.record.version("ja").title[start:end]
            marked += 1
        sentence = hit.sentence
        assert sentence is not None
        version = next(v for v in hit.record.versions() if v.language == sentence.language)
        assert getattr(version, sentence.field)[sentence.start : sentence.end] == sentence.text
        marked += sum(1 for start, end in sentence.marks if sentence.text[start:end])
    assert marked >= 5


def test_marks_in_full_width_text() -> None:
    text = "ＩＬ－６と肺がんの関係"
    assert [text[a:b] for a, b in marks(text, ["il6", "肺癌"])] == ["ＩＬ－６", "肺がん"]


def test_a_record_without_abstract_shows_its_title(engine: Engine) -> None:
    numbers = [n for n, r in engine.generation().all_records() if not r.abstract]
    record = engine.generation().records(numbers)[numbers[0]]
    top = engine.search(record.title).hits[0]
    assert top.record.id == record.id
    assert top.sentence is not None
    assert top.sentence.field == "title"


def test_a_pasted_abstract_is_a_query(engine: Engine) -> None:
    found = engine.generation().record("sample-nephrology-02")
    assert found is not None
    assert engine.search(found[1].abstract * 3).hits[0].record.id == "sample-nephrology-02"


def test_english_finds_japanese_records_with_english_titles(engine: Engine) -> None:
    record = next(
        r for _, r in engine.generation().all_records() if any(t.abstract for t in r.translations)
    )
    assert engine.search(record.version("en").title).hits[0].record.id == record.id


def matching(engine: Engine, filters: Filters) -> set[str]:
    """What the filters mean, said once more in plain Python."""

    def meets(record: Record) -> bool:
        year = record.year
        return (
            (filters.year_from is None or (year is not None and year >= filters.year_from))
            and (filters.year_to is None or (year is not None and year <= filters.year_to))
            and (not filters.journal or record.journal == filters.journal)
            and filters.publication_type in ("", *record.publication_types)
            and filters.keyword in ("", *record.keywords)
            and (
                not filters.language
                or any(v.language == filters.language and v.text for v in record.versions())
            )
            and (not filters.has_abstract or any(v.abstract for v in record.versions()))
            and (
                not filters.retraction
                or (filters.retraction == "only")
                == (record.retraction in ("retracted", "expression of concern"))
            )
        )

    return {r.id for _, r in engine.generation().all_records() if meets(r)}


@settings(max_examples=25, deadline=None)
@given(
    st.builds(
        Filters,
        st.none() | st.integers(2000, 2026),
        st.none() | st.integers(2000, 2026),
        st.sampled_from(["", "架空循環器科学雑誌", "ない雑誌"]),
        st.sampled_from(["", "", "原著論文", "Editorial"]),
        st.sampled_from(["", "", "高齢者", "診断精度"]),
        st.sampled_from(["", "ja", "en", "de"]),
        st.booleans(),
        st.sampled_from(["", "exclude", "only"]),
    )
)
def test_filters_lose_nothing(engine: Engine, filters: Filters) -> None:
    assert set(everything(engine, "患者の治療", filters)) == matching(engine, filters)
    lexical = engine.search("患者", filters, leg="lexical", per_page=100)
    unfiltered = engine.search("患者", leg="lexical", per_page=100)
    allowed = matching(engine, filters)
    # Filtering leaves the order and the scores of what remains as they are.
    assert [(h.record.id, h.lexical_score) for h in lexical.hits] == [
        (h.record.id, h.lexical_score) for h in unfiltered.hits if h.record.id in allowed
    ]


def test_a_record_retracted_later_is_filtered_as_such(engine: Engine, tmp_path: Path) -> None:
    states = {"a": "", "b": "corrected", "c": "expression of concern"}

    def index(**changed: str) -> None:
        source = tmp_path / "records.jsonl"
        source.write_text(
            "".join(
                json.dumps({"id": i, "title": f"喘息の患者 {i}", "retraction": state}) + "\n"
                for i, state in {**states, **changed}.items()
            )
        )
        build([source], tmp_path / "library")

    library = Engine(Library(tmp_path / "library"), engine.encoder)

    def ids(retraction: RetractionFilter, leg: Leg) -> set[str]:
        found = library.search("喘息の患者", Filters(retraction=retraction), leg=leg)
        return {h.record.id for h in found.hits}

    index()
    legs: tuple[Leg, ...] = ("fused", "dense", "lexical")
    for leg in legs:
        assert ids("exclude", leg) == {"a", "b"}
        assert ids("only", leg) == {"c"}
    index(a="retracted", c="")
    for leg in legs:
        assert ids("exclude", leg) == {"b", "c"}
        assert ids("only", leg) == {"a"}


def test_dense_search_equals_brute_force(engine: Engine) -> None:
    generation = engine.generation()
    query = engine.encoder.encode_queries(["子どもの発熱"])[0]
    passages = [generation.passage(n) for n in range(generation.manifest.passages)]
    scores = generation.vectors(range(len(passages))) @ query
    records = generation.records(sorted({p.record for p in passages}))
    titles = {(n, v.language): v.title for n, record in records.items() for v in record.versions()}
    bare = np.array([p.end <= len(titles[p.record, p.language]) for p in passages])
    # What shortness is worth: the sample is smaller than what is compared, so all of it is.
    scores[bare] -= (np.quantile(scores[bare], 0.98) - np.quantile(scores[~bare], 0.98)) / 2
    best: dict[int, float] = {}
    for passage, score in zip(passages, scores.tolist(), strict=True):
        best[passage.record] = max(best.get(passage.record, -1), score)
    found = generation.nearest_records(query, 20, Filters()).ranking
    assert found.numbers.tolist() == sorted(best, key=lambda r: (-best[r], r))[:20]
    expected = sorted(best.values(), reverse=True)[:20]
    np.testing.assert_allclose(found.scores, expected, atol=1e-3)


@pytest.mark.parametrize("query", ["", "   ", "\x00\x1f", "[MASK]", "＿＿"])
def test_empty_queries(engine: Engine, query: str) -> None:
    with pytest.raises(QueryError) as caught:
        engine.search(query)
    assert caught.value.reason == "empty"


@pytest.mark.parametrize(
    ("page", "per_page"), [(0, 10), (-1, 10), (1, 0), (1, 101), (DEPTH // 10 + 1, 10)]
)
def test_bad_pages(engine: Engine, page: int, per_page: int) -> None:
    with pytest.raises(QueryError) as caught:
        engine.search("肺炎", page=page, per_page=per_page)
    assert caught.value.reason == "bad page"


def test_an_overlong_query(engine: Engine) -> None:
    with pytest.raises(QueryError, match="at most"):
        engine.search("肺炎" * 20_000)


def test_a_page_after_the_last_record_is_empty(engine: Engine) -> None:
    found = engine.search("肺炎", page=16, per_page=10)
    assert (found.hits, found.total) == ((), engine.generation().manifest.records)


def test_similar_records(engine: Engine) -> None:
    similar = engine.similar("sample-cardiology-01", limit=5)
    assert len({h.record.id for h in similar.hits}) == 5
    assert "sample-cardiology-01" not in {h.record.id for h in similar.hits}
    assert similar.degraded is None
    with pytest.raises(UnknownRecordError, match="'nope'"):
        engine.similar("nope")


def test_another_encoder_is_refused(sample_library: Path, tiny_encoder: Encoder) -> None:
    other = Engine(Library(sample_library), tiny_encoder)
    with pytest.raises(LibraryError, match="was built with jmedsearch-embedded"):
        other.search("肺炎")


def test_no_library(tmp_path: Path, engine: Engine) -> None:
    with pytest.raises(LibraryError, match="no library here; build one with"):
        Engine(Library(tmp_path), engine.encoder).search("肺炎")


def test_the_listed_sample_queries(engine: Engine) -> None:
    """Queries without a word in common with their record: meaning finds them, words do not."""
    queries = [json.loads(line) for line in sample_files()[1].read_text().splitlines()]
    assert len(queries) == 20
    found = {
        leg: sum(
            item["record"] in [h.record.id for h in engine.search(item["query"], leg=leg).hits[:3]]
            for item in queries
        )
        for leg in ("dense", "lexical")
    }
    assert found["dense"] >= 14
    assert found["lexical"] <= 5
