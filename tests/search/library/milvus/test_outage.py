"""An engine that goes, hangs or loads: answers meanwhile, and whole ones afterwards."""

import itertools
import json
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from indexer.publishing import publish
from search.library.milvus import MilvusAddress, MilvusServer
from search.library.milvus.stored_generation import Published
from tests.search.library.milvus.servers import BlackHole, Process
from tests.search.library.milvus.test_contract import WORDS, built, records
from tests.waiting import until
from tests.web.running import announced, start_server

# In turn, more than the engine remembers the lists of: each one is looked for anew.
QUERIES = [f"{what} {of}" for what, of in itertools.permutations(WORDS, 2)][:40]
# Seconds after which a client of ours would give up; no answer takes so long, whatever the load.
_PATIENCE = 60.0


@pytest.fixture
def process(request: pytest.FixtureRequest) -> Iterator[Process]:
    """The real server, where there is one; the other faults are those of milvus-lite."""
    try:
        started: Process = request.getfixturevalue("real_server")
    except pytest.skip.Exception:
        started = request.getfixturevalue("lite_server")
    yield started
    # Whatever a test that failed has left.
    if started.is_stopped:
        started.go_on()
    elif not started.is_running:
        started.start()


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory, published_layout: Path) -> Path:
    """A library of a few made-up records."""
    return built(tmp_path_factory.mktemp("outage"), published_layout, records()[:24])


class Served:
    """A running ``jmedsearch serve``, asked over HTTP."""

    def __init__(self, address: str) -> None:
        self._address = address

    def get(self, path: str, **parameters: str) -> tuple[int, str]:
        url = f"{self._address}{path}?{urlencode(parameters)}"
        try:
            with urllib.request.urlopen(url, timeout=_PATIENCE) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def json(self, path: str, **parameters: str) -> Any:
        status, text = self.get(path, **parameters)
        assert status == 200, text
        return json.loads(text)

    def found(self, query: str) -> tuple[bool, list[str]]:
        """Whether the list is by words alone, and the ids of its hits."""
        body = self.json("/api/v1/search", q=query)
        assert body["degraded"] == (body["degraded_reason"] is not None)
        return body["degraded"], [hit["record"]["id"] for hit in body["hits"]]

    def whole(self, query: str) -> list[str]:
        """The ids of the hits, once they are by meaning too: a loaded machine may be late."""
        lists: list[list[str]] = []

        def comes() -> bool:
            by_words, ids = self.found(query)
            lists.append(ids)
            return not by_words

        until(comes)
        return lists[-1]

    def is_whole(self) -> bool:
        return bool(self.json("/readyz")["status"] == "ready")


@contextmanager
def serving(address: MilvusAddress, replica: Path, folder: Path) -> Iterator[Served]:
    collections = str(folder / f"{address.name}.db")
    process = start_server(
        *("serve", "--library", str(address), "--replica", str(replica), "--port", "0"),
        *("--collections", collections),
    )
    try:
        yield Served(announced(process))
    finally:
        process.terminate()
        _, errors = process.communicate(timeout=90)
    assert "Traceback" not in errors


class Asking:
    """Some who ask ranked searches all the while; what was answered is kept."""

    def __init__(self, served: Served, many: int) -> None:
        self.answers: list[tuple[str, tuple[bool, list[str]]]] = []
        self.failures: list[Exception] = []
        self._served = served
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._ask, args=[n]) for n in range(many)]

    def __enter__(self) -> "Asking":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _ask(self, number: int) -> None:
        for query in itertools.islice(itertools.cycle(QUERIES), number * 5, None):
            if self._stop.wait(0.1):
                return
            try:
                self.answers.append((query, self._served.found(query)))
            except (AssertionError, OSError) as error:
                self.failures.append(error)

    def degraded(self) -> int:
        return sum(by_words for _, (by_words, _) in list(self.answers))


