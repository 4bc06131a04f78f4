"""Vectors of terms: what a killed run had encoded is not encoded again."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sqlite_utils import Database

import indexer.stages.embed
import indexer.stages.term_vector_writer
from indexer.run.intake import Progress
from indexer.sample import build_sample
from indexer.stages.term_vector_writer import write_term_vectors


class Counting:
    """An encoder that counts the terms it was asked for."""

    def __init__(self, fingerprint: str = "one") -> None:
        self.model = SimpleNamespace(fingerprint=fingerprint)
        self.backend = SimpleNamespace(name="counting")
        self.asked = 0

    def encode_queries(self, queries: Sequence[str]) -> NDArray[np.float32]:
        self.asked += len(queries)
        return np.array([[len(q), 1.0, -2.0] for q in queries], np.float32)


def terms_file(folder: Path) -> Path:
    file = folder / "terms.db"
    db = Database(file)
    rows = [
        {"number": i, "term": f"心筋症{i}型", "standalone": 1, "records": 2} for i in range(700)
    ]
    db["terms"].insert_all(rows, pk="number")
    db.close()
    return file


def written(file: Path, encoder: Any, checkpoints: Path) -> list[tuple[Any, ...]]:
    copy = Path(shutil.copy(file, file.with_name("copy.db")))
    assert write_term_vectors(copy, lambda: encoder, checkpoints) == 700
    db = Database(copy)
    rows = list(db.execute("select number, scale, codes from term_vectors order by number"))
    db.close()
    copy.unlink()
    return rows


def test_what_was_encoded_is_taken_from_the_checkpoints(tmp_path: Path) -> None:
    file, checkpoints = terms_file(tmp_path), tmp_path / "checkpoints"
    first, second, other = Counting(), Counting(), Counting("another model")
    rows = written(file, first, checkpoints)
    assert written(file, second, checkpoints) == rows
    assert (first.asked, second.asked) == (700, 0)
    written(file, other, checkpoints)
    assert other.asked == 700
    assert not list(checkpoints.glob("*.partial"))


def test_a_damaged_checkpoint_is_encoded_again(tmp_path: Path) -> None:
    file, checkpoints = terms_file(tmp_path), tmp_path / "checkpoints"
    rows = written(file, Counting(), checkpoints)
    for kept in checkpoints.iterdir():
        kept.write_bytes(kept.read_bytes()[:300])
    again = Counting()
    assert written(file, again, checkpoints) == rows
    assert again.asked == 700


class EmbeddedError(Exception):
    """All vectors are there."""


class UpToTheVectors(Progress):
    """Ends a run once it has all vectors."""

    def stage(self, name: str, total: int | None) -> None:
        if name == "fusion":
            raise EmbeddedError


def test_the_sample_comes_with_its_vectors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a change of the records or of the embedded model: python -m indexer.sample."""

    def embed(*_: object) -> None:
        raise AssertionError("a text of the sample is not in search/sample/vectors")

    monkeypatch.setattr(indexer.stages.embed, "embed_into", embed)
    monkeypatch.setattr(indexer.stages.term_vector_writer, "write_arrays", embed)
    with pytest.raises(EmbeddedError):
        build_sample(tmp_path / "library", UpToTheVectors())
