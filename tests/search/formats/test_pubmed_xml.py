"""PubMed XML: every field, both languages, retractions, deletions, books."""

import gzip
import io
from pathlib import Path

import pytest

from search.formats import Deletion, read_records
from search.formats.pubmed_xml import read, recognises
from search.formats.syntax.read_items import Rejected
from search.records import Author, Notice, Record, Translation

SAMPLE = Path(__file__).parent / "samples" / "pubmed.xml"


def article(inside: str, outside: str = "") -> Record:
    """The record of one PubmedArticle with ``inside`` in its Article, ``outside`` after it."""
    xml = (
        "<PubmedArticleSet><PubmedArticle><MedlineCitation><PMID>1</PMID><Article>"
        f"{inside}</Article>{outside}</MedlineCitation></PubmedArticle></PubmedArticleSet>"
    )
    (record,) = read(io.BytesIO(xml.encode()))
    assert isinstance(record, Record), record
    return record


def dated(pubdate: str) -> str:
    return article(
        f"<Journal><JournalIssue><PubDate>{pubdate}</PubDate></JournalIssue></Journal>"
        "<ArticleTitle>T</ArticleTitle>"
    ).date


def noticed(reftype: str) -> Record:
    return article(
        "<ArticleTitle>T</ArticleTitle>",
        f"<CommentsCorrectionsList><CommentsCorrections RefType='{reftype}'>"
        "<RefSource>J. 1</RefSource></CommentsCorrections></CommentsCorrectionsList>",
    )


def test_every_field_of_an_article() -> None:
    record = next(read(io.BytesIO(SAMPLE.read_bytes())))
    assert record == Record(
        id="pmid:90000001",
        title="架空茶の水分バランスへの効果：試験",
        abstract="茶は飲まれている。",
        language="ja",
        translations=(
            Translation(
                "en",
                "Effect of Exemplum tea on H2O balance: a trial.",
                "BACKGROUND: Tea is drunk; p < 0.05.\n"
                "METHODS: We gave 10 mg kg-1.\n"
                "Unlabelled end.",
            ),
        ),
        authors=(
            Author("Yamada", "Taro"),
            Author("Smith", "JQ Jr"),
            Author("Tea Trial Group"),
        ),
        journal="Journal of invented medicine",
        date="2021-03-09",
        volume="12",
        issue="3",
        pages="283-298",
        doi="10.9999/Invent.2021.3",
        pmid="90000001",
        keywords=("Tea", "Humans", "water balance"),
        publication_types=("Journal Article", "Randomized Controlled Trial"),
        issn="0000-0019",
        trial_ids=("NCT00000001", "UMIN000000001"),
    )


def test_a_retracted_article_keeps_its_notices() -> None:
    record = list(read(io.BytesIO(SAMPLE.read_bytes())))[1]
    assert isinstance(record, Record)
    assert record.retraction == "retracted"
    assert record.notices == (
        Notice("Retraction", "Ann Fict. 2001 May;3(2):9", "90000009"),
        Notice("Erratum", "Ann Fict. 1999 Feb;1(2):3"),
    )
    assert (record.doi, record.journal, record.issn) == ("10.9999/fict.1", "Ann Fict", "0000-0027")


def test_a_chapter_of_a_book_has_the_book_as_journal() -> None:
    record = list(read(io.BytesIO(SAMPLE.read_bytes())))[2]
    assert isinstance(record, Record)
    assert (record.title, record.journal) == ("Chapter on yellow fingers", "Invented Diseases")
    assert record.authors == (Author("Sato", "Hanako"),)
    assert (record.date, record.publication_types) == ("2016-07-01", ("Review",))


def test_deletions_of_an_update_file() -> None:
    assert list(read(io.BytesIO(SAMPLE.read_bytes())))[3:] == [
        Deletion("pmid:90000004"),
        Deletion("pmid:90000005"),
    ]


@pytest.mark.parametrize(
    ("pubdate", "date"),
    [
        ("<Year>2018</Year><Month>05</Month><Day>17</Day>", "2018-05-17"),
        ("<Year>2018</Year><Month>May</Month>", "2018-05"),
        ("<Year>2018</Year><Season>Spring</Season>", "2018"),
        ("<MedlineDate>1998 Dec-1999 Jan</MedlineDate>", "1998-12"),
        ("<MedlineDate>2000 Spring-Summer</MedlineDate>", "2000"),
        ("<MedlineDate>1999 Jul 15-30</MedlineDate>", "1999-07-15"),
        ("<MedlineDate>1976-1977</MedlineDate>", "1976"),
        ("<Year>2018</Year><Month>02</Month><Day>31</Day>", "2018-02"),
        ("", ""),
    ],
)
def test_dates_in_all_their_shapes(pubdate: str, date: str) -> None:
    assert dated(pubdate) == date