def holds_through(served: Served, right: dict[str, list[str]], go: Callable[[], object]) -> None:
    """What is answered while the engine does not, from the moment on when ``go`` takes it away,
    with more clients than the server has threads."""
    with Asking(served, 8) as asking:
        until(lambda: asking.answers)
        go()
        start = time.monotonic()
        until(lambda: asking.degraded() >= 8)
        for _ in range(10):
            assert served.json("/api/v1/exact", q="肺炎")["count"] > 0
        ready = served.json("/readyz")
        assert (ready["status"], ready["records"] > 0) == ("degraded", True)
        # The lists that were whole before may still be remembered: these are others.
        status, page = served.get("/", q="薬剤と検査と手術", lang="ja")
        assert status == 200
        assert "語の一致だけで順位を付けています" in page
        record = served.json("/api/v1/exact", q="肺炎")["hits"][0]["record"]["id"]
        assert served.json(f"/api/v1/records/{record}/similar")["degraded"] is True
        # What is kept is made of whole lists alone.
        status, problem = served.get("/api/v1/search/export", q="患者の検査と予後", format="ris")
        assert (status, "127.0.0.1" in problem) == (503, False)
        assert time.monotonic() - start < 8 * _PATIENCE
    assert asking.failures == []
    # The right list, or one that says that it is not.
    for query, (by_words, ids) in asking.answers:
        assert by_words or ids == right[query]


def published(process: Process, name: str, library: Path) -> MilvusAddress:
    address = process.address(name)
    publish(library, address)
    return address


@pytest.mark.parametrize("how", ["killed", "stopped"])
def test_an_engine_that_goes_or_hangs_costs_meaning_and_nothing_else(
    process: Process, how: str, few: Path, tmp_path: Path
) -> None:
    address = published(process, f"outage_{how}", few)
    with serving(address, few, tmp_path) as served:
        until(served.is_whole)
        right = {query: served.whole(query) for query in QUERIES}
        assert all(right.values())
        if how == "killed":
            holds_through(served, right, process.kill)
            process.start()
        else:
            holds_through(served, right, process.stop_in_its_tracks)
            process.go_on()
        until(served.is_whole)
        assert {query: served.whole(query) for query in QUERIES} == right


def test_a_network_that_swallows_everything_is_an_engine_that_hangs(
    lite_server: Process, few: Path, tmp_path: Path
) -> None:
    published(lite_server, "swallowed", few)
    hole = BlackHole(lite_server.port)
    try:
        with serving(hole.address("swallowed"), few, tmp_path) as served:
            until(served.is_whole)
            right = {query: served.whole(query) for query in QUERIES}
            holds_through(served, right, hole.swallow)
            # The connections of before stay dead: new ones are made.
            hole.carry()
            until(served.is_whole)
            assert {query: served.whole(query) for query in QUERIES} == right
    finally:
        hole.close()


def test_serve_starts_while_the_engine_is_down_and_has_it_when_it_comes(
    few: Path, tmp_path: Path
) -> None:
    pytest.importorskip("milvus_lite", reason="milvus-lite is not installed")
    process = Process.lite(tmp_path)
    process.start()
    address = published(process, "down", few)
    process.kill()
    try:
        with serving(address, few, tmp_path) as served:
            assert served.found("肺炎")[0] is True
            ready = served.json("/readyz")
            assert ready["status"] == "degraded"
            assert ready["degraded_reason"] == "unreachable"
            assert ready["published"] is None
            process.start()
            until(served.is_whole)
            assert served.whole("肺炎")
    finally:
        process.kill()


def test_a_generation_that_the_engine_no_longer_holds_is_told(
    lite_server: Process, few: Path, tmp_path: Path
) -> None:
    address = published(lite_server, "gone", few)
    with serving(address, few, tmp_path) as served:
        until(served.is_whole)
        server = MilvusServer(address)
        for held in Published.among(server.call("list_collections"), address):
            server.call("drop_alias", address.name)
            server.call("drop_collection", held.passages)
        server.close()
        until(lambda: not served.is_whole())
        assert served.json("/readyz")["degraded_reason"] == "missing"
        assert served.found("肺炎")[0] is True
        publish(few, address)
        until(served.is_whole)
