"""What the log and the figures say, and what they keep to themselves."""

import json
import logging
import re

import pytest
from flask.testing import FlaskClient

from search.ranked.engine import Engine
from search.suggest import Suggester
from web.app import create_app
from web.http.access import Admission
from web.http.logs import JsonFormatter


def lines(caplog: pytest.LogCaptureFixture) -> list[dict[str, object]]:
    return [json.loads(JsonFormatter().format(record)) for record in caplog.records]


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.INFO, "jmedsearch")
    return caplog


def test_a_request_is_a_line_without_what_was_asked(
    client: FlaskClient, logged: pytest.LogCaptureFixture
) -> None:
    response = client.get("/api/v1/search?q=himitsu&journal=himitsu")
    client.get("/himitsu?q=himitsu")
    client.get("/api/v1/records/himitsu")
    first, missing, record = lines(logged)
    assert first["route"] == "/api/v1/search"
    assert (first["method"], first["status"], first["access"]) == ("GET", 200, "local")
    assert first["client"] == "127.0.0.1"
    assert isinstance(first["seconds"], float)
    assert (missing["route"], missing["status"]) == ("", 404)
    assert record["route"] == "/api/v1/records/<id:record_id>"
    assert "himitsu" not in json.dumps([first, missing, record])
    assert re.fullmatch("[0-9a-f]{16}", response.headers["X-Request-Id"])


def test_queries_are_logged_where_the_operator_asks_for_them(
    engine: Engine, suggester: Suggester, logged: pytest.LogCaptureFixture
) -> None:
    create_app(engine, suggester, log_queries=True).test_client().get("/api/v1/search?q=喘息")
    assert lines(logged)[0]["query"] == "喘息"


def test_only_the_proxy_may_say_the_id(engine: Engine, suggester: Suggester) -> None:
    app = create_app(engine, suggester, None, Admission(trusted_proxy="192.0.2.9"))
    client = app.test_client()
    given = {"X-Request-Id": "from-the-proxy-1"}
    assert client.get("/healthz", headers=given).headers["X-Request-Id"] != "from-the-proxy-1"
    client.environ_base["REMOTE_ADDR"] = "192.0.2.9"
    assert client.get("/healthz", headers=given).headers["X-Request-Id"] == "from-the-proxy-1"
    for bad in ("short", "with spaces in it", "x" * 65, "<script>alert</script>"):
        answered = client.get("/healthz", headers={"X-Request-Id": bad})
        assert answered.headers["X-Request-Id"] != bad


def fail(query: str) -> None:
    raise RuntimeError(query)


def test_of_an_exception_only_its_kind_and_place_are_written() -> None:
    with pytest.raises(RuntimeError) as raised:
        fail("himitsu")
    info = (raised.type, raised.value, raised.tb)
    record = logging.LogRecord("a", logging.ERROR, __file__, 1, "failed", None, info)
    line = json.loads(JsonFormatter().format(record))
    assert line["error"] == "RuntimeError"
    assert "test_logs.py" in line["trace"]
    assert "raise RuntimeError(query)" in line["trace"]
    assert "himitsu" not in json.dumps(
        {**line, "trace": line["trace"].replace('fail("himitsu")', "")}
    )


def test_figures_count_by_route_and_tell_no_query(engine: Engine, suggester: Suggester) -> None:
    client = create_app(engine, suggester).test_client()
    client.get("/api/v1/search?q=himitsu")
    client.get("/himitsu")
    client.open("/about", method="HIMITSU")
    text = client.get("/metrics").text
    asked = 'jmedsearch_requests_total{method="GET",route="/api/v1/search",status="200"} 1.0'
    assert asked in text
    assert 'jmedsearch_request_seconds_count{route="/api/v1/search"} 1.0' in text
    assert "jmedsearch_ready 1.0" in text
    assert "jmedsearch_generation 1.0" in text
    assert "jmedsearch_records 148.0" in text
    assert "himitsu" not in text.lower()


def test_figures_are_not_for_guests(engine: Engine, suggester: Suggester) -> None:
    app = create_app(engine, suggester, None, Admission(local=False, guests=True))
    assert app.test_client().get("/metrics").status_code == 403
