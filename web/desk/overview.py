"""A collection at a glance: years, journals, keywords, and a map of it and what lies around it."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from search.library.generation import Generation
from search.records import Record
from web.desk.growing import Growth, Placed, growth, placed, record_vectors
from web.desk.items import items
from web.desk.plane import in_plane
from web.desk.store import Store

MOST_LISTED = 15
Kind = Literal["include", "exclude", "around"]


@dataclass(frozen=True)
class Counts:
    """How many records of each year, journal and keyword there are; the most frequent first, years
    in their order."""

    years: tuple[tuple[int, int], ...]
    journals: tuple[tuple[str, int], ...]
    keywords: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Point:
    """A record on the map, between 0 and 1 in both directions: of the collection, excluded from it
    by screening, or around it in the library."""

    x: float
    y: float
    kind: Kind
    record_id: str


@dataclass(frozen=True)
class ThemePoint:
    """Where a theme's middle lies, and its terms."""

    x: float
    y: float
    terms: tuple[str, ...]


@dataclass(frozen=True)
class Map:
    """Records and themes of a collection in the plane of its two main directions (PCA)."""

    points: tuple[Point, ...]
    themes: tuple[ThemePoint, ...]
    around: tuple[Record, ...]
    unheld: int


def counts(store: Store, number: int) -> Counts:
    """What a collection is made of."""
    _, found = items(store, number)
    records = [item.record for item in found]
    years = Counter(r.year for r in records if r.year)
    return Counts(
        tuple(sorted((year, n) for year, n in years.items() if year)),
        _most(r.journal for r in records if r.journal),
        _most(k for r in records for k in dict.fromkeys(r.keywords)),
    )


def collection_map(store: Store, number: int, generation: Generation) -> Map | None:
    """The map of a collection; None where fewer than three records have a vector.

    Raises:
        UnknownError: when there is no such collection.
    """
    where = placed(store, number, generation)
    grown = growth(store, number, generation)
    if len(where.ids) + len(where.excluded_ids) < len("abc"):
        return None
    around = [p.record for p in grown.proposals]
    present = generation.present([r.id for r in around])
    outside = record_vectors(generation, [present[r.id][0] for r in around if r.id in present])
    return _map(where, grown, around, outside)


def _map(
    where: Placed, grown: Growth, around: Sequence[Record], outside: NDArray[np.float32]
) -> Map:
    every = np.vstack([where.vectors, where.excluded, outside])
    plane = in_plane(every, np.vstack([where.vectors, where.excluded]))
    kinds: list[Kind] = ["include"] * len(where.ids)
    kinds += ["exclude"] * len(where.excluded_ids)
    kinds += ["around"] * len(around)
    ids = [*where.ids, *where.excluded_ids, *(r.id for r in around)]
    place = {i: n for n, i in enumerate(where.ids)}
    themes = []
    for theme in grown.themes:
        x, y = plane[[place[i] for i in theme.record_ids if i in place]].mean(axis=0)
        themes.append(ThemePoint(float(x), float(y), theme.terms))
    return Map(
        tuple(
            Point(float(x), float(y), kind, i)
            for (x, y), kind, i in zip(plane, kinds, ids, strict=True)
        ),
        tuple(themes),
        tuple(around),
        where.unheld,
    )


def _most(values: Iterable[str]) -> tuple[tuple[str, int], ...]:
    found = Counter(values)
    return tuple(sorted(found.items(), key=lambda item: (-item[1], item[0]))[:MOST_LISTED])
