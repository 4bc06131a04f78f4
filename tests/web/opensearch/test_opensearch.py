"""``/opensearch`` as programs that know CiNii's ask it, and what browsers and crawlers look for."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask.testing import FlaskClient
from lxml import etree

from search.exact import ExactSearch
from search.ranked.engine import Engine
from search.suggest import Suggester
from web.app import create_app
from web.http.access import Admission

NAMESPACES = {
    "rss": "http://purl.org/rss/1.0/",
    "atom": "http://www.w3.org/2005/Atom",
    "dc": "http://purl.org/dc/elements/1.1/",
    "prism": "http://prismstandard.org/namespaces/basic/2.0/",
    "opensearch": "http://a9.com/-/spec/opensearch/1.1/",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "os": "http://a9.com/-/spec/opensearch/1.1/",
    "map": "http://www.sitemaps.org/schemas/sitemap/0.9",
}


def json_of(client: FlaskClient, **asked: Any) -> Any:
    response = client.get("/opensearch", query_string={"q": "患者", "format": "json", **asked})
    assert response.status_code == 200
    return response.json


def xml_of(client: FlaskClient, address: str) -> Any:
    response = client.get(address)
    assert response.status_code == 200
    return etree.fromstring(response.data)


def texts(tree: Any, path: str) -> list[str]:
    return [str(found) for found in tree.xpath(path, namespaces=NAMESPACES)]


def test_the_set_is_that_of_exact_search(client: FlaskClient, engine: Engine) -> None:
    found = json_of(client, appid="anything")
    assert found["opensearch:totalResults"] == ExactSearch(engine.library).count("患者")
    assert (found["opensearch:startIndex"], found["opensearch:itemsPerPage"]) == (1, 20)
    assert len(found["items"]) == 20
    item = json_of(client, q="有馬沙織/AU")["items"][0]
    assert item["@id"] == "http://localhost/records/sample-cardiology-01"
    assert item["dc:creator"][0] == "有馬 沙織"
    assert item["prism:publicationName"] == "架空循環器科学雑誌"
    assert (item["prism:startingPage"], item["prism:endingPage"]) == ("201", "208")
    assert item["prism:publicationDate"] == "2021-04"


@pytest.mark.parametrize(
    ("asked", "given"),
    [("0", 20), ("-5", 20), ("x", 20), ("", 20), ("7", 7), ("200", 200), ("201", 200)],
)
def test_what_is_no_count_is_the_usual_one(client: FlaskClient, asked: str, given: int) -> None:
    assert json_of(client, count=asked)["opensearch:itemsPerPage"] == given


def test_more_than_a_hundred_come_at_once(client: FlaskClient) -> None:
    found = json_of(client, q="DT=1900:2999", count=200)
    assert len(found["items"]) == found["opensearch:totalResults"] > 100


def test_start_counts_records_from_one(client: FlaskClient) -> None:
    whole = [item["@id"] for item in json_of(client, sortorder="0")["items"]]
    part = json_of(client, start="4", count="3", sortorder="0")
    assert [item["@id"] for item in part["items"]] == whole[3:6]
    assert part["opensearch:startIndex"] == 4
    assert json_of(client, start="0")["opensearch:startIndex"] == 1
    assert json_of(client, start="9000")["items"] == []


def test_sortorder_has_ciniis_numbers(client: FlaskClient) -> None:
    def dates(order: str) -> list[str]:
        items = json_of(client, sortorder=order, count=200)["items"]
        return [item["prism:publicationDate"][:4] for item in items]

    assert dates("0") == sorted(dates("0"), reverse=True)
    assert dates("1") == sorted(dates("1"))
    assert dates("4") == dates("10") == dates("")


def test_from_and_until_are_years_or_months(client: FlaskClient) -> None:
    for asked, first, last in (
        ({"from": "2020"}, "2020", "2999"),
        ({"until": "2015"}, "1000", "2015-99"),
        ({"from": "202103", "until": "202106"}, "2021-03", "2021-06-99"),
    ):
        items = json_of(client, count=200, **asked)["items"]
        assert items
        assert all(first <= item["prism:publicationDate"] <= last for item in items)


def test_titles_come_in_the_language_that_is_asked_for(client: FlaskClient) -> None:
    english, japanese = (
        json_of(client, q="有馬沙織/AU", lang=code)["items"][0]["title"] for code in ("en", "ja")
    )
    assert english.startswith("Continuation of CPAP")
    assert japanese.startswith("心房細動")


def test_parts_of_records_are_looked_for_by_ciniis_names(
    client: FlaskClient, engine: Engine
) -> None:
    def total(**asked: str) -> int:
        response = client.get("/opensearch", query_string={"format": "json", **asked})
        assert response.status_code == 200, response.text
        assert response.json
        return int(response.json["opensearch:totalResults"])

    count = ExactSearch(engine.library).count
    assert total(creator="有馬 沙織") == count('"有馬 沙織"[au]') > 0
    assert total(title="心房細動 再発") == count("心房細動[ti] AND 再発[ti]") > 0
    assert total(title="心房細動 OR 喘息") == count("心房細動[ti] OR 喘息[ti]")
    journal = "架空循環器科学雑誌"
    assert total(publicationTitle=journal) == count(f'"{journal}"[ta]') > 0
    both = count(f'(患者) AND "{journal}"[ta] AND 2015:2024[dp]')
    asked = {"q": "患者", "publicationTitle": journal, "from": "2015", "until": "2024"}
    assert total(**asked) == both > 0
    found = client.get(f"/opensearch?creator=有馬沙織&publicationTitle={journal}")
    assert found.status_code == 303


@pytest.mark.parametrize(
    "asked",
    [
        "affiliation=東京大学&q=患者",
        "hasLinkToFullText=true&q=患者",
        "",
        "q=",
        "creator=+",
        "title=(",
    ],
)
def test_what_cannot_be_answered_is_refused(client: FlaskClient, asked: str) -> None:
    response = client.get(f"/opensearch?format=json&{asked}")
    assert response.status_code == 400
    assert response.content_type == "application/problem+json"


def test_rss_and_atom_say_the_same(client: FlaskClient) -> None:
    found = json_of(client, sortorder="0", count="5")
    asked = "/opensearch?q=患者&sortorder=0&count=5&format="
    rss, atom = xml_of(client, f"{asked}rss"), xml_of(client, f"{asked}atom")
    titles = [item["title"] for item in found["items"]]
    assert texts(rss, "//rss:item/rss:title/text()") == titles
    assert texts(atom, "//atom:entry/atom:title/text()") == titles
    total = [str(found["opensearch:totalResults"])]
    assert texts(rss, "//rss:channel/opensearch:totalResults/text()") == total
    assert texts(atom, "/atom:feed/opensearch:totalResults/text()") == total
    assert texts(rss, "//rdf:li/@rdf:resource") == [item["@id"] for item in found["items"]]
    assert texts(rss, "//rss:item[1]/dc:creator/text()") == found["items"][0]["dc:creator"]
    etag = client.get(f"{asked}atom").headers["ETag"]
    assert client.get(f"{asked}atom", headers={"If-None-Match": etag}).status_code == 304


def test_html_is_the_page_of_exact_search(client: FlaskClient) -> None:
    response = client.get("/opensearch?q=患者&count=50&start=51&sortorder=1&from=2010&lang=en")
    assert response.status_code == 303
    there = urlsplit(response.location)
    assert there.path == "/exact"
    assert parse_qs(there.query) == {
        "q": ["(患者) AND 2010:2999[dp]"],
        "sort": ["year-ascending"],
        "page": ["2"],
        "per_page": ["50"],
        "lang": ["en"],
        "mapping": ["0"],
    }
    assert client.get(response.location).status_code == 200


@pytest.mark.parametrize(
    "asked",
    ["", "q=&format=json", "q=患者&format=xml", "q=患者&format=rss&from=20", "q=(&format=rss"],
)
def test_what_cannot_be_answered_is_a_problem_document(client: FlaskClient, asked: str) -> None:
    response = client.get(f"/opensearch?{asked}")
    assert response.status_code == 400
    assert response.content_type == "application/problem+json"


@pytest.mark.parametrize("kind", ["rss", "atom", "json"])
def test_hostile_records_break_no_format(hostile_client: FlaskClient, kind: str) -> None:
    response = hostile_client.get(f"/opensearch?q=DT=1000:2999&format={kind}&count=200")
    assert response.status_code == 200
    if kind != "json":
        etree.fromstring(response.data)


def test_browsers_learn_of_the_search(client: FlaskClient) -> None:
    html = client.get("/").text
    assert 'type="application/opensearchdescription+xml"' in html
    described = xml_of(client, "/opensearch.xml?lang=ja")
    (template,) = texts(described, "//os:Url[@type='text/html']/@template")
    address = template.replace("{searchTerms}", "%E5%96%98%E6%81%AF")
    assert '<ol class="hits"' in client.get(address).text
    for template in texts(described, "//os:Url[contains(@template, 'format')]/@template"):
        filled = template.replace("{searchTerms}", "患者").replace("{count?}", "5")
        filled = filled.replace("{startIndex?}", "1").replace("{language?}", "ja")
        assert client.get(filled).status_code == 200


def test_the_page_of_exact_search_leads_to_its_feed(client: FlaskClient) -> None:
    html = client.get("/exact?q=患者").text
    assert 'type="application/atom+xml"' in html
    assert "/opensearch?q=%E6%82%A3%E8%80%85&amp;format=atom&amp;sortorder=0" in html
    # The feed knows no filters.
    assert "application/atom+xml" not in client.get("/exact?q=患者&year_from=2010").text


def test_the_sitemap_holds_every_record(client: FlaskClient) -> None:
    (part,) = texts(xml_of(client, "/sitemap.xml"), "//map:loc/text()")
    addresses = texts(xml_of(client, part), "//map:loc/text()")
    assert len(set(addresses)) == 148
    assert client.get(addresses[0]).status_code == 200
    assert client.get("/sitemap-9.xml").status_code == 404


def test_robots_read_records_where_guests_may(
    client: FlaskClient, engine: Engine, suggester: Suggester
) -> None:
    text = client.get("/robots.txt").text
    assert "Disallow: /exact\n" in text
    assert "Sitemap: http://localhost/sitemap.xml" in text
    closed = create_app(engine, suggester, admission=Admission(local=False))
    assert closed.test_client().get("/robots.txt").text == "User-agent: *\nDisallow: /\n"


def test_the_icon_lies_where_it_is_looked_for(client: FlaskClient) -> None:
    response = client.get("/favicon.ico")
    assert response.data[:4] == b"\0\0\1\0"
    assert response.cache_control.public
    response.close()
