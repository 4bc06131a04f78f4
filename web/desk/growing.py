"""More like this collection: records of the library near its themes, and what lies outside.

Where a collection has several themes, each has its own centroid (k-means over the mean passage
vectors of its records, the number of themes by silhouette). Records that screening excluded pull
the centroids away from themselves, and what is nearer to one of them than to any other record of
the collection is not proposed (Rocchio's method, with the negative part as a veto).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from search.filters import Filters
from search.library.generation import Generation
from search.records import Record
from search.suggest.english import SMALL_WORDS
from search.text.fold import to_lexical
from search.text.phrases import is_common, is_term, phrases
from web.desk.kept_answers import Remembered
from web.desk.members import standing
from web.desk.screening.learning import Features
from web.desk.screening.ordering import collection_features
from web.desk.screening.outcomes import screened
from web.desk.store import Store

MOST_PROPOSED = 50
_MOST_THEMES = 6
# Fewer records than this make no theme of their own.
_FEWEST = 5
# What the mean of the excluded records takes off a centroid.
_AWAY = 0.25
_TERMS = 5
# So many median deviations below the median likeness to its nearest, and a record is an outlier.
_OUTLYING = 3.0
_NEAREST = 5

_Matrix = NDArray[np.float32]


@dataclass(frozen=True)
class Theme:
    """A group of a collection's records that lie together: their ids, and terms that set them apart
    from the rest."""

    record_ids: tuple[str, ...]
    terms: tuple[str, ...]


@dataclass(frozen=True)
class GrowthProposal:
    """A record of the library that the collection lacks: the theme that it is near to, how near
    (cosine), the record of the collection that it is nearest to, and words that both titles have.
    """

    record: Record
    theme: int
    likeness: float
    nearest: str
    shared: tuple[str, ...]


@dataclass(frozen=True)
class Outlier:
    """A record of the collection that lies apart: its mean likeness to its nearest neighbours in
    it, and what is usual."""

    record_id: str
    likeness: float
    usual: float


@dataclass(frozen=True)
class Growth:
    """``unheld`` counts the records of the collection that the library does not hold: they have no
    vector and take no part."""

    themes: tuple[Theme, ...]
    proposals: tuple[GrowthProposal, ...]
    outliers: tuple[Outlier, ...]
    unheld: int


@dataclass(frozen=True)
class Placed:
    """A collection's records in the library's space: ids and mean passage vectors (n, dim) of unit
    length; and the same of those that screening excluded, which are not among them."""

    ids: tuple[str, ...]
    vectors: _Matrix
    excluded_ids: tuple[str, ...]
    excluded: _Matrix
    unheld: int


def growth(store: Store, number: int, generation: Generation) -> Growth:
    """What a collection could grow by, and what of it lies apart; remembered until it, a decision
    or the library changes.

    Raises:
        UnknownError: when there is no such collection.
    """
    found = screened(store, number, "title-abstract")
    decided = max((d.number for o in found.outcomes.values() for d in o.decisions), default=0)
    last = store.connection.execute(
        "select max(id), at from changes where collection = ?", [number]
    ).fetchone()
    return _remembered.get(
        (store.path, number, *last, decided, len(found.outcomes), generation.path),
        lambda: _growth(placed(store, number, generation), generation, store, number),
    )


_remembered: Remembered[Growth] = Remembered(16)


def placed(store: Store, number: int, generation: Generation) -> Placed:
    """Where a collection's records lie.

    Raises:
        UnknownError: when there is no such collection.
    """
    out = {o.record_id for o in screened(store, number, "title-abstract").of("exclude")}
    out |= {o.record_id for o in screened(store, number, "full-text").of("exclude")}
    stands = standing(store, number, generation)
    shown = [i for i in (*stands.numbers, *stands.absent) if i not in stands.mains]
    held = [i for i in shown if i in stands.numbers]
    vectors = record_vectors(generation, [stands.numbers[i] for i in held])
    inside = [place for place, i in enumerate(held) if i not in out]
    outside = [place for place, i in enumerate(held) if i in out]
    return Placed(
        tuple(held[p] for p in inside),
        vectors[inside],
        tuple(held[p] for p in outside),
        vectors[outside],
        unheld=len(shown) - len(held),
    )


def record_vectors(generation: Generation, numbers: Sequence[int]) -> _Matrix:
    """The mean passage vector of each record, (len(numbers), dim) float32, of unit length; zeros
    for a record without a passage."""
    vectors = np.zeros((len(numbers), generation.manifest.dim), np.float32)
    for place, number in enumerate(numbers):
        passages = generation.passages_of(number)
        if passages:
            vectors[place] = generation.vectors([p.number for p in passages]).mean(axis=0)
    return unit(vectors)


def unit(vectors: _Matrix) -> _Matrix:
    """Rows of length 1; zeros stay zeros."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    found: _Matrix = (vectors / np.maximum(lengths, 1e-12)).astype(np.float32)
    return found


