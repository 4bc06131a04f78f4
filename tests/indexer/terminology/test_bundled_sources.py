"""What is taken from each source of the terminology that ships, and what is left out."""

import gzip
from pathlib import Path

import pytest

from indexer.terminology import bundled_sources as bundled_sources_module
from indexer.terminology.bundled_sources import MANBYO, SUDACHI, bundled_sources
from indexer.terminology.joining import joined
from indexer.terminology.statements import Statement
from indexer.terminology.term_table import read_table
from search.terminology.keys import key

_DRUGS = "一般名,[細分類],[大分類]\nシスプラチン,抗がん剤,抗がん剤\n鎮痛薬;鎮静薬,鎮痛薬,鎮痛薬\n"
_EVENTS = (
    "出現形,[ICDコード],[標準病名]\n黄染,R17,黄疸\n薬剤熱,R509,発熱\n"
    "熱発,R509,発熱\n痛み;苦しみ,R52,疼痛\n"
)
_MANBYO = (
    "surface,icd10,standard_name\n"
    "発熱,R509,発熱\n熱発,R509,発熱\n薬剤熱,R509,発熱\n軽度発熱,R509,発熱\n"
    "黄疸,R17,黄疸\n黄染,R17,黄疸\n皮膚黄染,R17,黄疸\n"
    "肺のう胞,J984,肺のう胞\n肺嚢胞,J984,肺のう胞\n左肺嚢胞,J984,肺のう胞\n"
    "ダノン病,E740,ダノン病\nＤａｎｏｎ病,E740,ダノン病\n"
    "慢性閉塞性肺疾患,J449,慢性閉塞性肺疾患\nＣＯＰＤ,J449,慢性閉塞性肺疾患\nＣＰＡＰ,J449,慢性閉塞性肺疾患\n"
    '脳梗塞後片麻痺,"I639,G819",片麻痺，脳梗塞\n手指屈筋,-1,-1\n'
)
_SUDACHI = "\n".join(
    [
        "000127,1,0,1,0,0,0,(医療),インフルエンザ,,",
        "000127,1,0,1,0,0,1,(医療),influenza,,",
        "000127,1,1,1,0,2,0,(医療),流感,,",
        "000824,1,0,1,0,0,0,(医療),メタボリックシンドローム,,",
        "000824,1,0,1,0,0,1,(医療),metabolic syndrome,,",
        "000824,1,0,1,0,2,1,(医療),metabolic,,",
        "000900,1,0,1,0,0,0,(料理),雑炊,,",
        "000900,1,0,1,0,0,0,(料理),おじや,,",
    ]
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    plain = {
        "hpo_ja.tsv": "id\tenglish\tjapanese\nHP:1\tChronic obstructive pulmonary disease\t"
        "慢性閉塞性肺疾患\nHP:2\tOne thing\t同じ訳\nHP:3\tAnother thing\t同じ訳\n",
        "medical_glossary_en_ja.tsv": "english\tjapanese\n1/2 T vector\t1/2Tベクトル\n"
        "induction\t感応\ninduction\t導入\nliver function test\t肝機能検査\n",
        "meddic_cancer_ade.csv": _EVENTS,
        "meddic_cancer_drug.csv": _DRUGS,
    }
    for name, text in plain.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    for name, text in (("manbyo.csv.gz", _MANBYO), ("sudachi_synonyms.txt.gz", _SUDACHI)):
        with gzip.open(tmp_path / name, "wt", encoding="utf-8") as stream:
            stream.write(text)
    return tmp_path


def names_of(folder: Path, name: str, source: object = None) -> set[str]:
    for concept in joined(bundled_sources(folder)):
        if key(name) in concept.labels:
            return {
                text
                for (text, _, _), said in concept.labels.values()
                if source is None or said == source
            }
    return set()


def test_of_what_clinicians_write_only_other_names_count(folder: Path) -> None:
    # Said by two sources; not what is more special, nor a phrase with the name in it.
    assert names_of(folder, "発熱", MANBYO) == {"熱発"}
    assert "黄染" in names_of(folder, "黄疸")
    assert "皮膚黄染" not in names_of(folder, "黄疸")
    # Another way of writing; not with a side.
    assert names_of(folder, "肺のう胞") == {"肺のう胞", "肺嚢胞"}
    assert names_of(folder, "ダノン病") == {"ダノン病", "Ｄａｎｏｎ病"}


def test_an_abbreviation_counts_where_an_english_name_begins_so(folder: Path) -> None:
    names = names_of(folder, "慢性閉塞性肺疾患")
    assert "COPD" in {key(name).upper() for name in names}
    assert "ＣＰＡＰ" not in names


def test_general_words_and_ambiguous_labels_are_left_out(folder: Path) -> None:
    assert names_of(folder, "liver function test") == {"肝機能検査", "liver function test"}
    for name in ("induction", "1/2 T vector", "同じ訳", "雑炊", "鎮痛薬;鎮静薬"):
        assert not names_of(folder, name)


def test_synonyms_that_the_dictionary_does_not_expand_to_are_left_out(folder: Path) -> None:
    assert "流感" not in names_of(folder, "インフルエンザ", SUDACHI)
    assert "metabolic" not in names_of(folder, "メタボリックシンドローム")


def test_every_row_of_the_everyday_names_is_read() -> None:
    file = Path(bundled_sources_module.__file__).with_name("everyday.tsv")
    with file.open("rb") as stream:
        read = list(read_table(stream))
    assert len(read) > 300
    assert all(isinstance(item, Statement) for item in read)


def test_a_drug_lies_under_its_class(folder: Path) -> None:
    (cisplatin,) = (c for c in joined(bundled_sources(folder)) if key("シスプラチン") in c.labels)
    assert list(cisplatin.broader) == ["抗がん剤"]
