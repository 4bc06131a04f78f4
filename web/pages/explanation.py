"""Why a hit stands where it stands, in words: places and bands, and words found and not found.

Scores are not shown: a cosine or a BM25 compares with nothing outside its own list.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from search.ranked.engine import Hit

Band = Literal["top", "middle", "low", "none"]
# The last place of each band in the list of one leg.
_TOP = 10
_MIDDLE = 100
# Words that are told of a query as long as an abstract; each is compared with all others.
_TOLD = 100


@dataclass(frozen=True)
class Reasons:
    """What speaks for a hit: its place among all records by meaning alone and by words alone (None:
    not among them) with its band, and which words of the query it has and lacks."""

    meaning: int | None
    meaning_band: Band
    words: int | None
    words_band: Band
    found: tuple[str, ...]
    lacking: tuple[str, ...]


def reasons(hit: Hit, terms: Sequence[str]) -> Reasons:
    """Why ``hit`` was found for a query of ``terms``. Of a compound and its parts only the compound
    is told, or what the record has of it; a single character of one says nothing."""
    terms, words = terms[:_TOLD], hit.words[:_TOLD]
    had = set(hit.words)
    lacking = [term for term in terms if term not in had]
    telling = [word for word in words if len(word) > 1 or not _is_part(word, terms)]
    return Reasons(
        hit.dense_rank,
        _band(hit.dense_rank),
        hit.lexical_rank,
        _band(hit.lexical_rank),
        _whole(telling, words),
        _whole(lacking, terms),
    )


def _band(place: int | None) -> Band:
    if place is None:
        return "none"
    return "top" if place <= _TOP else "middle" if place <= _MIDDLE else "low"


def _whole(chosen: Sequence[str], among: Sequence[str]) -> tuple[str, ...]:
    """Without those that are parts of others."""
    return tuple(term for term in chosen if not _is_part(term, among))


def _is_part(term: str, among: Sequence[str]) -> bool:
    return any(term != other and term in other for other in among)
