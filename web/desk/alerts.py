"""Alerts: what a search finds that it had not found before, as long as nobody has marked it seen.

An alert knows two lists: what was known when it was switched on, which its feed starts from, and
what has been seen since, which moves only when somebody says so.
"""

import hashlib
import secrets
import sqlite3
from dataclasses import dataclass

from search.exact import ExactSyntaxError
from search.library.generation import Generation
from web.desk.history import CollectionError, ConflictError, UnknownError, change
from web.desk.id_lists import found_hash, found_ids, keep_found
from web.desk.kept_answers import Remembered
from web.desk.searches import Search, found_by, search, searches
from web.desk.shelf import Collection, collections
from web.desk.store import Store, now
from web.desk.strategies import answers, with_parts
from web.desk.strategy_answers import USUAL_TOP, LibrarySearch, in_one_generation


@dataclass(frozen=True)
class Alert:
    """An alert on a search. ``since`` names what was known when it was switched on, ``seen`` all
    that was marked as seen, at ``seen_at``."""

    id: int
    search: Search
    created: str
    created_by: str
    since: str
    seen: str
    seen_at: str
    seen_by: str


@dataclass(frozen=True)
class News:
    """What an alert has to tell: the ids that are ``new`` since it was last seen, and those that
    have ``come`` since it was switched on, in the order of the search; or the fault for which the
    search cannot be run. ``shown`` names all that the search finds now."""

    alert: Alert
    new: tuple[str, ...] = ()
    come: tuple[str, ...] = ()
    shown: str = ""
    fault: ExactSyntaxError | None = None


@dataclass(frozen=True)
class Feed:
    """An address at which an alert can be followed; it is shown once, when it is made."""

    id: int
    created: str
    created_by: str
    revoked: str | None


def alerts(store: Store, number: int) -> list[Alert]:
    """The alerts of a collection, by the number of their search.

    Raises:
        UnknownError: when there is no such collection.
    """
    of = {found.id: found for found in searches(store, number)}
    rows = store.connection.execute(
        "select alerts.* from alerts join searches on searches.id = search "
        "where collection = ? order by searches.number",
        [number],
    )
    return [_alert(row, of[row["search"]]) for row in rows if row["search"] in of]


def all_alerts(store: Store) -> list[tuple[Collection, Alert]]:
    """The alerts of all collections."""
    return [(c, alert) for c in collections(store) for alert in alerts(store, c.id)]


def alert(store: Store, number: int, wanted: int) -> Alert:
    """The alert on a search.

    Raises:
        UnknownError: when there is none.
    """
    for found in alerts(store, number):
        if found.search.number == wanted:
            return found
    raise UnknownError(f"search #{wanted} of collection {number} has no alert")


def switch_on(store: Store, who: str, number: int, wanted: int) -> None:
    """Tell from now on what a search finds beside what its last run found; an alert that is on
    stays as it is.

    Raises:
        UnknownError: when there is no such search.
    """
    found = search(store, number, wanted)
    with change(store, who, "alert on", number, search=found.mark) as opened:
        known = keep_found(opened.db, sorted(found_by(store, found.last)))
        moment = now()
        opened.db.execute(
            "insert into alerts (search, created, created_by, since, seen, seen_at, seen_by) "
            "values (?, ?, ?, ?, ?, ?, ?) on conflict do nothing",
            [found.id, moment, who, known, known, moment, who],
        )


def switch_off(store: Store, who: str, number: int, wanted: int) -> None:
    """End an alert; its feeds end with it. Undoing that brings back both.

    Raises:
        UnknownError: when there is none.
    """
    found = alert(store, number, wanted)
    with change(store, who, "alert off", number, search=found.search.mark) as opened:
        opened.db.execute("delete from alerts where id = ?", [found.id])


def news(store: Store, number: int, found: Alert, library: LibrarySearch) -> News:
    """What an alert has to tell of the library as it stands; nothing is marked as seen.

    Raises:
        QueryError, LibraryError: when the library cannot be asked.
    """
    fault, ids = _now_found(store, number, found.search, library)
    if fault is not None:
        return News(found, fault=fault)
    db = store.connection
    seen, since = (set(found_ids(db, digest)) for digest in (found.seen, found.since))
    return News(
        found,
        new=tuple(i for i in ids if i not in seen),
        come=tuple(i for i in ids if i not in since),
        shown=found_hash(ids),
    )


