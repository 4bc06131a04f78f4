"""The words of a text as BM25 sees them: one function for indexing, querying and marking.

Sudachi (dictionary "core") cuts NFKC-folded, lower-cased text; particles, auxiliaries, punctuation
and white space are dropped, and each word is represented by its normalised form (肺がん → 肺癌,
打込む → 打ち込む). A compound is indexed beside its parts (筋萎縮 beside 筋 and 萎縮), and a Latin,
Greek or numeric expression is indexed whole, without its hyphens, beside its parts: ``IL-6`` yields
``il6``, ``il`` and ``6``. A word in Latin letters is cut and stemmed as English is
(:mod:`search.text.latin`); what Sudachi writes it as in katakana stands beside it, never in its
place: ``viruses`` yields ``virus``, ``insulin`` yields ``insulin`` and ``インシュリン``.
"""

import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass

import sudachipy

from search.text.fold import fold_with_offsets, nfkc, to_lexical
from search.text.latin import WORD, latin_terms

_INFLECTED = {"動詞", "形容詞"}
_DROPPED = {"助詞", "助動詞", "補助記号", "空白"}
# Verbs that carry no meaning of their own, by Sudachi's normalised form.
_EMPTY_WORDS = {"為る", "有る", "成る", "居る", "出来る", "於く", "因る", "事", "物", "為", "等"}
EXPRESSION = re.compile(
    # IL-6, HbA1c, 5-FU, COVID-19, β2, 1.5: letters or digits that a hyphen, a change
    # between letters and digits, or Greek holds together
    r"[a-z0-9\u0370-\u03ff]+(?:[-‐‑–/+.][a-z0-9\u0370-\u03ff]+)*"
)
_JOINERS = re.compile(r"[-‐‑–+/.]")
_NUMBER = re.compile(r"[0-9]+(?:[.,][0-9]+)*")
_GREEK = re.compile(r"[\u0370-\u03ff]")
_LATIN = re.compile(r"[a-z\u00df-\u024f]+(?:[ '’&./‐‑–-]+[a-z\u00df-\u024f]+)*")
# Sudachi refuses input above 49 149 bytes; a character takes up to four.
_CHUNK = 12_000

_local = threading.local()


@dataclass(frozen=True)
class Term:
    """One indexed word and the half-open span of the original text that it stands for."""

    term: str
    start: int
    end: int


def terms(text: str) -> list[str]:
    """The terms of ``text`` in order of appearance, repetitions kept."""
    return [term for term, _, _ in _folded_terms(to_lexical(text), nfkc(text))]


@dataclass(frozen=True)
class Alternatives:
    """The terms that stand for the very same letters, ``written`` so (folded): a word in Latin
    letters and the same in katakana. A record has the one or the other."""

    written: str
    terms: tuple[str, ...]


def alternatives(text: str) -> list[Alternatives]:
    """The terms of ``text`` in order of appearance, those for the same letters together."""
    folded = to_lexical(text)
    grouped: dict[tuple[int, int], list[str]] = {}
    for term, start, end in _folded_terms(folded, nfkc(text)):
        grouped.setdefault((start, end), []).append(term)
    return [Alternatives(folded[a:b], tuple(found)) for (a, b), found in grouped.items()]


def terms_with_offsets(text: str) -> list[Term]:
    """Like :func:`terms`, each with its span in the original ``text``."""
    folded = fold_with_offsets(text, to_lexical)
    return [
        Term(term, *folded.original_span(start, end))
        for term, start, end in _folded_terms(folded.text, nfkc(text))
    ]


def written(text: str) -> dict[str, str]:
    """The terms of ``text`` that are stems of words in Latin letters, each with the word that it
    first stands for there, in lower case: ``therapi`` of ``Therapies``."""
    folded = to_lexical(text)
    found: dict[str, str] = {}
    for term, start, end in _folded_terms(folded, nfkc(text)):
        word = folded[start:end]
        if term != word and _LATIN.fullmatch(term) and _LATIN.fullmatch(word):
            found.setdefault(term, word)
    return found


def respelled(text: str) -> list[tuple[str, str]]:
    """The words of ``text`` that are understood in another spelling: (written, understood).

    Case alone is no other spelling, nor is what only changes the form of a word (調べた, 調べる).
    """
    folded = fold_with_offsets(text, to_lexical)
    found: dict[str, str] = {}
    for morpheme, start, end in morphemes(folded.text):
        kind = morpheme.part_of_speech()[0]
        if kind in _DROPPED:
            continue
        first, last = folded.original_span(start, end)
        written = text[first:last]
        plain = nfkc(written)
        # A word in Latin letters is looked for as it is, whatever else it is looked for as.
        as_it_is = kind in _INFLECTED or WORD.fullmatch(plain.casefold())
        understood = plain if as_it_is else _normalized(morpheme)
        if understood == plain.casefold():
            understood = plain
        if understood and understood != written:
            found.setdefault(written, understood)
    return list(found.items())


