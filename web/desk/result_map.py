"""A map of a result list by meaning: where its records lie, and the themes that they form."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from search.library.generation import Generation
from search.ranked.engine import RankedList
from search.records import Record
from web.desk.growing import record_vectors, theme_labels
from web.desk.plane import in_plane

# Fewer make no map.
FEWEST = 3
_TERMS = 3
# A term counts for a theme by how much more frequent it is there than in the whole list.
_OF_ALL = 0.9


@dataclass(frozen=True)
class ResultPoint:
    """A record of the list on the map, between 0 and 1 in both directions; ``theme`` is the number
    of its theme, ``close`` whether it stands above the line where relevance ends."""

    x: float
    y: float
    record: Record
    theme: int
    close: bool


@dataclass(frozen=True)
class Theme:
    """Records of a list that are alike: their terms, the middle of their places, and the records,
    best first."""

    terms: tuple[str, ...]
    x: float
    y: float
    records: tuple[Record, ...]


@dataclass(frozen=True)
class ResultMap:
    """Places in the list's order, and themes, the largest first."""

    places: tuple[ResultPoint, ...]
    themes: tuple[Theme, ...]


def result_map(found: RankedList, generation: Generation) -> ResultMap | None:
    """The map of a page of a list; None where fewer than :data:`FEWEST` records have a vector."""
    present = generation.present([hit.record.id for hit in found.hits])
    hits = [hit for hit in found.hits if hit.record.id in present]
    vectors = record_vectors(generation, [present[hit.record.id][0] for hit in hits])
    held = np.flatnonzero(np.linalg.norm(vectors, axis=1) > 0)
    if len(held) < FEWEST:
        return None
    hits, vectors = [hits[i] for i in held], vectors[held]
    plane, labels = in_plane(vectors, vectors), theme_labels(vectors)
    places = tuple(
        ResultPoint(
            float(x),
            float(y),
            hit.record,
            int(label),
            found.above is None or hit.rank <= found.above,
        )
        for (x, y), hit, label in zip(plane, hits, labels, strict=True)
    )
    records = [place.record for place in places]
    themes = []
    for number in range(int(labels.max()) + 1):
        rows = np.flatnonzero(labels == number)
        x, y = plane[rows].mean(axis=0)
        own = tuple(records[i] for i in rows)
        themes.append(Theme(theme_keywords(own, records), float(x), float(y), own))
    return ResultMap(places, tuple(themes))


def theme_keywords(own: Sequence[Record], every: Sequence[Record]) -> tuple[str, ...]:
    """The keywords that set some records apart from all of a list, the most telling first; ties in
    the order of the records."""
    here, there = (Counter(k for r in rs for k in dict.fromkeys(r.keywords)) for rs in (own, every))
    whole = _OF_ALL if len(own) < len(every) else 0.0
    apart = {k: n / len(own) - whole * there[k] / len(every) for k, n in here.items()}
    return tuple(sorted(apart, key=lambda k: -apart[k])[:_TERMS])
