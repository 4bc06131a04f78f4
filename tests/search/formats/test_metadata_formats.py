"""Metadata of registers of trials, repositories, catalogues, Zotero and PubMed's eSummary."""

import io
import json
from pathlib import Path

import pytest

from search.formats import FORMATS, Deletion, Item, Rejected, recognise
from search.records import Record

SAMPLES = Path(__file__).parent / "samples"
SUMMARY = {
    "header": {"type": "esummary", "version": "0.3"},
    "result": {
        "uids": ["90000001", "90000002", "9"],
        "90000001": {
            "uid": "90000001", "pubdate": "2019 Mar 5", "source": "J Ex Med",
            "authors": [
                {"name": "Abe B", "authtype": "Author"},
                {"name": "Ito K", "authtype": "Author"},
            ],
            "title": "Falls of nurses 10.9999/x.", "volume": "12", "issue": "3", "pages": "45-50",
            "lang": ["eng"], "issn": "1234-5679", "essn": "", "pubtype": ["Journal Article"],
            "articleids": [
                {"idtype": "pubmed", "value": "90000001"},
                {"idtype": "doi", "value": "10.9999/es.1"},
            ],
            "fulljournalname": "Journal of Example Medicine", "vernaculartitle": "",
        },
        "90000002": {
            "uid": "90000002", "pubdate": "1998 Dec", "title": "[Gout in youth].",
            "lang": ["jpn"], "vernaculartitle": "若年者の痛風.",
        },
        "9": {"uid": "9", "error": "cannot get document summary"},
    },
}  # fmt: skip
V2 = """<?xml version="1.0"?><eSummaryResult><DocumentSummarySet status="OK">
<DocumentSummary uid="90000001"><PubDate>2019 Mar 5</PubDate>
<Title>Falls of nurses 10.9999/x.</Title>
<Authors><Author><Name>Abe B</Name><AuthType>Author</AuthType></Author><Author><Name>Ito K</Name>
<AuthType>Author</AuthType></Author></Authors><Volume>12</Volume><Issue>3</Issue>
<Pages>45-50</Pages>
<Lang><string>eng</string></Lang><ISSN>1234-5679</ISSN>
<PubType><flag>Journal Article</flag></PubType>
<ArticleIds><ArticleId><IdType>doi</IdType><Value>10.9999/es.1</Value></ArticleId></ArticleIds>
<FullJournalName>Journal of Example Medicine</FullJournalName></DocumentSummary>
<DocumentSummary uid="9"><error>cannot get document summary</error></DocumentSummary>
</DocumentSummarySet></eSummaryResult>"""


def content(name: str) -> bytes:
    return (SAMPLES / name).read_bytes()


def items(name: str, data: bytes) -> list[Item]:
    assert recognise(data, "file").name == name
    return list(FORMATS[name].read(io.BytesIO(data)))


def records(name: str, data: bytes) -> list[Record]:
    return [item for item in items(name, data) if isinstance(item, Record)]


def names(record: Record) -> list[str]:
    return [f"{a.family}|{a.given}" for a in record.authors]


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("esummary-xml", content("esummary.xml")),
        ("esummary-xml", V2.encode()),
        ("esummary-json", json.dumps(SUMMARY).encode()),
    ],
)
def test_esummary(name: str, data: bytes) -> None:
    first = records(name, data)[0]
    assert (first.id, first.doi, first.date) == ("pmid:90000001", "10.9999/es.1", "2019-03-05")
    assert (first.title, names(first)) == ("Falls of nurses 10.9999/x.", ["Abe|B", "Ito|K"])
    assert (first.journal, first.volume, first.issue, first.pages) == (
        "Journal of Example Medicine",
        "12",
        "3",
        "45-50",
    )
    assert (first.issn, first.publication_types) == ("1234-5679", ("Journal Article",))


def test_what_pubmed_could_not_summarise_is_told() -> None:
    for name, data in (
        ("esummary-json", json.dumps(SUMMARY).encode()),
        ("esummary-xml", V2.encode()),
    ):
        (rejected,) = [item for item in items(name, data) if isinstance(item, Rejected)]
        assert "cannot get document summary" in rejected.reason


def test_a_summary_in_two_languages() -> None:
    second = records("esummary-json", json.dumps(SUMMARY).encode())[1]
    assert (second.title, second.language) == ("若年者の痛風.", "ja")
    assert second.translations[0].title == "Gout in youth."


