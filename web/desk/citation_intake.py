"""What was found by following citations into a collection: duplicates out, counted as PRISMA does.

A work that the collection has already, under whatever id, is written down as a further copy of that
record; so the flow diagram counts it as identified by citation searching and as a duplicate. A work
that an earlier chase of the same name brought is not counted again.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from search import budget
from search.library.generation import Generation
from search.matching import distinct_id, identity_keys, other_work, place_keys, same
from search.records import Record
from web.desk.additions import Intake
from web.desk.copies import FROM_LIBRARY, SentFile, copies
from web.desk.items import add, every_item
from web.desk.store import Store


def add_citations(
    store: Store,
    who: str,
    collection: int,
    records: Iterable[Record],
    name: str,
    generation: Generation | None = None,
    unread: int = 0,
) -> Intake:
    """Add the records that a chase found, as a source of kind ``citation`` called ``name``;
    ``unread`` is how many works it named without a record. A record that the library has is the
    library's.

    Raises:
        UnknownError: when there is no such collection.
    """
    known = _Known()
    there = set()
    for item in every_item(store, collection):
        known.add(item.record)
        there.add(item.record.id)
    counted = {copy.record_id for copy in copies(store, collection) if copy.name == name}
    offered: dict[str, tuple[Record, str]] = {}
    held: list[Record] = []
    for record in budget.within(records, "collection"):
        own = known.of(record) or _of_library(record, generation)
        source = name
        if own is None:
            own = replace(record, id=distinct_id(record)) if known.is_taken(record) else record
        elif own.id not in there and own.id not in offered:
            source = FROM_LIBRARY
        known.add(own)
        if own.id in counted:
            continue
        counted.add(own.id)
        held.append(replace(record, id=own.id))
        if own.id not in there:
            offered[own.id] = (own, source)
    if not held and not unread:
        return Intake(0, 0)
    file = SentFile(name, held, "citation", unread)
    added = add(store, who, collection, offered.values(), name, file=file)
    return Intake(added, len(held) - added)


class _Known:
    """Records by what identifies them."""

    def __init__(self) -> None:
        self._by_key: dict[int, list[Record]] = {}
        self._by_id: dict[str, Record] = {}

    def add(self, record: Record) -> None:
        if record.id in self._by_id:
            return
        self._by_id[record.id] = record
        for key in _keys(record):
            self._by_key.setdefault(key, []).append(record)

    def of(self, record: Record) -> Record | None:
        """The record that is the same beyond doubt."""
        found = self._by_id.get(record.id)
        if found is not None and not other_work(found, record):
            return found
        return _same(record, (o for key in _keys(record) for o in self._by_key.get(key, ())))

    def is_taken(self, record: Record) -> bool:
        """Whether another work has this id."""
        return record.id in self._by_id


def _of_library(record: Record, generation: Generation | None) -> Record | None:
    if generation is None:
        return None
    found: Mapping[int, Record] = generation.sharing(_keys(record))
    return _same(record, found.values())


def _same(record: Record, others: Iterable[Record]) -> Record | None:
    return next((other for other in others if same(record, other)), None)


def _keys(record: Record) -> set[int]:
    return identity_keys(record) | place_keys(record)


def seeds(
    store: Store, collection: int, tag: str = "", only: Sequence[str] | None = None
) -> list[Record]:
    """The records whose citations are followed: all, those with a tag, or some by their ids."""
    wanted = None if only is None else set(only)
    return [
        item.record
        for item in every_item(store, collection)
        if (not tag or tag in item.tags) and (wanted is None or item.record.id in wanted)
    ]
