"""An abstract that must not be passed on: searched, shown to the staff, and in nothing that leaves.

Every route, every export format and every tool is tried, so that a new one cannot be forgotten.
"""

import html
import io
import json
import re
import zipfile
from datetime import timedelta

import anyio
import pytest
from click.testing import CliRunner
from flask import Flask
from flask.testing import FlaskClient

from search.filters import Filters
from search.formats import FORMATS
from search.records import Record, Translation, record_from_dict
from search.suggest import Suggester
from tests.web.desk.conftest import Browser, Growing
from tests.web.desk.test_access import routes
from web.app import create_app
from web.cli.search import commands as search_commands
from web.desk import alerts, shares, shelf
from web.desk.additions import add_file
from web.desk.desk import Desk
from web.desk.export import COLLECTION_FORMATS
from web.desk.export import write as write_collection
from web.desk.members import live_generation
from web.desk.screening import abstracts, deciding
from web.desk.strategies import run_search
from web.desk.strategy_answers import SearchRequest
from web.http.exports import EXPORT_FORMATS
from web.mcp_server import mcp_server

SECRET = "a finding that stays indoors"
RESTRICTED: dict[str, object] = {
    "id": "cinii:secret", "title": "肺炎の秘話", "language": "ja", "date": "2021",
    "authors": ["伊藤 健"],
    "abstract": f"肺炎の経過を報告する。We saw {SECRET} in pneumonia. 以上である。",
    "abstract_license": "disallow", "keywords": ["肺炎"], "publication_types": ["原著論文"],
}  # fmt: skip
COPY: dict[str, object] = {**RESTRICTED, "id": "file:copy"}
QUERY = "stays indoors pneumonia"
EXPRESSION = '"stays indoors"[tiab]'
# What a route is asked, where it answers nothing by itself; several for one with several forms.
ASKED: dict[str, tuple[dict[str, object], ...]] = {
    "api.exact": ({"q": EXPRESSION},),
    "api.export_exact": tuple({"q": EXPRESSION, "format": name} for name in EXPORT_FORMATS),
    "api.export_search": tuple({"q": QUERY, "format": name} for name in EXPORT_FORMATS),
    "api.search": ({"q": QUERY},),
    "collections.export": tuple({"format": name} for name in COLLECTION_FORMATS),
    "collections.record": ({"record": "cinii:secret"}, {"record": "file:copy"}),
    "collections.shared": ({}, {"q": QUERY}),
    "collections.show": ({}, {"q": QUERY}, {"q": QUERY, "mode": "ranked"}),
    "collections_api.export_collection": tuple({"format": name} for name in COLLECTION_FORMATS),
    "collections_api.list_records": ({}, {"q": QUERY}, {"q": EXPRESSION, "mode": "exact"}),
    "opensearch.answer": tuple(
        {"q": QUERY, "format": name} for name in ("rss", "atom", "json", "html")
    ),
    "pages.exact": ({"q": EXPRESSION},),
    "pages.map": ({"q": QUERY},),
    "pages.record": ({}, {"q": QUERY}),
    "pages.search": ({"q": QUERY},),
    "printing.show": ({"abstracts": 1},),
    "screening.show": (
        {"record": "cinii:secret"}, {"record": "file:copy"}, {"record": "file:bare"}
    ),
    "suggestions.draft": ({"q": QUERY},),
    "suggestions_api.draft_strategies": ({"q": QUERY},),
    "suggestions_api.fill_mask": ({"q": "finding that stays [MASK]"},),
    "suggestions_api.suggest": ({"q": QUERY},),
    "thesaurus_api.find_concepts": ({"q": QUERY},),
    "thesaurus_api.show_concept": ({"name": "pneumonia"},),
}  # fmt: skip
FOR_MACHINES = re.compile(
    r"<meta [^>]*>|<script.*?</script>|<span class=\"Z3988\"[^>]*>", re.DOTALL
)
# Pages on which the staff reads it.
SHOWN_ON = {
    *("collections.record", "duplicates.show", "pages.record", "printing.show", "screening.show")
}


