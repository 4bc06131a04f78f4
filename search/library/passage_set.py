"""A set of passages, one bit each: what a filter leaves in, what has not been replaced."""

from functools import cached_property

import numpy as np
from numpy.typing import NDArray


class PassageSet:
    """Some of the passages 0 to ``total - 1``; never changes.

    ``bits`` is uint8, eight passages a byte, the lowest bit first, zero beyond ``total``.
    """

    def __init__(self, bits: NDArray[np.uint8], total: int) -> None:
        self.bits = bits
        self.total = total

    @classmethod
    def where(cls, kept: NDArray[np.bool_]) -> "PassageSet":
        """The passages whose entry in ``kept`` (total,) is true."""
        return cls(np.packbits(kept, bitorder="little"), len(kept))

    @cached_property
    def count(self) -> int:
        """How many passages there are in it."""
        return int(np.bitwise_count(self.bits).sum())

    def __and__(self, other: "PassageSet") -> "PassageSet":
        return PassageSet(self.bits & other.bits, self.total)

    def __sub__(self, other: "PassageSet") -> "PassageSet":
        return PassageSet(self.bits & ~other.bits, self.total)

    def has(self, numbers: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which of some passages (n,) are in it (n,)."""
        found: NDArray[np.bool_] = (self.bits[numbers >> 3] >> (numbers & 7) & 1).astype(bool)
        return found

    def numbers(self) -> NDArray[np.int64]:
        """The passages in it by number, ascending."""
        # Only the bytes with a bit in them are unpacked: a set of a few among millions is common.
        places = np.flatnonzero(self.bits)
        bits = np.unpackbits(self.bits[places][:, None], axis=1, bitorder="little")
        rows, columns = np.nonzero(bits)
        numbers: NDArray[np.int64] = places[rows] * 8 + columns
        return numbers


class SplitSet:
    """Some passages, ``whole``, and the two kinds of them, ``bare`` and ``rest``: which passages of
    all are a bare title, ``bare_titles`` says."""

    def __init__(self, whole: PassageSet, bare_titles: PassageSet) -> None:
        self.whole = whole
        self.bare_titles = bare_titles

    @cached_property
    def bare(self) -> PassageSet:
        """Those that are a bare title."""
        return self.whole & self.bare_titles

    @cached_property
    def rest(self) -> PassageSet:
        """All others."""
        return self.whole - self.bare_titles
