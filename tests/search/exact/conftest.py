"""A library of records in which the meaning of exact search comes up, built once a session."""

import json
from pathlib import Path

import pytest

from indexer.run.pipeline import build
from search.exact import ExactSearch
from search.library.library import Library
from search.records import Record, record_to_dict
from tests.search.exact.literature import records


def library_of(directory: Path, items: list[Record], model: Path) -> Library:
    """A library of these records; exact search asks nothing of its model."""
    source = directory / "records.jsonl"
    with source.open("w", encoding="utf-8") as file:
        for record in items:
            file.write(json.dumps(record_to_dict(record), ensure_ascii=False) + "\n")
    build([source], directory / "library", model=str(model), device="cpu")
    return Library(directory / "library")


@pytest.fixture(scope="session")
def literature() -> list[Record]:
    return records()


@pytest.fixture(scope="session")
def exact(
    tmp_path_factory: pytest.TempPathFactory, literature: list[Record], published_layout: Path
) -> ExactSearch:
    return ExactSearch(library_of(tmp_path_factory.mktemp("exact"), literature, published_layout))


def found(exact: ExactSearch, expression: str) -> set[str]:
    """The ids of the whole set."""
    return {record.id for record in exact.records(expression)}
