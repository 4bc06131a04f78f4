"""A server that goes and comes back: clear answers meanwhile, right ones afterwards."""

import itertools
import threading
import time
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from indexer.publishing import publish
from search.encoder import Encoder
from search.engine import Engine
from search.library import Library
from search.milvus import MilvusRetrieval
from search.suggest import Suggester
from tests.milvus.servers import Process
from tests.waiting import LONG, until
from web.app import create_app

# In turn, more than the engine remembers the lists of: each one is looked for anew.
_OF = (
    "小児",
    "高齢者",
    "妊婦",
    "男性",
    "女性",
    "治療",
    "薬",
    "手術",
    "看護",
    "費用",
    "予防",
    "検査",
)
QUERIES = [
    f"{what} {of}" for what in ("高血圧", "手首を折った", "血糖の検査に通えない") for of in _OF
]


@pytest.fixture(params=["lite_server", "real_server"])
def process(request: pytest.FixtureRequest) -> Process:
    started: Process = request.getfixturevalue(request.param)
    return started


def found(client: FlaskClient, query: str) -> tuple[int, list[str]]:
    answer = client.get("/api/v1/search", query_string={"q": query})
    body = answer.get_json()
    if answer.status_code == 503:
        assert answer.content_type == "application/problem+json"
        assert int(answer.headers["Retry-After"]) > 0
        assert "cannot be used at present" in body["detail"]
        # Where the server is concerns its operator.
        assert "127.0.0.1" not in answer.text
        return 503, []
    return answer.status_code, [hit["record"]["id"] for hit in body["hits"]]


class Asking:
    """Somebody who asks all the while; what was answered is kept."""

    def __init__(self, client: FlaskClient) -> None:
        self.answers: list[tuple[str, tuple[int, list[str]]]] = []
        self._client = client
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._ask)

    def __enter__(self) -> "Asking":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _ask(self) -> None:
        for query in itertools.cycle(QUERIES):
            if self._stop.wait(0.05):
                return
            self.answers.append((query, found(self._client, query)))


def test_a_server_killed_during_queries_is_a_clear_503_and_comes_back_with_right_answers(
    process: Process, sample_library: Path, encoder: Encoder
) -> None:
    address = process.address("sample")
    publish(sample_library, address)
    engine = Engine(Library(sample_library, MilvusRetrieval(address)), encoder)
    app = create_app(engine, Suggester(engine))
    client = app.test_client()
    right = {query: found(client, query) for query in QUERIES}
    assert all(status == 200 and ids for status, ids in right.values())

    with Asking(app.test_client()) as asking:
        process.kill()
        start = time.monotonic()
        assert [found(client, query)[0] for query in QUERIES[:3]] == [503] * 3
        # pymilvus alone tries again for longer.
        assert time.monotonic() - start < LONG
        page = client.get("/", query_string={"q": QUERIES[0]})
        assert page.status_code == 503
        assert "Traceback" not in page.text
        # What needs no vectors is answered all the same.
        exact = client.get("/api/v1/exact", query_string={"q": "高血圧"})
        assert exact.status_code == 200
        assert client.get("/readyz").status_code == 200

        process.start()
        until(lambda: {query: found(client, query) for query in QUERIES} == right)
    # Never a wrong answer: the right one or none.
    assert all(answer in ((503, []), right[query]) for query, answer in asking.answers)
    assert any(status == 503 for _, (status, _) in asking.answers)
