"""The copies or records that a number of the flow diagram counts."""

from dataclasses import dataclass

from search.records import Record
from web.desk.copies import Copy, copied_records, copies
from web.desk.items import items
from web.desk.screening.flow import PARTED, BoxName, Column, boxes
from web.desk.store import Store


@dataclass(frozen=True)
class Counted:
    """One that is counted: the record, as the source held it in the boxes of copies; the copies
    that there are of it; and whether it is in the collection. ``copy`` is which one is counted."""

    record: Record
    copies: tuple[Copy, ...]
    present: bool
    copy: Copy | None = None


def counted_records(
    store: Store,
    number: int,
    box: BoxName,
    part: str = "",
    column: Column = "databases",
    first: int = 0,
    count: int | None = None,
) -> tuple[int, list[Counted]]:
    """How many a box counts, or that part of it (a source, a reason), and ``count`` of them from
    ``first`` on (None for all).

    Raises:
        UnknownError: when there is no such collection.
    """
    found = boxes(store, number)[column].box(box, part)
    chosen = found[first:][:count]
    by_record: dict[str, list[Copy]] = {}
    for copy in copies(store, number):
        by_record.setdefault(copy.record_id, []).append(copy)
    ids = [c.record_id if isinstance(c, Copy) else c for c in chosen]
    there = {item.record.id: item.record for item in items(store, number, record_ids=ids)[1]}
    # Of what was taken out the first copy is shown.
    wanted = [c.id if isinstance(c, Copy) else by_record[c][0].id for c in chosen]
    held = copied_records(store, wanted)
    return len(found), [
        Counted(
            record=held[copy_id]
            if isinstance(one, Copy) or record_id not in there
            else there[record_id],
            copies=tuple(by_record[record_id]),
            present=record_id in there,
            copy=one if isinstance(one, Copy) else None,
        )
        for one, record_id, copy_id in zip(chosen, ids, wanted, strict=True)
    ]


def unlisted(
    store: Store, number: int, box: BoxName, part: str = "", column: Column = "databases"
) -> int:
    """How many more a box counts of which only the number is known."""
    if box not in ("identified", "duplicates"):
        return 0
    known = boxes(store, number)[column].unlisted
    return known.get(part, 0) if part and box in PARTED else sum(known.values())
