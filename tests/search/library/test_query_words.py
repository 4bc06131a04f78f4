"""The words that are looked for in a library: of a word in two scripts those that it has."""

from pathlib import Path

import pytest

from indexer.stages.lexical_writer import write_lexical
from search.filters import Filters
from search.library.heard_names import Names
from search.library.lexical_index import LexicalIndex
from search.library.query_words import query_words
from search.records import Record

TEXTS = {
    1: "インスリン療法",
    2: "Insulin for kidneys",
    3: "腎臓の移植",
    4: "エーラス・ダンロス症候群",
    5: "Pembrolizumab in melanoma",
}


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> LexicalIndex:
    directory: Path = tmp_path_factory.mktemp("words") / "lexical"
    records = [(n, Record(id=str(n), title=text)) for n, text in TEXTS.items()]
    write_lexical(directory, None, (), records)
    return LexicalIndex(directory)


def test_both_scripts_are_looked_for_where_records_have_both(index: LexicalIndex) -> None:
    words = query_words(index, "insulin").terms
    assert words == ["insulin", "インシュリン"]
    assert {n for n, _ in index.search(words, 10, Filters())} == {1, 2}
    assert query_words(index, "インスリン").terms == ["インシュリン"]


def test_a_script_that_no_record_has_is_left_out(index: LexicalIndex) -> None:
    assert query_words(index, "療法 therapy").terms == ["療法", "therapi"]
    assert query_words(index, "kidney").terms == ["kidney"]


def test_what_no_record_has_stays_as_it_was_typed(index: LexicalIndex) -> None:
    assert query_words(index, "wrist").terms == ["wrist"]


def test_words_within_the_results_are_found_in_either_script(index: LexicalIndex) -> None:
    assert sorted(index.numbers(Filters(words="insulin"))) == [1, 2]
    assert sorted(index.numbers(Filters(words="insulin kidneys"))) == [2]


def test_a_name_is_looked_for_as_the_library_writes_it(index: LexicalIndex) -> None:
    names = Names(index)
    found = query_words(index, "Ehlers-Danlos症候群", lambda: names)
    assert found.names == {"ehlers": ("エーラス",), "danlos": ("ダンロス",)}
    assert {"エーラス", "ダンロス", "症候群"} <= set(found.terms)
    assert not {"ehler", "danlo"} & set(found.terms)
    assert query_words(index, "ペムブロリズマブ", lambda: names).terms == ["pembrolizumab"]
    assert query_words(index, "Marfan", lambda: names).terms == ["marfan"]
