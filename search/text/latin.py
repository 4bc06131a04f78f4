"""Words in Latin letters as BM25 sees them: without accents, in American spelling, stemmed.

The stemmer is Snowball's for English (Porter2) as tantivy ships it. Words of up to three letters
stay as they are: ALS and AIDS are no plurals, so abbreviations of four letters and more also keep
their own form beside the stem. Function words are left out unless they stand in capitals, for ALL
is a leukaemia and WHO publishes guidelines.
"""

import re
import threading
from functools import cache, lru_cache
from importlib import resources

import tantivy

from search.text.spellings import rules
from search.text.variants import plain_letters

# A word, and what an apostrophe joins to it: Sjögren's, don't.
WORD = re.compile(r"([a-z\u00df-\u024f]+)(?:['’](?:s|t|d|m|ll|re|ve)(?![a-z\u00df-\u024f]))?")
_STEMMED = 4
_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uff66-\uff9f]")


def is_latin(text: str) -> bool:
    """Whether a text has no kana, kanji or Hangul."""
    return _CJK.search(text) is None


def latin_terms(word: str, written: str) -> tuple[str, ...]:
    """The terms that stand for a folded Latin ``word``, which is ``written`` so in the text: its
    stem, and an abbreviation's own form where that differs; none for a function word."""
    in_capitals = len(written) > 1 and written.isupper()
    if word in _function_words() and not in_capitals:
        return ()
    stem = _stem(word)
    plain = word.translate(plain_letters())
    return (stem, plain) if in_capitals and plain != stem else (stem,)


@lru_cache(65_536)
def _stem(word: str) -> str:
    plain = word.translate(plain_letters())
    for pattern, replacement in rules():
        plain = pattern.sub(replacement, plain)
    if len(plain) < _STEMMED or not plain.isascii():
        return plain
    with _lock:
        found: list[str] = _stemmer().analyze(plain)
    return found[0] if found else plain


_lock = threading.Lock()


@cache
def _stemmer() -> tantivy.TextAnalyzer:
    builder = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace())
    return builder.filter(tantivy.Filter.stemmer("english")).build()


@cache
def _function_words() -> frozenset[str]:
    file = resources.files("search.text") / "english_function_words.txt"
    lines = file.read_text(encoding="utf-8").splitlines()
    return frozenset(word for line in lines if not line.startswith("#") for word in line.split())
