"""The order in which a reviewer gets the records of a stage, learnt from their own decisions.

From their own alone: an order that followed the other reviewer's decisions would give them away.
The terms of a collection are weighed once and kept in memory; a large collection's in the
background, and as long as that takes the order is the collection's.
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass

from web.desk.items import items
from web.desk.kept_answers import Remembered
from web.desk.screening.abstracts import filled_abstracts, with_abstract
from web.desk.screening.learning import Features, Ranking, features, ranking
from web.desk.screening.outcomes import Screened
from web.desk.screening.plan import Stage, words
from web.desk.shelf import collection
from web.desk.store import Store

# So many records are weighed while the reviewer waits (about a second).
_AT_ONCE = 3_000
_REMEMBERED = 8


@dataclass(frozen=True)
class Next:
    """What a reviewer gets next. ``why`` are the record's terms that weigh most for it; ``learnt``
    says that the order is learnt from decisions, ``prepared`` that it is there at all."""

    record_id: str | None
    why: tuple[tuple[str, float], ...] = ()
    learnt: bool = False
    prepared: bool = True


def next_record(
    store: Store,
    number: int,
    stage: Stage,
    reviewer: str,
    found: Screened,
    *,
    wait: bool = False,
) -> Next:
    """The record that a reviewer should decide on next; none where nothing is left. ``wait`` for
    the terms of a large collection.

    Raises:
        UnknownError: when there is no such collection.
    """
    left = found.left_to(reviewer)
    if not left:
        return Next(None)
    order = reviewer_ranking(store, number, stage, reviewer, found, wait=wait)
    if order is None:
        return Next(left[0], prepared=False)
    chosen = order.best(left)
    labels = own_labels(found, reviewer)
    return Next(chosen, tuple(order.why(chosen)), learnt=len(set(labels.values())) > 1)


def reviewer_ranking(
    store: Store,
    number: int,
    stage: Stage,
    reviewer: str,
    found: Screened,
    *,
    wait: bool = False,
) -> Ranking | None:
    """The ranking that a reviewer's decisions so far give; None while terms are being weighed."""
    weighed = collection_features(store, number, wait=wait)
    if weighed is None:
        return None
    own = found.by(reviewer)
    last = max((d.number for d in own.values()), default=0)
    wish = _wish(store, number, found)
    return _rankings.get(
        (store.path, number, stage, reviewer, len(own), last, wish, id(weighed)),
        lambda: ranking(weighed, own_labels(found, reviewer), wish),
    )


_rankings: Remembered[Ranking] = Remembered(_REMEMBERED)


def own_labels(found: Screened, reviewer: str) -> dict[str, bool]:
    """What a reviewer's decisions teach, in their order: a maybe is worth seeing more of."""
    return {i: d.verdict != "exclude" for i, d in found.by(reviewer).items()}


def collection_features(store: Store, number: int, *, wait: bool = False) -> Features | None:
    """The weighed terms of all records of a collection, those under others left out; None while a
    large one's are being weighed in the background.

    Raises:
        UnknownError: when there is no such collection.
    """
    key = (store.path, number)
    last = tuple(
        store.connection.execute(
            "select max(id), at from changes where collection = ?", [number]
        ).fetchone()
    )
    with _lock:
        known = _known.get(key)
    if known and known.last == last:
        return known.features
    texts = _texts(store, number)
    digest = hash(tuple(texts.items()))
    if known and known.digest == digest:
        with _lock:
            _known[key] = _Known(last, digest, known.features)
        return known.features
    if not texts:
        return None
    if wait or len(texts) <= _AT_ONCE:
        return _weigh(key, last, digest, texts)
    with _lock:
        if (key, digest) not in _under_way:
            _under_way.add((key, digest))
            threading.Thread(target=_weigh, args=(key, last, digest, texts), daemon=True).start()
    return None


@dataclass(frozen=True)
class _Known:
    last: tuple[object, ...]
    digest: int
    features: Features


_Key = tuple[object, ...]
_lock = threading.Lock()
_known: dict[_Key, _Known] = {}
_under_way: set[tuple[_Key, int]] = set()


def _weigh(key: _Key, last: _Key, digest: int, texts: Mapping[str, str]) -> Features:
    try:
        made = features(texts)
        with _lock:
            _known[key] = _Known(last, digest, made)
            while len(_known) > _REMEMBERED:
                del _known[next(iter(_known))]
        return made
    finally:
        with _lock:
            _under_way.discard((key, digest))


def _texts(store: Store, number: int) -> dict[str, str]:
    _, found = items(store, number)
    filled = filled_abstracts(store, number)
    return {
        item.record.id: "\n".join(
            v.text for v in with_abstract(item.record, filled.get(item.record.id)).versions()
        )
        for item in found
    }


def _wish(store: Store, number: int, found: Screened) -> str:
    """What is looked for, in words, as far as it was written down."""
    shown = collection(store, number)
    parts = (shown.name, shown.description, found.plan.criteria, *words(store, number).include)
    return "\n".join(part for part in parts if part)
