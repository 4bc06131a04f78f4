"""Record text as HTML with marks. Everything between them is escaped: records are untrusted."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from markupsafe import Markup, escape

from search.ranked.snippets import MatchedSentence
from search.records import Record

# How much of the abstract stands around the best sentence, in characters.
BEFORE = 50
AFTER = 90
# A "sentence" without an end (a table, a list) is cut here.
LONGEST = 320

_WORD = re.compile(r"[0-9A-Za-z]")
_FIRST_WORD = re.compile(r"^[0-9A-Za-z]+\s*")
_LAST_WORD = re.compile(r"\s*[0-9A-Za-z]+$")


@dataclass(frozen=True)
class Excerpt:
    """The best sentence of a hit, marked, among its neighbours; ``language`` is the text's."""

    html: Markup
    language: str


def marked_terms(text: str, spans: Iterable[tuple[int, int]]) -> Markup:
    """``text`` as HTML with the spans of matched terms in ``<b class="term">``."""
    parts: list[str] = []
    position = 0
    for start, end in spans:
        parts += [
            escape(text[position:start]),
            Markup('<b class="term">%s</b>') % text[start:end],
        ]
        position = end
    return Markup("").join([*parts, escape(text[position:])])


def marked_abstract(
    text: str, sentences: Iterable[MatchedSentence], spans: Iterable[tuple[int, int]]
) -> Markup:
    """``text`` as HTML with the sentences that answer a query, in order and apart, in
    ``<mark class="best">``, and terms at ``spans`` marked in and between them."""
    parts: list[Markup] = []
    position = 0
    terms = list(spans)
    for sentence in sentences:
        if sentence.start < position or text[sentence.start : sentence.end] != sentence.text:
            continue  # offsets that do not fit the text say nothing
        parts += [
            _part(text, terms, position, sentence.start),
            Markup('<mark class="best">%s</mark>')
            % _part(text, terms, sentence.start, sentence.end),
        ]
        position = sentence.end
    return Markup("").join([*parts, _part(text, terms, position, len(text))])


def _part(text: str, spans: Iterable[tuple[int, int]], start: int, end: int) -> Markup:
    """``text[start:end]`` with the marked terms that lie in it; one that a border cuts is marked on
    both sides."""
    inside = [
        (max(a, start) - start, min(b, end) - start) for a, b in spans if a < end and b > start
    ]
    return marked_terms(text[start:end], inside)


def excerpt(
    record: Record,
    sentence: MatchedSentence | None,
    title_shown: str,
    answers: bool = True,
) -> Excerpt | None:
    """What a hit shows of its text: the best sentence in context, or how the abstract begins where
    the best sentence is the title in sight. None where there is no more than that title. Where the
    record does not answer the query, nothing of it is marked."""
    if sentence is None or (sentence.field == "title" and sentence.text == title_shown):
        return _beginning(record)
    version = next(v for v in record.versions() if v.language == sentence.language)
    text = version.abstract if sentence.field == "abstract" else version.title
    if text[sentence.start : sentence.end] != sentence.text:
        text = ""  # offsets that do not fit the text say nothing about its neighbours
    shown = sentence.text[:LONGEST]
    spans = [(start, min(end, LONGEST)) for start, end in sentence.marks if start < LONGEST]
    best = Markup('<mark class="best">%s%s</mark>') if answers else Markup("%s%s")
    html = Markup("{}{}{}").format(
        _head(text[: sentence.start]),
        best
        % (
            marked_terms(shown, spans if answers else ()),
            "…" if len(shown) < len(sentence.text) else "",
        ),
        _tail(text[sentence.end :]) if len(shown) == len(sentence.text) else "",
    )
    return Excerpt(html, sentence.language)


def _beginning(record: Record) -> Excerpt | None:
    for version in record.versions():
        if version.abstract:
            return Excerpt(escape(_tail(version.abstract)), version.language)
    return None


def _head(text: str) -> str:
    """The end of what stands before a sentence."""
    if len(text) <= BEFORE:
        return text
    cut = text[-BEFORE:]
    if _WORD.match(cut) and _WORD.match(text[-BEFORE - 1]):
        cut = _FIRST_WORD.sub("", cut) or cut
    return "…" + cut


def _tail(text: str) -> str:
    """The beginning of what stands after a sentence."""
    if len(text) <= AFTER:
        return text
    cut = text[:AFTER]
    if _WORD.match(cut[-1]) and _WORD.match(text[AFTER]):
        cut = _LAST_WORD.sub("", cut) or cut
    return cut + "…"
