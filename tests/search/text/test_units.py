"""Units and tokens, and the whole values of a record, as exact search compares them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.library.exact_fields import author_keys, field_values, first_day, title_key
from search.records import Author, Record
from search.text.units import BREAK, texts, tokens, units, value_key
from search.text.variants import fold


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("心筋梗塞", ["心筋", "筋梗", "梗塞", "塞"]),
        ("IL-6（血清）値", ["il", "6", "血清", "清", BREAK, "値"]),
        ("慢性 肺炎", ["慢性", "性", BREAK, "肺炎", "炎"]),
        ("β-遮断薬", ["β", "遮断", "断薬", "薬"]),
        ("TNFα", ["tnf", "α"]),
        ("TNF-alpha", ["tnf", "α"]),
        ("10μg", ["10", "μ", "g"]),
        ("0.05 vs. n=30", ["0", "05", "vs", "n", "30"]),
        ("snake_case", ["snake", "case"]),
        ("한국어", ["한국", "국어", "어"]),
        ("、。・ ", []),
    ],
)
def test_tokens(text: str, expected: list[str]) -> None:
    assert tokens(fold(text)) == expected


@given(st.text(alphabet="肺炎癌の。 、-ilIL6βテスト𠮷한é|_", max_size=30))
def test_the_texts_alone_are_those_of_the_units(text: str) -> None:
    assert texts(text) == [unit.text for unit in units(text)]


@given(st.text(alphabet="肺炎癌の。 、-ilIL6βテスト𠮷한é|_", max_size=30))
def test_there_is_one_token_for_each_unit(text: str) -> None:
    folded = fold(text)
    found = units(folded)
    stored = tokens(folded)
    assert len(found) == len(stored)
    for unit, token in zip(found, stored, strict=True):
        assert token.startswith(unit.text)
        assert unit.text in (BREAK, folded[unit.start : unit.end])


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("Yamada, T.", "yamada t"),
        ("山田　太郎", "山田太郎"),
        ("日本内科学会雑誌", "日本内科学会雑誌"),
        ("成人(19~44)", "成人19 44"),
        ("貧血-再生不良性", "貧血再生不良性"),
        ("Heart Failure/drug therapy", "heart failure drug therapy"),
    ],
)
def test_whole_values(text: str, key: str) -> None:
    assert value_key(text) == key


@pytest.mark.parametrize(
    ("author", "keys"),
    [
        (Author("Yamada", "Taro Ken"), ["yamada", "yamada taro ken", "yamada tk"]),
        (Author("Smith", "JA"), ["smith", "smith ja"]),
        (Author("Müller", "J. R."), ["muller", "muller j r", "muller jr"]),
        (Author("渡邊", "聡"), ["渡辺", "渡辺聡"]),
        (Author("WHO Study Group"), ["who study group"]),
    ],
)
def test_authors(author: Author, keys: list[str]) -> None:
    assert author_keys(author) == keys


def test_identifiers_headings_and_titles_of_a_record() -> None:
    values = field_values(
        Record(
            "pmid:7",
            title="肺癌の治療：Part 1",
            doi="10.1000/ABC",
            pmid="7",
            ichushi_id="2015000001",
            trial_ids=("JPRN-UMIN000000001", "ClinicalTrials.gov/NCT00000001"),
            keywords=("*Heart Failure/drug therapy", "ヒト"),
            publication_types=("原著論文/特集",),
            journal="Lancet (London, England)",
            issn="0140-6736",
        )
    )
    assert {"pmid:7", "7", "10.1000/abc", "doi:10.1000/abc", "2015000001"} <= {
        *values["identifier"]
    }
    assert {"umin000000001", "nct00000001"} <= {*values["identifier"]}
    assert values["keyword"] == ["heart failure drug therapy", "heart failure", "ヒト"]
    assert values["subheading"] == ["drug therapy"]
    assert values["publication_type"] == ["原著論文特集", "原著論文", "特集"]
    assert values["journal_name"] == ["lancet london england", "lancet"]
    assert values["issn"] == ["01406736"]
    assert values["title_key"] == [title_key("肺がんの治療 part1")] == ["肺癌の治療part1"]


@pytest.mark.parametrize(
    ("date", "day"), [("2015", 20150101), ("2015-03", 20150301), ("2015-03-09", 20150309)]
)
def test_first_days(date: str, day: int) -> None:
    assert first_day(date) == day
