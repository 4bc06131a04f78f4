"""Every form of every page, filled in by chance and with malice: never an error of ours, never a
script."""

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.web.desk.conftest import Growing
from tests.web.hostile import ATTACK
from tests.web.page import Page

pytestmark = pytest.mark.slow

_PAGES = [
    "/",
    "/?q=肺炎",
    "/exact?q=肺炎",
    "/records/a?q=肺炎",
    "/draft?q=肺炎",
    "/collections",
    "/collections/1",
    "/collections/1/tags",
    "/collections/1/shares",
    "/collections/1/history",
    "/collections/1/duplicates",
    "/collections/1/strategy",
    "/collections/1/report",
    "/collections/1/screening",
    "/collections/1/screening/plan",
    "/collections/1/growing",
    "/alerts",
    "/users",
    "/settings",
]
_VALUES = st.one_of(
    st.sampled_from(
        [
            *("", "0", "1", "-1", "2", "99999999999999999999", "a", "b", "肺炎", "2020", "１"),
            *(
                ATTACK,
                "'; drop table items; --",
                '" or 1=1 --',
                "%_%",
                "title:(",
                "*:*",
                "a" * 9000,
            ),
            *(
                "../../../etc/passwd",
                "\x00",
                "\ud7ff\u202e",
                "//evil.example",
                "javascript:alert(1)",
            ),
            *("#1 AND #2", "(((", "[MASK]", "write", "administer", "include", "delete", "undo"),
        ]
    ),
    st.text(max_size=20),
)


@dataclass
class Form:
    """A form as a page shows it: names with the values that it offers."""

    action: str
    method: str
    offered: dict[str, list[str]] = field(default_factory=dict)


@dataclass
class _Forms(HTMLParser):
    html: str
    found: list[Form] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()
        self.feed(self.html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        a = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.found.append(Form(a.get("action", ""), a.get("method", "get").upper()))
        elif tag in {"input", "select", "textarea", "button"} and a.get("name") and self.found:
            # Fields outside of their form name it; whose they are matters little here.
            self.found[-1].offered.setdefault(a["name"], []).append(a.get("value", ""))


def forms(client: FlaskClient) -> list[Form]:
    """The forms of all pages, each kind of action once."""
    found: dict[tuple[str, str, tuple[str, ...]], Form] = {}
    for address in _PAGES:
        response = client.get(address)
        assert response.status_code in {200, 404}, address
        for form in _Forms(response.text).found:
            where = urlsplit(form.action or address).path
            form.action = where
            found[re.sub(r"\d+", "1", where), form.method, tuple(sorted(form.offered))] = form
    return list(found.values())


@pytest.fixture
def attacked(growing: Growing) -> Flask:
    everywhere = dict.fromkeys(
        ("journal", "volume", "issue", "pages", "issn", "doi", "pmid", "ichushi_id"), ATTACK
    )
    growing.index(
        {
            "id": f"x{ATTACK}",
            "title": f"肺炎 {ATTACK}",
            "abstract": f"肺炎を診た。{ATTACK} 治癒した。",
            "authors": [{"family": ATTACK, "given": ATTACK}],
            "keywords": [ATTACK],
            "publication_types": [ATTACK],
            "notices": [{"kind": ATTACK, "reference": ATTACK, "pmid": ATTACK}],
            "url": "javascript:alert(1)",
            "date": "2020",
            **everywhere,
        }
    )
    client = growing.app.test_client()
    client.post("/api/v1/collections", json={"name": ATTACK, "description": ATTACK})
    client.post("/api/v1/collections/1/records", json={"exact": {"q": "肺炎"}})
    ids = [f"x{ATTACK}", "a"]
    client.post("/api/v1/collections/1/tags", json={"tag": ATTACK[:60], "ids": ids})
    note = {"id": ids[0], "note": ATTACK, "seen": None}
    client.put("/api/v1/collections/1/note", json=note)
    search = {"q": "肺炎", "name": ATTACK, "note": ATTACK}
    kept = client.post("/api/v1/collections/1/searches", json=search)
    assert kept.status_code in {200, 201}, kept.text
    return growing.app


def assert_no_script(html: str, where: object) -> None:
    page = Page(html)
    for tag, attributes in page.tags:
        assert tag not in {"img", "iframe", "style", "object", "embed"}, where
        # A block of data (schema.org) is run by nobody; what would break out of it has tags.
        is_data = attributes.get("type") == "application/ld+json"
        assert tag != "script" or is_data or attributes["src"].startswith("/static/"), where
        assert not any(name.startswith("on") or name == "style" for name in attributes), where
        for name in ("href", "src", "action", "formaction"):
            assert re.match(r"(/(?!/)|#|\?|https?://|$)", attributes.get(name, "")), where
    assert "onerror=alert(1)&gt;49" not in html, where


def test_records_and_names_stay_text_on_every_page(attacked: Flask) -> None:
    client = attacked.test_client()
    seen = 0
    for address in _PAGES:
        response = client.get(address)
        if response.status_code == 200:
            assert_no_script(response.text, address)
            seen += "&lt;script&gt;" in response.text
    assert seen >= 8


@pytest.mark.slow
def test_no_form_breaks_the_server(attacked: Flask) -> None:
    client = attacked.test_client()
    known = forms(client)
    assert len(known) > 25

    @given(st.data())
    @settings(
        max_examples=400,
        deadline=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    def fill_in(data: st.DataObject) -> None:
        form = data.draw(st.sampled_from(known))
        values = {
            name: data.draw(st.one_of(st.sampled_from(offered), _VALUES))
            for name, offered in form.offered.items()
            if data.draw(st.booleans()) or data.draw(st.booleans())
        }
        if form.method == "POST":
            response = client.post(form.action, data=values, buffered=True)
        else:
            response = client.get(form.action, query_string=values, buffered=True)
        assert response.status_code < 500 or response.status_code == 501, (form, values)
        assert response.headers.get("Location", "/").startswith("/")
        assert not response.headers.get("Location", "/").startswith("//")
        if response.mimetype == "text/html":
            assert_no_script(response.text, (form, values))

    fill_in()
