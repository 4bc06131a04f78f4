"""Records from plain data, checked field by field."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.records import (
    Author,
    Record,
    RecordError,
    Translation,
    guess_language,
    record_from_dict,
    record_to_dict,
)

FULL = {
    "id": "pmid:1",
    "title": "肺炎の治療",
    "abstract": "肺炎を治療した。",
    "language": "ja",
    "translations": [{"language": "en", "title": "Pneumonia", "abstract": "We treated it."}],
    "authors": [{"family": "山田", "given": "太郎"}],
    "journal": "架空内科",
    "date": "2020-03",
    "keywords": ["肺炎"],
    "retraction": "retracted",
}


def test_round_trip() -> None:
    record = record_from_dict(FULL)
    assert record_from_dict(record_to_dict(record)) == record
    assert record.year == 2020
    assert record.authors == (Author("山田", "太郎"),)


def test_versions_by_language() -> None:
    record = record_from_dict(FULL)
    assert record.version("en") == Translation("en", "Pneumonia", "We treated it.")
    assert record.version("de").title == "肺炎の治療"
    assert record.version("ja").text[record.version("ja").abstract_start :] == "肺炎を治療した。"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"id": ""}, "id is missing"),
        ({"id": "x" * 201}, "id has 201 characters"),
        ({"abstract": "x" * 200_001}, "abstract has 200001 characters"),
        ({"title": "", "abstract": "", "translations": []}, "nothing to search"),
        ({"date": "March 2020"}, "date is 'March 2020'"),
        ({"date": "2020-13"}, "should be YYYY"),
        ({"title": ["x"]}, "title is list"),
        ({"authors": "Yamada"}, "authors is str"),
        ({"authors": [{"given": "太郎"}]}, "'family'"),
        ({"retraction": "maybe"}, "'expression of concern'"),
        ({"titel": "x"}, "unknown field 'titel'"),
        ({"translations": [{"title": "x"}]}, "'language'"),
    ],
)
def test_what_is_wrong_is_named(change: dict[str, object], message: str) -> None:
    with pytest.raises(RecordError, match=message):
        record_from_dict({**FULL, **change})


def test_control_characters_are_dropped() -> None:
    record = record_from_dict({"id": "a", "title": "肺\x00炎\x1b", "abstract": "一\n二"})
    assert (record.title, record.abstract) == ("肺炎", "一\n二")


@pytest.mark.parametrize(
    ("text", "language"),
    [
        *(
            ("肺炎の治療", "ja"),
            ("肺炎", "ja"),
            ("Pneumonia", "en"),
            ("폐렴", "ko"),
            ("ﾊｲｴﾝ", "ja"),
        ),
        *(("病院機能評価受審記録", "ja"), ("肺結核患者沃度投與成績", "ja"), ("臨床的研究", "ja")),
        ("運動介入對社區老年人跌倒之影響", "zh"),
        ("糖尿病患者之護理指導與血糖控制的關係", "zh"),
    ],
)
def test_language_by_script(text: str, language: str) -> None:
    assert guess_language(text) == language


def test_link_prefers_the_doi() -> None:
    assert Record("a", "t", doi="10.5555/x", pmid="1").link() == "https://doi.org/10.5555/x"
    assert Record("a", "t", pmid="1").link() == "https://pubmed.ncbi.nlm.nih.gov/1/"
    assert Record("a", "t", url="https://example.org/").link() == "https://example.org/"


@given(st.text(max_size=50), st.text(max_size=50))
def test_equal_hashes_mean_equal_content(left: str, right: str) -> None:
    a, b = Record("1", title=left or "-"), Record("1", title=right or "-")
    assert (a.content_hash() == b.content_hash()) == (a == b)
