"""What a short or ambiguous name in a query stands for: DVT, MS, PD.

Two or three letters stand for many things, also for some that the terminology does not have. Two
things decide. The library's own records: where most that have the abbreviation have a concept's
name, too, as in deep vein thrombosis (DVT), it stands for that. And the rest of the query: where it
is clearly nearer, as vectors are, to the concept's name than to names drawn from the whole
terminology. Else the name stays as it was typed. Two letters alone never mean anything, nor does
what a stroke joins to others: MS/MS, PK/PD, PT-INR.
"""

import threading
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from search.library.expansion import words_in
from search.library.lexical_index import LexicalIndex
from search.library.query_words import query_words
from search.terminology.concepts import Concept, Language, Mention
from search.terminology.terminology import Terminology
from search.text.latin import is_latin

# Texts to their vectors, (n, dim), each of length 1.
Encode = Callable[[Sequence[str]], NDArray[np.float32]]

# Most records that have the abbreviation, and more than one, have the name, too.
_MOST = 0.5
_SEVERAL = 2
# How many names are drawn, and by how many of their standard deviations a name is nearer than they
# are. Of 32 abbreviations with something that belongs to them and 22 with something that does not,
# 13 and none pass; at 0.9 it is two wrong ones.
_DRAWN = 100
_NEARER = 1.1
# By how much one concept is nearer than the next of those that share the name.
_AHEAD = 0.5
_CANDIDATES = 8
# What joins a name to what follows or goes before, and says nothing.
_STROKES = "/-‐‑–／－"
_JOINS = "のにをはがでとへも、。・ 　,.:;()（）「」-"


class Abbreviations:
    """Tells what short and ambiguous names stand for. Safe to call from several threads."""

    def __init__(self, terminology: Terminology, encode: Encode) -> None:
        self._terminology = terminology
        self._encode = encode
        self._drawn: dict[Language, NDArray[np.float32]] = {}
        self._lock = threading.Lock()

    def meant(self, index: LexicalIndex, text: str, mention: Mention) -> Concept | None:
        """The concept that a name in ``text`` stands for; None where that is not clear."""
        concepts = [c for c in mention.concepts[:_CANDIDATES] if not c.is_check_tag]
        written = text[mention.start : mention.end]
        if not concepts or _is_joined(text, mention):
            return None
        if len(written) > 2 and (explained := _explained(index, written, concepts)):
            return explained
        rest = f"{text[: mention.start].rstrip(_JOINS)} {text[mention.end :].lstrip(_JOINS)}"
        return self._nearest(rest.strip(_JOINS), concepts)

    def _nearest(self, rest: str, concepts: Sequence[Concept]) -> Concept | None:
        """The concept whose name is nearest to the rest of a query, where it is near."""
        if len(rest) < 2:
            return None
        language: Language = "en" if is_latin(rest) else "ja"
        named = [(name, c) for c in concepts if (name := c.preferred(language))]
        if not named:
            return None
        vectors = self._encode([rest, *(name for name, _ in named)])
        others = self._others(language) @ vectors[0]
        spread = max(float(others.std()), 1e-6)
        nearness = (vectors[1:] @ vectors[0] - float(others.mean())) / spread
        first, *rest_of = np.argsort(-nearness, kind="stable").tolist()
        if nearness[first] < _NEARER:
            return None
        if rest_of and nearness[first] - nearness[rest_of[0]] < _AHEAD:
            return None
        concept: Concept = named[first][1]
        return concept

    def _others(self, language: Language) -> NDArray[np.float32]:
        with self._lock:
            if language not in self._drawn:
                names = self._terminology.names_drawn(language, _DRAWN)
                self._drawn[language] = self._encode(names)
            return self._drawn[language]


def _is_joined(text: str, mention: Mention) -> bool:
    beside = text[max(0, mention.start - 1) : mention.start], text[mention.end : mention.end + 1]
    return any(sign and sign in _STROKES for sign in beside)


def _explained(index: LexicalIndex, written: str, concepts: Sequence[Concept]) -> Concept | None:
    """The one concept whose name most records with the abbreviation have."""
    own = tuple(dict.fromkeys(query_words(index, written).terms))
    records = index.together([own])
    if records < _SEVERAL:
        return None
    found = []
    for concept in concepts:
        named = {words_in(label.text) for label in concept.labels if label.kind != "lay"}
        names = [words for words in named if words and words != own]
        both = sum(index.together([own, words]) for words in names)
        if both >= max(_SEVERAL, _MOST * records):
            found.append(concept)
    return found[0] if len(found) == 1 else None
