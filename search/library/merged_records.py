"""Records that several copies were merged into, what each copy said, and what was parted."""

import json
from dataclasses import dataclass

from search.library.generation import Generation
from search.records import Record, record_from_dict

# Of those that were declared to be two works, so many are told.
_MOST_PARTED = 200


@dataclass(frozen=True)
class Copy:
    """What was imported of a record under one id: from which database and source, and what it
    said."""

    id: str
    database: str
    source: str
    record: Record


@dataclass(frozen=True)
class Merged:
    """A record, and the copies with different ids that it was merged of, in order of import."""

    record: Record
    copies: tuple[Copy, ...]


def merged_records(
    generation: Generation, first: int, count: int, record_id: str = ""
) -> tuple[int, list[Merged]]:
    """How many records were merged of several ids, and ``count`` of them from the ``first`` on, by
    id; with ``record_id`` only the record that it leads to."""
    if record_id:
        found = generation.record(record_id)
        numbers = [found[0]] if found and is_merged(generation, found[0]) else []
    else:
        # Only the copies of merged records have data of their own.
        rows = generation.database.execute(
            "select number from records join (select record from origins where data is not null "
            "group by record having count(distinct id) > 1) on record = number order by id"
        )
        numbers = [row["number"] for row in rows]
    shown = numbers[first : first + count]
    records = generation.records(shown)
    return len(numbers), [Merged(records[n], _copies(generation, n)) for n in shown]


def is_merged(generation: Generation, number: int) -> bool:
    """Whether a record, by its number, was merged of copies with several ids."""
    (ids,) = generation.database.execute(
        "select count(distinct id) from origins where record = ? and data is not null", [number]
    ).fetchone()
    return int(ids) > 1


def parted_records(generation: Generation) -> list[tuple[Record, Record]]:
    """Pairs of records that somebody declared to be two works, both of which are there."""
    rows = generation.database.execute(
        "select first.number, second.number from proposals "
        "join records first on first.id = proposals.first "
        "join records second on second.id = proposals.second "
        "where state = 'distinct' order by proposals.first, proposals.second limit ?",
        [_MOST_PARTED],
    ).fetchall()
    records = generation.records([number for row in rows for number in tuple(row)])
    return [(records[one], records[other]) for one, other in map(tuple, rows)]


def _copies(generation: Generation, number: int) -> tuple[Copy, ...]:
    rows = generation.database.execute(
        "select id, database, source, data from origins "
        "where record = ? and data is not null order by number",
        [number],
    )
    copies: dict[str, Copy] = {}
    for record_id, database, source, data in map(tuple, rows):
        # The same id again is the same work again, and cannot be parted.
        copies.setdefault(
            record_id, Copy(record_id, database, source, record_from_dict(json.loads(data)))
        )
    return tuple(copies.values())