def test_the_electronic_date_where_the_issue_has_none() -> None:
    record = article(
        "<ArticleTitle>T</ArticleTitle><ArticleDate DateType='Electronic'>"
        "<Year>2020</Year><Month>01</Month><Day>02</Day></ArticleDate>"
    )
    assert record.date == "2020-01-02"


@pytest.mark.parametrize(
    ("title", "language", "expected"),
    [
        ("[A case of gout].", "ger", ("en", "A case of gout.")),
        ("[A case of gout.]", "jpn", ("en", "A case of gout.")),
        ("Diabetes in Japan.", "jpn", ("en", "Diabetes in Japan.")),
        ("日本の糖尿病", "jpn", ("ja", "日本の糖尿病")),
        ("Ein Fall von Gicht.", "ger", ("de", "Ein Fall von Gicht.")),
        ("[Sic] transit [gloria].", "eng", ("en", "[Sic] transit [gloria].")),
        ("[Sic] transit [gloria].", "fre", ("fr", "[Sic] transit [gloria].")),
    ],
)
def test_a_translated_title_loses_its_brackets(
    title: str, language: str, expected: tuple[str, str]
) -> None:
    record = article(f"<ArticleTitle>{title}</ArticleTitle><Language>{language}</Language>")
    assert (record.language, record.title) == expected


def test_an_untranslated_title_counts_alone() -> None:
    record = article(
        "<ArticleTitle>[Not Available].</ArticleTitle><Language>spa</Language>"
        "<VernacularTitle>Un caso de gota.</VernacularTitle>"
    )
    assert (record.language, record.title, record.translations) == ("es", "Un caso de gota.", ())


def test_an_abstract_that_may_not_be_shown_is_none() -> None:
    record = article(
        "<ArticleTitle>[A case].</ArticleTitle><Language>fre</Language>",
        "<OtherAbstract Type='Publisher' Language='fre'><AbstractText>Abstract available from the "
        "publisher.</AbstractText></OtherAbstract>",
    )
    assert (record.abstract, record.translations) == ("", ())


def test_markup_that_was_escaped_is_no_text() -> None:
    record = article(
        "<ArticleTitle>&lt;i&gt;E. coli&lt;/i&gt; &amp;amp; p &lt; 0.05</ArticleTitle>"
    )
    assert record.title == "E. coli & p < 0.05"


@pytest.mark.parametrize(
    ("reftype", "state", "kind"),
    [
        ("RetractionIn", "retracted", "Retraction"),
        ("RetractedandRepublishedIn", "retracted", "Retraction and Republication"),
        ("PartialRetractionIn", "corrected", "Partial Retraction"),
        ("ExpressionOfConcernIn", "expression of concern", "Expression of Concern"),
        ("ErratumIn", "corrected", "Erratum"),
        ("CorrectedandRepublishedIn", "corrected", "Correction and Republication"),
    ],
)
def test_notices_about_the_record(reftype: str, state: str, kind: str) -> None:
    record = noticed(reftype)
    assert (record.retraction, record.notices) == (state, (Notice(kind, "J. 1"),))


@pytest.mark.parametrize("reftype", ["RetractionOf", "ErratumFor", "CommentIn", "Cites"])
def test_notices_about_others_say_nothing_of_the_record(reftype: str) -> None:
    record = noticed(reftype)
    assert (record.retraction, record.notices) == ("", ())


def test_an_article_without_title_is_rejected_and_the_next_is_read() -> None:
    empty = (
        "<PubmedArticle><MedlineCitation><PMID>1</PMID><Article/></MedlineCitation></PubmedArticle>"
    )
    full = empty.replace("<Article/>", "<Article><ArticleTitle>T</ArticleTitle></Article>")
    rejected, record = read(
        io.BytesIO(f"<PubmedArticleSet>{empty}{full}</PubmedArticleSet>".encode())
    )
    assert isinstance(rejected, Rejected)
    assert rejected.place == "PubmedArticle 1"
    assert "nothing to search" in rejected.reason
    assert isinstance(record, Record)


def test_recognised_by_content_and_read_from_gzip(tmp_path: Path) -> None:
    packed = tmp_path / "pubmed25n0001.xml.gz"
    packed.write_bytes(gzip.compress(SAMPLE.read_bytes()))
    items = [item for item, _ in read_records(packed)]
    assert items == list(read(io.BytesIO(SAMPLE.read_bytes())))
    assert recognises(SAMPLE.read_bytes())
    assert not recognises(b"<?xml version='1.0'?><article><front/></article>")
