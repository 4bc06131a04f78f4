"""Mails on their way: written down before they are handed over, and for as long as they are not.

A mail is written in the transaction of what it tells, so neither is there without the other. It
is handed over by one process at a time, as often as :data:`PAUSES` says, and each time under the
same Message-ID: where a process ends between the server's answer and the note of it, the mail is
handed over again, and who receives it can tell that it is the same.
"""

import fcntl
import os
import smtplib
import sqlite3
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, localtime, make_msgid
from typing import Literal

from web.desk.accounts import after
from web.desk.addresses import is_mail_address
from web.desk.mail_password import MailPasswordError, mail_password
from web.desk.private_files import PRIVATE
from web.desk.settings import Settings, settings
from web.desk.store import Store, now

MailKind = Literal["alerts", "invitation", "password", "mail", "test"]
# After so long a mail that could not be handed over is tried again; after the last one it is given
# up, which is told on the pages of whoever it concerns.
PAUSES = (
    *(timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=2)),
    *(timedelta(hours=8), timedelta(hours=24)),
)
# Bytes of a whole message: servers take at least ten times as much.
LARGEST_MAIL = 1_000_000
_KEPT = timedelta(days=90)
# Seconds that a mail server may be silent.
_PATIENCE = 20.0
_AT_ONCE = 500
_LONGEST_FAULT = 300
# Of 998 characters that a line may have (RFC 5322, 2.1.1).
_LONGEST_LINE = 900


class MailError(ValueError):
    """A mail that cannot be written: says why."""


@dataclass(frozen=True)
class Letter:
    """What a mail says: as text, and as HTML where there is any."""

    subject: str
    text: str
    html: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Mail:
    """A mail in the outbox, without what it says."""

    id: int
    kind: MailKind
    user: int | None
    recipient: str
    created: str
    attempts: int
    sent: str | None
    failed: str | None
    fault: str


@dataclass(frozen=True)
class Delivery:
    """What became of the mails that were due: how many were handed over, how many are tried again
    later, how many were given up."""

    sent: int = 0
    later: int = 0
    failed: int = 0


def post(
    db: sqlite3.Connection,
    wanted: Settings,
    kind: MailKind,
    recipient: str,
    letter: Letter,
    *,
    user: int | None = None,
    language: str = "ja",
) -> None:
    """Put a mail into the outbox, inside the transaction of what it tells.

    Raises:
        MailError: when it cannot be written, or is too large.
    """
    message, message_id = written(wanted, recipient, letter, language)
    db.execute(
        "insert into mails (message_id, kind, user, recipient, content, created, due) "
        "values (?, ?, ?, ?, ?, ?, ?)",
        [message_id, kind, user, recipient, message, now(), now()],
    )


def written(
    wanted: Settings, recipient: str, letter: Letter, language: str = "ja"
) -> tuple[bytes, str]:
    """A mail as it goes over the wire, and its Message-ID.

    Raises:
        MailError: when it cannot be written, or is too large.
    """
    if not is_mail_address(recipient):
        raise MailError(f"{recipient!r} is no address of mail")
    message = EmailMessage(policy=SMTP)
    message_id = make_msgid(domain=wanted.mail_sender.rpartition("@")[2] or "localhost")
    try:
        message["From"] = Address(one_line(wanted.name(language)), addr_spec=wanted.mail_sender)
        message["To"] = Address(addr_spec=recipient)
        message["Subject"] = one_line(letter.subject)
        message["Date"] = format_datetime(localtime())
        message["Message-ID"] = message_id
        # Nobody's robot answers a robot (RFC 3834).
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(letter.text, cte="base64")
        if letter.html:
            message.add_alternative(letter.html, subtype="html", cte="base64")
        content = _plain_headers(letter) + message.as_bytes()
    except (ValueError, MessageError) as error:
        raise MailError(f"a mail cannot be written: {error}") from error
    if len(content) > LARGEST_MAIL:
        raise MailError(f"a mail has at most {LARGEST_MAIL} bytes")
    return content, message_id


def _plain_headers(letter: Letter) -> bytes:
    """The letter's own headers, a line each: addresses, which the standard library would encode as
    words where they are long, and no program could read then."""
    for name, value in letter.headers.items():
        if not (value.isascii() and value.isprintable() and len(value) < _LONGEST_LINE):
            raise MailError(f"{name} cannot be {value[:80]!r}")
    return "".join(f"{name}: {value}\r\n" for name, value in letter.headers.items()).encode()


def one_line(text: str, most: int = 150) -> str:
    """``text`` as a head of a mail can hold it: nothing in it begins another line."""
    seen = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return seen if len(seen) <= most else f"{seen[: most - 1]}…"


def mails(store: Store, *, user: int | None = None, most: int = 50) -> list[Mail]:
    """What is in the outbox, the newest first: all, or what goes to one user."""
    rows = store.connection.execute(
        "select * from mails where :user is null or user = :user order by id desc limit :most",
        {"user": user, "most": most},
    )
    return [
        Mail(
            *(row["id"], row["kind"], row["user"], row["recipient"], row["created"]),
            *(row["attempts"], row["sent"], row["failed"], row["fault"]),
        )
        for row in rows
    ]


def try_again(store: Store, number: int, user: int | None = None) -> None:
    """Have a mail that was given up handed over after all; one of ``user``'s only, where that is
    given."""
    with store.writing() as db:
        db.execute(
            "update mails set failed = null, attempts = 0, due = :now "
            "where id = :id and failed is not null and content is not null "
            "and (:user is null or user = :user)",
            {"now": now(), "id": number, "user": user},
        )


