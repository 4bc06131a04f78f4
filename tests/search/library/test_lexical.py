"""What the lexical index makes of word order, and of terms added to a query."""

from pathlib import Path

import pytest

from indexer.stages.lexical_writer import write_lexical
from search.filters import Filters
from search.library.expansion import Expansion
from search.library.lexical_index import LexicalIndex
from search.records import Record
from search.text.terms import terms

TEXTS = {
    1: "急性の肝炎に肝移植を行った",
    2: "肝炎の急性増悪",
    3: "慢性の腎炎",
    4: "オーメン症候群の乳児",
    5: "症候群とオーメンの乳児",
}


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> LexicalIndex:
    directory: Path = tmp_path_factory.mktemp("lexical") / "lexical"
    records = [(n, Record(id=str(n), title=text)) for n, text in TEXTS.items()]
    write_lexical(directory, None, (), records)
    return LexicalIndex(directory)


def test_pairs_count_in_the_order_in_which_they_were_typed(index: LexicalIndex) -> None:
    assert terms("急性肝炎") == ["急性", "肝炎"]
    assert index.pair_shares(terms("急性肝炎"), list(TEXTS)) == pytest.approx({1: 1.0})
    assert index.pair_shares(terms("肝炎急性"), list(TEXTS)) == pytest.approx({2: 1.0})


def test_a_pair_counts_once_and_rare_words_more(index: LexicalIndex) -> None:
    shares = index.pair_shares(["慢性", "腎炎", "乳児", "慢性", "腎炎"], list(TEXTS))
    once = index.pair_shares(["慢性", "腎炎", "乳児", "慢性"], list(TEXTS))
    assert shares == pytest.approx(once)
    assert 1 / 3 < shares[3] < 0.5


def test_only_the_records_asked_about_are_looked_at(index: LexicalIndex) -> None:
    assert index.pair_shares(terms("急性肝炎"), [2, 3]) == {}
    assert index.pair_shares(terms("急性肝炎"), []) == {}


@pytest.mark.parametrize("query", ["", "肝炎", "未知 不明"])
def test_without_a_pair_nothing_is_lifted(index: LexicalIndex, query: str) -> None:
    assert index.pair_shares(terms(query), list(TEXTS)) == {}


def test_a_word_of_the_title_says_more_than_one_of_the_abstract(tmp_path: Path) -> None:
    texts = {1: ("肝炎の経過", "腎炎の合併"), 2: ("腎炎の経過", "肝炎の合併")}
    records = [(n, Record(id=str(n), title=t, abstract=a)) for n, (t, a) in texts.items()]
    write_lexical(tmp_path / "lexical", None, (), records)
    found = LexicalIndex(tmp_path / "lexical").search(["腎炎"], 10, Filters())
    assert [number for number, _ in found] == [2, 1]
    assert found[0][1] > 1.2 * found[1][1]


def added(term: str, weight: float) -> Expansion:
    return Expansion(term, tuple(terms(term)), weight)


def test_added_terms_are_phrases_and_weigh_what_they_are_given(index: LexicalIndex) -> None:
    alone = index.search(["乳児"], 10, Filters())
    more = dict(index.search(["乳児"], 10, Filters(), [added("オーメン症候群", 0.5)]))
    assert {n for n, _ in alone} == {4, 5}
    assert more[5] == pytest.approx(dict(alone)[5])
    assert more[4] > dict(alone)[4]
    heavier = dict(index.search(["乳児"], 10, Filters(), [added("オーメン症候群", 1.0)]))
    gained = [found[4] - dict(alone)[4] for found in (more, heavier)]
    assert gained[1] == pytest.approx(2 * gained[0], rel=1e-5)


def test_added_terms_are_found_where_no_word_of_the_query_is(index: LexicalIndex) -> None:
    found = index.search(["omenn"], 10, Filters(), [added("オーメン症候群", 0.6)])
    assert [n for n, _ in found] == [4]


def test_each_record_is_told_which_of_many_words_it_has(index: LexicalIndex) -> None:
    asked = [
        *(f"欠語{i}" for i in range(11)),
        *terms("乳児の急性肝炎"),
        *(f"無語{i}" for i in range(9)),
    ]
    for number, found in index.words_of(list(TEXTS), asked).items():
        own = set(terms(TEXTS[number]))
        assert found == [word for word in asked if word in own]
    assert index.words_of([2, 1], []) == {2: [], 1: []}


@pytest.mark.parametrize("wanted", [[], [3], [2, 5], [5, 4, 99, 1]])
def test_records_by_number_however_many(
    index: LexicalIndex, wanted: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = sorted(set(wanted) & set(TEXTS))
    for one_by_one in (0, 5000):
        monkeypatch.setattr("search.filters._ONE_BY_ONE", one_by_one)
        query = index.numbers_query(wanted)
        assert index.sorted_page(query, "number", 0, 10) == (len(expected), expected)
        found = index.search(["乳児", "腎炎"], 10, Filters(within=tuple(wanted)))
        assert sorted(n for n, _ in found) == [n for n in expected if n >= 3]
