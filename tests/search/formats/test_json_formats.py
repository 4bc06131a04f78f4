"""JSON of reference managers and of open APIs; and files that no reader knows."""

import io
import json

import pytest

from search.formats import FormatError, Rejected, recognise
from search.records import Record

CSL = [
    {
        "id": "x/1", "type": "article-journal", "title": "Falls of <i>nurses</i>",
        "container-title": "J Ex", "DOI": "10.5555/c.1", "ISSN": "0000-0019", "page": "45-50",
        "author": [
            {"family": "Abe", "given": "Bun", "non-dropping-particle": "van"},
            {"literal": "Example Study Group"},
        ],
        "issued": {"date-parts": [["2019", 3, 5]]}, "note": "PMID: 31000001", "volume": "12",
    },
    {"id": "x/2", "type": "book", "title": "病棟の転倒", "issued": {"raw": "2020年3月"}},
]  # fmt: skip
CROSSREF = {
    "status": "ok", "message-type": "work-list",
    "message": {"items": [{
        "DOI": "10.5555/c.1", "title": ["Falls of nurses"], "type": "journal-article",
        "abstract": "<jats:p>We counted falls.</jats:p>", "container-title": ["J Ex"],
        "author": [{"given": "Bun", "family": "van Abe"}], "volume": "12", "page": "45-50",
        "published": {"date-parts": [[2019, 3]]}, "ISSN": ["0000-0019"],
    }]},
}  # fmt: skip
OPENALEX = {
    "meta": {"count": 1},
    "results": [{
        "id": "https://openalex.org/W7", "doi": "https://doi.org/10.5555/c.1",
        "title": "Falls of nurses", "publication_date": "2019-03-05", "language": "en",
        "abstract_inverted_index": {"falls.": [2], "We": [0], "counted": [1]},
        "authorships": [{"author": {"display_name": "Bun van Abe"}}],
        "biblio": {"volume": "12", "issue": "3", "first_page": "45", "last_page": "50"},
        "primary_location": {"source": {"display_name": "J Ex", "issn_l": "0000-0019"}},
        "ids": {"pmid": "https://pubmed.ncbi.nlm.nih.gov/31000001"},
    }],
}  # fmt: skip
EUROPE_PMC = {
    "hitCount": 1,
    "resultList": {"result": [{
        "id": "31000001", "source": "MED", "pmid": "31000001", "doi": "10.5555/c.1",
        "title": "Falls of nurses", "abstractText": "<h4>Aim</h4>We counted falls.",
        "authorList": {"author": [{"firstName": "Bun", "lastName": "van Abe"}]},
        "journalInfo": {"volume": "12", "journal": {"title": "J Ex", "issn": "0000-0019"},
                        "dateOfPublication": "2019 Mar 5"},
        "pageInfo": "45-50",
    }]},
}  # fmt: skip
TRIALS = {
    "studies": [{"protocolSection": {
        "identificationModule": {"nctId": "NCT00000001", "briefTitle": "Falls of nurses"},
        "descriptionModule": {"briefSummary": "We counted falls."},
        "statusModule": {"startDateStruct": {"date": "2019-03"}},
        "conditionsModule": {"conditions": ["Falls"]},
        "sponsorCollaboratorsModule": {"leadSponsor": {"name": "Example University"}},
    }}],
}  # fmt: skip


def read(name: str, document: object) -> list[Record]:
    content = json.dumps(document, ensure_ascii=False).encode()
    chosen = recognise(content, "answer.json")
    assert chosen.name == name
    items = list(chosen.read(io.BytesIO(content)))
    assert all(isinstance(item, Record) for item in items), items
    return [item for item in items if isinstance(item, Record)]


def test_csl_json() -> None:
    first, second = read("csl-json", CSL)
    assert (first.id, first.title, first.date) == ("pmid:31000001", "Falls of nurses", "2019-03-05")
    assert [(a.family, a.given) for a in first.authors] == [
        ("van Abe", "Bun"),
        ("Example Study Group", ""),
    ]
    assert (first.journal, first.volume, first.pages) == ("J Ex", "12", "45-50")
    assert (second.language, second.date) == ("ja", "2020-03")


@pytest.mark.parametrize(
    ("name", "document"),
    [("crossref", CROSSREF), ("openalex", OPENALEX), ("europe-pmc", EUROPE_PMC)],
)
def test_answers_of_open_apis(name: str, document: object) -> None:
    (record,) = read(name, document)
    assert record.title == "Falls of nurses"
    assert record.abstract.endswith("We counted falls.")
    assert [(a.family, a.given) for a in record.authors] == [("van Abe", "Bun")]
    assert record.date.startswith("2019-03")
    assert (record.journal, record.volume, record.pages) == ("J Ex", "12", "45-50")
    assert (record.doi, record.issn) == ("10.5555/c.1", "0000-0019")


def test_registered_trials() -> None:
    (record,) = read("clinical-trials", TRIALS)
    assert (record.id, record.trial_ids) == ("trial:NCT00000001", ("NCT00000001",))
    assert (record.title, record.date, record.keywords) == (
        "Falls of nurses",
        "2019-03",
        ("Falls",),
    )


def test_a_broken_item_costs_itself_alone() -> None:
    content = json.dumps([CSL[0], 7, {"type": "book", "title": ""}]).encode()
    chosen = recognise(content, "x")
    first, second, third = chosen.read(io.BytesIO(content))
    assert isinstance(first, Record)
    assert second == Rejected("item 2", "a JSON int, not an object")
    assert isinstance(third, Rejected)


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"%PDF-1.7\n", "a PDF"),
        (b"PK\x03\x04\x14\0\0\0" + b"\0" * 20 + b"word/document.xml", "a Word document"),
        (b"<!DOCTYPE html>\n<html>", "a web page"),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0\0" + "WordDocument".encode("utf-16-le"),
            "an old Word document",
        ),
        (b"{\\rtf1\\ansi", "RTF"),
        (b"31000001\n31000002\nPMID: 31000003\n", "a list of PMIDs or DOIs"),
    ],
)
def test_an_unknown_file_is_told_what_it_seems_to_be(head: bytes, kind: str) -> None:
    with pytest.raises(FormatError, match=f"seems to be .*{kind}"):
        recognise(head, "file")