def next_due(store: Store) -> str | None:
    """When the next mail is to be handed over; None where none waits."""
    (due,) = store.connection.execute(
        "select min(due) from mails where sent is null and failed is null"
    ).fetchone()
    return due if due is None else str(due)


def deliver(store: Store) -> Delivery:
    """Hand over all mails that are due; another process that does so is waited for. None is handed
    over as long as no mail is set up."""
    wanted = settings(store)
    if not wanted.sends_mail or next_due(store) is None:
        return Delivery()
    done = Delivery()
    with _one_at_a_time(store):
        _sweep(store)
        while due := _due(store):
            one = _hand_over(store, wanted, due)
            done = Delivery(done.sent + one.sent, done.later + one.later, done.failed + one.failed)
    return done


def _hand_over(store: Store, wanted: Settings, due: list[sqlite3.Row]) -> Delivery:
    sent = later = failed = 0
    connection: smtplib.SMTP | None = None
    try:
        for place, row in enumerate(due):
            try:
                connection = connection or _connected(store, wanted)
            except (OSError, smtplib.SMTPException, MailPasswordError) as error:
                # It concerns them all, and no other is tried at once.
                for each in due[place:]:
                    if _put_off(store, each, _said(error)):
                        failed += 1
                    else:
                        later += 1
                break
            try:
                refused = connection.sendmail(
                    wanted.mail_sender, [row["recipient"]], row["content"]
                )
                assert not refused
            except (OSError, smtplib.SMTPException) as error:
                for_good = _is_for_good(error)
                if _put_off(store, row, _said(error), for_good=for_good):
                    failed += 1
                else:
                    later += 1
                with suppress(OSError, smtplib.SMTPException):
                    connection.close()
                connection = None
            else:
                with store.writing() as db:
                    db.execute(
                        "update mails set sent = ?, content = null, fault = '', "
                        "attempts = attempts + 1 where id = ?",
                        [now(), row["id"]],
                    )
                sent += 1
    finally:
        if connection is not None:
            with suppress(OSError, smtplib.SMTPException):
                connection.quit()
    return Delivery(sent, later, failed)


def _connected(store: Store, wanted: Settings) -> smtplib.SMTP:
    """A connection to the mail server, as safe as it is wanted: nothing is said before it is."""
    context = ssl.create_default_context()
    host, port = wanted.mail_host, wanted.mail_port
    connection: smtplib.SMTP
    if wanted.mail_security == "tls":
        connection = smtplib.SMTP_SSL(host, port, timeout=_PATIENCE, context=context)
    else:
        connection = smtplib.SMTP(host, port, timeout=_PATIENCE)
    try:
        if wanted.mail_security == "starttls":
            connection.starttls(context=context)
        if wanted.mail_user:
            connection.login(wanted.mail_user, mail_password(store))
    except BaseException:
        connection.close()
        raise
    return connection


def _put_off(store: Store, row: sqlite3.Row, fault: str, *, for_good: bool = False) -> bool:
    """Note that a mail could not be handed over; whether it is given up."""
    attempts = row["attempts"] + 1
    given_up = for_good or attempts > len(PAUSES)
    due = row["due"] if given_up else after(PAUSES[attempts - 1])
    with store.writing() as db:
        db.execute(
            "update mails set attempts = ?, due = ?, failed = ?, fault = ? where id = ?",
            [attempts, due, now() if given_up else None, fault, row["id"]],
        )
    return given_up


def _is_for_good(error: Exception) -> bool:
    """Whether the server will say the same tomorrow (RFC 5321, 4.2.1)."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return all(500 <= code < 600 for code, _ in error.recipients.values())
    if isinstance(error, smtplib.SMTPSenderRefused):
        # That is a setting, which can be put right.
        return False
    return isinstance(error, smtplib.SMTPResponseException) and 500 <= error.smtp_code < 600


def _said(error: Exception) -> str:
    """What went wrong, on a line, as the server said it."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code, reason = next(iter(error.recipients.values()))
        return one_line(f"{code} {reason.decode('utf-8', 'replace')}", _LONGEST_FAULT)
    if isinstance(error, smtplib.SMTPResponseException):
        raw = error.smtp_error
        told = raw.decode("utf-8", "replace") if isinstance(raw, bytes) else raw
        return one_line(f"{error.smtp_code} {told}", _LONGEST_FAULT)
    return one_line(str(error) or type(error).__name__, _LONGEST_FAULT)


def _due(store: Store) -> list[sqlite3.Row]:
    # What is due later than any pause was put off by a clock that was wrong.
    return store.connection.execute(
        "select * from mails where sent is null and failed is null and content is not null "
        "and (due <= ? or due > ?) order by id limit ?",
        [now(), after(2 * PAUSES[-1]), _AT_ONCE],
    ).fetchall()


def _sweep(store: Store) -> None:
    with store.writing() as db:
        db.execute("delete from mails where created < ?", [after(-_KEPT)])


@contextmanager
def _one_at_a_time(store: Store) -> Iterator[None]:
    """Wait for whoever hands mails over; the kernel lets go of what a killed process held."""
    place = store.path.with_name(f"{store.path.name}.mail-lock")
    with open(place, "ab", opener=_private) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, PRIVATE)
