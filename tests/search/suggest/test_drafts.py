"""Draft strategies: headings that the library has, English that the library pairs, no guesses."""

import json

import pytest

from indexer.run.pipeline import build
from search.encoder import Encoder
from search.exact import ExactSearch
from search.library.library import Library
from search.ranked.engine import Engine, QueryError
from search.suggest import Suggester
from search.suggest.drafts import draft
from search.suggest.english import partners
from search.suggest.synonyms import bracketed

RECORDS = [
    {
        "id": f"r{i}",
        "title": title,
        "abstract": abstract,
        "language": "ja",
        "keywords": keywords,
        "translations": [{"language": "en", "title": english, "abstract": ""}] if english else [],
    }
    for i, (title, abstract, english, keywords) in enumerate(
        [
            (
                "筋萎縮性側索硬化症の呼吸管理",
                "筋萎縮性側索硬化症（amyotrophic lateral sclerosis：ALS）の患者を追跡した。",
                "",
                ["筋萎縮性側索硬化症", "Amyotrophic Lateral Sclerosis"],
            ),
            (
                "誤嚥性肺炎の口腔ケア",
                "高齢者の誤嚥性肺炎について調べた。",
                "Oral care for aspiration pneumonia",
                ["誤嚥性肺炎"],
            ),
            (
                "誤嚥性肺炎と嚥下訓練",
                "嚥下訓練の効果を述べる。",
                "Swallowing training after aspiration pneumonia in older people",
                [],
            ),
            ("骨粗鬆症の薬物療法", "骨密度を測定した。", "Drug treatment of fragile bones", []),
        ]
    )
]


@pytest.fixture(scope="module")
def bilingual(tmp_path_factory: pytest.TempPathFactory, encoder: Encoder) -> Suggester:
    folder = tmp_path_factory.mktemp("bilingual")
    source = folder / "records.jsonl"
    source.write_text(
        "".join(json.dumps(r, ensure_ascii=False) + "\n" for r in RECORDS), encoding="utf-8"
    )
    build([source], folder / "library")
    return Suggester(Engine(Library(folder / "library"), encoder))


def test_a_heading_is_one_only_where_records_carry_it(bilingual: Suggester) -> None:
    found = draft(bilingual, "筋萎縮性側索硬化症 呼吸管理")
    assert found.ichushi == ("(筋萎縮性側索硬化症/TH or 筋萎縮性側索硬化症/AL) and 呼吸管理/AL")
    assert [[t.heading for t in concept] for concept in found.concepts] == [[True], [False]]


def test_english_comes_from_brackets_headings_and_titles(bilingual: Suggester) -> None:
    found = draft(bilingual, "筋萎縮性側索硬化症")
    assert '"amyotrophic lateral sclerosis"[mh]' in found.pubmed
    assert found.without_english == ()
    exact, generation = ExactSearch(bilingual.engine.library), bilingual.engine.generation()
    (pneumonia,) = partners(exact, generation, "誤嚥性肺炎")
    assert (pneumonia.english, pneumonia.source) == ("aspiration pneumonia", "text")
    assert pneumonia.records == 2
    assert not pneumonia.heading


def test_what_nobody_pairs_is_listed_not_guessed(bilingual: Suggester) -> None:
    found = draft(bilingual, "誤嚥性肺炎 呼吸管理")
    assert found.pubmed == '"aspiration pneumonia"[tiab]'
    assert found.without_english == ("呼吸管理",)
    assert draft(bilingual, "呼吸管理").pubmed == ""


def test_what_the_terminology_knows_goes_in_with_its_names(bilingual: Suggester) -> None:
    found = draft(bilingual, "心不全")
    assert found.ichushi == "(心不全/AL or 心機能不全/AL)"
    assert found.pubmed.startswith('("heart failure"[tiab] OR "cardiac failure"[tiab]')
    ((term,),) = found.concepts
    assert {partner.source for partner in term.english} == {"terminology"}
    english = draft(bilingual, "heart failure")
    assert english.ichushi == '("heart failure"/AL or 心不全/AL or 心機能不全/AL)'
    # The digit stays, and an abbreviation of up to three letters is not taken for one meaning.
    assert "2型糖尿病/AL" in draft(bilingual, "2型糖尿病").ichushi
    assert '"type 2 diabetes"[tiab]' in draft(bilingual, "2型糖尿病の薬物療法").pubmed
    assert draft(bilingual, "MS").ichushi == "MS/AL"


def test_who_has_an_illness_is_asked_for_by_the_illness(bilingual: Suggester) -> None:
    found = draft(bilingual, "心不全患者の再入院")
    assert found.concepts[0][0].term == "心不全"
    assert '"heart failure"[tiab]' in found.pubmed
    found = draft(bilingual, "慢性腎臓病の患者の低たんぱく食")
    assert [concept[0].term for concept in found.concepts] == ["慢性腎臓病", "低たんぱく食"]
    assert draft(bilingual, "患者").ichushi == "患者/AL"


def test_english_words_of_the_query_go_as_they_are(bilingual: Suggester) -> None:
    found = draft(bilingual, "oral care of aspiration pneumonia")
    assert found.pubmed.startswith('("oral care"[tiab] OR "oral hygiene"[tiab]')
    assert found.pubmed.endswith(' AND "aspiration pneumonia"[tiab]')
    assert found.ichushi.startswith('("oral care"/AL or 口腔ケア/AL')
    assert "誤嚥性肺炎/TH" in found.ichushi


def test_accepted_terms_are_concepts_unless_they_are_synonyms(bilingual: Suggester) -> None:
    found = draft(bilingual, "誤嚥性肺炎", ["嚥下訓練"])
    assert found.ichushi == "(誤嚥性肺炎/TH or 誤嚥性肺炎/AL or 嚥下性肺炎/AL) and 嚥下訓練/AL"


def test_an_empty_query_has_no_draft(bilingual: Suggester) -> None:
    with pytest.raises(QueryError):
        draft(bilingual, "  ")


@pytest.mark.parametrize(
    ("text", "term", "beside"),
    [
        ("心筋梗塞（ＭＩ）の治療", "心筋梗塞", ["MI"]),
        ("心筋梗塞 (myocardial infarction; MI)", "心筋梗塞", ["myocardial infarction", "MI"]),
        ("心筋梗塞と狭心症（AP）", "心筋梗塞", []),
        ("MI と書く。", "MI", []),
    ],
)
def test_brackets_introduce_a_term(text: str, term: str, beside: list[str]) -> None:
    assert list(bracketed(text, term)) == beside


def test_a_term_in_brackets_is_introduced_by_what_stands_before() -> None:
    assert "筋萎縮性側索硬化症" in bracketed("この筋萎縮性側索硬化症（ALS）は", "ALS")


def test_the_end_of_a_longer_name_has_no_abbreviation_of_its_own() -> None:
    text = "妊娠糖尿病（GDM）と、２型の糖尿病（DM）"
    assert list(bracketed(text, "糖尿病")) == ["DM"]
    assert list(bracketed(text, "妊娠糖尿病")) == ["GDM"]
