"""Stored rows, read back as they were written."""

from pathlib import Path

import numpy as np
import pytest

from search.library.manifest import Segment
from search.library.segments import SEGMENT_PARTS, Segments

DIM = 8


@pytest.fixture
def halves(tmp_path: Path) -> np.ndarray:
    """Every finite f16, in segments of 1 000 rows at most."""
    values = np.arange(65536, dtype=np.uint16).view(np.float16)
    rows = values[np.isfinite(values)].reshape(-1, DIM)
    for i, start in enumerate(range(0, len(rows), 1000)):
        part = rows[start : start + 1000]
        count = len(part)
        parts = {
            "passages": part,
            "sentences": np.zeros((count, DIM), np.int8),
            "scales": np.ones(count, np.float32),
            "spans": np.zeros((count, 2), np.int32),
            "first": np.arange(count + 1),
        }
        for name in SEGMENT_PARTS:
            np.save(tmp_path / f"{i:06d}.{name}.npy", parts[name])
    return rows


def opened(folder: Path, rows: np.ndarray) -> Segments:
    segments = [
        Segment(f"{i:06d}", start, min(1000, len(rows) - start), min(1000, len(rows) - start))
        for i, start in enumerate(range(0, len(rows), 1000))
    ]
    return Segments(folder, segments, DIM)


@pytest.mark.parametrize("held", [0.25, 0.0], ids=["in memory", "beyond memory"])
def test_every_number_comes_back_in_the_order_asked_for(
    tmp_path: Path, halves: np.ndarray, held: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("search.library.segments._HELD", held)
    segments = opened(tmp_path, halves)
    numbers = np.random.default_rng(0).integers(len(halves), size=2 * len(halves))
    for asked in (np.arange(len(halves)), numbers, numbers[:0]):
        found = segments.vectors(asked)
        assert found.dtype == np.float32
        np.testing.assert_array_equal(found, halves[asked].astype(np.float32))


def test_scores_are_inner_products(tmp_path: Path, halves: np.ndarray) -> None:
    small = np.flatnonzero(np.abs(halves).max(axis=1) < 10)
    query = np.random.default_rng(1).standard_normal(DIM).astype(np.float32)
    scores = opened(tmp_path, halves).scores(small, query)
    wanted = halves[small].astype(np.float32) @ query
    np.testing.assert_allclose(scores, wanted, rtol=1e-4, atol=1e-5)


def test_a_file_cut_short_is_told(tmp_path: Path, halves: np.ndarray) -> None:
    file = tmp_path / "000000.passages.npy"
    file.write_bytes(file.read_bytes()[:-16])
    with pytest.raises(ValueError, match=r"000000\.passages\.npy"):
        opened(tmp_path, halves)
    file.write_bytes(b"")
    with pytest.raises(ValueError, match=r"magic|read"):
        opened(tmp_path, halves)
