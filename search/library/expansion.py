"""Query expansion: terms of the library that mean nearly what the query means, looked for beside
its own words.

Where a library does not know the words of a query (オーメン症候群 stands in it, Omenn症候群 was
typed), the encoder knows what is near. The terms whose vectors are nearest to the query's are added
to the lexical leg as phrases, with a weight that falls with how much of the query the words alone
can answer; a query whose words all stand in some record is left as it is. What is added is
reported with the list, never hidden.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from search.library.term_vectors import TermVectors
from search.text.terms import terms

# A longer query is a sentence or a list; what is near to all of it says nothing in its place.
_LONGEST = 8
_ADDED = 5
# Among the nearest terms some say nothing new; so many are looked at.
_LOOKED_AT = 40
_WEIGHT = 0.6
# How near some term is to any query, however far from the field.
_CHANCE = 0.4
# Words of the query that are missing to a smaller part than this are a matter of length.
_LEAST_MISSING = 0.03
_ABBREVIATION = re.compile("[a-z0-9]{1,5}")


@dataclass(frozen=True)
class Expansion:
    """A term that is looked for too: as it is written, the words that stand for it in a row, and
    what it weighs beside a word of the query (at most 1).

    ``instead_of`` are the query's own words for the same, ``written`` so, where it is another name
    of something that the query names: a record counts by the one that scores more.
    """

    term: str
    words: tuple[str, ...]
    weight: float
    instead_of: tuple[str, ...] = ()
    written: str = ""


class NearTerms:
    """The terms of a generation by their vectors: texts (n,) and vectors (n, dim)."""

    def __init__(self, texts: Sequence[str], vectors: TermVectors) -> None:
        self._texts = texts
        self._vectors = vectors

    def expansions(
        self,
        vector: NDArray[np.float32],
        query_terms: Sequence[str],
        coverage: float,
        unknown: Collection[str] = (),
    ) -> tuple[Expansion, ...]:
        """What to add to a query with the vector (dim,) and these words, of which the best record
        has the share ``coverage`` (0 to 1) and no record the ``unknown``.

        Nothing is added in the place of abbreviations: to an encoder they are near to whatever is
        spelled nearly so.
        """
        if unknown and all(_ABBREVIATION.fullmatch(word) for word in unknown):
            return ()
        missing = 1.0 - coverage
        known = set(query_terms)
        if missing < _LEAST_MISSING or not 0 < len(known) <= _LONGEST or not self._texts:
            return ()
        average = self._vectors.mean_score(vector)
        near = self._vectors.near(vector)
        scores = self._vectors.of(near) @ vector
        first = np.argsort(-scores, kind="stable")[:_LOOKED_AT]
        added: list[Expansion] = []
        for i, score in zip(near[first].tolist(), scores[first].tolist(), strict=True):
            words = words_in(self._texts[i])
            if not words or known.issuperset(words):
                continue
            likeness = (min(score, 1.0) - average) / max(1.0 - average, 1e-6)
            likeness = (likeness - _CHANCE) / (1.0 - _CHANCE)
            if likeness <= 0:
                break
            added.append(Expansion(self._texts[i], words, _WEIGHT * missing * likeness))
            if len(added) == _ADDED:
                break
        return tuple(added)


@lru_cache(maxsize=65_536)
def words_in(term: str) -> tuple[str, ...]:
    """The words that stand for a term in a row; the last ones are remembered."""
    return tuple(terms(term))