def test_ictrp() -> None:
    first, second = records("ictrp", content("ictrp.xml"))
    assert (first.id, first.trial_ids) == (
        "trial:jRCT1031200001",
        ("jRCT1031200001", "NCT01234567"),
    )
    assert first.title.startswith("Exercise against falls of nurses")
    assert first.abstract == (
        "Public title: Falls of nurses, the short one\nCondition: Falls ;Fractures\n"
        "Intervention: Exercise\nPrimary outcome: Falls in a year"
    )
    assert (first.date, first.journal, names(first)) == (
        "2020-04-01",
        "jRCT",
        ["Example University|"],
    )
    assert first.keywords == ("Falls", "Fractures")
    assert (second.date, second.translations[0].title) == ("2021-05-13", "転倒を減らす試験")


def test_the_layout_in_which_registers_give_their_trials() -> None:
    data = """<trials><trial><main><trial_id>jRCT1</trial_id><public_title>転倒の試験</public_title>
    <date_registration>2020-04-01</date_registration><hc_freetext>転倒</hc_freetext></main>
    <secondary_ids><secondary_id><sec_id>UMIN000000001</sec_id></secondary_id></secondary_ids>
    </trial></trials>"""
    (record,) = records("ictrp", data.encode())
    assert (record.title, record.language, record.abstract) == (
        "転倒の試験",
        "ja",
        "Condition: 転倒",
    )
    assert record.trial_ids == ("jRCT1", "UMIN000000001")


def test_oai_dc() -> None:
    first, second, deleted = items("oai-dc", content("oai_dc.xml"))
    assert isinstance(first, Record)
    assert (first.id, first.title, first.language) == (
        "doi:10.9999/oai.1",
        "病棟における転倒",
        "ja",
    )
    assert first.translations[0].title == "Falls in a ward"
    assert first.abstract.startswith("病棟で起きた転倒を")
    assert names(first) == ["山田|太郎", "鈴木|花子"]
    assert (first.journal, first.volume, first.issue, first.pages) == (
        "架空大学紀要",
        "12",
        "3",
        "45-50",
    )
    assert (first.date, first.issn, first.keywords) == ("2019-03", "1234-5679", ("転倒", "看護"))
    assert isinstance(second, Record)
    assert second.id == "oai:example.org:2"
    assert deleted == Deletion("oai:example.org:3")


def test_dublin_core_outside_an_answer() -> None:
    data = (
        '<oai_dc:dc xmlns:oai_dc="http://www.openarchives.org/OAI/2.0/oai_dc/" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>Alone</dc:title></oai_dc:dc>'
    )
    (record,) = records("oai-dc", data.encode())
    assert record.title == "Alone"


def test_mods() -> None:
    first, second = records("mods", content("mods.xml"))
    assert (first.id, first.title, first.abstract) == (
        "doi:10.9999/mods.1",
        "病棟における転倒",
        "転倒を数えた。",
    )
    assert (first.translations[0].title, first.translations[0].abstract) == (
        "Falls in a ward",
        "We counted falls.",
    )
    assert names(first) == ["山田|太郎", "Example Study Group|"]
    assert (first.journal, first.volume, first.issue, first.pages) == (
        "架空内科",
        "12",
        "3",
        "45-50",
    )
    assert (first.date, first.issn, first.url) == (
        "2019-03-05",
        "1234-5679",
        "https://example.org/1",
    )
    assert (second.title, second.date) == ("A book: of falls", "2020")


def test_zotero_rdf() -> None:
    first, second, third = items("zotero-rdf", content("zotero.rdf"))
    assert isinstance(first, Record)
    assert (first.id, first.doi, first.language) == ("pmid:90000001", "10.9999/rdf.1", "ja")
    assert (first.title, first.abstract) == ("病棟における転倒", "転倒を数えた。\n12件であった。")
    assert names(first) == ["山田|太郎", "Example Study Group|"]
    assert (first.journal, first.volume, first.issue, first.pages) == (
        "架空内科",
        "12",
        "3",
        "45-50",
    )
    assert (first.issn, first.keywords) == ("1234-5679", ("転倒", "看護"))
    assert isinstance(second, Record)
    assert isinstance(third, Record)
    assert second.title == "A preprint of falls"
    assert (third.journal, third.volume) == ("Example Medicine", "7")
