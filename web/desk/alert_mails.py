"""Who is told of alerts by mail, and what of: each reader of what that reader has not been told.

Every account may read every collection, so whoever has an account may follow every alert; nobody is
told of one that they do not follow. What is told is written down in the transaction that puts the
mail into the outbox: a process that is killed has done both or neither.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

from search.library.generation import Generation
from search.records import Record
from web.desk.accounts import Digest, User, user_of
from web.desk.alerts import Alert, News, alert, all_alerts
from web.desk.id_lists import found_ids, keep_found
from web.desk.outbox import Letter, MailError, post
from web.desk.settings import Settings
from web.desk.shelf import Collection
from web.desk.store import Store, now
from web.desk.strategy_answers import numbers

# What one mail tells of: more alerts wait for the next one, more records are a number and a link.
MOST_ALERTS = 50
MOST_RECORDS = 100
MOST_OF_AN_ALERT = 30


@dataclass(frozen=True)
class AlertNews:
    """What a mail tells of an alert: how many records are new to the reader, and the first of
    them, without abstracts that must not be passed on."""

    collection: Collection
    alert: Alert
    new: tuple[str, ...]
    records: tuple[Record, ...]


@dataclass(frozen=True)
class AlertDigest:
    """What a mail tells a reader."""

    user: User
    told: tuple[AlertNews, ...]

    def with_records(self, most: int) -> "AlertDigest":
        """The same, with at most so many records of each alert."""
        return replace(
            self, told=tuple(replace(one, records=one.records[:most]) for one in self.told)
        )


def follow(store: Store, user: User, number: int, wanted: int) -> None:
    """Tell a user by mail what an alert finds from now on, and what is new in it now.

    Raises:
        UnknownError: when there is no such alert.
    """
    one = alert(store, number, wanted)
    with store.writing() as db:
        db.execute(
            "insert into alert_readers (search, user, told, since) values (?, ?, ?, ?) "
            "on conflict do nothing",
            [one.search.id, user.id, one.seen, now()],
        )


def unfollow(store: Store, user: User, number: int, wanted: int) -> None:
    """Tell a user of this alert no more.

    Raises:
        UnknownError: when there is no such alert.
    """
    one = alert(store, number, wanted)
    with store.writing() as db:
        db.execute(
            "delete from alert_readers where search = ? and user = ?", [one.search.id, user.id]
        )


def followed_searches(store: Store, user: User) -> set[int]:
    """The searches of which a user is told, by id."""
    rows = store.connection.execute("select search from alert_readers where user = ?", [user.id])
    return {row["search"] for row in rows}


def due_readers(store: Store, today: date | None = None) -> list[User]:
    """The users who follow an alert, have a confirmed address, and have had no mail of alerts on
    this day or in this week, as they wish."""
    day = today or _day(now())
    rows = store.connection.execute(
        "select * from users where not disabled and mail != '' and mail_confirmed "
        "and digest != 'never' and id in (select user from alert_readers) order by id"
    )
    return [user_of(row) for row in rows if _is_due(row["digest"], row["digested"], day)]


def digest_for(
    store: Store, user: User, news: Callable[[Collection, Alert], News], generation: Generation
) -> AlertDigest:
    """What a user has not been told of the alerts that they follow; ``news`` says what is found.
    Alerts whose search cannot be run are left out: their page says why."""
    before = _told(store, user)
    told: list[AlertNews] = []
    left = MOST_RECORDS
    for of, one in all_alerts(store):
        if one.search.id not in before or len(told) == MOST_ALERTS:
            continue
        found = news(of, one)
        known = {*found_ids(store.connection, before[one.search.id])}
        # All that has come since the alert was switched on, seen by others or not.
        new = tuple(i for i in found.come if i not in known)
        if found.fault is None and new:
            shown = numbers(generation, new)[: min(left, MOST_OF_AN_ALERT)]
            records = generation.records_in_order(shown)
            left -= len(shown)
            told.append(AlertNews(of, one, new, tuple(r.shareable() for r in records)))
    return AlertDigest(user, tuple(told))


def write_digest(
    store: Store,
    wanted: Settings,
    digest: AlertDigest,
    letter: Callable[[AlertDigest], Letter],
    language: str,
) -> bool:
    """Put the mail of a digest into the outbox and note what it tells, both or neither; ``letter``
    says it in words. Whether there was anything to tell, and nobody has told it meanwhile.

    Raises:
        MailError: when it cannot be written.
    """
    user = digest.user
    if not digest.told:
        return False
    with store.writing() as db:
        row = db.execute("select * from users where id = ?", [user.id]).fetchone()
        present = _told(store, user)
        # Another process, or the reader, was quicker.
        if user_of(row) != user or not _is_due(row["digest"], row["digested"], _day(now())):
            return False
        for one in digest.told:
            search = one.alert.search.id
            if search not in present:
                return False
            known = {*found_ids(db, present[search]), *one.new}
            db.execute(
                "update alert_readers set told = ? where search = ? and user = ?",
                [keep_found(db, sorted(known)), search, user.id],
            )
        for most in (MOST_OF_AN_ALERT, 5, 0):
            try:
                said = letter(digest.with_records(most))
                post(db, wanted, "alerts", user.mail, said, user=user.id, language=language)
                break
            except MailError:
                if not most:
                    raise
        db.execute("update users set digested = ? where id = ?", [now(), user.id])
    return True


def _told(store: Store, user: User) -> dict[int, str]:
    """What a user has been told of each search whose alert they follow: the name of a list."""
    rows = store.connection.execute(
        "select search, told from alert_readers where user = ?", [user.id]
    )
    return {row["search"]: row["told"] for row in rows}


def _is_due(digest: Digest, last: str, today: date) -> bool:
    if digest == "never":
        return False
    if not last:
        return True
    before = _day(last)
    if digest == "daily":
        return before != today
    return before.isocalendar()[:2] != today.isocalendar()[:2]


def _day(moment: str) -> date:
    """The day of a moment, where the server stands."""
    return datetime.fromisoformat(moment).replace(tzinfo=UTC).astimezone().date()
