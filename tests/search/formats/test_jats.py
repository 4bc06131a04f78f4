"""JATS: languages side by side, names, dates; the front alone counts."""

import io
from pathlib import Path

import pytest

from search.formats.jats import read, recognises
from search.formats.syntax.read_items import Rejected
from search.records import Author, Notice, Record, Translation

SAMPLE = Path(__file__).parent / "samples" / "jats_japanese.xml"


def article(meta: str, attributes: str = "") -> Record:
    xml = f"<article {attributes}><front><article-meta>{meta}</article-meta></front></article>"
    (record,) = read(io.BytesIO(xml.encode()))
    assert isinstance(record, Record), record
    return record


def titled(meta: str) -> Record:
    return article(f"<title-group><article-title>T</article-title></title-group>{meta}")


def test_every_field_of_a_japanese_article() -> None:
    (record,) = read(io.BytesIO(SAMPLE.read_bytes()))
    assert record == Record(
        id="doi:10.9999/kakuu.10_1",
        title="黄色い指の1例：10年の経過",
        abstract="背景: 指が黄色い。\n結論: 原因はβカロテンであった。",
        language="ja",
        translations=(
            Translation(
                "en",
                "A case of yellow fingers: ten years on",
                "The fingers were yellow.\nCarotene was α cause.",
            ),
        ),
        authors=(Author("山田", "太郎"), Author("鈴木", "花子"), Author("黄色い指研究会")),
        journal="架空医学雑誌",
        date="2019-03",
        volume="10",
        issue="1",
        pages="12-15",
        doi="10.9999/kakuu.10_1",
        url="https://example.org/kakuu/10/1",
        keywords=("カロテン", "指", "carotene"),
        publication_types=("Case Reports",),
        retraction="corrected",
        issn="0000-0035",
        notices=(Notice("Erratum", "10.9999/kakuu.10_2"),),
    )


def test_an_english_article_takes_the_english_names_and_the_japanese_title_beside() -> None:
    xml = SAMPLE.read_text().replace('dtd-version="1.1" xml:lang="ja"', 'xml:lang="en"')
    xml = xml.replace('<article-title xml:lang="ja">', '<article-title xml:lang="en">Fingers, ')
    (record,) = read(io.BytesIO(xml.encode()))
    assert isinstance(record, Record)
    assert record.language == "en"
    assert record.authors[0] == Author("Yamada", "Taro")
    assert record.journal == "Journal of Imaginary Medicine"
    assert record.abstract.startswith("The fingers were yellow.")


def test_the_older_dtd() -> None:
    record = article(
        "<article-id pub-id-type='pmc'>123</article-id>"
        "<title-group><article-title>T</article-title>"
        "<trans-title xml:lang='fr'>Le T</trans-title></title-group>"
        "<contrib-group><contrib><string-name>Doe, Jane</string-name></contrib></contrib-group>"
        "<elocation-id>e5</elocation-id>"
    )
    assert record.id == "pmc:PMC123"
    assert record.translations == (Translation("fr", "Le T"),)
    assert (record.authors, record.pages) == ((Author("Doe", "Jane"),), "e5")


@pytest.mark.parametrize(
    ("dates", "expected"),
    [
        (
            "<pub-date pub-type='collection'><year>2011</year></pub-date>"
            "<pub-date pub-type='epub'><day>2</day><month>8</month><year>2011</year></pub-date>",
            "2011-08-02",
        ),
        (
            "<pub-date pub-type='epub'><day>2</day><month>8</month><year>2011</year></pub-date>"
            "<pub-date pub-type='ppub'><month>Nov</month><year>2011</year></pub-date>",
            "2011-11",
        ),
        ("<pub-date iso-8601-date='2020-02-03'/>", "2020-02-03"),
        ("<pub-date pub-type='pmc-release'><year>2025</year></pub-date>", ""),
        ("<pub-date><season>Spring</season><year>2001</year></pub-date>", "2001"),
    ],
)
def test_the_date_of_publication(dates: str, expected: str) -> None:
    assert titled(dates).date == expected


@pytest.mark.parametrize(
    ("relation", "state"),
    [
        ("retraction-forward", "retracted"),
        ("concern-forward", "expression of concern"),
        ("correction-forward", "corrected"),
        ("partial-retraction-forward", "corrected"),
        ("retracted-article", ""),
        ("corrected-article", ""),
        ("companion", ""),
    ],
)
def test_notices_about_the_article(relation: str, state: str) -> None:
    record = titled(
        f"<related-article related-article-type='{relation}' xlink:href='10.9999/n.1'/>"
    )
    assert record.retraction == state
    assert [notice.reference for notice in record.notices] == (["10.9999/n.1"] if state else [])


def test_articles_of_a_set_and_one_without_front() -> None:
    whole = SAMPLE.read_text().partition("<article ")
    one = whole[1] + whole[2]
    xml = f"<pmc-articleset>{one}<article><body/></article>{one}</pmc-articleset>"
    assert recognises(xml.encode())
    first, rejected, last = read(io.BytesIO(xml.encode()))
    assert isinstance(first, Record)
    assert isinstance(rejected, Rejected)
    assert first == last


def test_summaries_and_pictures_are_not_the_abstract() -> None:
    record = titled(
        "<abstract abstract-type='summary'><p>For all.</p></abstract>"
        "<abstract><p>The abstract.</p></abstract>"
    )
    assert record.abstract == "The abstract."
