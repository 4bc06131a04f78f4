"""Numbers that reviewers note of a record: participants, dose, weeks."""

import math

from web.desk.history import CollectionError, UnknownError, change
from web.desk.items import items
from web.desk.shelf import checked_name
from web.desk.store import Store


def numbers(store: Store, number: int) -> dict[str, dict[str, float]]:
    """The numbers of a collection's records: by record id, by name."""
    rows = store.connection.execute(
        "select record_id, name, value from item_numbers join items on items.id = item "
        "where collection = ? order by item_numbers.id",
        [number],
    )
    found: dict[str, dict[str, float]] = {}
    for row in rows:
        found.setdefault(row["record_id"], {})[row["name"]] = row["value"]
    return found


def note_number(
    store: Store, who: str, number: int, record_id: str, name: str, value: float | None
) -> None:
    """Note a number of a record under a name; None takes it away.

    Raises:
        UnknownError: when there is no such record.
        CollectionError: for a name or a number that is none.
    """
    name = checked_name(name)
    if value is not None and not math.isfinite(value):
        raise CollectionError(f"{name}: {value} is no number that can be kept")
    with change(store, who, "note number", number, record=record_id, name=name) as opened:
        _, found = items(store, number, record_ids=[record_id])
        if not found:
            raise UnknownError(f"collection {number} has no record {record_id!r}")
        if value is None:
            opened.db.execute(
                "delete from item_numbers where item = ? and name = ?", [found[0].id, name]
            )
        else:
            opened.db.execute(
                "insert into item_numbers (item, name, value) values (?, ?, ?) "
                "on conflict (item, name) do update set value = excluded.value "
                "where value != excluded.value",
                [found[0].id, name, value],
            )
