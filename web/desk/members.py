"""A collection against the library as it stands: what is still there, what was retracted since."""

import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import Literal

from search.filters import IN_DOUBT
from search.library.generation import Generation
from search.library.library import Library
from search.library.manifest import LibraryError
from search.ranked.snippets import MatchedSentence
from search.records import Record
from web.desk.copies import FROM_LIBRARY
from web.desk.items import Item, mains, origins
from web.desk.store import Store

State = Literal["in library", "dropped", "elsewhere", "unknown"]
_REMEMBERED = 64


@dataclass(frozen=True)
class Member:
    """A record of a collection as it is shown: as the library has it now, or else the copy.

    ``state`` is ``dropped`` where the library had it and has it no more, ``elsewhere`` where it
    came from a file and never was there, ``unknown`` where there is no library to ask.
    ``title_marks`` and ``sentence`` are as in a hit, empty where nothing was searched for.
    """

    item: Item
    record: Record
    state: State
    title_marks: tuple[tuple[int, int], ...] = ()
    sentence: MatchedSentence | None = None


@dataclass(frozen=True)
class Standing:
    """Of all records of a collection: the library's number of each that is there, the hash of the
    copy of each that is not, and the ids of those that are shown which were dropped, never were
    there, or are retracted or in doubt. ``mains`` leads from what is handled as one with another to
    that other; where one of them is in doubt, the one that is shown is.
    """

    mains: dict[str, str]
    numbers: dict[str, int]
    absent: dict[str, str]
    dropped: tuple[str, ...]
    elsewhere: tuple[str, ...]
    doubtful: tuple[str, ...]


_lock = threading.Lock()
_known: "OrderedDict[tuple[object, ...], Standing]" = OrderedDict()


def live_generation(library: Library) -> Generation | None:
    """The library as it stands, None where it cannot be used: a collection can be read anyway."""
    try:
        return library.generation()
    except LibraryError:
        return None


def members(found: list[Item], generation: Generation | None) -> list[Member]:
    """Some records of a collection, as they are shown."""
    if generation is None:
        return [Member(item, item.record, "unknown") for item in found]
    present = generation.present([item.record.id for item in found])
    records = generation.records([number for number, _ in present.values()])
    shown = []
    for item in found:
        there = present.get(item.record.id)
        if there:
            shown.append(Member(item, records[there[0]], "in library"))
        else:
            state: State = "dropped" if item.source == FROM_LIBRARY else "elsewhere"
            shown.append(Member(item, item.record, state))
    return shown


def standing(store: Store, collection: int, generation: Generation | None) -> Standing:
    """How a whole collection stands; remembered until it or the library changes."""
    # The moment too: after a backup was brought back the numbers go on from an earlier one.
    last = store.connection.execute(
        "select max(id), at from changes where collection = ?", [collection]
    ).fetchone()
    key = (store.path, collection, *last, generation.path if generation else None)
    with _lock:
        known = _known.get(key)
    if known is None:
        known = _standing(store, collection, generation)
        with _lock:
            _known[key] = known
            while len(_known) > _REMEMBERED:
                _known.popitem(last=False)
    return known


def _standing(store: Store, collection: int, generation: Generation | None) -> Standing:
    kept, under = origins(store, collection), mains(store, collection)
    present = generation.present(list(kept)) if generation else {}
    absent = {i: origin.record_hash for i, origin in kept.items() if i not in present}
    states = {i: origin.retraction for i, origin in kept.items()}
    states |= {i: state for i, (_, state) in present.items()}
    shown = [i for i in absent if i not in under] if generation else []
    doubtful = {under.get(i, i) for i in kept if states[i] in IN_DOUBT}
    return Standing(
        mains=under,
        numbers={i: number for i, (number, _) in present.items()},
        absent=absent,
        dropped=tuple(i for i in shown if kept[i].source == FROM_LIBRARY),
        elsewhere=tuple(i for i in shown if kept[i].source != FROM_LIBRARY),
        doubtful=tuple(i for i in kept if i in doubtful),
    )