def morphemes(text: str) -> Iterator[tuple[sudachipy.Morpheme, int, int]]:
    """Sudachi's morphemes (split mode C) of folded text, each with its span in that text."""
    tokenizer = _sudachi()
    for offset, stop in _chunks(text):
        for morpheme in tokenizer.tokenize(text[offset:stop]):
            yield morpheme, offset + morpheme.begin(), offset + morpheme.end()


def is_known_word(word: str) -> bool:
    """Whether Sudachi's dictionary, which holds thousands of English words too, has ``word``."""
    found = [morpheme for morpheme, _, _ in morphemes(to_lexical(word))]
    return len(found) == 1 and not found[0].is_oov()


def _sudachi() -> sudachipy.Tokenizer:
    # A Sudachi tokenizer must not be shared between threads; the dictionary may.
    if not hasattr(_local, "tokenizer"):
        _local.tokenizer = _dictionary().tokenizer(mode=sudachipy.SplitMode.C)
    tokenizer: sudachipy.Tokenizer = _local.tokenizer
    return tokenizer


_dictionary_lock = threading.Lock()
_loaded: list[sudachipy.Dictionary] = []


def _dictionary() -> sudachipy.Dictionary:
    with _dictionary_lock:
        if not _loaded:
            _loaded.append(sudachipy.Dictionary(dict="core"))
        return _loaded[0]


def _chunks(text: str) -> Iterator[tuple[int, int]]:
    start = 0
    while start < len(text):
        end = min(start + _CHUNK, len(text))
        if end < len(text):
            border = max(text.rfind(mark, start + _CHUNK // 2, end) for mark in "。\n．. ")
            end = border + 1 if border > start else end
        yield start, end
        start = end


def _folded_terms(text: str, written: str) -> Iterator[tuple[str, int, int]]:
    """Terms of folded text with their spans in it: whole expressions, words, parts of words.

    ``written`` is the text before its case was folded.
    """
    if len(written) != len(text):
        # ß became ss: which letter is which is not known any more.
        written = text
    expressions = {m.start(): m for m in EXPRESSION.finditer(text)}
    words = {m.start(): m for m in WORD.finditer(text)}
    greek: tuple[str, int] | None = None
    # How far a word in Latin letters goes that Sudachi may have cut.
    taken = 0
    for morpheme, start, end in morphemes(text):
        expression = expressions.get(start)
        if expression and (expression.end() > end or _JOINERS.search(expression.group())):
            whole = _JOINERS.sub("", expression.group())
            if not _NUMBER.fullmatch(expression.group()):
                yield whole, start, expression.end()
        if start < taken:
            continue
        if start in words and _LATIN.fullmatch(text, start, end):
            greek = None
            # A word, or a phrase that Sudachi knows as one: new york, follow-up.
            taken = max(end, words[start].end())
            known = [
                (term, *word.span(1))
                for word in WORD.finditer(text, start, taken)
                for term in latin_terms(word[1], written[slice(*word.span(1))])
            ]
            yield from known
            term = _normalized(morpheme)
            if known and known[-1][2] == end and not _LATIN.fullmatch(term):
                yield term, start, end
            continue
        if morpheme.part_of_speech()[0] in _DROPPED:
            greek = None
            continue
        term = _normalized(morpheme)
        if not term:
            continue
        if greek and greek[1] == start:
            yield greek[0] + term, start - len(greek[0]), end
        greek = (text[start:end], end) if _GREEK.fullmatch(text[start:end]) else None
        if term in _EMPTY_WORDS:
            continue
        yield term, start, end
        parts = morpheme.split(sudachipy.SplitMode.A)
        if len(parts) > 1:
            shift = start - morpheme.begin()
            for part in parts:
                piece = _normalized(part)
                if piece and piece != term and part.part_of_speech()[0] not in _DROPPED:
                    yield piece, shift + part.begin(), shift + part.end()


def _normalized(morpheme: sudachipy.Morpheme) -> str:
    # Terms are stored joined by spaces, so a term must not contain one.
    return "".join(to_lexical(morpheme.normalized_form()).split())
