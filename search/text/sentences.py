"""Sentence borders, as spans of the original text.

sentencex (Wikimedia, maintained, many languages, loses no character) finds the candidates; three of
its habits are mended for Japanese: it ends a sentence inside a quotation that the sentence goes on
after (「治った。」と述べた), it knows no heading that ends with a colon or bracket, and it goes on
where a number follows (…とされた。1865年に…).
"""

import re
from collections.abc import Iterator
from itertools import pairwise

from sentencex import get_sentence_boundaries

_CONTINUES_QUOTATION = re.compile(r"[\s]*(?:[とがをはにのでもや、，,）)」』]|という|など)")
_CLOSES_QUOTATION = re.compile(r"[」』）)]\s*$")
_BEFORE_NUMBER = re.compile(r"(?<=[。！？])(?=[0-9０-９])")
_ABBREVIATION = re.compile(r"\b(?:Dr|Mr|Mrs|Ms|Prof|Fig|Figs|Tab|No|vs|al|cf|approx)\.\s*$")


def sentence_spans(text: str, language: str = "ja") -> list[tuple[int, int]]:
    """The half-open spans of the sentences of ``text``, without surrounding white space.

    Spans are in order and do not overlap; between them lies white space only. Text without any
    sentence end is one sentence; blank text has none.
    """
    merged: list[tuple[int, int]] = []
    for start, end in _candidates(text, language):
        if merged and _belongs_together(text, merged[-1], (start, end)):
            merged[-1] = (merged[-1][0], end)
        else:
            merged.append((start, end))
    spans = []
    for start, end in merged:
        sentence = text[start:end]
        stripped = sentence.strip()
        if stripped:
            lead = len(sentence) - len(sentence.lstrip())
            spans.append((start + lead, start + lead + len(stripped)))
    return spans


def _candidates(text: str, language: str) -> Iterator[tuple[int, int]]:
    # A line break ends a sentence: titles and the parts of structured abstracts stand on lines.
    for line in re.finditer(r"[^\n]+\n*", text):
        for boundary in get_sentence_boundaries(language, line.group()):
            start, end = (line.start() + boundary[f"{side}_index"] for side in ("start", "end"))
            borders = [m.start() for m in _BEFORE_NUMBER.finditer(text, start + 1, end)]
            yield from pairwise([start, *borders, end])


def _belongs_together(text: str, left: tuple[int, int], right: tuple[int, int]) -> bool:
    before, after = text[left[0] : left[1]], text[right[0] : right[1]]
    if "\n" in before[len(before.rstrip()) :]:
        return False
    if _CLOSES_QUOTATION.search(before):
        return bool(_CONTINUES_QUOTATION.match(after))
    return bool(_ABBREVIATION.search(before)) or not after.strip()
