"""The terms of a generation's records, looked up by reading and by spelling with a slip.

Distances are those of optimal string alignment (Damerau 1964, without edits inside a swap): one
insertion, deletion, substitution or swap of neighbours counts one.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from rapidfuzz import process
from rapidfuzz.distance import OSA

from search.library.generation import Generation
from search.library.pauses import pausing
from search.text.fold import to_lexical
from search.text.phrases import is_term
from search.text.readings import loose
from search.text.terms import alternatives

# The most frequent terms: what is rarer than all of these is not worth offering unseen.
_MAX_TERMS = 100_000
_MAX_LENGTH = 40
# With a slip, shorter readings are other words as often as not.
_MIN_HEARD = 5
LATIN = re.compile(r"[a-z\u00df-\u024f][a-z\u00df-\u024f'-]*")


@dataclass(frozen=True)
class KnownTerm:
    """A term as records write it, in how many of them, and how Sudachi reads it (katakana; empty
    where it has no reading)."""

    text: str
    records: int
    reading: str


class KnownTerms:
    """The terms that stand alone somewhere in a generation, and the words of Latin ones."""

    def __init__(self, generation: Generation) -> None:
        self._generation = generation
        self._by_reading: defaultdict[str, list[KnownTerm]] = defaultdict(list)
        self._by_spelling: dict[str, KnownTerm] = {}
        for term in pausing(self._read()):
            # Of Aspirin and aspirin the more frequent, which comes first.
            self._by_spelling.setdefault(to_lexical(term.text), term)
            if term.reading:
                self._by_reading[loose(term.reading)].append(term)
        self._spellings = _Forms(self._by_spelling)
        self._readings = _Forms(self._by_reading)

    def _read(self) -> Iterator[KnownTerm]:
        rows = self._generation.terms.execute(
            "select term, records, reading from terms where standalone > 0 and records > 0 "
            "order by records desc, number limit ?",
            [_MAX_TERMS],
        ).fetchall()
        words = set()
        for text, records, reading in rows:
            if is_term(text):
                yield KnownTerm(text, records, reading or "")
            if " " in text and len(text) <= _MAX_LENGTH:
                # Keywords such as Myocardial Infarction: each word is looked for, too.
                words |= {w for w in to_lexical(text).split() if LATIN.fullmatch(w)}
        for word in sorted(words):
            if is_term(word) and (records := self._records_with(word)):
                yield KnownTerm(word, records, "")

    def _records_with(self, word: str) -> int:
        """In how many records a word in Latin letters stands."""
        found = [
            self._generation.lexical.document_frequency(g.terms[0]) for g in alternatives(word)
        ]
        return min(found, default=0)

    def contains(self, word: str) -> bool:
        """Whether ``word`` (NFKC) stands in some record, as it is written or as BM25 sees it."""
        folded = to_lexical(word)
        if folded in self._by_spelling or self._generation.lexical.document_frequency(folded):
            return True
        if LATIN.fullmatch(folded):
            parts = alternatives(folded)
            known = self._generation.lexical.document_frequency
            return bool(parts) and all(any(map(known, group.terms)) for group in parts)
        found = self._generation.terms.execute(
            "select 1 from terms where term = ? and records > 0", [word]
        )
        return found.fetchone() is not None

    def with_reading(self, reading: str) -> list[KnownTerm]:
        """Terms that sound like ``reading`` (katakana), most frequent first."""
        return self._by_reading.get(loose(reading), [])

    def near_reading(self, reading: str) -> list[tuple[KnownTerm, int]]:
        """Terms that sound as if one slip had been made, each with its distance."""
        heard = loose(reading)
        if len(heard) < _MIN_HEARD:
            return []
        return [
            (term, distance)
            for near, distance in self._readings.near(heard, 1)
            for term in self._by_reading[near]
        ]

    def near_spelling(self, word: str, most: int) -> list[tuple[KnownTerm, int]]:
        """Terms within ``most`` edits of ``word`` (folded), each with its distance."""
        return [
            (self._by_spelling[near], distance)
            for near, distance in self._spellings.near(word, most)
        ]


class _Forms:
    """Forms by length, each with the set of its characters as 64 bits.

    An edit changes at most two of the bits, one for what goes and one for what comes, so that most
    forms are ruled out before distances are computed, which takes fifty times as long.
    """

    def __init__(self, forms: Iterable[str]) -> None:
        grouped: defaultdict[int, list[str]] = defaultdict(list)
        for form in pausing(forms):
            if len(form) <= _MAX_LENGTH:
                grouped[len(form)].append(form)
        self._forms = {length: np.array(found, object) for length, found in grouped.items()}
        self._characters = {
            length: np.fromiter(map(_characters, pausing(found)), np.uint64, len(found))
            for length, found in grouped.items()
        }

    def near(self, word: str, most: int) -> list[tuple[str, int]]:
        """Forms within ``most`` edits of ``word``, nearest first."""
        own = np.uint64(_characters(word))
        found: list[tuple[str, int]] = []
        for length in range(len(word) - most, len(word) + most + 1):
            if length in self._forms:
                differing = np.bitwise_count(self._characters[length] ^ own)
                likely = self._forms[length][differing <= 2 * most].tolist()
                found += [
                    (form, int(distance))
                    for form, distance, _ in process.extract(
                        word, likely, scorer=OSA.distance, score_cutoff=most, limit=None
                    )
                ]
        return sorted(found, key=lambda item: item[1])


def _characters(text: str) -> int:
    """The set of a text's characters: one of 64 bits each, which some share."""
    bits = 0
    for character in text:
        bits |= 1 << (ord(character) & 63)
    return bits
