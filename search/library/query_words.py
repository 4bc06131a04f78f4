"""The words that BM25 looks for in a library when a query is typed."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from search.library.heard_names import NAME, Names
from search.library.lexical_index import LexicalIndex
from search.text.terms import alternatives
from search.text.variants import plain_letters

# Words that a hyphen joins: Ehlers-Danlos, double-blind; IL-6 is one name.
_WORDS_JOINED = re.compile("[a-z\u00df-\u024f]{3,}(?:[-‐‑–/][a-z\u00df-\u024f]{3,})+")


@dataclass(frozen=True)
class QueryWords:
    """The ``terms`` of a query, in order, repetitions kept; ``names`` are words that no record has,
    each with the terms that the library writes the same name with in the other script."""

    terms: list[str]
    names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def query_words(
    index: LexicalIndex, text: str, names: Callable[[], Names] | None = None
) -> QueryWords:
    """What is looked for of a query; ``names`` gives the library's, where there is one.

    Of a word in Latin letters and the same in katakana, what no record has is left out: it would
    count as a word of the query that cannot be answered; so would words that a hyphen joins beside
    each of them. Where no record has a word in either script, a name in the other one that sounds
    the same stands for it; else the word as it was typed.
    """
    found: list[str] = []
    heard: dict[str, tuple[str, ...]] = {}
    for group in alternatives(text):
        known = [term for term in group.terms if index.document_frequency(term)]
        if not known and _WORDS_JOINED.fullmatch(group.written):
            # Its parts follow.
            continue
        if not known and names is not None and NAME.fullmatch(group.written):
            known = list(names().of(group.written.translate(plain_letters())))
            if known:
                heard[group.written] = tuple(known)
        found += known or group.terms[:1]
    return QueryWords(found, heard)
