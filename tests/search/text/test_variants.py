"""What counts as the same writing of a word, and where a folded character came from."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.text.kanji import new_forms
from search.text.spellings import stems
from search.text.variants import fold, fold_with_spans, is_respelled

SAME = [
    ("ｲﾝﾌﾙｴﾝｻﾞ", "インフルエンザ"),
    ("ＨｂＡ１ｃ", "hba1c"),
    ("國立", "国立"),
    ("頚部", "頸部"),
    ("靱帯", "靭帯"),
    ("コンピューター断層", "コンピュータ断層"),
    ("センタ−", "センター"),
    ("メ－カー", "メーカー"),
    ("ウィルス", "ウイルス"),
    ("ヴァイラス", "バイラス"),
    ("3ヶ月", "３か月"),
    ("乳がん", "乳癌"),
    ("胃ガンの", "胃癌の"),
    ("大腸のがんを", "大腸の癌を"),
    ("ぜん息", "喘息"),
    ("たん白尿", "蛋白尿"),
    ("タンパク質", "蛋白質"),
    ("けいれん", "痙攣"),
    ("クモ膜下", "くも膜下"),
    ("うつ病", "鬱病"),
    ("障がい者", "障害者"),
    ("ベータ遮断薬", "β遮断薬"),
    ("TNF-alpha", "TNF-α"),
    ("Haemorrhage", "hemorrhage"),
    ("oesophageal tumours", "esophageal tumors"),
    ("paediatric anaesthesia", "pediatric anesthesia"),
    ("hypercholesterolaemia", "hypercholesterolemia"),
    ("randomised, standardisation", "randomized, standardization"),
    ("centre fibres litres", "center fibers liters"),
    ("analysed labelled", "analyzed labeled"),
    ("Sjögren, Ménière", "sjogren, meniere"),
    ("œdema", "edema"),
    ("数ヶ月", "数か月"),
    ("一カ月", "一か月"),
    ("ベータブロッカー", "βブロッカー"),
    ("ガンマグロブリン", "γグロブリン"),
    ("エーラス・ダンロス症候群", "エーラスダンロス症候群"),
    ("エーラス＝ダンロス", "エーラスダンロス"),
    ("ギラン・バレー症候群", "ギランバレー症候群"),
    ("肺\u200b炎", "肺炎"),
    ("myo\u00adcardial", "myocardial"),
    ("葛\U000e0100根湯", "葛根湯"),
    ("𠮷田", "吉田"),
]
DIFFERENT = [
    ("がんばる", "癌ばる"),
    ("ガンマグロブリン", "癌マグロブリン"),
    ("オルガン", "オル癌"),
    ("モーガン", "モー癌"),
    ("データ", "デタ"),
    ("キー", "キ"),
    ("しまひ", "し麻痺"),
    ("タイプ−A", "タイプーA"),
    ("exercise", "exercize"),
    ("disease", "dizease"),
    ("precise", "precize"),
    ("betamethasone", "βmethasone"),
    ("肺、炎", "肺炎"),
    ("アルファベット", "αベット"),
    ("心臓・腎臓", "心臓腎臓"),
    ("レシピエント・ドナー", "レシピエントドナ"),
]


@pytest.mark.parametrize(("written", "other"), SAME)
def test_the_same(written: str, other: str) -> None:
    assert fold(written) == fold(other)
    assert is_respelled(written) or is_respelled(other) or written.lower() == other


@pytest.mark.parametrize(("written", "other"), DIFFERENT)
def test_not_the_same(written: str, other: str) -> None:
    assert fold(written) != fold(other)


def test_folding_the_case_alone_is_no_respelling() -> None:
    assert not is_respelled("HbA1c")
    assert is_respelled("がん")


@given(
    st.text(
        alphabet="がんばるガン癌頚ーセンタけいれん、 ﾞｶhaemorisedé́β-3ヶ月国國"
        "ベータ・\u200b\u00ad\U000e0100",
        max_size=30,
    )
)
def test_spans_lead_back_to_the_original(text: str) -> None:
    folded = fold_with_spans(text)
    assert folded.text == fold(text)
    assert len(folded.starts) == len(folded.ends) == len(folded.text)
    for start, end in zip(folded.starts, folded.ends, strict=True):
        assert 0 <= start < end <= len(text)
    assert list(folded.starts) == sorted(folded.starts)


def test_a_span_covers_what_was_replaced() -> None:
    folded = fold_with_spans("早期の胃ガンとけいれん")
    start = folded.text.index("胃癌")
    assert folded.original_span(start, start + 2) == (3, 6)
    start = folded.text.index("痙攣")
    assert folded.original_span(start, start + 2) == (7, 11)


@given(st.text(max_size=40))
def test_new_forms_keep_the_length(text: str) -> None:
    assert len(new_forms(text)) == len(text)


@pytest.mark.parametrize(
    ("stem", "word"),
    [
        ("tumou", "tumours"),
        ("tumo", "tumour"),
        ("haemo", "haemorrhage"),
        ("randomis", "randomised"),
        ("centr", "centres"),
        ("oesoph", "oesophagus"),
        ("immun", "immunity"),
    ],
)
def test_a_stem_covers_the_word_that_it_was_cut_from(stem: str, word: str) -> None:
    assert fold(word).startswith(stems(fold(stem)))
