"""Living collections: what is new to an alert comes into its collection by itself, to be screened.

Each time is an intake of its own, so a flow diagram counts it like any other search.
"""

import sqlite3
from datetime import UTC, datetime

from search.library.generation import Generation
from web.desk import items
from web.desk.alerts import Alert, News, alert, mark_seen
from web.desk.copies import FROM_LIBRARY, SentFile
from web.desk.history import Action, change
from web.desk.store import Store, now
from web.desk.strategy_answers import numbers


def living(store: Store) -> set[int]:
    """The searches whose alerts add what they find to their collections, by id."""
    return {row["search"] for row in store.connection.execute("select search from living_alerts")}


def is_living(store: Store, one: Alert) -> bool:
    """Whether an alert adds what it finds to its collection."""
    return _is_living(store.connection, one.search.id)


def set_living(store: Store, who: str, number: int, wanted: int, on: bool) -> None:
    """Have an alert add what it finds to its collection from the next time on, or no more.

    Raises:
        UnknownError: when there is no such alert.
    """
    found = alert(store, number, wanted).search
    action: Action = "living on" if on else "living off"
    with change(store, who, action, number, without_rows=True, search=found.mark) as opened:
        if on:
            opened.db.execute(
                "insert into living_alerts (search, since, by) values (?, ?, ?) "
                "on conflict do nothing",
                [found.id, now(), who],
            )
        else:
            opened.db.execute("delete from living_alerts where search = ?", [found.id])


def grow(store: Store, who: str, number: int, told: News, generation: Generation) -> int:
    """Add what an alert has to tell to its collection, as an intake of its own, and mark it as
    seen: both or neither, so nothing is added twice. How many records came in; none where that was
    switched off meanwhile.

    Raises:
        UnknownError, CollectionError: when collection, search or alert are gone.
        ConflictError: when somebody has marked it as seen meanwhile.
    """
    if not told.new or told.fault is not None:
        return 0
    mark = told.alert.search.mark
    records = list(generation.records_in_order(numbers(generation, told.new)))
    with store.writing() as db:
        if not _is_living(db, told.alert.search.id):
            return 0
        added = 0
        if records:
            name = f"{mark} (alert {datetime.now(UTC).astimezone():%Y-%m-%d})"
            added = items.add(
                store,
                who,
                number,
                ((record, FROM_LIBRARY) for record in records),
                mark,
                file=SentFile(name, records),
            )
        mark_seen(store, who, number, told)
    return added


def _is_living(db: sqlite3.Connection, search: int) -> bool:
    found = db.execute("select 1 from living_alerts where search = ?", [search]).fetchone()
    return found is not None
