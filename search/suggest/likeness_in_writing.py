"""Terms that are written alike: cosine of their character pairs.

Spellings that exact search takes for one (がん and 癌, width, 旧字体) are one here, too.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from search.library.pauses import pausing
from search.text.variants import fold

# Stands before and after each text, so that beginnings and ends count as pairs.
_BORDER = "\x00"


class Spellings:
    """An inverted index of the character pairs of some texts, weighted by their rarity."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._count = len(texts)
        folded = [fold(text) for text in pausing(texts)]
        codes, owners = _pairs(folded)
        self._codes, column = np.unique(codes, return_inverse=True)
        order = np.argsort(column, kind="stable")
        self._owners = owners[order]
        self._first = np.searchsorted(column[order], np.arange(len(self._codes) + 1))
        self._rarity = np.log(1 + self._count / np.maximum(np.diff(self._first), 1))
        squares = np.bincount(owners, self._rarity[column] ** 2, minlength=self._count)
        self._norms = np.sqrt(np.maximum(squares, 1e-12))

    def likeness(self, text: str) -> NDArray[np.float64]:
        """The cosine of ``text`` with every text (texts,), 0 to 1."""
        codes, _ = _pairs([fold(text)])
        scores = np.zeros(self._count)
        square = 0.0
        for code in np.unique(codes):
            at = int(np.searchsorted(self._codes, code))
            if at == len(self._codes) or self._codes[at] != code:
                square += np.log(1 + self._count) ** 2
                continue
            weight = float(self._rarity[at]) ** 2
            square += weight
            scores[self._owners[self._first[at] : self._first[at + 1]]] += weight
        cosine: NDArray[np.float64] = scores / (self._norms * max(square, 1e-12) ** 0.5)
        return cosine


def _pairs(texts: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The distinct character pairs of each text as one number, and which text each is of."""
    joined = "".join(_BORDER + text + _BORDER for text in texts)
    points = np.frombuffer(joined.encode("utf-32-le"), np.uint32).astype(np.int64)
    owners = np.repeat(np.arange(len(texts)), [len(text) + 2 for text in texts])
    inside = owners[:-1] == owners[1:]
    codes = (points[:-1] << 21 | points[1:])[inside]
    both = np.unique(owners[:-1][inside] << 42 | codes)
    return both & (1 << 42) - 1, both >> 42
