"""Which records of a collection may be the same, by the rules of libraries.

Judged by the copies that are kept. A copy never changes, so what was found out about one, or about
two, is remembered by their hashes: after an edit only what came in is looked at.
"""

import json
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, islice
from typing import Literal, TypeVar

from search import budget
from search.matching import Reason, identity_keys, same, suspicion, title_keys
from search.records import Record
from web.desk.copies import kept_record
from web.desk.store import Store

# ``same`` where the rules leave no doubt.
Likeness = Literal["same"] | Reason
_Key = TypeVar("_Key")
_Value = TypeVar("_Value")
# A key that more records share (Editorial, 序文) finds none of them.
_MOST_SHARING = 20
# Records whose keys are remembered, by their hash: a copy never changes.
_REMEMBERED = 50_000
# Collections whose links are remembered.
_COLLECTIONS = 32


@dataclass(frozen=True)
class _Node:
    """A record that is shown, with those under it: their hashes and the numbers of their rows."""

    record_id: str
    hashes: tuple[str, ...]
    rows: tuple[int, ...]


_lock = threading.Lock()
_keys: dict[str, tuple[int, ...]] = {}
_links: dict[tuple[object, ...], "Links"] = {}
_likenesses: dict[tuple[tuple[str, ...], tuple[str, ...]], Likeness | None] = {}


@dataclass(frozen=True)
class Links:
    """The ids of a collection's records in its order, those that are handled as one by the main
    one's, and the pairs of them that may be the same: two places in that order, and why."""

    record_ids: tuple[str, ...]
    pairs: tuple[tuple[int, int, Likeness], ...]


def links(db: sqlite3.Connection, collection: int) -> Links:
    """What may be the same in a collection; pairs that were declared distinct are left out."""
    nodes = _nodes(db, collection)
    apart = {
        (row["item"], row["other"])
        for row in db.execute(
            "select item, other from distinct_pairs join items on items.id = item "
            "where collection = ?",
            [collection],
        )
    }
    sharing: dict[int, list[int]] = {}
    for place, keys in enumerate(_keys_of(db, nodes)):
        for key in keys:
            sharing.setdefault(key, []).append(place)
    candidates = sorted(
        {
            pair
            for places in sharing.values()
            if 1 < len(places) <= _MOST_SHARING
            for pair in combinations(places, 2)
        }
    )
    pairs = [(a, b) for a, b in candidates if not _declared(nodes[a], nodes[b], apart)]
    likenesses = _likenesses_of(db, nodes, pairs)
    return Links(
        tuple(node.record_id for node in nodes),
        tuple((a, b, why) for (a, b), why in zip(pairs, likenesses, strict=True) if why),
    )


def remembered_links(store: Store, collection: int) -> Links:
    """:func:`links`, remembered until the collection changes. Not for use inside a change."""
    last = store.connection.execute(
        "select max(id), at from changes where collection = ?", [collection]
    ).fetchone()
    key = (store.path, collection, *last)
    with _lock:
        known = _links.get(key)
    if known is None:
        known = links(store.connection, collection)
        with _lock:
            _links[key] = known
            while len(_links) > _COLLECTIONS:
                del _links[next(iter(_links))]
    return known


def alike(
    found: Links, *, certain_only: bool = False
) -> list[tuple[tuple[str, ...], tuple[Likeness, ...]]]:
    """The ids of records that hang together, in the collection's order, and the kinds of
    likeness."""
    pairs = [pair for pair in found.pairs if not certain_only or pair[2] == "same"]
    first = _firsts((a, b) for a, b, _ in pairs)
    places: dict[int, list[int]] = {}
    for place in sorted(first):
        places.setdefault(first[place], []).append(place)
    likenesses: dict[int, dict[Likeness, None]] = {}
    for a, _, why in pairs:
        likenesses.setdefault(first[a], {})[why] = None
    return [
        (tuple(found.record_ids[place] for place in together), tuple(likenesses[place]))
        for place, together in places.items()
    ]


def _nodes(db: sqlite3.Connection, collection: int) -> list[_Node]:
    rows = db.execute(
        "select items.id, record_id, record_hash, coalesce(main, items.id) shown from items "
        "left join duplicates on item = items.id where collection = ? "
        "order by main is not null, position, items.id",
        [collection],
    )
    found: dict[int, tuple[str, list[str], list[int]]] = {}
    for row in rows:
        _, hashes, numbers = found.setdefault(row["shown"], (row["record_id"], [], []))
        hashes.append(row["record_hash"])
        numbers.append(row["id"])
    return [_Node(i, tuple(hashes), tuple(numbers)) for i, hashes, numbers in found.values()]


def _keys_of(db: sqlite3.Connection, nodes: Sequence[_Node]) -> list[set[int]]:
    """The numbers under which each record is found by others that may be the same."""
    hashes = {h for node in nodes for h in node.hashes}
    with _lock:
        known = {h: _keys[h] for h in hashes & _keys.keys()}
    for digest, record in _records(db, hashes - known.keys()):
        known[digest] = tuple(identity_keys(record) | title_keys(record))
    with _lock:
        _remember(_keys, known)
    return [{key for h in node.hashes for key in known[h]} for node in nodes]


def _likenesses_of(
    db: sqlite3.Connection, nodes: Sequence[_Node], pairs: Sequence[tuple[int, int]]
) -> list[Likeness | None]:
    named = [(nodes[a].hashes, nodes[b].hashes) for a, b in pairs]
    with _lock:
        known = {pair: _likenesses[pair] for pair in named if pair in _likenesses}
    unknown = [pair for pair in named if pair not in known]
    records = dict(_records(db, {h for pair in unknown for side in pair for h in side}))
    for pair in budget.within(unknown, "collection"):
        left, right = ([records[h] for h in side] for side in pair)
        certain = any(same(a, b) for a in left for b in right)
        known[pair] = "same" if certain else suspicion(left, right)
    with _lock:
        _remember(_likenesses, known)
    return [known[pair] for pair in named]


def _remember(cache: dict[_Key, _Value], known: Mapping[_Key, _Value]) -> None:
    cache.update(known)
    # The oldest go first: a dict keeps the order in which its keys came.
    for key in list(islice(cache, max(0, len(cache) - _REMEMBERED))):
        del cache[key]


def _records(db: sqlite3.Connection, hashes: Iterable[str]) -> Iterator[tuple[str, Record]]:
    rows = db.execute(
        "select hash, data from records where hash in (select value from json_each(?))",
        [json.dumps(sorted(hashes))],
    )
    return ((row["hash"], kept_record(row["data"])) for row in rows)


def _declared(one: _Node, other: _Node, apart: set[tuple[int, int]]) -> bool:
    return bool(apart) and any(
        (min(a, b), max(a, b)) in apart for a in one.rows for b in other.rows
    )


def _firsts(links: Iterable[tuple[int, int]]) -> dict[int, int]:
    """Of every place that hangs together with others, the first of those."""
    before: dict[int, int] = {}

    def first(place: int) -> int:
        found = place
        while before.setdefault(found, found) != found:
            found = before[found]
        while before[place] != found:
            before[place], place = found, before[place]
        return found

    for a, b in links:
        one, other = first(a), first(b)
        before[max(one, other)] = min(one, other)
    return {place: first(place) for place in list(before)}
