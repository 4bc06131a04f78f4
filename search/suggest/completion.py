"""Completion: terms of the library for a word that is still being typed.

The last word of what has been typed is taken as the beginning of a term as it is written (心筋,
AM), of its reading (しんきん, しんきんk), or of its reading in romaji (shinkin). Where Japanese
runs on without spaces, the longest end of it that begins a term is completed (糖尿病のち becomes
糖尿病の治療). Terms are ordered by how well they fit what stands before them, as the MLM head sees
it, and by how many records contain them.
"""

import bisect
import heapq
import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from search.library.generation import Generation
from search.library.pauses import pausing
from search.library.per_generation import PerGeneration
from search.ranked.engine import MAX_QUERY
from search.suggest import Suggester, Vocabulary, literal, standardised
from search.text.fold import fold_with_offsets, to_lexical
from search.text.readings import KANA, loose, romaji_readings
from search.text.terms import morphemes, terms

# The most frequent terms with a beginning; those that the context is asked about.
_CANDIDATES = 64
# The part of a query that its last word is looked for in, and the words that the context shows.
_LAST = 40
_CONTEXT = 60
_MIN_ROMAJI = 2
_MIN_LATIN = 2
_BREAKS = ' \u3000、。，．,.;:!?？！・()（）[]「」『』"“”/=+'
_DROPPED = {"助詞", "助動詞", "補助記号", "空白"}
_PARTICLE = re.compile("[のとをにはがでや]")
_UNCONVERTED = re.compile("[ぁ-ゖー]+[a-z]*$")
_CONSONANTS = "bcdfghjkmpqrstvwxyz"


@dataclass(frozen=True)
class Completion:
    """A term that what is being typed may become.

    ``query`` is the query with the term in the place of ``query[start:]`` as it was typed;
    ``records`` is the number of records that contain the term.
    """

    term: str
    query: str
    start: int
    records: int


class Completer:
    """Completes the last word of queries with terms of a suggester's library. Safe to call from
    several threads."""

    def __init__(self, suggester: Suggester) -> None:
        self.suggester = suggester
        self._of_generations = PerGeneration[_Beginnings]()

    def complete(self, typed: str, limit: int = 8) -> tuple[Completion, ...]:
        """At most ``limit`` terms for the end of ``typed``; none where no term begins so.

        ``typed`` is the query up to the cursor, spaces at its end included: after a space nothing
        has been typed yet.
        """
        typed = typed[-MAX_QUERY:]
        generation = self.suggester.engine.generation()
        vocabulary = self.suggester.vocabulary(generation)
        beginnings = self._beginnings(generation, vocabulary)
        words = ((start, beginnings.of(text)) for start, text in _last_words(typed))
        start, found = next(((s, found) for s, found in words if found), (0, []))
        order = self._ordered(vocabulary, typed[:start], found)
        return tuple(
            Completion(
                term=vocabulary.terms[i],
                query=typed[:start] + vocabulary.terms[i],
                start=start,
                records=int(vocabulary.records[i]),
            )
            for i in order[:limit]
        )

    def _ordered(self, vocabulary: Vocabulary, before: str, found: Sequence[int]) -> list[int]:
        """Candidates, best first."""
        if not found:
            return []
        frequency = np.log(vocabulary.records[list(found)].astype(np.float64))
        weights = frequency
        encoder = self.suggester.engine.encoder
        context = before[-_CONTEXT:].strip(_BREAKS)
        if context and encoder.can_fill_masks and len(found) > 1:
            # A word that stands apart goes on as a list does; one that runs on, as the text does.
            joined = context + ("、" if before[-1] in _BREAKS else "")
            fit = (
                vocabulary.fit(encoder, [literal(joined) + "{masks}。"])[0].mean - vocabulary.prior
            )
            fitting: NDArray[np.float64] = fit[list(found)]
            known = np.isfinite(fitting)
            if known.any():
                fitting = np.where(known, fitting, np.median(fitting[known]))
                weights = standardised(frequency) + standardised(fitting)
        return [found[i] for i in np.lexsort((np.array(found), -weights))]

    def prepare(self, generation: Generation) -> None:
        """Have the terms of a generation, those for suggestions too, before it is in use."""
        vocabulary = self.suggester.prepare(generation)
        self._of_generations.prepare(generation, _Beginnings(vocabulary))

    def _beginnings(self, generation: Generation, vocabulary: Vocabulary) -> "_Beginnings":
        return self._of_generations.of(generation, lambda: _Beginnings(vocabulary))


