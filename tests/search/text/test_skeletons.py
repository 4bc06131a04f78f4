"""Foreign names in two scripts, by what is heard of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.text.skeletons import likeness, skeletons


@pytest.mark.parametrize(
    ("latin", "katakana"),
    [
        ("parkinson", "パーキンソン"),
        ("ehlers", "エーラス"),
        ("danlos", "ダンロス"),
        ("marfan", "マルファン"),
        ("behcet", "ベーチェット"),
        ("hutchinson", "ハッチンソン"),
        ("thalassemia", "サラセミア"),
        ("pembrolizumab", "ペムブロリズマブ"),
        ("langerhans", "ランゲルハンス"),
        ("takotsubo", "タコツボ"),
        ("krabbe", "クラッベ"),
    ],
)
def test_one_name(latin: str, katakana: str) -> None:
    assert skeletons(latin) & skeletons(katakana)
    assert likeness(latin, katakana) >= 0.75


@pytest.mark.parametrize(
    ("latin", "katakana"),
    [
        ("wilson", "リズム"),
        ("aicardi", "アカラシア"),
        ("magenis", "ホモゲンチ"),
        ("errors", "ウイルス"),
    ],
)
def test_words_of_one_skeleton_that_sound_otherwise(latin: str, katakana: str) -> None:
    assert skeletons(latin) & skeletons(katakana)
    assert likeness(latin, katakana) < 0.75


@pytest.mark.parametrize("word", ["", "肺炎", "il6", "ae", "アイ", "Ehlers", "naïve"])
def test_what_has_none(word: str) -> None:
    assert skeletons(word) == frozenset()


@given(st.text("abcdefghijklmnopqrstuvwxyz", max_size=30))
def test_any_word_has_a_few(word: str) -> None:
    found = skeletons(word)
    assert len(found) <= 48
    assert all(len(skeleton) >= 2 and set(skeleton) <= set("RNKGSTDBPF") for skeleton in found)
