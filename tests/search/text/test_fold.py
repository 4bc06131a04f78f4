"""Folded text remembers where each character came from."""

import sys
import unicodedata

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from search.text.fold import fold_with_offsets, has_joining, nfkc, to_full_width, to_lexical

TEXT = st.text(
    alphabet=st.one_of(
        st.sampled_from("ｶﾞﾊﾟｱがパ漢字ＡａAa１1①㎎㍑ﬁßİ゙ー－-　 \nㄱㅏﾡￂ゛´é"),
        st.characters(exclude_categories=["Cs"]),
    ),
    max_size=40,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ｲﾝﾌﾙｴﾝｻﾞ", "インフルエンザ"),
        ("ＩＬ－６", "il-6"),
        ("５㎎", "5mg"),
        ("か\u3099ん", "がん"),
        ("肺\u200b炎、myo\u00adcardial、葛\U000e0100根湯", "肺炎、myocardial、葛根湯"),
    ],
)
def test_lexical_form(text: str, expected: str) -> None:
    assert to_lexical(text) == expected


def test_full_width_form() -> None:
    assert to_full_width("IL-6 ｶﾞﾝ 50%") == "ＩＬ－６　ガン　５０％"


def test_spans_lead_back_to_the_original() -> None:
    text = "ｲﾝﾌﾙｴﾝｻﾞ 5㎎"
    folded = fold_with_offsets(text, to_lexical)
    start = folded.text.index("ザ")
    assert text[slice(*folded.original_span(start, start + 1))] == "ｻﾞ"
    start = folded.text.index("mg")
    assert text[slice(*folded.original_span(start, start + 1))] == "㎎"
    assert folded.original_span(2, 2) == (2, 2)


def test_what_nobody_sees_shifts_no_span() -> None:
    # As many characters as before: what one loses another gains.
    text = "肺\u200b炎に㎎"
    folded = fold_with_offsets(text, to_lexical)
    assert folded.text == "肺炎にmg"
    assert [text[slice(*folded.original_span(i, i + 1))] for i in range(5)] == list("肺炎に㎎㎎")


def test_every_character_that_combines_with_the_one_before_it_is_known() -> None:
    """All marks, and those whose NFKC depends on what stands before them."""
    decomposed = (unicodedata.decomposition(chr(c)).split() for c in range(sys.maxunicode + 1))
    seconds = {chr(int(d[1], 16)) for d in decomposed if len(d) == 2 and d[0][0] != "<"}
    for character in map(chr, range(sys.maxunicode + 1)):
        first = unicodedata.normalize("NFKD", character)[0]
        if (
            unicodedata.category(character)[0] == "M"
            or unicodedata.combining(first)
            or first in seconds
            or "\u1161" <= first <= "\u1175"
            or "\u11a8" <= first <= "\u11c2"
        ):
            assert has_joining(character), hex(ord(character))


@given(TEXT)
def test_nfkc_goes_by_graphemes(text: str) -> None:
    text = "".join(c for c in text if nfkc(c))
    parts = "".join(unicodedata.normalize("NFKC", unit) for unit in regex.findall(r"\X", text))
    assert nfkc(text) == parts or (nfkc(text) == text and unicodedata.is_normalized("NFKC", text))


@given(TEXT)
def test_folding_with_offsets_gives_the_same_text(text: str) -> None:
    for fold in (nfkc, to_lexical, to_full_width):
        folded = fold_with_offsets(text, fold)
        assert folded.text == fold(text)
        assert len(folded.starts) == len(folded.ends) == len(folded.text)


@given(TEXT)
def test_spans_are_ordered_and_cover_the_original(text: str) -> None:
    folded = fold_with_offsets(text, to_lexical)
    assert list(folded.starts) == sorted(folded.starts)
    assert all(0 <= a < b <= len(text) for a, b in zip(folded.starts, folded.ends, strict=True))
