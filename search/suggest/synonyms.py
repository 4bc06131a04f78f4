"""Terms that mean what a part of the query means: synonyms, variants of writing, abbreviations.

Three kinds of evidence, none of which is enough alone: the terms' own vectors (急性冠症候群 for
心筋梗塞), how they are written (心筋梗塞症), and that a hit introduces one by the other
(心筋梗塞（ＭＩ）, after Schwartz and Hearst, A Simple Algorithm for Identifying Abbreviation
Definitions in Biomedical Text, PSB 2003).
"""

import re
from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance import Postfix, Prefix

from search.records import Record
from search.suggest.groups import contains
from search.suggest.query_parts import folded
from search.suggest.vocabulary import Vocabulary
from search.text.fold import nfkc, to_lexical

# The first two were chosen on Manbyo names that benchmarks/suggest.py does not measure; the third
# is set by hand.
_SPELLING, _INTRODUCED, _TRANSLATED = 0.3, 0.6, 0.2
# From which likeness on a term is a synonym.
_SAME_SCRIPT, _OTHER_SCRIPT = 1.05, 0.62
# What brackets hold beside the names themselves.
_SEPARATORS = re.compile(r"[:;,、・/=]|または|あるいは|以下|略称|略語|通称|別名")
_REACH = 90
# Letters, digits and kanji before a term belong to a longer name; hiragana, a particle, do not.
_GOES_ON = re.compile(r"[^\Wぁ-ん]")
_OPENED = re.compile(r"\s*[(\[]([^()\[\]]{2,80})[)\]]")
_BEFORE = re.compile(r"([^()\[\]、。,\s「」]{2,30})\s*[(\[][^()\[\]]{0,40}$")
_CLOSED = re.compile(r"[^()\[\]]{0,40}[)\]]")
_MIN_LENGTH = 2


class Likeness:
    """How like a ``text``, whose vector is ``vector`` (dim,), the terms of a vocabulary are, from
    their likeness in meaning and in writing, and from what ``hits`` introduce.

    Japanese words that share characters share meaning; words in Latin letters that share letters
    mostly do not, so there writing counts nothing, and a term in Japanese is preferred: for a name
    in English that is what a library in Japanese has in most of its records.
    """

    def __init__(
        self,
        vocabulary: Vocabulary,
        text: str,
        vector: NDArray[np.float32],
        hits: Iterable[Record],
    ) -> None:
        self._vocabulary = vocabulary
        self._vector = vector
        self._written: NDArray[np.float64] = (
            np.where(vocabulary.latin, 0.0, _TRANSLATED)
            if nfkc(text).isascii()
            else _SPELLING * vocabulary.spellings.likeness(text)
        )
        self._introduced = np.array(introductions(vocabulary, text, hits), np.int64)

    def of(self, indices: NDArray[np.int64]) -> NDArray[np.float64]:
        """The likeness of some terms (n,)."""
        score: NDArray[np.float64] = self._vocabulary.meaning(self._vector[None], indices)[0]
        score += self._written[indices]
        score[np.isin(indices, self._introduced)] += _INTRODUCED
        return score

    def best(self, count: int) -> NDArray[np.int64]:
        """The ``count`` likest terms, in no order: of those that are near in meaning, written
        alike or introduced."""
        near = self._vocabulary.near(self._vector)
        alike = best(self._written, len(near))
        some = np.unique(np.concatenate([near, alike, self._introduced]))
        return some[best(self.of(some), count)]


def best(scores: NDArray[np.float64], count: int) -> NDArray[np.int64]:
    """The indices of the ``count`` highest scores, in no order."""
    count = min(count, len(scores))
    return np.argpartition(-scores, count - 1)[:count] if count else np.zeros(0, np.int64)


def are_synonyms(one: str, other: str, score: float) -> bool:
    """Whether a term, ``other``, is offered as a synonym of a text at this likeness to it.

    The lines were drawn by reading pairs of Manbyo (one script) and of HPO (English and Japanese)
    near them. 糖尿病患者 says more than 糖尿病; 甲状腺機能亢進症 and 甲状腺機能低下症 share an end
    and have something of their own before it: near in meaning and writing, but not the same.
    """
    latin, into_latin = nfkc(one).isascii(), nfkc(other).isascii()
    if latin == into_latin:
        return score >= _SAME_SCRIPT and not (contains(one, other) or _are_siblings(one, other))
    return score >= _OTHER_SCRIPT + latin * _TRANSLATED


def _are_siblings(one: str, other: str) -> bool:
    a, b = folded(one), folded(other)
    start = Prefix.similarity(a, b)
    end = Postfix.similarity(a[start:], b[start:])
    own = [text[start : len(text) - end] for text in (a, b)]
    return start + end > 0 and all(own)


def introductions(vocabulary: Vocabulary, text: str, records: Iterable[Record]) -> list[int]:
    """The terms that some record puts in brackets after ``text``, or ``text`` after them:
    筋萎縮性側索硬化症（amyotrophic lateral sclerosis：ALS）."""
    found = (
        vocabulary.index.get(beside)
        for record in records
        for version in record.versions()
        for beside in bracketed(version.text, text)
        if to_lexical(beside) != to_lexical(text)
    )
    return list(dict.fromkeys(i for i in found if i is not None))


def bracketed(text: str, term: str) -> Iterator[str]:
    """What stands in brackets right after ``term`` in ``text``, in parts; and what may stand right
    before the brackets that the term is in. NFKC-folded."""
    wanted, written = to_lexical(term), nfkc(text)
    folded = written.casefold()
    # Casefolding can lengthen a text (ß): then places differ, and it says nothing.
    if len(wanted) < _MIN_LENGTH or len(folded) != len(written):
        return
    start = folded.find(wanted)
    while start >= 0:
        end = start + len(wanted)
        # The end of a longer name has no abbreviation of its own: 妊娠糖尿病（GDM）.
        if not (start and _GOES_ON.match(written[start - 1])):
            yield from _beside(written, start, end)
        start = folded.find(wanted, end)


def _beside(text: str, start: int, end: int) -> Iterator[str]:
    after = _OPENED.match(text, end)
    if after:
        yield from (part.strip() for part in _SEPARATORS.split(after[1]))
        return
    before = _BEFORE.search(text[max(start - _REACH, 0) : start])
    if before and _CLOSED.match(text, end):
        # The words before the bracket run on without spaces: any end of them may be it.
        yield from (before[1][i:] for i in range(len(before[1]) - 1))
