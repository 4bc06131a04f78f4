"""Noun phrases that can stand as search terms."""

import pytest

from search.text.phrases import inner_runs, is_term, phrases, told_phrases


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


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("壊死性半月体形成性糸球体腎炎を", "壊死性半月体形成性糸球体腎炎"),
        ("びまん性大細胞型B細胞リンパ腫の", "びまん性大細胞型B細胞リンパ腫"),
        ("心室期外収縮", "心室期外収縮"),
        ("三尖弁閉鎖症", "三尖弁閉鎖症"),
        ("依存性くる病の", "依存性くる病"),
        ("急速進行性糸球体腎炎", "急速進行性糸球体腎炎"),
        ("拡張期心不全", "拡張期心不全"),
        ("酸性α-グルコシダーゼの", "酸性α-グルコシダーゼ"),
        ("高LDL－コレステロール血症が", "高LDL-コレステロール血症"),
        ("3-ヒドロキシアシルCoA脱水素酵素の", "3-ヒドロキシアシルCoA脱水素酵素"),
        ("極長鎖アシル-CoA脱水素酵素を", "極長鎖アシル-CoA脱水素酵素"),
        ("フォン・ヒッペル-リンドウ病", "フォン・ヒッペル-リンドウ病"),
        ("ダイアモンド・ブラックファン貧血は", "ダイアモンド・ブラックファン貧血"),
        ("グルコース-6-リン酸脱水素酵素の", "グルコース-6-リン酸脱水素酵素"),
        ("ピリミジン5'-ヌクレオチダーゼ", "ピリミジン5'-ヌクレオチダーゼ"),
        ("アミロ-α-1,6-グルコシダーゼの", "アミロ-α-1,6-グルコシダーゼ"),
        ("46,XX性分化疾患の", "46,XX性分化疾患"),
    ],
)
def test_names_that_a_dictionary_would_cut(text: str, whole: str) -> None:
    assert [("".join(p.words), p.whole) for p in told_phrases(text)] == [(whole, True)]


@pytest.mark.parametrize(
    ("text", "fragment", "others"),
    [
        ("2心室修復を行った", "心室修復", set()),
        ("1959年にDe Vaalらが報告", "Vaal", {"報告"}),
        ("近年、骨髄移植の", "", {"骨髄移植"}),
        ("今回手術を", "", {"手術"}),
        ("糖尿病患者10名の", "", {"糖尿病患者"}),
        ("心筋梗塞後の再発", "", {"心筋梗塞", "再発"}),
        ("nephrotic syndrome in children", "", {"nephrotic", "syndrome", "children"}),
        ("Morquio 症候群の家系", "Morquio", {"家系"}),
        ("1952年にLoweらが報告", "Lowe", {"報告"}),
        ("Sjogren’s syndromeの診断", "Sjogren", {"診断"}),
        ("医師オットー・ウェルナーが", "医師オットー", set()),
        ("AIDS 症例の追跡", "", {"AIDS", "追跡"}),
        ("変形性関節（脊椎）症の手術", "変形性関節", {"手術"}),
        ("変形性関節（脊椎）症の手術", "脊椎", {"手術"}),
        ("急性心筋梗塞（AMI）症例", "", {"急性心筋梗塞", "AMI"}),
        ("エプスタイン・バーウイルス感染を", "バーウイルス感染", set()),
        ("心筋梗塞-文献的考察-", "", {"心筋梗塞"}),
    ],
)
def test_a_fragment_is_told_from_a_name(text: str, fragment: str, others: set[str]) -> None:
    found = {"".join(p.words): p.whole for p in told_phrases(text)}
    assert not found.get(fragment, False)
    assert {t for t, whole in found.items() if whole} >= others


def test_a_list_is_no_name() -> None:
    assert joined("アスピリン・クロピドグレルを") == ["アスピリン", "クロピドグレル"]


@pytest.mark.parametrize("phrase", ["心筋梗塞", "HbA1c", "インスリン", "CT", "分子標的"])
def test_terms(phrase: str) -> None:
    assert is_term(phrase)


@pytest.mark.parametrize(
    "phrase",
    ["患者", "検討", "mg", "120", "肺", "a", "5-10", "し" * 31, "特徴的", "6.Larsson", "体幹とも"],
)
def test_words_that_narrow_nothing_down(phrase: str) -> None:
    assert not is_term(phrase)


def test_inner_runs() -> None:
    assert set(inner_runs(("急性", "心筋", "梗塞"))) == {
        "急性", "心筋", "梗塞", "急性心筋", "心筋梗塞", "急性心筋梗塞",
    }  # fmt: skip
