"""Read-only links to a collection, for whoever is given one; each can be ended."""

import hashlib
import secrets
from dataclasses import dataclass

from web.desk.history import UnknownError, change
from web.desk.store import Store, now


@dataclass(frozen=True)
class Share:
    """A link that was given out; the link itself is shown once, when it is made. ``notes`` says
    whether whoever has it reads the notes."""

    id: int
    created: str
    created_by: str
    revoked: str | None
    notes: bool


def shares(store: Store, collection: int) -> list[Share]:
    """The links of a collection, the newest first."""
    rows = store.connection.execute(
        "select * from shares where collection = ? order by id desc", [collection]
    )
    return [
        Share(r["id"], r["created"], r["created_by"], r["revoked"], bool(r["notes"])) for r in rows
    ]


def share(store: Store, who: str, collection: int, *, notes: bool = False) -> str:
    """A new link, which shows ``notes`` or none: the secret part of its address.

    Raises:
        UnknownError: when there is no such collection.
    """
    secret = secrets.token_urlsafe(24)
    with change(store, who, "share", collection, without_rows=True) as opened:
        opened.db.execute(
            "insert into shares (collection, hash, created, created_by, notes) "
            "values (?, ?, ?, ?, ?)",
            [collection, _digest(secret), now(), who, notes],
        )
    return secret


def end_share(store: Store, who: str, collection: int, number: int) -> None:
    """End a link.

    Raises:
        UnknownError: when there is no such collection or link.
    """
    with change(store, who, "end share", collection, without_rows=True) as opened:
        found = opened.db.execute(
            "update shares set revoked = coalesce(revoked, ?) where id = ? and collection = ?",
            [now(), number, collection],
        )
        if not found.rowcount:
            raise UnknownError(f"collection {collection} has no link {number}")


def shared_collection(store: Store, secret: str) -> tuple[int, bool] | None:
    """The collection that a link leads to, while it does, and whether it shows notes."""
    row = store.connection.execute(
        "select collection, notes from shares join collections on collections.id = collection "
        "where hash = ? and revoked is null and deleted is null",
        [_digest(secret)],
    ).fetchone()
    return (row["collection"], bool(row["notes"])) if row else None


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
