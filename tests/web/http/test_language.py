"""Japanese and English: which one is shown, and that nothing lacks a translation."""

import io
import re
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from flask.testing import FlaskClient

import web
from tests.web.page import Page

WEB = Path(web.__file__).parent
CATALOGUE = WEB / "translations" / "ja" / "LC_MESSAGES" / "messages.po"
METHODS = [
    ("**/templates/**.html", "jinja2"),
    ("**/templates/**.xml", "jinja2"),
    ("**.py", "python"),
]
PLACEHOLDER = re.compile(r"%\((\w+)\)s")


@pytest.fixture(scope="module")
def catalogue() -> Catalog:
    with CATALOGUE.open("rb") as stream:
        return read_po(stream, locale="ja", abort_invalid=True)


def used_messages() -> set[str]:
    """Message ids in templates and code, the singular of those with a plural."""
    found = extract_from_dir(WEB, METHODS, keywords=DEFAULT_KEYWORDS)
    return {message[0] if isinstance(message, tuple) else message for _, _, message, _, _ in found}


@pytest.mark.slow
def test_every_message_has_a_translation(catalogue: Catalog) -> None:
    used = used_messages()
    assert len(used) > 80
    translated = {
        m.id[0] if isinstance(m.id, tuple) else m.id
        for m in catalogue
        if m.id and all(m.string if isinstance(m.string, tuple) else [m.string]) and not m.fuzzy
    }
    assert used - translated == set()
    assert translated - used == set()


def test_translations_keep_their_placeholders(catalogue: Catalog) -> None:
    for message in catalogue:
        if not message.id:
            continue
        ids = message.id if isinstance(message.id, tuple) else (message.id,)
        strings = message.string if isinstance(message.string, tuple) else (message.string,)
        for string in strings:
            assert set(PLACEHOLDER.findall(string)) == set(PLACEHOLDER.findall(ids[-1]))


def test_the_compiled_catalogue_is_the_written_one(catalogue: Catalog) -> None:
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    assert compiled.getvalue() == CATALOGUE.with_suffix(".mo").read_bytes(), (
        "messages.mo is stale: pybabel compile -d web/translations"
    )


def shown(client: FlaskClient, address: str = "/about", **headers: str) -> str:
    response = client.get(address, headers=headers)
    language = Page(response.text).all("html")[0]["lang"]
    assert response.headers["Content-Language"] == language
    assert {"Accept-Language", "Cookie"} <= set(response.vary)
    return language


@pytest.mark.parametrize(
    ("accepted", "expected"),
    [
        ("ja", "ja"),
        ("en-US,en;q=0.9", "en"),
        ("fr,ja;q=0.5,en;q=0.2", "ja"),
        ("fr", "en"),
        ("ja-JP,en;q=0.8", "ja"),
        ("ja;q=0,en;q=0.1", "en"),
    ],
)
def test_the_browser_chooses(client: FlaskClient, accepted: str, expected: str) -> None:
    assert shown(client, **{"Accept-Language": accepted}) == expected


def test_without_a_wish_the_page_is_japanese(client: FlaskClient) -> None:
    assert shown(client) == "ja"


def test_the_address_comes_first_and_is_remembered(client: FlaskClient) -> None:
    assert shown(client, "/about?lang=en", **{"Accept-Language": "ja"}) == "en"
    assert shown(client, **{"Accept-Language": "ja"}) == "en"
    cookie = client.get_cookie("lang")
    assert cookie
    assert cookie.http_only
    assert cookie.same_site == "Lax"
    assert shown(client, "/about?lang=ja") == "ja"
    assert shown(client) == "ja"


def test_unknown_languages_are_ignored(client: FlaskClient) -> None:
    assert shown(client, "/about?lang=xx", **{"Accept-Language": "ja"}) == "ja"
    assert client.get_cookie("lang") is None


def test_without_cookies_links_and_form_keep_the_language(client: FlaskClient) -> None:
    page = Page(client.get("/?q=喘息&lang=en").text)
    inner = [a["href"] for a in page.all("a") if a["href"].startswith("/")]
    assert all("lang=" in address for address in inner if "openapi" not in address)
    assert page.all("input", type="hidden", name="lang", value="en")


def test_the_switch_stays_on_the_same_page(client: FlaskClient) -> None:
    page = Page(client.get("/?q=喘息&page=2", headers={"Accept-Language": "ja"}).text)
    (switch,) = page.all("a", hreflang="en")
    other = client.get(switch["href"]).text
    assert 'start="11"' in other
    assert 'lang="en"' in other


def test_pages_are_all_of_one_language(client: FlaskClient) -> None:
    english = client.get("/about?lang=en").text.replace("日本語", "")
    assert not re.search(r"[\u3040-\u30ff\u4e00-\u9fff]", english)
    japanese = re.sub(r"<[^>]*>", " ", client.get("/about?lang=ja").text.partition("<main")[2])
    assert not re.search(r"[a-z]{2,} [a-z]{2,} [a-z]{2,}", japanese)


def test_titles_come_in_the_language_of_the_page(client: FlaskClient) -> None:
    address = "/records/sample-cardiology-01"
    assert "Continuation of CPAP" in Page(client.get(f"{address}?lang=en").text).html
    page = client.get(f"{address}?lang=en").text
    assert page.index("Continuation of CPAP") < page.index("心房細動アブレーション後")
    page = client.get(f"{address}?lang=ja").text
    assert page.index("心房細動アブレーション後") < page.index("Continuation of CPAP")


@pytest.mark.parametrize(("language", "date"), [("ja", "2019年5月7日"), ("en", "May 7, 2019")])
def test_dates_are_written_as_the_language_does(
    hostile_client: FlaskClient, language: str, date: str
) -> None:
    address = f"/records/a%2Fb:c%2F%2Fd%20e%3Ff%23g%252Fh?lang={language}"
    assert date in hostile_client.get(address).text
