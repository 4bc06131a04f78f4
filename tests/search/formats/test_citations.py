"""Formatted citations: names, escaping, what is missing."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search.formats.citations import CITATION_STYLES, CitationStyle, citation
from search.records import Author, Record
from tests.search.formats.literature import records

JAPANESE = Record(
    "a",
    title="急性心筋梗塞の治療。",
    language="ja",
    authors=(Author("山田", "太郎"), Author("佐藤", "さくら"), Author("スミス", "ジョン")),
    journal="架空循環器科学雑誌",
    date="2021-03",
    volume="12",
    issue="3",
    pages="101-109",
    doi="10.1/x",
)
ENGLISH = Record(
    "b",
    title="Does it work?",
    language="en",
    authors=(Author("Smith", "John A"), Author("de la Cruz", "María"), Author("WHO")),
    journal="Fict Med J",
    date="2020",
    volume="1",
    pages="1-9",
)


@pytest.mark.parametrize(
    ("record", "style", "expected"),
    [
        (JAPANESE, "vancouver", "山田太郎, 佐藤さくら, スミス ジョン. 急性心筋梗塞の治療. "
         "架空循環器科学雑誌. 2021;12(3):101–9. doi:10.1/x"),
        (JAPANESE, "apa", "山田 太郎, 佐藤 さくら, & スミス ジョン. (2021). 急性心筋梗塞の治療. "
         "架空循環器科学雑誌, 12(3), 101–109. https://doi.org/10.1/x"),
        (JAPANESE, "sist02", "山田太郎, 佐藤さくら, スミス ジョン. 急性心筋梗塞の治療. "
         "架空循環器科学雑誌. 2021, vol. 12, no. 3, p. 101–109."),
        (ENGLISH, "vancouver", "Smith JA, de la Cruz M, WHO. Does it work? Fict Med J. "
         "2020;1:1–9."),
        (ENGLISH, "apa", "Smith, J. A., de la Cruz, M., & WHO. (2020). Does it work? "
         "Fict Med J, 1, 1–9."),
        (ENGLISH, "sist02", "Smith, J. A., de la Cruz, M., WHO. Does it work? Fict Med J. "
         "2020, vol. 1, p. 1–9."),
        (Record("c", title="No more", language="en", retraction="retracted", journal="J & K"),
         "apa", "No more [Retracted]. (n.d.). J & K."),
        (Record("c", title="撤回された文献", language="ja", retraction="retracted", journal="誌"),
         "sist02", "撤回された文献［撤回］. 誌."),
        (Record("c", abstract="x", language="en", date="2001"), "vancouver", "[no title]. 2001."),
    ],
)  # fmt: skip
def test_a_citation_is_what_the_style_asks_for(
    record: Record, style: CitationStyle, expected: str
) -> None:
    assert citation(record, style) == expected


@settings(deadline=None, max_examples=15)
@given(record=records(), style=st.sampled_from(CITATION_STYLES))
def test_whatever_a_record_says_is_text(record: Record, style: CitationStyle) -> None:
    hostile = Record(
        "x",
        title=f"<script>&amp; {record.title}",
        language="en",
        authors=(Author("<b>", "<i>"), *record.authors),
        journal="J<img src=x>",
        doi=record.doi,
    )
    assert "<" not in citation(hostile, style, "html").replace("<i>", "").replace("</i>", "")
    assert "<script>&amp;" in citation(hostile, style)
    # APA writes journals with capitals.
    assert "j<img src=x>" in citation(hostile, style).lower()
