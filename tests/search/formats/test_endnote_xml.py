"""EndNote XML: styles, numbers of several databases, two languages."""

import io
from pathlib import Path

import pytest

from search.formats.endnote_xml import read, recognises
from search.records import Author, Record, Translation

SAMPLE = Path(__file__).parent / "samples" / "endnote.xml"


def entry(inside: str) -> Record:
    xml = (
        f"<xml><records><record><titles><title>T</title></titles>{inside}</record></records></xml>"
    )
    (record,) = read(io.BytesIO(xml.encode()))
    assert isinstance(record, Record), record
    return record


def test_every_field_of_a_record() -> None:
    record = next(read(io.BytesIO(SAMPLE.read_bytes())))
    assert record == Record(
        id="pmid:90000001",
        title="Effect of Exemplum tea",
        abstract="Tea is drunk; p < 0.05.",
        language="en",
        authors=(Author("Yamada", "Taro"), Author("Tea Trial Group")),
        journal="Journal of Invented Medicine",
        date="2021-03-09",
        volume="12",
        issue="3",
        pages="283-298",
        doi="10.9999/Invent.2021.3",
        pmid="90000001",
        url="https://example.org/tea",
        keywords=("Tea/adverse effects", "Humans"),
        publication_types=("Journal Article",),
        issn="0000-0019",
    )


def test_a_japanese_record_from_ichushi() -> None:
    record = list(read(io.BytesIO(SAMPLE.read_bytes())))[1]
    assert isinstance(record, Record)
    assert (record.id, record.ichushi_id) == ("ichushi:2019123456", "2019123456")
    assert record.translations == (Translation("en", "A case of yellow fingers"),)
    assert record.authors == (Author("山田", "太郎"), Author("鈴木", "花子"))
    assert record.keywords == ("カロテン", "指")


def test_a_retracted_book_from_embase() -> None:
    record = list(read(io.BytesIO(SAMPLE.read_bytes())))[2]
    assert isinstance(record, Record)
    assert (record.id, record.retraction, record.issn) == ("embase:L90000009", "retracted", "")
    assert record.date == "2001-05-03"


@pytest.mark.parametrize(
    ("inside", "record_id"),
    [
        (
            "<urls><related-urls><url>https://pubmed.ncbi.nlm.nih.gov/77/</url></related-urls></urls>",
            "pmid:77",
        ),
        (
            "<accession-num>77</accession-num><remote-database-provider>NLM</remote-database-provider>",
            "pmid:77",
        ),
        (
            "<urls><related-urls><url>https://doi.org/10.9999/A.1</url></related-urls></urls>",
            "doi:10.9999/a.1",
        ),
        (
            "<accession-num>A 7</accession-num>"
            "<remote-database-name>PsycINFO</remote-database-name>",
            "psycinfo:A 7",
        ),
    ],
)
def test_whose_number_the_record_carries(inside: str, record_id: str) -> None:
    assert entry(inside).id == record_id


def test_a_record_without_number_has_the_same_id_each_time() -> None:
    first, second = entry("<rec-number>1</rec-number>"), entry("<rec-number>2</rec-number>")
    assert first.id.startswith("hash:")
    assert first.id == second.id


@pytest.mark.parametrize(
    ("dates", "expected"),
    [
        ("<year>2018</year><pub-dates><date>May 17</date></pub-dates>", "2018-05-17"),
        ("<year>2018</year><pub-dates><date>2018/05/17</date></pub-dates>", "2018-05-17"),
        ("<year>2018</year><pub-dates><date>2024-01-01</date></pub-dates>", "2018"),
        ("<year>2018年</year>", "2018"),
        ("<pub-dates><date>17 May 2018</date></pub-dates>", "2018-05-17"),
        ("<year>in press</year>", ""),
    ],
)
def test_dates(dates: str, expected: str) -> None:
    assert entry(f"<dates>{dates}</dates>").date == expected


def test_recognised_by_its_fields() -> None:
    assert recognises(SAMPLE.read_bytes())
    assert not recognises(b"<xml><records><record><a/></record></records></xml>")
