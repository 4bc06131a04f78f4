"""Headers on every response, and record text that stays text."""

import re
from urllib.parse import quote

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from search.ranked.snippets import MatchedSentence
from search.records import Record
from tests.web.hostile import ATTACK
from tests.web.page import Page
from web.desk.addresses import is_web_address
from web.http.links import outward_links
from web.pages.record_text import excerpt, marked_terms

ADDRESSES = [
    "/",
    "/?q=喘息",
    "/?q=",
    "/?lang=en",
    "/records/sample-cardiology-01",
    "/records/none",
    "/about",
    "/reference",
    "/nowhere",
    "/static/style.css",
    "/static/none.css",
    "/api/v1/search?q=a",
    "/api/v1/search",
    "/api/v1/openapi.json",
    "/api/none",
    "/healthz",
]


def assert_safe(html: str) -> Page:
    page = Page(html)
    scripts = [a for a in page.all("script") if a.get("type") != "application/ld+json"]
    ours = {
        f"/static/{name}.js" for name in ("page", "complete", "years", "recent", "select", "desk")
    }
    assert {a.get("src", "").split("?")[0] for a in scripts} <= ours
    assert not page.all("img")
    assert not page.all("style")
    assert not page.all("iframe")
    for _, attributes in page.tags:
        assert "style" not in attributes
        assert not any(name.startswith("on") for name in attributes)
        for name in ("href", "src", "action"):
            assert re.match(r"(/(?!/)|#|https?://|$)", attributes.get(name, ""))
    # {{ 7*7 }} stays as it is; a page may be 140-149.
    assert not re.search(r"(?<!\d)49(?!\d)", re.sub(r"[0-9a-f]{12}|%\w\w", "", html))
    return page


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_every_response_carries_the_headers(client: FlaskClient, address: str, method: str) -> None:
    with client.open(address, method=method) as response:
        policy = response.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert response.headers["Referrer-Policy"] == "same-origin"
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["Cross-Origin-Opener-Policy"] == "same-origin"


def test_hostile_records_stay_text_in_hits(hostile_client: FlaskClient) -> None:
    page = assert_safe(hostile_client.get("/?q=心筋梗塞の再灌流").text)
    assert "&lt;script&gt;" in page.html


@pytest.mark.parametrize("language", ["ja", "en"])
def test_hostile_records_stay_text_on_their_page(
    hostile_client: FlaskClient, language: str
) -> None:
    address = f"/records/{quote('hostile:' + ATTACK, safe='')}?q=心筋梗塞&lang={language}"
    response = hostile_client.get(address)
    assert response.status_code == 200
    page = assert_safe(response.text)
    assert not page.links("javascript")
    # The DOI is a link, but to doi.org whatever it says; the PMID is none, so no link.
    (link,) = page.all("a", rel="external noreferrer")
    assert link["href"].startswith("https://doi.org/%22%27%3E")


def test_hostile_requests_stay_text(client: FlaskClient) -> None:
    for name in ("q", "page", "per_page", "year_from", "journal", "language", "retraction", "lang"):
        assert_safe(client.get("/", query_string={"q": "喘息", name: ATTACK}).text)
    assert_safe(client.get(f"/records/{quote(ATTACK, safe='')}").text)
    assert_safe(client.get(f"/{quote(ATTACK, safe='')}").text)


@pytest.mark.parametrize("query", ["title:(", '"AND OR', "*:*", "'; drop table records; --", "%_"])
def test_query_languages_of_the_engines_are_only_words(client: FlaskClient, query: str) -> None:
    for address in ("/", "/api/v1/search", "/api/v1/suggest"):
        assert client.get(address, query_string={"q": query}).status_code == 200
    found = client.get("/api/v1/search", query_string={"q": "a", "journal": query}).json
    assert found
    assert found["total"] == 0


def test_static_serves_nothing_but_its_folder(client: FlaskClient) -> None:
    for path in ("../views.py", "..%2fviews.py", "%2e%2e/templates/layout.html", "/etc/passwd"):
        assert client.get(f"/static/{path}").status_code == 404


def test_foreign_hosts_are_refused_once_the_own_ones_are_named(app: Flask) -> None:
    app.config["TRUSTED_HOSTS"] = ["localhost"]
    try:
        for address in ("/?q=a", "/api/v1/search?q=a"):
            response = app.test_client().get(address, headers={"Host": "evil.example"})
            assert response.status_code == 400
            assert "Content-Security-Policy" in response.headers
        assert app.test_client().get("/healthz").status_code == 200
    finally:
        app.config["TRUSTED_HOSTS"] = None


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "data:text/html,x",
        "//evil.example",
        "http:",
        "https:///x",
        "http://[bad",
        "ftp://example.org",
        "example.org",
        "",
    ],
)
def test_only_web_addresses_become_links(url: str) -> None:
    assert not is_web_address(url)
    assert not outward_links(Record(id="a", title="t", url=url))


def test_links_lead_to_doi_then_pubmed_then_the_source() -> None:
    record = Record(id="a", title="t", doi="10.1/a b", pmid="1", url="https://example.org/?a=1&b")
    assert [(link.kind, link.address) for link in outward_links(record)] == [
        ("doi", "https://doi.org/10.1/a%20b"),
        ("pubmed", "https://pubmed.ncbi.nlm.nih.gov/1/"),
        ("url", "https://example.org/?a=1&b"),
    ]


@given(st.text(), st.lists(st.integers(0, 30), max_size=6, unique=True))
def test_marking_escapes_and_loses_no_character(text: str, borders: list[int]) -> None:
    inside = sorted(b for b in borders if b <= len(text))
    spans = list(zip(inside[::2], inside[1::2], strict=False))
    html = marked_terms(text, spans)
    stripped = html.replace('<b class="term">', "").replace("</b>", "")
    assert "<" not in stripped
    assert type(html)(stripped).unescape() == text


def test_a_word_at_the_cut_takes_no_other_text_with_it() -> None:
    before, text, after = "SGLT2" + "前" * 47, "最良の文。", "後" * 85 + "HbA1c7" * 20
    record = Record(id="a", title="t", abstract=before + text + after, language="ja")
    start, end = len(before), len(before) + len(text)
    found = excerpt(record, MatchedSentence(text, "ja", "abstract", start, end, ()), "t")
    assert found
    head, _, tail = found.html.partition(text)
    assert head == "…" + "前" * 47 + '<mark class="best">'
    assert tail == "</mark>" + "後" * 85 + "…"


@given(
    st.text(alphabet="病気 aA1<&。\n", max_size=300),
    st.text(alphabet="病気 aA1<&。", min_size=1, max_size=400),
    st.text(alphabet="病気 aA1<&。\n", max_size=300),
)
def test_an_excerpt_is_a_piece_of_the_abstract(before: str, text: str, after: str) -> None:
    record = Record(id="a", title="t", abstract=before + text + after, language="ja")
    start, end = len(before), len(before) + len(text)
    found = excerpt(record, MatchedSentence(text, "ja", "abstract", start, end, ()), "t")
    assert found
    shown = found.html.replace('<mark class="best">', "").replace("</mark>", "")
    assert "<" not in shown
    assert len(shown.unescape()) < 50 + 320 + 90 + 4
    assert shown.unescape().strip("…") in record.abstract