def mark_seen(store: Store, who: str, number: int, told: News) -> int:
    """Say that all that an alert told has been seen; how many records that were.

    Raises:
        UnknownError: when the alert is gone. ConflictError: when somebody else has marked it since.
        CollectionError: when its search could not be run.
    """
    before = told.alert
    if told.fault is not None:
        raise CollectionError(f"search {before.search.mark} cannot be run: {told.fault}")
    with change(
        store, who, "mark seen", number, search=before.search.mark, records=len(told.new)
    ) as opened:
        current = alert(store, number, before.search.number)
        if (current.seen, current.seen_at) != (before.seen, before.seen_at):
            raise ConflictError("someone else has marked this alert as seen in between")
        seen = sorted({*found_ids(opened.db, current.seen), *told.new})
        opened.db.execute(
            "update alerts set seen = ?, seen_at = ?, seen_by = ? where id = ?",
            [keep_found(opened.db, seen), now(), who, current.id],
        )
    return len(told.new)


def feeds(store: Store, number: int, wanted: int) -> list[Feed]:
    """The feeds of a search, the newest first."""
    rows = store.connection.execute(
        "select * from feeds where search = ? order by id desc",
        [search(store, number, wanted).id],
    )
    return [Feed(r["id"], r["created"], r["created_by"], r["revoked"]) for r in rows]


def open_feed(store: Store, who: str, number: int, wanted: int) -> str:
    """A new feed of an alert: the secret part of its address.

    Raises:
        UnknownError: when there is no such alert.
    """
    found = alert(store, number, wanted)
    secret = secrets.token_urlsafe(24)
    with change(
        store, who, "share feed", number, without_rows=True, search=found.search.mark
    ) as opened:
        opened.db.execute(
            "insert into feeds (collection, search, hash, created, created_by) "
            "values (?, ?, ?, ?, ?)",
            [number, found.search.id, _digest(secret), now(), who],
        )
    return secret


def end_feed(store: Store, who: str, number: int, wanted: int, feed: int) -> None:
    """End a feed.

    Raises:
        UnknownError: when there is none.
    """
    found = search(store, number, wanted)
    with change(store, who, "end feed", number, without_rows=True, search=found.mark) as opened:
        ended = opened.db.execute(
            "update feeds set revoked = coalesce(revoked, ?) where id = ? and search = ?",
            [now(), feed, found.id],
        )
        if not ended.rowcount:
            raise UnknownError(f"search {found.mark} has no feed {feed}")


def followed(store: Store, secret: str) -> tuple[Collection, Alert] | None:
    """The alert that a feed's address leads to, while it does."""
    row = store.connection.execute(
        "select collection, search from feeds where hash = ? and revoked is null",
        [_digest(secret)],
    ).fetchone()
    if row is None:
        return None
    for found in collections(store):
        if found.id == row["collection"]:
            for one in alerts(store, found.id):
                if one.search.id == row["search"]:
                    return found, one
    return None


_known: Remembered[tuple[ExactSyntaxError | None, tuple[str, ...]]] = Remembered(128)


def _now_found(
    store: Store, number: int, wanted: Search, library: LibrarySearch
) -> tuple[ExactSyntaxError | None, tuple[str, ...]]:
    """What a search finds now, over what its parts find now; remembered until the library or the
    searches change."""
    few, every = with_parts(store, number, wanted)

    def work(generation: Generation) -> tuple[ExactSyntaxError | None, tuple[str, ...]]:
        asked = wanted.asked
        if asked.syntax == "ranked":
            # Its list has no end: what comes in below the line of relevance is no news.
            best = library.engine().best(
                asked.query, asked.filters, asked.top or USUAL_TOP, above_line=True
            )
            return None, tuple(record.id for record in best)
        found = answers(library, few, every, generation)[wanted.number]
        return (found, ()) if isinstance(found, ExactSyntaxError) else (None, tuple(found))

    live = library.exact.library.generation()
    searched = tuple((one.id, one.deleted) for one in every.values())
    key = (store.path, wanted.id, live.path, searched)
    return _known.get(key, lambda: in_one_generation(library, work)[1])


def _alert(row: sqlite3.Row, found: Search) -> Alert:
    return Alert(
        *(row["id"], found, row["created"], row["created_by"], row["since"], row["seen"]),
        *(row["seen_at"], row["seen_by"]),
    )


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
