"""Where the words of a query stand in a text, as offsets into the original text."""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from search.text.fold import to_lexical
from search.text.terms import Term, terms_with_offsets

# Particles of numbers and single letters match everywhere and say nothing.
_MIN_LATIN = 2
_MIN_STEM = 3


def marks(text: str, query_terms: Iterable[str]) -> list[tuple[int, int]]:
    """Half-open spans of ``text`` whose terms are among ``query_terms``; touching ones merged."""
    wanted = {t for t in query_terms if not (t.isascii() and len(t) < _MIN_LATIN)}
    found = sorted((t.start, t.end) for t in (_terms(text) if wanted else ()) if t.term in wanted)
    merged: list[tuple[int, int]] = []
    for start, end in found:
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def word_shares(texts: Sequence[str], weights: Mapping[str, float]) -> NDArray[np.float64]:
    """The share of some weighted words that each of some texts (n,) contains, 0 to 1.

    A word counts where its characters stand: cutting every text into words would take a hundred
    times as long.
    """
    total = sum(weights.values())
    folded = [to_lexical(text) for text in texts]
    return np.array(
        [
            sum(w for word, w in weights.items() if _beginning(word) in text) / total
            if total
            else 0.0
            for text in folded
        ]
    )


def _beginning(word: str) -> str:
    """What of a word stands in a text that has it: of the stem therapi, therap."""
    return word[:-1] if len(word) > _MIN_STEM and word.isascii() and word[-1] == "i" else word


@lru_cache(maxsize=2048)
def _terms(text: str) -> tuple[Term, ...]:
    """The terms of a title or sentence; the same ones come up for many queries."""
    return tuple(terms_with_offsets(text))
