"""Folding text while remembering where each character came from.

NFKC can merge characters (ｶﾞ becomes ガ) and split them (㎎ becomes mg), and lower-casing can
lengthen them, so a position in folded text says nothing about the original. Marks on the page are
offsets into the original text; this module is what makes them right.
"""

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import jaconv
import regex

_GRAPHEME = regex.compile(r"\X")
# What is written inside a word and not seen: soft hyphens, zero-width spaces and joiners, marks of
# direction, variation selectors.
_UNSEEN = re.compile(
    "[\u00ad\u034f\u061c\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f"
    "\ufe00-\ufe0f\ufeff\U000e0100-\U000e01ef]+"
)
# Characters that may combine with the one before them, as they are or in NFKC: marks, half-width
# voicing, Hangul jamo.
_JOINING = regex.compile(
    r"[\p{M}\uff9e\uff9f\u1100-\u11ff\u3131-\u318e\ua960-\ua97f\ud7b0-\ud7ff\uffa0-\uffdc]"
)
# Text of nothing but these has none of them; a question that is answered ten times as fast. Latin,
# Greek, punctuation and signs, kana, kanji, Hangul syllables, full width.
_APART = re.compile(
    "[\0-\u02ff\u0370-\u0482\u2000-\u20cf\u2100-\u2bff\u3000-\u3029\u3030-\u3098\u309b-\u3130"
    "\u3190-\ua48c\uac00-\ud7a3\uf900-\ufaff\uff00-\uff9d\uffe0-\uffef]*"
)
# Marks are put in order one by one, so thousands on one letter take seconds. No writing has as
# many; Unicode's own limit for streams is thirty (UAX #15, Stream-Safe Text Format).
_LONGEST_GRAPHEME = 64


@dataclass(frozen=True)
class Folded:
    """Folded text and, for every character of it, its source span in the original text."""

    text: str
    starts: Sequence[int]
    ends: Sequence[int]

    def original_span(self, start: int, end: int) -> tuple[int, int]:
        """The span of the original text that ``text[start:end]`` came from (half-open)."""
        if start >= end:
            position = self.starts[start] if start < len(self.starts) else (self.ends or [0])[-1]
            return position, position
        return self.starts[start], self.ends[end - 1]


def nfkc(text: str) -> str:
    """Unicode NFKC, grapheme by grapheme, without characters that nobody sees: what every other
    folding starts from."""
    if not text.isascii():
        text = _UNSEEN.sub("", text)
    if unicodedata.is_normalized("NFKC", text):
        return text
    if not has_joining(text):
        # No two graphemes make something else together.
        return unicodedata.normalize("NFKC", text)
    return "".join(map(_normalized, _GRAPHEME.findall(text)))


def _normalized(grapheme: str) -> str:
    if unicodedata.is_normalized("NFKC", grapheme):
        return grapheme
    return unicodedata.normalize("NFKC", grapheme[:_LONGEST_GRAPHEME])


def to_lexical(text: str) -> str:
    """NFKC and case-folded: the form in which BM25 sees text."""
    # Not lower(): that looks at a letter's neighbours (Σ), and folding must be piece by piece.
    return nfkc(text).casefold()


def has_joining(text: str) -> bool:
    """Whether any character of ``text`` may combine with the one before it."""
    return not _APART.fullmatch(text) and _JOINING.search(text) is not None


def to_full_width(text: str) -> str:
    """NFKC, then full-width kana, letters, digits and signs: what JMedRoBERTa was trained on."""
    # NFKC leaves no half-width kana.
    return str(jaconv.h2z(nfkc(text), kana=False, ascii=True, digit=True))


def fold_with_offsets(text: str, fold: Callable[[str], str]) -> Folded:
    """Apply ``fold`` grapheme by grapheme and keep the source span of each resulting character.

    ``fold`` makes one character or more of each that is seen, as this module's functions do, and
    nothing of the others; the result's text equals ``fold(text)``.
    """
    if _UNSEEN.search(text):
        seen = [i for i, character in enumerate(text) if not _UNSEEN.match(character)]
        inside = fold_with_offsets("".join(text[i] for i in seen), fold)
        return Folded(
            inside.text,
            tuple(seen[start] for start in inside.starts),
            tuple(seen[end - 1] + 1 for end in inside.ends),
        )
    if not has_joining(text):
        # Every character is a grapheme of its own: as many as before are one for each.
        folded = fold(text)
        if len(folded) == len(text):
            places = range(len(text) + 1)
            return Folded(folded, places[:-1], places[1:])
    pieces: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    for match in _GRAPHEME.finditer(text):
        piece = fold(match.group())
        pieces.append(piece)
        starts.extend([match.start()] * len(piece))
        ends.extend([match.end()] * len(piece))
    return Folded("".join(pieces), tuple(starts), tuple(ends))
