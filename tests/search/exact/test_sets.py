"""Sets as they are shown: sorted, paged, filtered, marked; whole for export."""

import dataclasses
from pathlib import Path

import pytest

from search.encoder import Encoder
from search.exact import SORTS, ExactHit, ExactSearch, Sort
from search.filters import Filters, RetractionFilter
from search.library.exact_fields import title_key
from search.library.library import Library
from search.ranked.engine import Engine, QueryError
from search.records import Record
from search.text.units import value_key
from tests.search.exact.conftest import found, library_of
from tests.search.exact.scanner import View

_EVERYTHING = "NOT xyzzy"


def _key(sort: Sort, record: Record) -> tuple[object, ...]:
    last = "\U0010ffff"
    match sort:
        case "year":
            return (-(record.year or 0),)
        case "year-ascending":
            return (record.year or 9999,)
        case "journal":
            return (value_key(record.journal) or last,)
        case _:
            return (title_key(record.title) or last,)


@pytest.mark.parametrize("sort", [s for s in SORTS if s != "relevance"])
def test_sorts_are_total_and_ties_are_in_the_order_of_numbers(
    exact: ExactSearch, sort: Sort
) -> None:
    stored = list(exact.library.generation().all_records())
    expected = [n for n, r in sorted(stored, key=lambda item: (*_key(sort, item[1]), item[0]))]
    assert exact.numbers(_EVERYTHING, sort=sort).tolist() == expected


@pytest.mark.parametrize("sort", SORTS)
def test_pages_are_pieces_of_the_whole(exact: ExactSearch, sort: Sort) -> None:
    expression = "肺炎 OR 肺癌 OR 喘息 OR pain OR the"
    whole = [record.id for record in exact.records(expression, sort=sort)]
    paged: list[str] = []
    for page in range(1, 9):
        shown = exact.search(expression, sort=sort, page=page, per_page=3)
        assert (shown.count, shown.sort, shown.page) == (len(whole), sort, page)
        paged += [hit.record.id for hit in shown.hits]
    assert paged == whole
    assert len(whole) == 12


def test_relevance_ranks_by_the_words_of_the_expression(exact: ExactSearch) -> None:
    shown = exact.search("(pain OR runners) NOT cat", sort="relevance")
    assert shown.hits[0].record.title == "Hip pain in runners"
    limits_only = exact.numbers("2010:2020[dp]", sort="relevance").tolist()
    assert limits_only == sorted(limits_only)


def test_an_empty_set_and_a_page_beyond_the_end(exact: ExactSearch) -> None:
    nothing = exact.search("xyzzy")
    assert (nothing.count, nothing.hits) == (0, ())
    assert len(exact.numbers("xyzzy")) == 0
    assert exact.search("肺炎", page=9).hits == ()


@pytest.mark.parametrize(("page", "per_page"), [(0, 10), (1, 0), (1, 101)])
def test_impossible_pages_are_refused(exact: ExactSearch, page: int, per_page: int) -> None:
    with pytest.raises(QueryError, match="does not exist"):
        exact.search("肺炎", page=page, per_page=per_page)


_FILTERS = [
    Filters(journal="Bull World"),
    Filters(year_from=2010, year_to=2016),
    Filters(journal="Journal of Cats"),
    Filters(language="en"),
    Filters(has_abstract=True),
    Filters(retraction="exclude"),
    Filters(retraction="only"),
    Filters(year_from=2018, language="ja", has_abstract=True),
]


def _left_in(record: Record, filters: Filters) -> bool:
    languages = {v.language for v in record.versions() if v.title or v.abstract}
    year = record.year or 0
    in_doubt: dict[RetractionFilter, bool] = {
        "": True,
        "exclude": record.retraction not in {"retracted", "expression of concern"},
        "only": record.retraction in {"retracted", "expression of concern"},
    }
    return (
        (filters.year_from is None or year >= filters.year_from)
        and (filters.year_to is None or 0 < year <= filters.year_to)
        and filters.journal in {"", record.journal}
        and (not filters.language or filters.language in languages)
        and (not filters.has_abstract or any(v.abstract for v in record.versions()))
        and in_doubt[filters.retraction]
    )


@pytest.mark.parametrize("filters", _FILTERS)
def test_filters_leave_what_brute_force_leaves(
    exact: ExactSearch, literature: list[Record], filters: Filters
) -> None:
    expression = "の OR of OR hip OR 論文"
    words = ("の", "of", "hip", "論文")
    expected = {
        record.id
        for record in literature
        if _left_in(record, filters) and any(View(record).al(word) for word in words)
    }
    shown = exact.search(expression, filters, per_page=100)
    assert expected
    assert {hit.record.id for hit in shown.hits} == expected
    assert (shown.count, shown.filters) == (len(expected), filters)


@pytest.mark.parametrize("filters", _FILTERS[:5])
def test_ranked_search_with_a_filter_equals_brute_force_over_the_subset(
    exact: ExactSearch, tiny_encoder: Encoder, filters: Filters
) -> None:
    ranked = Engine(exact.library, tiny_encoder)
    for leg in ("dense", "lexical"):
        everything = [
            (hit.record.id, hit.score)
            for hit in ranked.search("肺炎と pain の治療", leg=leg, per_page=100).hits
            if _left_in(hit.record, filters)
        ]
        kept = ranked.search("肺炎と pain の治療", filters, leg=leg, per_page=100)
        assert [hit.record.id for hit in kept.hits] == [record_id for record_id, _ in everything]


