"""The words that BM25 sees, and their places in the original text."""

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.text.terms import alternatives, respelled, terms, terms_with_offsets, written


@pytest.mark.parametrize(
    ("text", "present", "absent"),
    [
        ("急性心筋梗塞の治療", {"急性", "心筋", "梗塞", "治療"}, {"の"}),
        ("高齢者", {"高齢者", "高齢", "者"}, set()),
        ("肺がん患者", {"肺癌", "患者"}, {"肺がん"}),
        ("IL-6とHbA1c", {"il6", "il", "6", "hba1c"}, {"-", "と"}),
        ("５－ＦＵを投与した", {"5fu", "fu", "投与"}, {"為る", "を"}),
        ("β遮断薬", {"β遮断", "遮断", "薬"}, set()),
        ("p<0.05、1.5 mg", {"0.05", "1.5", "mg"}, {"、", "<", "005"}),
        ("ｲﾝﾌﾙｴﾝｻﾞ", {"インフルエンザ"}, set()),
        ("What do kidneys need?", {"kidney", "need"}, {"what", "ホワット", "do", "kidneys"}),
        ("wrist fractures", {"wrist", "リスト", "fractur"}, set()),
        ("Sjögren's syndrome", {"sjogren", "syndrom"}, {"s"}),
        ("haemodialysis of the oesophagus", {"hemodialysi", "esophagus"}, {"of", "the"}),
        ("follow-up in New York", {"followup", "follow", "up", "new", "york"}, {"in"}),
        ("ALL, AIDS and WHO", {"all", "aids", "aid", "who"}, {"and"}),
        ("all who aid us", {"aid"}, {"all", "who", "us"}),
        ("TNF-alpha, TNFα", {"tnf", "α", "tnfα"}, {"alpha"}),
        ("vitamin D3 and d3", {"vitamin", "ビタミン", "d3"}, {"d", "3"}),
        ("肺\u200b炎", {"肺炎"}, {"肺"}),
    ],
)
def test_terms(text: str, present: set[str], absent: set[str]) -> None:
    found = set(terms(text))
    assert present <= found
    assert not absent & found


def test_a_word_in_either_script_is_one() -> None:
    assert [found.terms for found in alternatives("insulin療法とinsulin")] == [
        ("insulin", "インシュリン"),
        ("療法",),
        ("insulin", "インシュリン"),
    ]


def test_stems_are_told_as_they_were_typed() -> None:
    assert written("Therapies and therapy with IL-6") == {"therapi": "therapies"}
    assert written("肺炎のCT") == {}


def test_offsets_are_those_of_the_original() -> None:
    text = "ＩＬ－６とｲﾝﾌﾙｴﾝｻﾞ肺炎"
    where = {t.term: text[t.start : t.end] for t in terms_with_offsets(text)}
    assert where["il6"] == "ＩＬ－６"
    assert where["インフルエンザ"] == "ｲﾝﾌﾙｴﾝｻﾞ"
    assert where["肺炎"] == "肺炎"


def test_text_longer_than_sudachi_takes_at_once() -> None:
    found = terms("肺炎の患者に投与した。" * 5_000)
    assert found.count("肺炎") == 5_000


def test_threads_do_not_disturb_each_other() -> None:
    expected = terms("慢性腎臓病の患者における高血圧")
    results: list[bool] = []

    def work() -> None:
        results.extend(terms("慢性腎臓病の患者における高血圧") == expected for _ in range(50))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [True] * 200


@given(st.text(alphabet="ｶﾞ漢字肺炎AbＩL-6β αa1. 。の\n㎎", max_size=40))
def test_terms_hold_no_space_and_agree_with_offsets(text: str) -> None:
    found = terms_with_offsets(text)
    assert [t.term for t in found] == terms(text)
    assert all(t.term and not any(c.isspace() for c in t.term) for t in found)
    assert all(0 <= t.start < t.end <= len(text) for t in found)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ｲﾝﾌﾙｴﾝｻﾞの予防", [("ｲﾝﾌﾙｴﾝｻﾞ", "インフルエンザ")]),
        ("肺がんと肺がんの検診", [("肺がん", "肺癌")]),
        ("ぜんそくの子ども", [("ぜんそく", "喘息"), ("子ども", "子供")]),
        ("心筋硬塞", [("硬塞", "梗塞")]),
        ("ＩＬ", [("ＩＬ", "IL")]),
        ("調べたら高かった", []),  # only another form of the word
        ("HbA1c COPD", []),  # only another case
        ("高齢者の肺炎", []),
        ("What is insulin", []),  # it is looked for as it is
        ("", []),
    ],
)
def test_what_is_understood_in_another_spelling(text: str, expected: list[tuple[str, str]]) -> None:
    assert respelled(text) == expected


@given(st.text(max_size=40))
def test_what_was_understood_stands_in_the_text(text: str) -> None:
    for typed, understood in respelled(text):
        assert typed in text
        assert understood != typed
