"""Queries cut into terms, and terms into words."""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

from search.text.phrases import is_term, phrases
from search.text.terms import terms
from search.text.variants import fold

# The parts of a query for which synonyms are looked for.
_PARTS = 3
# A query of more words is a sentence.
_WORDS = 6
_SMALL_WORDS = re.compile(
    r"\b(?:a|an|and|as|at|by|for|from|in|of|on|or|the|to|with|without)\b|[,;]", re.IGNORECASE
)
# The same terms come up query after query.
_REMEMBERED = 50_000


@lru_cache(_REMEMBERED)
def words(term: str) -> frozenset[str]:
    """The words of a term, as BM25 knows them."""
    return frozenset(terms(term))


@lru_cache(_REMEMBERED)
def folded(term: str) -> str:
    """A term whose variants of writing are one (:func:`search.text.variants.fold`)."""
    return fold(term)


def parts_of(query: str) -> tuple[str, ...]:
    """The terms that a query is made of, at most three: the query itself where it is short enough
    to be one, then its noun phrases; in English what stands between its small words."""
    found = words_of(query) if query.isascii() else map("".join, phrases(query))
    whole = [query] if len(query.split()) <= _WORDS else []
    return tuple(dict.fromkeys(term for term in [*whole, *found] if is_term(term)))[:_PARTS]


def whole_names(parts: Iterable[str], names: Sequence[str]) -> list[str]:
    """The parts of a query, of which those that are a piece of a name are the name: 2型糖尿病, not
    糖尿病."""
    return [max((name for name in names if part in name), key=len, default=part) for part in parts]


def words_of(query: str) -> tuple[str, ...]:
    """A query cut into the terms that a searcher would enter one by one: at spaces, and what
    stands between them into its noun phrases; English at its small words."""
    found: list[str] = []
    for piece in _SMALL_WORDS.split(query) if query.isascii() else query.split():
        inside = ["".join(words) for words in phrases(piece)]
        found += [piece.strip()] if piece.isascii() or not inside else inside
    return tuple(dict.fromkeys(word for word in found if word))
