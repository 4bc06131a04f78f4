"""How names are compared: a key that is the same for all spellings of a name."""

import re
from collections.abc import Iterator

from search.text.fold import Folded, fold_with_offsets, nfkc, to_lexical
from search.text.latin import WORD, latin_terms
from search.text.terms import morphemes

# What stands between the words of a name in Latin letters.
_BETWEEN = re.compile(r"[\s‐‑–—\-_/,.'’()\[\]]+")
_LATIN_OR_DIGIT = re.compile(r"[a-z0-9\u00df-\u024f\u0370-\u03ff]+")


def key(text: str) -> str:
    """What a name is looked up by: folded, words in Latin letters stemmed and a space between them,
    everything else as it is without spaces. Empty where nothing is left."""
    folded = fold_with_offsets(text, to_lexical)
    return "".join(piece for piece, _, _ in _pieces(folded, nfkc(text))).strip()


class Keyed:
    """A text as keys see it, and where names may begin and end in it: at the borders of Sudachi's
    words, so that no name is found inside another word (頭 in 頭痛)."""

    def __init__(self, text: str) -> None:
        folded = fold_with_offsets(text, to_lexical)
        borders = {0, len(folded.text)}
        for _, start, end in morphemes(folded.text):
            borders |= {start, end}
        self._folded = folded
        self._spans: list[tuple[int, int]] = []
        self.text = ""
        self.starts: list[int] = []
        self.ends: set[int] = set()
        for piece, start, end in _pieces(folded, nfkc(text)):
            if start in borders and not piece.isspace():
                self.starts.append(len(self.text))
            self.text += piece
            # A piece of several characters is a word in Latin letters: its span is the word's.
            self._spans += [(start, end)] * len(piece)
            if end in borders and not piece.isspace():
                self.ends.add(len(self.text))

    def original_span(self, start: int, end: int) -> tuple[int, int]:
        """The span of the text that ``self.text[start:end]`` came from (half-open)."""
        return self._folded.original_span(self._spans[start][0], self._spans[end - 1][1])


def _pieces(folded: Folded, written: str) -> Iterator[tuple[str, int, int]]:
    """The text piece by piece, each with its span in the folded text: a stem, a space, or any other
    character."""
    text = folded.text
    if len(written) != len(text):
        written = text
    place, latin_before = 0, False
    while place < len(text):
        between = _BETWEEN.match(text, place)
        if between:
            after = _LATIN_OR_DIGIT.match(text, between.end())
            if latin_before and after:
                yield " ", place, between.end()
            place = between.end()
            continue
        word = _LATIN_OR_DIGIT.match(text, place)
        if word:
            # Only what is a word is stemmed; il6 and 2型 are names of their own.
            whole = WORD.fullmatch(word.group())
            stems = latin_terms(word.group(), written[place : word.end()]) if whole else ()
            yield stems[0] if stems else word.group(), place, word.end()
            place, latin_before = word.end(), True
            continue
        yield text[place], place, place + 1
        place, latin_before = place + 1, False
