"""Noun phrases that can stand as search terms."""

import pytest

from search.text.phrases import inner_runs, is_term, phrases


def joined(text: str) -> list[str]:
    return ["".join(words) for words in phrases(text)]


def test_phrases_are_whole_noun_runs_as_written() -> None:
    found = joined("急性心筋梗塞の患者にβ遮断薬を投与し、ＩＬ－６とHbA1cを測定した。")
    assert {"急性心筋梗塞", "β遮断薬", "IL-6", "HbA1c"} <= set(found)


def test_no_phrase_runs_over_particles_or_verbs() -> None:
    assert "と診断" not in "".join(joined("全身性エリテマトーデスと診断された。"))
    assert "全身性エリテマトーデス" in joined("全身性エリテマトーデスと診断された。")


@pytest.mark.parametrize(
    ("text", "phrase"),
    [
        ("家族性筋萎縮性側索硬化症", "筋萎縮性側索硬化症"),
        ("筋ジストロフィーの患者", "筋ジストロフィー"),
        ("小児の内分泌疾患", "内分泌疾患"),
        ("フォン・ヒッペル・リンドウ病の家系", "フォン・ヒッペル・リンドウ病"),
    ],
)
def test_no_phrase_is_the_rest_of_a_longer_one(text: str, phrase: str) -> None:
    inside = {run for words in phrases(text) for run in inner_runs(words)}
    assert phrase in inside or not inside
    assert not {
        t for t in joined(text) if t.startswith(("萎縮", "ジストロフィー", "リンドウ", "分泌"))
    }


def test_a_list_is_no_name() -> None:
    assert joined("アスピリン・クロピドグレルを") == ["アスピリン", "クロピドグレル"]


@pytest.mark.parametrize("phrase", ["心筋梗塞", "HbA1c", "インスリン", "CT", "分子標的"])
def test_terms(phrase: str) -> None:
    assert is_term(phrase)


@pytest.mark.parametrize(
    "phrase", ["患者", "検討", "mg", "120", "肺", "a", "5-10", "し" * 31, "特徴的"]
)
def test_words_that_narrow_nothing_down(phrase: str) -> None:
    assert not is_term(phrase)


def test_inner_runs() -> None:
    assert set(inner_runs(("急性", "心筋", "梗塞"))) == {
        "急性", "心筋", "梗塞", "急性心筋", "心筋梗塞", "急性心筋梗塞",
    }  # fmt: skip
