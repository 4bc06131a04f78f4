"""Fixtures of the desk's tests: a store of its own for each, an application without a library, and
one over a tiny library that grows.

Where it is enough, no encoder: what an allowed request meets behind the door is a missing library.
"""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner
from flask import Flask
from flask.testing import FlaskClient

from indexer.run.pipeline import build
from search.encoder import Encoder, open_model
from search.exact import ExactSearch
from search.library.library import Library
from search.ranked.engine import Engine
from search.suggest import Suggester
from tests.waiting import LONG
from tests.web.running import announced, start_server
from web.app import create_app
from web.cli.upkeep import remove
from web.desk.desk import Desk, open_desk
from web.desk.document import Document
from web.desk.document_rows import PEOPLE
from web.desk.signatures import as_imported
from web.desk.strategy_answers import LibrarySearch
from web.http.access import Admission

PASSWORD = "correct horse"


class Browser(FlaskClient):
    """A client that wants HTML, as browsers say: programs are not shown where to sign in."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.environ_base["HTTP_ACCEPT"] = "text/html,*/*;q=0.8"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    found = open_desk(tmp_path / "collections.db")
    yield found
    found.store.close()


@pytest.fixture(scope="session")
def staff_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with a user of each role, called by it: hashing passwords takes its time."""
    file = tmp_path_factory.mktemp("staff") / "staff.db"
    desk = open_desk(file)
    for role in ("administrator", "librarian", "reader"):
        desk.accounts.add(role, role, PASSWORD)
    desk.store.close()
    return file


@pytest.fixture
def staffed(staff_file: Path, tmp_path: Path) -> Iterator[Desk]:
    """A desk with a user of each role, called by it."""
    found = open_desk(Path(shutil.copy(staff_file, tmp_path / "staffed.db")))
    yield found
    found.store.close()


@dataclass
class Growing:
    """A tiny library that can be added to and taken from, with an application over it."""

    path: Path
    model: Path
    encoder: Encoder
    desk: Desk

    def index(self, *records: dict[str, object]) -> None:
        """Publish a generation with these records, new or changed."""
        file = self.path.parent / "more.jsonl"
        file.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in records))
        build([file], self.path, model=str(self.model), device="cpu")

    def remove(self, record_id: str) -> None:
        """Publish a generation without a record."""
        done = CliRunner().invoke(remove, [record_id, "--library", str(self.path)])
        assert done.exit_code == 0, done.output

    @cached_property
    def app(self) -> Flask:
        """The application; it follows the library."""
        return create_app(self.engine, Suggester(self.engine), self.desk)

    @cached_property
    def engine(self) -> Engine:
        """Ranked search over the library."""
        return Engine(Library(self.path), self.encoder)

    @property
    def search(self) -> LibrarySearch:
        """Both searches, as strategies ask them."""
        return LibrarySearch(ExactSearch(self.engine.library), lambda: self.engine)


LITERATURE: list[dict[str, object]] = [
    {"id": "a", "title": "肺炎の治療", "abstract": "市中肺炎に抗菌薬を投与した。", "date": "2018"},
    {"id": "b", "title": "心不全の予防", "abstract": "スタチンの効果。", "date": "2019-05"},
    {"id": "c", "title": "高齢者の肺炎", "abstract": "誤嚥性肺炎の予防。", "date": "2020"},
    {"id": "d", "title": "喘息の吸入療法", "abstract": "吸入の指導。", "date": "2021"},
    {"id": "e", "title": "小児の肺炎と喘息", "abstract": "外来での経過。", "date": "2022"},
]


@pytest.fixture(scope="session")
def small_library(tmp_path_factory: pytest.TempPathFactory, published_layout: Path) -> Path:
    directory = tmp_path_factory.mktemp("small")
    nobody: Any = None
    Growing(directory / "文献庫", published_layout, nobody, nobody).index(*LITERATURE)
    return directory / "文献庫"


@pytest.fixture
def growing(
    small_library: Path,
    published_layout: Path,
    tiny_encoder: Encoder,
    desk: Desk,
    tmp_path: Path,
) -> Growing:
    """A library of five records, of this test alone."""
    copied = tmp_path / small_library.name
    shutil.copytree(small_library, copied)
    return Growing(copied, published_layout, tiny_encoder, desk)


def marked_as_imported(exported: Document) -> Document:
    """A document as it is exported after an import: whoever it names is marked."""

    def marked(value: Any) -> Any:
        if isinstance(value, dict):
            return {
                key: as_imported(inner)
                if key in PEOPLE and isinstance(inner, str)
                else marked(inner)
                for key, inner in value.items()
            }
        return [marked(inner) for inner in value] if isinstance(value, list) else value

    return Document.model_validate(marked(exported.model_dump(mode="json")))


def app_without_library(desk: Desk, admission: Admission | None = None) -> Flask:
    encoder: Any = SimpleNamespace(model=open_model())
    engine = Engine(Library(desk.store.path.parent / "no-library"), encoder)
    app = create_app(engine, Suggester(engine), desk, admission)
    app.test_client_class = Browser
    return app


@contextmanager
def desk_serving(library: Path, staff_file: Path, folder: Path) -> Iterator[str]:
    """The address of a server with accounts, as an administrator starts it."""
    file = shutil.copy(staff_file, folder / "collections.db")
    process = start_server(
        *("serve", "--library", str(library), "--port", "0", "--collections", str(file))
    )
    try:
        yield announced(process)
    finally:
        process.terminate()
        _, errors = process.communicate(timeout=LONG)
    assert "Traceback" not in errors


@pytest.fixture
def desk_server(sample_library: Path, staff_file: Path, tmp_path: Path) -> Iterator[str]:
    """A server with accounts, of this test alone."""
    with desk_serving(sample_library, staff_file, tmp_path) as address:
        yield address
