"""Fixtures of the web tests: applications over the sample library and over hostile records."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from indexer.run.pipeline import build
from search.encoder import Encoder
from search.library.library import Library
from search.ranked.engine import Engine
from search.suggest import Suggester
from tests.waiting import LONG
from tests.web.hostile import hostile_records
from tests.web.running import announced, start_server
from web.app import create_app


@pytest.fixture(scope="session")
def app(engine: Engine, suggester: Suggester) -> Flask:
    return create_app(engine, suggester)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture(scope="session")
def hostile_library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("hostile")
    source = directory / "records.jsonl"
    source.write_text(
        "".join(json.dumps(r, ensure_ascii=False) + "\n" for r in hostile_records()),
        encoding="utf-8",
    )
    report = build([source], directory / "library")
    assert not report.rejected
    return directory / "library"


@pytest.fixture(scope="session")
def hostile_app(hostile_library: Path, encoder: Encoder) -> Flask:
    engine = Engine(Library(hostile_library), encoder)
    return create_app(engine, Suggester(engine))


@pytest.fixture
def hostile_client(hostile_app: Flask) -> FlaskClient:
    return hostile_app.test_client()


@pytest.fixture(scope="session")
def server(sample_library: Path) -> Iterator[str]:
    """The address of ``jmedsearch demo``, as a user starts it; SIGTERM ends it quietly."""
    process = start_server("demo", "--library", str(sample_library), "--port", "0")
    address = announced(process)
    yield address
    process.terminate()
    _, errors = process.communicate(timeout=LONG)
    assert process.returncode == 0
    assert "Traceback" not in errors
