"""How much of what is relevant has been found, how sure that is, and whether to stop.

Two answers of different kinds:

- The *bound* assumes nothing of the classifier but that it orders no worse than chance (the
  quasi-sampling of Callaghan and Müller-Hansen, Systematic Reviews 2020;9:273): the records that
  were decided on since some moment are taken for a random draw of what was left then, and the
  hypergeometric distribution says how many relevant ones could remain. Being ordered they hold more
  than a random draw would, so the bound errs to the safe side.
- The *estimate* adds up what the classifier expects of every record that is left (the Quant rule of
  Yang, Lewis and Frieder, DocEng 2021), its scores made probabilities by a logistic curve over
  decisions that the classifier had not seen.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

CONFIDENCE = 0.95
TARGET = 0.95
# Moments from which the draw is counted.
_MOMENTS = 40


@dataclass(frozen=True)
class Recall:
    """``found`` of the relevant records among ``decided`` of ``total``. ``estimate`` is the share
    that was probably found, None where too little was decided; ``bound`` the share that was found
    at least, at 95 % confidence. ``enough`` is the stopping aid: the bound is at 95 % or more."""

    found: int
    decided: int
    total: int
    estimate: float | None
    bound: float

    @property
    def enough(self) -> bool:
        """Whether the bound has reached the target, or nothing is left."""
        return self.bound >= TARGET or self.decided >= self.total

    @property
    def most(self) -> int:
        """How many relevant records there are at most, at 95 % confidence."""
        return self.total if not self.bound else round(self.found / self.bound)


def recall(
    labels: Sequence[bool], total: int, probabilities: NDArray[np.float64] | None = None
) -> Recall:
    """What decisions, in their order, say of ``total`` records; ``probabilities`` are those of the
    records that are left to be relevant."""
    found, left = sum(labels), total - len(labels)
    remaining = most_remaining(labels, total)
    bound = found / (found + remaining) if found + remaining else 0.0
    estimate = None
    if not left:
        bound, estimate = 1.0, 1.0
    elif probabilities is not None and found:
        estimate = found / (found + float(probabilities.sum()))
    return Recall(found, len(labels), total, estimate, bound)


def most_remaining(labels: Sequence[bool], total: int) -> int:
    """The upper bound, at 95 % confidence, of how many relevant records are left."""
    left = total - len(labels)
    if not left:
        return 0
    if not labels:
        return left
    moments = np.unique(np.linspace(0, len(labels) - 1, _MOMENTS).astype(int))
    sums = np.concatenate([[0], np.cumsum(labels)])
    drawn = len(labels) - moments
    hits = sums[-1] - sums[moments]
    low, high = 0, left
    while low < high:
        middle = (low + high + 1) // 2
        if _chance(hits, total - moments, hits + middle, drawn) >= 1 - CONFIDENCE:
            low = middle
        else:
            high = middle - 1
    return low


def _chance(
    hits: NDArray[np.int64],
    urn: NDArray[np.int64],
    relevant: NDArray[np.int64],
    drawn: NDArray[np.int64],
) -> float:
    """How likely no more than ``hits`` are drawn where so many are in the urn, at the moment that
    speaks most against it."""
    from scipy.stats import hypergeom

    return float(np.min(hypergeom.cdf(hits, urn, relevant, drawn)))


def curve(labels: Sequence[bool]) -> list[int]:
    """How many relevant records were found after each decision."""
    return [int(n) for n in np.cumsum(labels)]
