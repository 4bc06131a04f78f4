"""Records with scores, best first: what a leg finds and what fusion makes of two legs."""

from collections.abc import Iterable, Iterator, Sequence
from typing import overload

import numpy as np
from numpy.typing import ArrayLike, NDArray


class Ranking(Sequence[tuple[int, float]]):
    """Record ``numbers`` (n,) int64 and their ``scores`` (n,) float64, best first; never changes.

    It reads as the sequence of its (number, score) pairs. Kept as two arrays, because a query ranks
    thousands of records of which somebody sees ten: as tuples they took a fifth of its time.
    """

    __slots__ = ("numbers", "scores")

    def __init__(self, numbers: ArrayLike = (), scores: ArrayLike = ()) -> None:
        self.numbers: NDArray[np.int64] = np.asarray(numbers, np.int64)
        self.scores: NDArray[np.float64] = np.asarray(scores, np.float64)

    @classmethod
    def of(cls, pairs: Iterable[tuple[int, float]]) -> "Ranking":
        """The ranking that some pairs are, which are in order."""
        numbers, scores = zip(*pairs, strict=True) if (pairs := list(pairs)) else ((), ())
        return cls(numbers, scores)

    @classmethod
    def best(cls, numbers: ArrayLike, scores: ArrayLike, limit: int | None = None) -> "Ranking":
        """The best ``limit`` of some records in any order, ties by number."""
        found = cls(numbers, scores)
        return found.take(np.lexsort((found.numbers, -found.scores))[:limit])

    def __len__(self) -> int:
        return len(self.numbers)

    @overload
    def __getitem__(self, place: int) -> tuple[int, float]: ...

    @overload
    def __getitem__(self, place: slice) -> "Ranking": ...

    def __getitem__(self, place: int | slice) -> "tuple[int, float] | Ranking":
        if isinstance(place, slice):
            return Ranking(self.numbers[place], self.scores[place])
        return int(self.numbers[place]), float(self.scores[place])

    def __iter__(self) -> Iterator[tuple[int, float]]:
        return zip(self.numbers.tolist(), self.scores.tolist(), strict=True)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Ranking):
            return NotImplemented
        return np.array_equal(self.numbers, other.numbers) and np.array_equal(
            self.scores, other.scores
        )

    __hash__ = None  # type: ignore[assignment]  # it holds arrays, which have none either

    def __repr__(self) -> str:
        return f"Ranking.of({list(self)!r})"

    def take(self, places: ArrayLike) -> "Ranking":
        """Those at some places (indices, or true where one stays), in that order."""
        chosen = np.asarray(places)
        return Ranking(self.numbers[chosen], self.scores[chosen])

    def scores_of(self, numbers: NDArray[np.int64], missing: float) -> NDArray[np.float64]:
        """The scores (m,) of some records (m,), ``missing`` for one that is not in it."""
        if not len(self):
            return np.full(len(numbers), missing)
        order = np.argsort(self.numbers)
        places = order[np.searchsorted(self.numbers, numbers, sorter=order).clip(max=len(self) - 1)]
        return np.where(self.numbers[places] == numbers, self.scores[places], missing)

    def places_of(self, numbers: Sequence[int]) -> dict[int, int]:
        """Where those of some records that are in it stand; 0 is the first place."""
        places = np.flatnonzero(np.isin(self.numbers, np.asarray(numbers, np.int64)))
        return dict(zip(self.numbers[places].tolist(), places.tolist(), strict=True))
