"""Vector segments opened for reading: memory-mapped, so that rows are read when they are asked for
and what a segment takes is the system's page cache, not the process's memory."""

import mmap
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from search.library.manifest import Segment

# passages f16 (n, dim); sentences int8 (m, dim) with one float32 scale a row; spans int32 (m, 2)
# in the version's text; first sentence of each passage int64 (n + 1).
SEGMENT_PARTS = ("passages", "sentences", "scales", "spans", "first")
# Rows that are turned into float32 at once.
_BLOCK = 4096
# Passage vectors that take more than this share of the machine's memory may not lie in it.
_HELD = 0.25


class Segments:
    """The segments of a generation in the order of their passages."""

    def __init__(self, directory: Path, segments: Sequence[Segment], dim: int) -> None:
        self._open = [_OpenSegment(directory, s) for s in segments]
        self._bases = np.array([s.base for s in segments], np.int64)
        self._dim = dim
        memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        self._beyond_memory = sum(s.rows.nbytes for s in self._open) > _HELD * memory

    @property
    def base(self) -> int:
        """The number of the first passage."""
        return int(self._bases[0])

    @property
    def passages(self) -> int:
        """How many passages have a vector, tombstones included."""
        return sum(s.segment.passages for s in self._open)

    def vectors(self, numbers: NDArray[np.int64]) -> NDArray[np.float32]:
        """Passage vectors (n, dim) float32 by number."""
        order = np.argsort(numbers, kind="stable")
        ascending = numbers[order]
        borders = [*np.searchsorted(ascending, self._bases).tolist(), len(numbers)]
        parts = [
            (segment, slice(start, end), ascending[start:end] - segment.segment.base)
            for segment, start, end in zip(self._open, borders, borders[1:], strict=False)
            if start < end
        ]
        if self._beyond_memory:
            for segment, _, wanted in parts:
                segment.ask_for(wanted)
        halves = np.empty((len(numbers), self._dim), np.float16)
        for segment, part, wanted in parts:
            halves[part] = np.take(segment.rows, wanted, axis=0)
        vectors = np.empty((len(numbers), self._dim), np.float32)
        vectors[order] = _widened(halves)
        return vectors

    def scores(self, numbers: NDArray[np.int64], query: NDArray[np.float32]) -> NDArray[np.float32]:
        """Inner products (n,) of passages with a query vector (dim,)."""
        parts = [
            self.vectors(numbers[start : start + _BLOCK]) @ query
            for start in range(0, len(numbers), _BLOCK)
        ]
        return np.concatenate(parts) if parts else np.zeros(0, np.float32)

    def sentences(self, number: int) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
        """Sentence vectors (n, dim) float32 of a passage and their spans (n, 2)."""
        segment = self._open[int(np.searchsorted(self._bases, number, side="right")) - 1]
        return segment.sentences(number - segment.segment.base)


class _OpenSegment:
    """A segment's files, memory-mapped."""

    def __init__(self, directory: Path, segment: Segment) -> None:
        self.segment = segment
        self.rows, self._codes, self._scales, self._spans, self._first = (
            mapped(directory / f"{segment.name}.{part}.npy") for part in SEGMENT_PARTS
        )
        if len(self.rows) != segment.passages or len(self._codes) != segment.sentences:
            raise ValueError(f"segment {segment.name} has another length than its manifest says")

    def ask_for(self, rows: NDArray[np.int64]) -> None:
        """Have the system read rows (n,) that are not in memory, all at once: where each is read
        when it is come to, each is waited for."""
        size = self.rows.strides[0]
        mapping = self.rows.base
        assert isinstance(mapping, mmap.mmap)
        offset = len(mapping) - self.rows.nbytes
        starts = offset + rows * size
        pages = starts // mmap.PAGESIZE * mmap.PAGESIZE
        for page, end in zip(pages.tolist(), (starts + size).tolist(), strict=True):
            mapping.madvise(mmap.MADV_WILLNEED, page, end - page)

    def sentences(self, row: int) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
        rows = slice(self._first[row], self._first[row + 1])
        vectors = self._codes[rows].astype(np.float32) * self._scales[rows][:, None]
        return vectors, np.asarray(self._spans[rows])


def _widened(halves: NDArray[np.float16]) -> NDArray[np.float32]:
    """f16 to float32, finite numbers only: half the time that numpy takes, which goes one by one.

    The bits of a half are put where a float has them, and 2^112 is the difference of the biases.
    """
    bits = halves.view(np.int16).astype(np.int32)
    np.left_shift(bits, 13, out=bits)
    np.bitwise_and(bits, np.int32(-0x70002000), out=bits)
    values = bits.view(np.float32)
    values *= np.float32(2.0**112)
    return values


def mapped(file: Path) -> NDArray[Any]:
    """The array in an ``.npy`` file, read-only and memory-mapped for reads here and there.

    Raises:
        OSError, ValueError: when the file cannot be read or holds less than it says.
    """
    with file.open("rb") as stream:
        if np.lib.format.read_magic(stream) != (1, 0):
            raise ValueError(f"{file.name}: not written by this program")
        shape, _, dtype = np.lib.format.read_array_header_1_0(stream)
        offset = stream.tell()
        mapping = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
    # Without this a cold row of 768 bytes would bring its neighbours along, 128 kB at a time.
    mapping.madvise(mmap.MADV_RANDOM)
    try:
        return np.ndarray(shape, dtype, mapping, offset)
    except TypeError as error:
        raise ValueError(f"{file.name}: {error}") from error