def _marked(hit: ExactHit) -> tuple[list[str], list[str]]:
    title = hit.record.version("ja").title
    sentence = hit.sentence
    inside = [sentence.text[a:b] for a, b in sentence.marks] if sentence else []
    return [title[a:b] for a, b in hit.title_marks], inside


def test_marks_show_the_original_writing(exact: ExactSearch) -> None:
    hits = {h.record.id: h for h in exact.search("癌 NOT オルガン").hits}
    assert _marked(hits["ja-4"]) == (["がん"], ["がん"])
    assert _marked(hits["ja-3"]) == (["癌"], ["癌"])
    spelled = exact.search("tumor* OR esophag* OR randomis*").hits
    by_id = {h.record.id: h for h in spelled}
    assert _marked(by_id["pmid:1000"]) == (["oesophageal"], ["Randomised"])
    hit = exact.search("IL-6血清").hits[0]
    assert _marked(hit)[1] == ["IL-6（血清"]


def test_the_sentence_is_the_first_that_matches_and_is_cut_from_the_abstract(
    exact: ExactSearch,
) -> None:
    sentence = exact.search("severe[ab]").hits[0].sentence
    assert sentence is not None
    assert sentence.text == "The hip joint caused severe pain."
    record = exact.search("severe[ab]").hits[0].record
    assert record.abstract[sentence.start : sentence.end] == sentence.text
    # Nothing is shown where only the title or a heading matched, or what is excluded.
    assert exact.search("hip[ti] NOT sign").hits[0].sentence is None
    assert exact.search("高齢者[ti]", language="ja").hits[0].sentence is None


def test_a_translation_is_marked_where_the_own_language_has_no_match(exact: ExactSearch) -> None:
    sentence = exact.search("exercise prevents", language="ja").hits[0].sentence
    assert sentence is not None
    assert (sentence.language, sentence.text) == ("en", "Exercise prevents falls.")


def test_what_was_understood_is_said(exact: ExactSearch) -> None:
    shown = exact.search("ｲﾝﾌﾙｴﾝｻﾞ OR ぜんそく/TI OR HbA1c OR 頚部")
    assert shown.folded == (
        ("ｲﾝﾌﾙｴﾝｻﾞ", "インフルエンザ"),
        ("ぜんそく", "喘息"),
        ("頚部", "頸部"),
    )
    assert shown.canonical == "ｲﾝﾌﾙｴﾝｻﾞ[all] OR ぜんそく[ti] OR HbA1c[all] OR 頚部[all]"
    assert shown.generation == exact.library.generation().name


def test_an_id_that_was_merged_away_finds_its_record(
    tmp_path: Path, published_layout: Path
) -> None:
    record = Record("a:1", "肺炎の治療", doi="10.9999/same", language="ja")
    records = [record, dataclasses.replace(record, id="b:2")]
    library = library_of(tmp_path, records, published_layout)
    exact = ExactSearch(Library(library.path))
    assert found(exact, '"b:2"[id]') == {"a:1"}
    assert found(exact, "10.9999/SAME[doi]") == {"a:1"}


@pytest.mark.slow
def test_a_stem_with_more_endings_than_tantivy_takes(
    tmp_path: Path, published_layout: Path
) -> None:
    # Tantivy takes 16 384 endings in a phrase.
    words = [f"1{number:05d}" for number in range(17_000)]
    records = [
        Record(f"r{i}", title=f"il {words[i]} in cats", keywords=(" ".join(words[i::4]),))
        for i in range(4)
    ]
    exact = ExactSearch(library_of(tmp_path, records, published_layout))
    assert found(exact, "IL-1*") == {"r0", "r1", "r2", "r3"}
    assert found(exact, "IL-10000*") == {"r0", "r1", "r2", "r3"}
    assert found(exact, "IL-1* NOT il-100001") == {"r0", "r2", "r3"}


def test_sets_follow_an_update(tmp_path: Path, published_layout: Path) -> None:
    def record(i: int, title: str) -> Record:
        return Record(f"r{i}", title=title, language="ja", journal=f"誌{i % 2}", date=f"20{10 + i}")

    four = [record(i, f"肺炎の治療{i}") for i in range(4)]
    exact = ExactSearch(library_of(tmp_path, four, published_layout))
    before = exact.library.generation().name
    assert [r.id for r in exact.records("肺炎", sort="title")] == ["r0", "r1", "r2", "r3"]
    library_of(tmp_path, [record(1, "肺癌の治療"), record(9, "肺炎の予防")], published_layout)
    assert exact.search("肺炎").generation != before
    assert [r.id for r in exact.records("肺炎", sort="title")] == ["r9", "r0", "r2", "r3"]
    assert [r.id for r in exact.records("治療")] == ["r3", "r2", "r1", "r0"]
    assert [r.id for r in exact.records("肺*", sort="journal")] == ["r0", "r2", "r1", "r3", "r9"]
    assert found(exact, "NOT 肺炎") == {"r1"}
