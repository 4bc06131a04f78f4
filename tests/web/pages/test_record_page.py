"""The page of a record: what people read there, and what reference managers do."""

import json
import re
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient

from search.ranked.engine import Engine
from search.records import Author, Record
from search.suggest import Suggester
from tests.web.page import Page
from tests.web.reference_manager import read_list, read_record
from web.app import create_app
from web.desk.copies import FROM_LIBRARY
from web.desk.desk import open_desk
from web.desk.items import add
from web.desk.shelf import create, delete
from web.http.links import resolver_template
from web.http.metadata import citation_tags, context_object, linked_data, pages

BILINGUAL = "sample-cardiology-03"
ARTICLE = "sample-cardiology-01"


def get(client: FlaskClient, address: str) -> Page:
    response = client.get(address)
    assert response.status_code == 200
    return Page(response.text)


def test_zotero_reads_a_record_whole(client: FlaskClient, engine: Engine) -> None:
    found = engine.generation().record(ARTICLE)
    assert found
    item = read_record(get(client, f"/records/{ARTICLE}?lang=en"))
    record = found[1]
    # In the record's own language, whatever that of the page.
    assert item.title == record.title
    assert item.creators[0] == ("有馬", "沙織")
    assert item.creators == [(a.family, a.given) for a in record.authors]
    assert item.fields["journal_title"] == record.journal
    assert item.fields["publication_date"] == "2021/04"
    assert (item.fields["volume"], item.fields["issue"]) == ("12", "3")
    assert (item.fields["firstpage"], item.fields["lastpage"]) == ("201", "208")
    assert item.fields["abstract"] == record.abstract
    assert item.fields["keywords"] == "; ".join(record.keywords)
    assert item.fields["abstract_html_url"] == f"http://localhost/records/{ARTICLE}"


@pytest.mark.parametrize("address", ["/?q=心房細動", "/exact?q=心房細動"])
def test_zotero_reads_a_list_whole(client: FlaskClient, engine: Engine, address: str) -> None:
    page = get(client, address)
    items = read_list(page)
    assert len(items) == len(page.all("article"))
    by_title = {record.title: record for _, record in engine.generation().all_records()}
    for item in items:
        record = by_title[item.title]
        assert item.creators == [(a.family, a.given) for a in record.authors]
        assert item.fields["jtitle"] == record.journal
        assert item.fields["date"] == record.date
        assert item.fields["pages"] == record.pages
        assert (item.fields["aulast"], item.fields["aufirst"]) == item.creators[0]


def test_organisations_and_numbers_come_through() -> None:
    record = Record(
        "x",
        title="A & B <i>",
        language="en",
        authors=(Author("日本循環器学会"), Author("Yamada", "T")),
        doi="10.1000/a<b>",
        pmid="123",
        pages="e1234",
        issn="1234-5678",
    )
    named = [tag.content for tag in citation_tags(record, "") if tag.name == "citation_author"]
    assert named == ["日本循環器学会", "Yamada, T"]
    assert pages(record) == ("e1234", "")
    fields = parse_qs(context_object(record))
    assert fields["rft_id"] == ["info:doi/10.1000/a<b>", "info:pmid/123"]
    assert "rft.aulast" not in fields


def test_schema_org_describes_the_article(client: FlaskClient) -> None:
    html = client.get(f"/records/{ARTICLE}").text
    (written,) = re.findall(r'<script type="application/ld\+json">(.*?)</script>', html)
    told = json.loads(written)
    assert told["@type"] == "MedicalScholarlyArticle"
    assert told["author"][0]["familyName"] == "有馬"
    assert told["isPartOf"]["issueNumber"] == "3"
    assert told["isPartOf"]["isPartOf"]["isPartOf"]["name"] == "架空循環器科学雑誌"


def test_linked_data_ends_no_element() -> None:
    title = "</script><script>alert(1)</script>&amp;<!--"
    written = str(linked_data(Record("x", title=title), "https://example.org/records/x"))
    assert not {"<", ">", "&"} & set(written)
    assert json.loads(written)["headline"] == title


def test_both_abstracts_stand_side_by_side_with_the_answering_sentences(
    client: FlaskClient,
) -> None:
    page = get(client, f"/records/{BILINGUAL}?q=心房細動の抗凝固療法")
    assert page.all("div", **{"class": "abstracts beside"})
    shown = re.findall(r'<p lang="(ja|en)">(.*?)</p>', page.html, re.DOTALL)
    marked = {lang for lang, html in shown if '<mark class="best">' in html}
    assert marked == {"ja", "en"}
    assert not get(client, f"/records/{BILINGUAL}").all("mark")
    assert not get(client, f"/records/{ARTICLE}").all("div", **{"class": "abstracts beside"})


def test_a_query_that_says_nothing_marks_nothing(client: FlaskClient) -> None:
    assert not get(client, f"/records/{ARTICLE}?q=[MASK]").all("mark")


def test_a_record_can_be_cited_in_three_styles(client: FlaskClient) -> None:
    html = get(client, f"/records/{ARTICLE}").html
    for style in ("vancouver", "apa", "sist02"):
        assert re.search(rf'id="cite-{style}"[^>]*>[^<]*有馬', html)


def test_the_collections_that_hold_a_record_are_named(
    engine: Engine, suggester: Suggester, tmp_path: Path
) -> None:
    desk = open_desk(tmp_path / "collections.db")
    client = create_app(engine, suggester, desk).test_client()
    found = engine.generation().record(ARTICLE)
    assert found
    for name in ("不整脈", "捨てた集まり"):
        number = create(desk.store, "tester", name)
        add(desk.store, "tester", number, [(found[1], FROM_LIBRARY)])
    delete(desk.store, "tester", 2)
    page = get(client, f"/records/{ARTICLE}")
    assert "不整脈" in page.html.partition('id="holders"')[2].partition("</section>")[0]
    assert page.links("/collections/1")
    assert not page.links("/collections/2")
    assert not get(client, f"/records/{BILINGUAL}").links("/collections/1")
    desk.store.close()


def test_the_link_resolver_of_the_institution_gets_the_record(
    engine: Engine, suggester: Suggester, app: Flask
) -> None:
    resolving = create_app(engine, suggester, link_resolver="https://r.example.org/?sid=jm")
    (link,) = get(resolving.test_client(), f"/records/{ARTICLE}").links("https://r.example.org/")
    asked = parse_qs(urlsplit(link).query)
    assert asked["sid"] == ["jm"]
    assert asked["rft.jtitle"] == ["架空循環器科学雑誌"]
    assert asked["rft.volume"] == ["12"]
    assert "本文を入手" not in get(app.test_client(), f"/records/{ARTICLE}").html


def test_templates_of_resolvers_say_where_the_record_goes() -> None:
    assert resolver_template("https://r.example.org") == "https://r.example.org?{openurl}"
    assert resolver_template("https://r.example.org/?a=1") == "https://r.example.org/?a=1&{openurl}"
    assert resolver_template("https://r.example.org/?") == "https://r.example.org/?{openurl}"
    inside = "https://proxy.example.org/login?url=https://r.example.org/?{openurl}"
    assert resolver_template(inside) == inside
    with pytest.raises(ValueError, match="javascript"):
        resolver_template("javascript:alert(1)")
