"""Fixtures of the desk's tests: a store of its own for each, and an application without a library.

No test here needs an encoder: what an allowed request meets behind the door is a missing library.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask

from search.encoder import open_model
from search.engine import Engine
from search.library import Library
from search.suggest import Suggester
from web.access import Admission
from web.app import create_app
from web.collections.desk import Desk, open_desk

PASSWORD = "correct horse"


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
        desk.accounts.add(role, role, PASSWORD)  # type: ignore[arg-type]
    desk.store.close()
    return file


@pytest.fixture
def staffed(staff_file: Path, tmp_path: Path) -> Iterator[Desk]:
    """A desk with a user of each role, called by it."""
    found = open_desk(Path(shutil.copy(staff_file, tmp_path / "staffed.db")))
    yield found
    found.store.close()


def app_without_library(desk: Desk, admission: Admission | None = None) -> Flask:
    encoder: Any = SimpleNamespace(model=open_model())
    engine = Engine(Library(desk.store.path.parent / "no-library"), encoder)
    return create_app(engine, Suggester(engine), desk, admission)
