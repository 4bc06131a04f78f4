"""The thesaurus on its pages, in the API, and over the socket: concepts, and headings taken into an
expression."""

import html
import json
import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit
from urllib.request import urlopen

import pytest
from flask.testing import FlaskClient

from indexer.run.pipeline import build
from indexer.terminology.adding import add_terminology
from search.encoder import Encoder
from search.library.library import Library
from search.ranked.engine import Engine
from search.suggest import Suggester
from search.terminology.terminology import Terminology, shipped_file
from tests.waiting import LONG
from tests.web.page import Page
from tests.web.running import announced, start_server
from web.app import create_app
from web.pages.builder import heading_expression

TABLE = (
    "ja,en,en_also,broader\n"
    "見本心疾患,sample heart disease,,\n"
    "見本心筋症,sample cardiomyopathy,sample myocardiopathy,見本心疾患\n"
    "見本肥大型心筋症,sample hypertrophic cardiomyopathy,,見本心筋症\n"
)
RECORDS: list[dict[str, object]] = [
    {"id": "a", "title": "一例", "keywords": ["見本心筋症"]},
    {"id": "b", "title": "A case", "keywords": ["Sample Hypertrophic Cardiomyopathy"]},
    {"id": "c", "title": "Another", "keywords": ["Sample Heart Disease"]},
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library, and a terminology that was added."""
    folder = tmp_path_factory.mktemp("thesaurus")
    source = folder / "records.jsonl"
    source.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in RECORDS))
    build([source], folder / "library")
    (folder / "ward.csv").write_text(TABLE, encoding="utf-8")
    add_terminology(folder / "ward.csv", folder / "terminology")
    return folder


@pytest.fixture(scope="module")
def visitor(folder: Path, encoder: Encoder) -> FlaskClient:
    terminology = Terminology([shipped_file(), folder / "terminology" / "ward.db"])
    engine = Engine(Library(folder / "library"), encoder, terminology)
    return create_app(engine, Suggester(engine)).test_client()


def shown(visitor: FlaskClient, status: int = 200, **asked: str) -> str:
    answer = visitor.get("/thesaurus", query_string={"lang": "ja", **asked})
    assert answer.status_code == status
    return html.unescape(answer.text)


def test_a_concept_is_found_by_a_name_in_either_language(visitor: FlaskClient) -> None:
    for q in ("見本心筋", "sample cardiomyopathies", "myocardiopathy"):
        page = Page(shown(visitor, q=q, base="喘息"))
        (link, *_) = [a for a in page.links("/thesaurus?") if quote("見本心筋症") in a]
        assert parse_qs(urlsplit(link).query)["base"] == ["喘息"]
    assert "見本心疾患" in shown(visitor)
    assert "ありません" in shown(visitor, 404, concept="どこにもない概念")
    for q in ("%", "'", '"; drop table label', "　", "x" * 3000, "["):
        shown(visitor, q=q)


def test_the_page_of_a_concept_shows_its_place_and_its_records(visitor: FlaskClient) -> None:
    page = shown(visitor, concept="sample cardiomyopathy")
    assert "sample myocardiopathy" in page
    assert "下位語を含めて 2 件" in page
    parsed = Page(page)
    assert [quote("見本心疾患") in a for a in parsed.links("/thesaurus?")].count(True) == 1
    assert {a["value"] for a in parsed.all("input", name="heading")} == {
        "見本心筋症",
        "見本肥大型心筋症",
    }
    # The middle of a chain that nobody has named does not break it.
    assert visitor.get("/thesaurus?concept=見本心筋症&from=99").status_code == 404
    assert visitor.get("/thesaurus?concept=見本心筋症&n=7").status_code == 404
    assert visitor.get("/thesaurus?concept=見本心筋症&n=-1").status_code == 404


@pytest.mark.parametrize(
    ("asked", "expression", "found"),
    [
        ({"heading": ["見本心筋症"], "explode": "1"}, "見本心筋症/TH", {"a", "b"}),
        ({"heading": ["見本心筋症"]}, "[見本心筋症]/TH", {"a"}),
        (
            {"heading": ["見本心筋症", "見本心疾患"], "base": "case or 一例", "operator": "AND"},
            "(case or 一例) AND ([見本心筋症]/TH OR [見本心疾患]/TH)",
            {"a"},
        ),
        (
            {"heading": ["見本心筋症"], "explode": "1", "qualifier": "治療、drug therapy"},
            '("見本心筋症/治療"[mh] OR "見本心筋症/drug therapy"[mh])',
            set(),
        ),
        ({"heading": ["見本心筋症"], "explode": "1", "major": "1"}, "見本心筋症/MTH", set()),
        ({"base": "一例"}, "一例", {"a"}),
    ],
)
def test_headings_are_taken_into_the_expression(
    visitor: FlaskClient, asked: dict[str, object], expression: str, found: set[str]
) -> None:
    answer = visitor.get("/thesaurus/expression", query_string={"lang": "ja", **asked})
    assert answer.status_code == 302
    address = urlsplit(answer.location)
    assert address.path == "/exact"
    (made,) = parse_qs(address.query)["q"]
    assert made == expression
    body = visitor.get("/api/v1/exact", query_string={"q": made, "mapping": "false"}).json
    assert body
    assert {hit["record"]["id"] for hit in body["hits"]} == found


def test_the_notation_is_the_readers() -> None:
    names = ["Heart Failure", 'the "so-called" heart [x]']
    assert heading_expression(names, ichushi=False, exploded=False) == (
        '("Heart Failure"[mh:noexp] OR "the so-called heart [x]"[mh:noexp])'
    )
    assert heading_expression(["Heart Failure"], ichushi=True) == '"Heart Failure"/TH'
    assert heading_expression(["", "“”"], ichushi=True) == ""


def test_the_api_tells_the_same(visitor: FlaskClient) -> None:
    found = visitor.get("/api/v1/thesaurus", query_string={"q": "見本心", "limit": 2}).json
    assert found
    assert found["concepts"][0] == {"ja": "見本心疾患", "en": "sample heart disease"}
    asked = {"name": "SAMPLE MYOCARDIOPATHY"}
    concept = visitor.get("/api/v1/thesaurus/concept", query_string=asked).json
    assert concept
    assert (concept["records"], concept["records_exploded"], concept["narrower_in_all"]) == (
        1,
        2,
        1,
    )
    assert [c["ja"] for c in concept["broader"]] == ["見本心疾患"]
    assert [c["en"] for c in concept["narrower"]] == ["sample hypertrophic cardiomyopathy"]
    assert {
        "text": "sample myocardiopathy",
        "language": "en",
        "kind": "exact",
        "source": "ward",
    } in (concept["names"])
    unknown = visitor.get("/api/v1/thesaurus/concept", query_string={"name": "どこにもない"})
    assert (unknown.status_code, unknown.content_type) == (404, "application/problem+json")
    assert visitor.get("/api/v1/thesaurus").status_code == 400


@pytest.fixture(scope="module")
def address(folder: Path) -> Iterator[str]:
    process = start_server(
        *("serve", "--library", str(folder / "library"), "--port", "0"),
        env={**os.environ, "JMEDSEARCH_TERMINOLOGY": str(folder / "terminology")},
    )
    yield announced(process)
    process.terminate()
    _, errors = process.communicate(timeout=LONG)
    assert "Traceback" not in errors


def test_a_server_maps_and_explodes_by_what_was_added(address: str) -> None:
    def count(q: str, more: str = "") -> int:
        with urlopen(f"{address}/api/v1/exact?q={quote(q)}{more}", timeout=LONG) as answer:
            return int(json.load(answer)["count"])

    assert count("見本心疾患/TH") == 3
    assert count("sample heart diseases") == 3
    assert count("sample heart diseases", "&mapping=false") == 0
    assert count("[見本心疾患]/TH") == 1
    with urlopen(f"{address}/thesaurus?concept={quote('見本心筋症')}", timeout=LONG) as answer:
        assert "sample hypertrophic cardiomyopathy" in answer.read().decode()
