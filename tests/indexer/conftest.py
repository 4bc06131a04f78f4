"""Fixtures: a tiny model and two tiny sources, so that a build takes a moment."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from indexer.run.pipeline import Report, build

RECORDS: list[dict[str, object]] = [
    {
        "id": "a",
        "title": "肺炎の治療",
        "abstract": "市中肺炎に抗菌薬を投与した。予後は良好であった。",
    },
    {
        "id": "b",
        "title": "心筋梗塞の予防",
        "abstract": "スタチンの効果を調べた。イベントは減少した。",
        "journal": "架空循環器",
        "date": "2019-05",
    },
]


@pytest.fixture
def source(tmp_path: Path) -> Callable[..., Path]:
    """Writes records (dictionaries) as JSON lines and gives the file."""

    def write(*records: dict[str, object], name: str = "records.jsonl") -> Path:
        return written(tmp_path / name, *records)

    return write


@pytest.fixture(scope="session")
def small_library(tmp_path_factory: pytest.TempPathFactory, published_layout: Path) -> Path:
    """A library of two records, made with the tiny model; tests change copies of it."""
    folder = tmp_path_factory.mktemp("small")
    index(written(folder / "records.jsonl", *RECORDS), folder / "library", published_layout)
    return folder / "library"


@pytest.fixture
def built(small_library: Path, tmp_path: Path) -> Path:
    """A library of two records, of this test alone."""
    return Path(shutil.copytree(small_library, tmp_path / "library"))


def written(file: Path, *records: dict[str, object]) -> Path:
    """The file, with these records as JSON lines."""
    file.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in records))
    return file


def index(file: Path, library: Path, model: Path | None = None) -> Report:
    """Index one file on the CPU."""
    return build([file], library, model=str(model) if model else None, device="cpu")
