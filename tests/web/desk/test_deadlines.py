"""What could go on for long looks at the clock: ``jmedsearch serve``, in which the time of each
request is over from the start, is asked over a socket for all that reads or writes many records."""

import http.client
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlencode, urlsplit

import pytest

from search.exact import ExactSearch
from search.filters import Filters
from search.ranked.engine import Engine
from search.records import Record
from tests.waiting import LONG
from tests.web.running import announced
from web.desk import alerts, shares, shelf, strategies
from web.desk.additions import add_records
from web.desk.desk import open_desk
from web.desk.document_writer import document
from web.desk.export import COLLECTION_FORMATS
from web.desk.items import add
from web.desk.screening.deciding import decide
from web.desk.strategy_answers import LibrarySearch, search_request

pytestmark = pytest.mark.servers

# The server as it is, but that no request has any time.
SERVED = """
from search.budget import Budget
from web.cli import main
Budget.is_over = lambda self: True
main()
"""
C, API = "/collections/1", "/api/v1/collections/1"
READ = {
    "the page of a collection": C,
    "a search by words in it": f"{C}?q={quote('心房細動')}",
    "a search by meaning in it": f"{C}?q={quote('心房細動')}&mode=meaning",
    "its records, for programs": f"{API}/records",
    "a link to it": "/shared/{share}",
    "a feed": "/feeds/{feed}",
    "all alerts": "/alerts",
    "what a search found": f"{API}/searches/1/records?sort=year",
    "its duplicates": f"{C}/duplicates",
    "its certain duplicates": f"{API}/duplicates",
    "screening": f"{C}/screening",
    "its next record": f"{API}/screening/next",
    "its progress": f"{C}/screening/progress?stage=title-abstract",
    "its decisions as a test set": f"{C}/screening/test-set",
    "its numbers and its map": f"{C}/overview",
    "its numbers and its map, for programs": f"{API}/overview",
    "what it could grow by": f"{C}/growing",
    **{f"a file as {name}": f"{API}/export?format={name}" for name in COLLECTION_FORMATS},
    "a file of a complete set": f"/api/v1/exact/export?q={quote('心房細動')}&format=jsonl",
    "a file of a list": f"/api/v1/search/export?q={quote('心房細動')}&format=jsonl",
    "the complete set for feed readers": f"/opensearch?q={quote('心房細動')}&format=atom",
}
JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
EDITS = {
    "all of a set": (f"{API}/records", JSON, {"exact": {"q": "心房細動"}}),
    "the first of a list": (f"{API}/records", JSON, {"ranked": {"q": "心房細動", "limit": 5}}),
    "by identifier": (f"{API}/records", JSON, {"identifiers": "sample-cardiology-09"}),
    "what a search found": (f"{API}/searches/1/add", JSON, {}),
    "a search that is kept": (f"{API}/searches", JSON, {"q": "心房細動"}),
    "the searches anew": (f"{API}/searches/rerun", JSON, {}),
    "duplicates as one": (f"{C}/duplicates", FORM, {"do": "certain"}),
    "a change taken back": (f"{API}/undo", JSON, {"change": 2}),
    "a state of before": (f"{API}/restore", JSON, {"change": 1}),
    "a file": (f"{API}/files?name=a.csv", "application/octet-stream", "title,year\na,2020\n"),
}


@dataclass
class Hurried:
    """The service, its collections, and the secret parts of a link and of a feed."""

    port: int
    file: Path
    secrets: dict[str, str]

    def ask(self, path: str, content_type: str = "", body: bytes | None = None) -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=LONG)
        try:
            headers = {"Content-Type": content_type} if content_type else {}
            connection.request("GET" if body is None else "POST", path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def stored(self) -> list[str]:
        """All collections, with their histories."""
        store = open_desk(self.file).store
        try:
            every = [c.id for c in shelf.collections(store)]
            return [document(store, number).model_dump_json() for number in every]
        finally:
            store.close()


@pytest.fixture(scope="module")
def hurried(
    engine: Engine, sample_library: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Hurried]:
    file = tmp_path_factory.mktemp("hurried") / "collections.db"
    store = open_desk(file).store
    number = shelf.create(store, "mori", "心房細動")
    best = list(engine.best("心房細動の再発", limit=20))
    add_records(store, "mori", number, best, "心房細動の再発")
    held = [Record(id=f"held-{i}", title=f"手元の記録 {i}", abstract="本文。") for i in range(3)]
    add(store, "mori", number, [(record, "own.ris") for record in held])
    library = LibrarySearch(ExactSearch(engine.library), lambda: engine)
    wanted = search_request("心房細動", ranked=False, filters=Filters())
    strategies.run_search(store, "mori", number, wanted, library)
    alerts.switch_on(store, "mori", number, 1)
    for record in best[:8]:
        decide(store, "local", number, "title-abstract", record.id, "include")
    for record in best[8:]:
        decide(store, "local", number, "title-abstract", record.id, "exclude")
    secrets = {
        "share": shares.share(store, "mori", number, notes=True),
        "feed": alerts.open_feed(store, "mori", number, 1),
    }
    store.close()
    process = subprocess.Popen(
        [
            *(sys.executable, "-c", SERVED, "serve", "--library", str(sample_library)),
            *("--port", "0", "--collections", str(file)),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    yield Hurried(int(urlsplit(announced(process)).port or 0), file, secrets)
    process.terminate()
    _, errors = process.communicate(timeout=LONG)
    assert process.returncode == 0
    assert "Traceback" not in errors


@pytest.mark.parametrize("what", READ)
def test_what_reads_many_records_ends_with_the_time(hurried: Hurried, what: str) -> None:
    path = READ[what].format(**hurried.secrets)
    status, text = hurried.ask(path)
    assert status == 503, text[:2000]
    for_programs = path.startswith(("/api", "/opensearch"))
    assert ("/about#too-long" if for_programs else "処理を打ち切りました") in text


@pytest.mark.parametrize("what", EDITS)
def test_an_edit_that_takes_too_long_is_not_made(hurried: Hurried, what: str) -> None:
    before = hurried.stored()
    path, content_type, fields = EDITS[what]
    if isinstance(fields, str):
        body = fields
    else:
        body = json.dumps(fields) if content_type == JSON else urlencode(fields)
    status, text = hurried.ask(path, content_type, body.encode())
    assert status == 503, text[:2000]
    assert hurried.stored() == before


def test_an_import_that_takes_too_long_is_not_made(hurried: Hurried) -> None:
    before = hurried.stored()
    exported = before[0].encode()
    status, text = hurried.ask("/api/v1/collections/import?name=c.json", JSON, exported)
    assert status == 503, text[:2000]
    assert hurried.stored() == before


def test_what_is_small_is_answered_meanwhile(hurried: Hurried) -> None:
    for path in ("/healthz", "/readyz", "/collections", f"{API}", f"{C}/history", "/about"):
        assert hurried.ask(path)[0] == 200, path