@pytest.fixture
def desk(staffed: Desk) -> Desk:
    return staffed


@pytest.fixture
def secrets(growing: Growing) -> dict[str, str]:
    """A library and a collection with the record in all its rooms; the secrets of the links."""
    store, who = growing.desk.store, "librarian"
    shelf.create(store, who, "肺炎")
    run_search(store, who, 1, SearchRequest(EXPRESSION, "exact", Filters()), growing.search)
    alerts.switch_on(store, who, 1, 1)
    growing.index(RESTRICTED)
    offered = [RESTRICTED, COPY, {"id": "file:bare", "title": "肺炎の秘話"}]
    content = "".join(json.dumps(r, ensure_ascii=False) + "\n" for r in offered)
    generation = live_generation(growing.engine.library)
    add_file(store, who, 1, io.BytesIO(content.encode()), "more.jsonl", generation, "jsonl")
    deciding.decide(store, who, 1, "title-abstract", "cinii:secret", "include")
    return {
        "collections.shared": shares.share(store, who, 1, notes=True),
        "alerts.feed": alerts.open_feed(store, who, 1, 1),
    }


@pytest.fixture
def app(growing: Growing, secrets: dict[str, str]) -> Flask:
    assert secrets
    return create_app(growing.engine, Suggester(growing.engine), growing.desk)


def addresses(app: Flask, secrets: dict[str, str]) -> list[tuple[str, str]]:
    """Endpoint and address of all that can be got, asked in all its forms."""
    found = []
    for endpoint, method, _ in routes(app):
        if method != "GET":
            continue
        for asked in ASKED.get(endpoint, ({},)):
            with app.test_request_context():
                (rule, *_) = app.url_map.iter_rules(endpoint)
                values: dict[str, object] = dict.fromkeys(rule.arguments, 1)
                given = {"record_id": "cinii:secret", "filename": "style.css"}
                given |= {"secret": secrets.get(endpoint, "")}
                values |= {name: given[name] for name in given.keys() & rule.arguments}
                found.append((endpoint, app.url_for(endpoint, **values, **asked)))
    return found


def says_it(content: bytes) -> bool:
    """Whether the abstract's sentence can be read, in whatever is sent."""
    if content.startswith(b"PK\x03\x04"):
        with zipfile.ZipFile(io.BytesIO(content)) as parts:
            content = b"".join(parts.read(name) for name in parts.namelist())
    text = html.unescape(re.sub(r"</?(?:b|mark)\b[^>]*>", "", content.decode(errors="replace")))
    return SECRET in " ".join(text.split())


def client_of(app: Flask, desk: Desk, who: str) -> FlaskClient:
    client = Browser(app)
    if who == "token":
        token = desk.accounts.add_token("administrator", "", "administer", timedelta(days=1))
        client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
    elif who == "session":
        client.set_cookie("session", desk.accounts.open_session(desk.accounts.user("reader")))
    return client


def test_no_route_hands_it_to_a_program_or_through_a_link(
    app: Flask, growing: Growing, secrets: dict[str, str]
) -> None:
    for who in ("token", "nobody"):
        client = client_of(app, growing.desk, who)
        answered = set()
        for endpoint, address in addresses(app, secrets):
            response = client.get(address, buffered=True)
            assert response.status_code < 500, address
            assert not says_it(response.data), (who, address)
            if response.status_code == 200:
                answered.add(endpoint)
        assert {"collections.shared", "alerts.feed"} <= answered
        if who == "token":
            assert set(ASKED) <= answered


def test_searches_in_a_batch_hand_it_to_nobody(app: Flask, growing: Growing) -> None:
    client = client_of(app, growing.desk, "token")
    response = client.post("/api/v1/search/batch", json={"searches": [{"q": QUERY}]})
    assert response.status_code == 200, response.text
    assert "cinii:secret" in response.text
    assert not says_it(response.data)


