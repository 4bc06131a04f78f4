"""What lets people in without a password: sessions, API tokens, links to collections, feeds,
invitations and links to new passwords."""

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from web.desk.store import Store, StoreError, check_file, now


@dataclass(frozen=True)
class StandingAccess:
    """How many of each are open."""

    sessions: int
    tokens: int
    links: int
    feeds: int
    account_links: int


@dataclass(frozen=True)
class Reopened:
    """What a backup would open again that has been ended since: tokens, links and feeds in words,
    users who have been locked out, and users whose password has been changed."""

    tokens: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    feeds: tuple[str, ...] = ()
    users: tuple[str, ...] = ()
    passwords: tuple[str, ...] = ()


def end_standing_access(store: Store) -> StandingAccess:
    """End all sessions, tokens, links, feeds and links to accounts; how many there were."""
    moment = now()
    with store.writing() as db:
        return StandingAccess(
            db.execute("delete from sessions").rowcount,
            db.execute(
                "update tokens set revoked = ? where revoked is null and expires > ?",
                [moment, moment],
            ).rowcount,
            db.execute("update shares set revoked = ? where revoked is null", [moment]).rowcount,
            db.execute("update feeds set revoked = ? where revoked is null", [moment]).rowcount,
            _end_account_links(db, moment),
        )


def _end_account_links(db: sqlite3.Connection, moment: str) -> int:
    # Mails on their way hold such links; those of alerts go out all the same.
    db.execute(
        "update mails set failed = ?, content = null, fault = 'ended with the link in it' "
        "where sent is null and kind != 'alerts'",
        [moment],
    )
    return db.execute(
        "update account_links set ended = ? where ended is null and expires > ?", [moment, moment]
    ).rowcount


def reopened(backup: Path, path: Path) -> Reopened:
    """What putting ``backup`` in the place of ``path`` would open again; nothing where ``path``
    cannot be read any more.

    Raises:
        StoreError: when ``backup`` cannot be read.
    """
    if not backup.is_file():
        raise StoreError(f"{backup}: no such file")
    check_file(backup)
    try:
        check_file(path)
        with closing(_read(path)) as present:
            present.execute("attach ? as old", [f"{backup.absolute().as_uri()}?mode=ro"])
            return Reopened(
                tokens=_ended(
                    present,
                    "select printf('%d (%s%s)', old.id, users.name, ' ' || old.name) "
                    "from old.tokens old join main.tokens new using (hash) "
                    "join old.users users on users.id = old.user "
                    "where old.revoked is null and new.revoked is not null order by old.id",
                ),
                links=_ended(present, _OF_COLLECTION.format("shares")),
                feeds=_ended(present, _OF_COLLECTION.format("feeds")),
                users=_ended(
                    present,
                    "select old.name from old.users old left join main.users new using (name) "
                    "where not old.disabled and coalesce(new.disabled, 1) order by old.name",
                ),
                passwords=_ended(
                    present,
                    "select old.name from old.users old join main.users new using (name) "
                    "where old.password != new.password order by old.name",
                ),
            )
    except (OSError, StoreError, sqlite3.Error):
        return Reopened()


_OF_COLLECTION = (
    "select printf('%d of collection %d', old.id, old.collection) from old.{0} old "
    "join main.{0} new using (hash) "
    "where old.revoked is null and new.revoked is not null order by old.id"
)


def _ended(db: sqlite3.Connection, query: str) -> tuple[str, ...]:
    return tuple(row[0] for row in db.execute(query))


def _read(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
