"""Terms that mean what a part of the query means: synonyms, variants of writing, abbreviations.

Three kinds of evidence, none of which is enough alone: the terms' own vectors (急性冠症候群 for
心筋梗塞), how they are written (心筋梗塞症), and that a hit introduces one by the other
(心筋梗塞（ＭＩ）, after Schwartz and Hearst, A Simple Algorithm for Identifying Abbreviation
Definitions in Biomedical Text, PSB 2003).
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from search.records import Record
from search.suggest.vocabulary import Vocabulary
from search.text.fold import nfkc, to_lexical

# Learnt by benchmarks/suggest_weights.py on the Manbyo and HPO concepts that are not measured.
_LIKENESS, _SPELLING, _INTRODUCED = 1.0, 0.6, 0.6
# What brackets hold beside the names themselves.
_SEPARATORS = re.compile(r"[:;,、・/=]|または|あるいは|以下|略称|略語|通称|別名")
_REACH = 90
_OPENED = re.compile(r"\s*[(\[]([^()\[\]]{2,80})[)\]]")
_BEFORE = re.compile(r"([^()\[\]、。,\s「」]{2,30})\s*[(\[][^()\[\]]{0,40}$")
_CLOSED = re.compile(r"[^()\[\]]{0,40}[)\]]")
_MIN_LENGTH = 2


@dataclass(frozen=True)
class Likeness:
    """How much every term is like a text, each (terms,): in meaning (centred cosine, 0 where a
    vector is missing), in writing, and by introduction in a hit; ``score`` joins them."""

    meaning: NDArray[np.float64]
    spelling: NDArray[np.float64]
    introduced: NDArray[np.bool_]

    @property
    def score(self) -> NDArray[np.float64]:
        """Their weighted sum."""
        return _LIKENESS * self.meaning + _SPELLING * self.spelling + _INTRODUCED * self.introduced


def likeness(
    vocabulary: Vocabulary, text: str, vector: NDArray[np.float32], hits: Iterable[Record]
) -> Likeness:
    """How much every term of the vocabulary is like ``text``, whose vector is ``vector`` (dim,)."""
    introduced = np.zeros(len(vocabulary), bool)
    introduced[introductions(vocabulary, text, hits)] = True
    return Likeness(vocabulary.meaning(vector), vocabulary.spellings.likeness(text), introduced)


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
        after = _OPENED.match(written, end)
        if after:
            yield from (part.strip() for part in _SEPARATORS.split(after[1]))
        else:
            before = _BEFORE.search(written[max(start - _REACH, 0) : start])
            if before and _CLOSED.match(written, end):
                # The words before the bracket run on without spaces: any end of them may be it.
                yield from (before[1][i:] for i in range(len(before[1]) - 1))
        start = folded.find(wanted, end)