def test_the_staff_reads_it_on_pages_and_nowhere_else(
    app: Flask, growing: Growing, secrets: dict[str, str]
) -> None:
    client = client_of(app, growing.desk, "session")
    shown = set()
    for endpoint, address in addresses(app, secrets):
        response = client.get(address, buffered=True)
        if not says_it(response.data):
            continue
        shown.add(endpoint)
        assert response.mimetype == "text/html", address
        assert "Content-Disposition" not in response.headers, address
        # What machines read in a page.
        for hidden in re.findall(
            r"<meta [^>]*>|<script.*?</script>|<span class=\"Z3988\"[^>]*>",
            response.text,
            re.DOTALL,
        ):
            assert not says_it(hidden.encode()), address
    assert shown >= SHOWN_ON
    assert "collections.shared" not in shown


def test_it_is_searched_all_the_same(app: Flask, growing: Growing) -> None:
    client = client_of(app, growing.desk, "token")
    found = client.get("/api/v1/exact", query_string={"q": EXPRESSION}).get_json()
    (hit,) = found["hits"]
    assert hit["record"]["id"] == "cinii:secret"
    assert hit["record"]["abstract"] == ""
    assert hit["record"]["abstract_license"] == "disallow"
    assert hit["sentence"] is None


@pytest.mark.parametrize("name", sorted(name for name, known in FORMATS.items() if known.writer))
def test_no_format_writes_it(name: str) -> None:
    record = record_from_dict(RESTRICTED)
    other = Translation("en", "Pneumonia", f"We saw {SECRET}.", "disallow")
    both = Record("x", title="肺炎", language="ja", abstract="経過。", translations=(other,))
    stream = io.BytesIO()
    FORMATS[name].write([record, both], stream)
    assert not says_it(stream.getvalue())
    if name != "xlsx":
        assert "経過。" in stream.getvalue().decode()


@pytest.mark.parametrize("name", COLLECTION_FORMATS)
def test_no_file_of_a_collection_holds_it(
    name: str, growing: Growing, secrets: dict[str, str]
) -> None:
    assert secrets
    stream = io.BytesIO()
    write_collection(growing.desk.store, 1, name, stream)
    assert stream.getvalue()
    assert not says_it(stream.getvalue())


def test_tools_for_language_models_do_not_hand_it_on(
    growing: Growing, secrets: dict[str, str]
) -> None:
    assert secrets
    server = mcp_server(growing.engine, Suggester(growing.engine))
    asked = {
        "search": {"query": QUERY},
        "exact_search": {"expression": EXPRESSION},
        "read": {"id": "cinii:secret"},
        "similar": {"id": "a"},
        "suggest": {"query": QUERY},
    }

    async def answers() -> None:
        assert {tool.name for tool in await server.list_tools()} == set(asked)
        for name, arguments in asked.items():
            answer = repr(await server.call_tool(name, arguments))
            assert answer
            assert SECRET not in answer, name

    anyio.run(answers)


def test_it_cannot_be_filled_in_elsewhere(growing: Growing, secrets: dict[str, str]) -> None:
    assert secrets
    store = growing.desk.store
    assert abstracts.sources(store, 1, "file:bare") == []
    with pytest.raises(ValueError, match="no abstract that can be taken"):
        abstracts.fill_from(store, "librarian", 1, "file:bare", "cinii:secret", None)


@pytest.mark.parametrize("options", [["--json"], *(["--format", n] for n in ("ris", "jsonl"))])
def test_the_command_line_writes_it_into_no_file(
    growing: Growing, secrets: dict[str, str], options: list[str]
) -> None:
    assert secrets
    (command,) = (c for c in search_commands if c.name == "search")
    arguments = [EXPRESSION, "--exact", "--library", str(growing.path), *options]
    done = CliRunner().invoke(command, arguments)
    assert done.exit_code == 0, done.output
    assert "cinii:secret" in done.output or "肺炎の秘話" in done.output
    assert not says_it(done.output.encode())