class _Beginnings:
    """The terms of a vocabulary by how their spelling and their reading begin."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self._spelled = _Sorted((to_lexical(t), i) for i, t in enumerate(pausing(vocabulary.terms)))
        self._read = _Sorted((loose(r), i) for i, r in enumerate(pausing(vocabulary.readings)) if r)

    def of(self, text: str) -> list[int]:
        """Up to 64 terms that ``text`` (folded) begins: those that are spelled so before those
        that only sound so, the most frequent of each; not the text itself, nor empty words."""
        if text.isascii() and len(text) < _MIN_LATIN:
            return []
        found: dict[int, None] = {}
        for indices in (
            self._spelled.beginning_with(text),
            *(self._read.beginning_with(loose(reading)) for reading in _readings(text)),
        ):
            # Terms are numbered by their frequency.
            found |= dict.fromkeys(heapq.nsmallest(_CANDIDATES, indices))
        texts = self._vocabulary.terms
        # こと and もの are nouns to Sudachi, and nothing to a searcher.
        kept = (i for i in found if to_lexical(texts[i]) != text and terms(texts[i]))
        return list(itertools.islice(kept, _CANDIDATES))


class _Sorted:
    """Forms in order, so that those with one beginning stand together."""

    def __init__(self, pairs: Iterable[tuple[str, int]]) -> None:
        self._pairs = sorted(pairs)
        self._forms = [form for form, _ in self._pairs]

    def beginning_with(self, beginning: str) -> Iterator[int]:
        if not beginning:
            return
        first = bisect.bisect_left(self._forms, beginning)
        last = bisect.bisect_right(self._forms, beginning + "\U0010ffff")
        yield from (index for _, index in self._pairs[first:last])


def _last_words(typed: str) -> Iterator[tuple[int, str]]:
    """What may be the word being typed, as (offset in ``typed``, folded text), longest first: the
    text since the last space or mark, then its ends from each of Sudachi's words on."""
    begin = max(len(typed) - _LAST, 0)
    folded = fold_with_offsets(typed[begin:], to_lexical)
    since = max(folded.text.rfind(mark) for mark in _BREAKS) + 1
    starts = {since}
    for morpheme, start, _ in morphemes(folded.text[since:]):
        if morpheme.part_of_speech()[0] not in _DROPPED:
            starts.add(since + start)
    # Sudachi takes の and the first kana of a word for のち (後): kana may begin anew after each.
    unconverted = _UNCONVERTED.search(folded.text, since)
    if unconverted:
        starts |= {m.end() for m in _PARTICLE.finditer(folded.text, unconverted.start())}
    for start in sorted(starts):
        if start < len(folded.text):
            yield begin + folded.original_span(start, len(folded.text))[0], folded.text[start:]


def _readings(text: str) -> list[str]:
    """The katakana that ``text`` may be the beginning of: it is kana, perhaps with a consonant
    that the next key will make a syllable, or romaji."""
    kana = text.rstrip(_CONSONANTS + "n") if not text.isascii() else ""
    if kana and KANA.fullmatch(kana):
        return ["".join(chr(ord(c) + 0x60) if "ぁ" <= c <= "ゖ" else c for c in kana)]
    if not text.isascii():
        return []
    for whole in (text, text.rstrip(_CONSONANTS)):
        if len(whole) >= _MIN_ROMAJI and (found := romaji_readings(whole)):
            return found
    return []
