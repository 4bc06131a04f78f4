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

    def numbers(self) -> NDArray[np.int64]:
        """The passages in it by number, ascending."""
        # Only the bytes with a bit in them are unpacked: a set of a few among millions is common.
        places = np.flatnonzero(self.bits)
        bits = np.unpackbits(self.bits[places][:, None], axis=1, bitorder="little")
        rows, columns = np.nonzero(bits)
        numbers: NDArray[np.int64] = places[rows] * 8 + columns
        return numbers