def theme_labels(vectors: _Matrix) -> NDArray[np.int64]:
    """The theme of each row, numbered from 0 by size: as many as hold together best (silhouette),
    one where none do."""
    from sklearn.cluster import KMeans
    from sklearn.metrics import silhouette_score

    best, labels = _HOLDS, np.zeros(len(vectors), dtype=np.int64)
    for themes in range(2, min(_MOST_THEMES, len(vectors) // _FEWEST) + 1):
        found = KMeans(themes, n_init=3, random_state=0).fit_predict(vectors)
        value = silhouette_score(
            vectors, found, sample_size=min(len(vectors), 1000), random_state=0
        )
        if value > best:
            best, labels = value, found
    by_size = np.argsort(-np.bincount(labels), kind="stable")
    rank = np.empty_like(by_size)
    rank[by_size] = np.arange(len(by_size))
    ordered: NDArray[np.int64] = rank[labels]
    return ordered


# Below this silhouette groups are no themes.
_HOLDS = 0.05


def theme_terms(weighed: Features | None, ids: Sequence[str]) -> tuple[str, ...]:
    """The terms that set some records apart from all of a collection."""
    if weighed is None or not weighed.matrix.shape[1]:
        return ()
    rows = [weighed.places[i] for i in ids if i in weighed.places]
    if not rows:
        return ()
    apart = np.asarray(weighed.matrix[rows].mean(axis=0)).ravel()
    if len(rows) < len(weighed.ids):
        apart = apart - 0.9 * np.asarray(weighed.matrix.mean(axis=0)).ravel()
    chosen: list[str] = []
    for place in np.argsort(-apart)[: 8 * _TERMS]:
        term = str(weighed.names[place])
        if apart[place] <= 0 or len(chosen) == _TERMS:
            break
        # A word beside a pair that holds it says nothing more, nor do words of every text.
        if (
            len(term) > 1
            and not all(is_common(word) or word in SMALL_WORDS for word in term.split())
            and not any(term in other or other in term for other in chosen)
        ):
            chosen.append(term)
    return tuple(chosen)


def _growth(where: Placed, generation: Generation, store: Store, number: int) -> Growth:
    if not where.ids:
        return Growth((), (), (), where.unheld)
    weighed = collection_features(store, number)
    labels = theme_labels(where.vectors)
    themes, proposals = [], []
    for theme in range(labels.max() + 1):
        rows = np.flatnonzero(labels == theme)
        ids = tuple(where.ids[int(r)] for r in rows)
        themes.append(Theme(ids, theme_terms(weighed, ids)))
        proposals.append(_near(where, where.vectors[rows], theme, generation, store, number))
    best: dict[str, GrowthProposal] = {}
    for proposal in (p for found in proposals for p in found):
        known = best.get(proposal.record.id)
        if known is None or proposal.likeness > known.likeness:
            best[proposal.record.id] = proposal
    ranked = sorted(best.values(), key=lambda p: (-p.likeness, p.record.id))[:MOST_PROPOSED]
    return Growth(tuple(themes), tuple(ranked), _outliers(where), where.unheld)


def _near(
    where: Placed,
    members: _Matrix,
    theme: int,
    generation: Generation,
    store: Store,
    number: int,
) -> list[GrowthProposal]:
    centre = members.mean(axis=0)
    if len(where.excluded):
        centre = centre - _AWAY * where.excluded.mean(axis=0)
    query = unit(centre[None, :])[0]
    known = set(standing(store, number, generation).numbers.values())
    found = generation.nearest_records(query, len(known) + MOST_PROPOSED, Filters()).ranking
    candidates = [record for record, _ in found if record not in known][:MOST_PROPOSED]
    records = generation.records(candidates)
    vectors = record_vectors(generation, candidates)
    told = []
    for candidate, vector in zip(candidates, vectors, strict=True):
        likenesses = where.vectors @ vector
        nearest = int(np.argmax(likenesses))
        if len(where.excluded) and float((where.excluded @ vector).max()) > likenesses[nearest]:
            continue
        told.append(
            GrowthProposal(
                records[candidate],
                theme,
                float(query @ vector),
                where.ids[nearest],
                _shared(generation, records[candidate], where.ids[nearest]),
            )
        )
    return told


def _shared(generation: Generation, proposed: Record, nearest: str) -> tuple[str, ...]:
    found = generation.record(nearest)
    if found is None:
        return ()
    words = {to_lexical(noun) for noun in _nouns(found[1])}
    return tuple(noun for noun in _nouns(proposed) if to_lexical(noun) in words)


def _nouns(record: Record) -> list[str]:
    """The nouns of a record's titles as they are written; small words say nothing."""
    nouns = (w for v in record.versions() for phrase in phrases(v.title) for w in phrase)
    found = {
        to_lexical(noun): noun
        for noun in nouns
        if is_term(noun) and to_lexical(noun) not in SMALL_WORDS
    }
    return list(found.values())


def _outliers(where: Placed) -> tuple[Outlier, ...]:
    """Records whose neighbours are far, measured by what is usual in the collection."""
    if len(where.ids) <= 2 * _NEAREST:
        return ()
    near = np.empty(len(where.ids), np.float32)
    for first in range(0, len(near), 1000):
        likenesses = where.vectors[first : first + 1000] @ where.vectors.T
        rows = np.arange(len(likenesses))
        likenesses[rows, first + rows] = -np.inf
        near[first : first + 1000] = np.sort(likenesses, axis=1)[:, -_NEAREST:].mean(axis=1)
    usual = float(np.median(near))
    deviation = float(np.median(np.abs(near - usual)))
    apart = np.flatnonzero(near < usual - _OUTLYING * max(deviation, 1e-6))
    return tuple(
        Outlier(where.ids[int(p)], float(near[p]), usual)
        for p in apart[np.argsort(near[apart], kind="stable")]
    )
