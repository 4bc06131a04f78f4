"""Links that let somebody in who has no password yet, or none any more, and links that show an
address of mail to be theirs. Each is shown or sent once, kept as a hash, ends by itself, and can be
used once.
"""

import secrets
import sqlite3
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal, get_args

from web.desk.accounts import (
    ROLES,
    AccountError,
    Accounts,
    Also,
    Role,
    User,
    after,
    checked_mail,
    checked_name,
    digest_of,
    user_of,
)
from web.desk.store import Store, now

Kind = Literal["invitation", "password", "mail"]
KINDS: tuple[Kind, ...] = get_args(Kind)

INVITATION_LIFE = timedelta(days=7)
LONGEST_INVITATION_LIFE = timedelta(days=90)
# One that an administrator hands over, and one that was asked for by whoever says to be the user.
RESET_LIFE = timedelta(days=1)
ASKED_RESET_LIFE = timedelta(hours=1)
MAIL_LIFE = timedelta(days=2)
# More accounts than that with one address are not told of.
_MOST_WITH_ONE_ADDRESS = 5


@dataclass(frozen=True)
class Invitation:
    """An invitation that can still be accepted. ``name`` is a proposal, and may be empty."""

    id: int
    name: str
    role: Role
    mail: str
    created: str
    created_by: str
    expires: str


def invite(
    store: Store,
    who: str,
    role: Role,
    *,
    name: str = "",
    mail: str = "",
    mailed: bool = False,
    life: timedelta = INVITATION_LIFE,
) -> str:
    """A new invitation: the secret part of its address. ``mailed`` says that it goes to ``mail``
    alone, so whoever has it reads what is sent there.

    Raises:
        AccountError: for a name that is taken or none, an address that is none, or where the first
            account would be no administrator's.
    """
    name, mail = checked_name(name) if name.strip() else "", checked_mail(mail)
    if role not in ROLES:
        raise AccountError(f"a role is one of {', '.join(ROLES)}", "unknown")
    # Others may be invited beside the first administrator, and come in after them.
    if role != "administrator" and not (
        Accounts(store).exist() or any(one.role == "administrator" for one in invitations(store))
    ):
        raise AccountError("the first account must be an administrator's", "administrator")
    secret = secrets.token_urlsafe(32)
    with store.writing() as db:
        if name and db.execute("select 1 from users where name = ?", [name]).fetchone():
            raise AccountError(f"there is a user {name!r} already", "taken")
        _sweep(db)
        db.execute(
            "insert into account_links "
            "(kind, hash, name, role, mail, mailed, created, created_by, expires) "
            "values ('invitation', ?, ?, ?, ?, ?, ?, ?, ?)",
            [*(digest_of(secret), name, role, mail, mailed), *(now(), who, after(life))],
        )
    return secret


def invitations(store: Store) -> list[Invitation]:
    """The invitations that can still be accepted, the newest first."""
    rows = store.connection.execute(
        "select * from account_links where kind = 'invitation' and ended is null and expires > ? "
        "order by id desc",
        [now()],
    )
    return [_invitation(row) for row in rows]


def invitation(store: Store, secret: str) -> Invitation | None:
    """The invitation that a link is, while it can be accepted."""
    row = _open(store, "invitation", secret)
    return _invitation(row) if row else None


def end_invitation(store: Store, number: int) -> None:
    """Take an invitation back.

    Raises:
        AccountError: when there is none.
    """
    with store.writing() as db:
        found = db.execute(
            "update account_links set ended = coalesce(ended, ?) "
            "where id = ? and kind = 'invitation'",
            [now(), number],
        )
    if not found.rowcount:
        raise AccountError(f"there is no invitation {number}", "link")


def accept(accounts: Accounts, store: Store, secret: str, name: str, password: str) -> User:
    """The account of whoever has an invitation, by the name and password that they chose.

    Raises:
        AccountError: when the invitation is used, over or none; for a name or a password that
            cannot be. Then it can still be used.
    """
    row = _open(store, "invitation", secret)
    if row is None:
        raise _none()

    def used(db: sqlite3.Connection, user: int) -> None:
        _use(db, "invitation", secret)
        if row["mail"]:
            db.execute(
                "update users set mail = ?, mail_confirmed = ? where id = ?",
                [row["mail"], row["mailed"], user],
            )

    return accounts.add(name, row["role"], password, also=used)


def open_reset(store: Store, who: str, name: str, life: timedelta = RESET_LIFE) -> str:
    """A link by which a user sets a new password: the secret part of its address. Links that they
    had before end.

    Raises:
        AccountError: when there is no such user.
    """
    user = Accounts(store).user(name)
    with store.writing() as db:
        _end_links(db, "password", user.id)
        return _of_user(db, "password", who, user.id, life)


def reset_user(store: Store, secret: str) -> User | None:
    """Whose new password a link sets, while it does."""
    return _user_behind(store, "password", secret)


def reset_password(
    accounts: Accounts, store: Store, secret: str, password: str, *, end_tokens: bool
) -> User:
    """Set the password of whoever has a link for that; they are signed out everywhere.

    Raises:
        AccountError: when the link is used, over or none, or for a password that cannot be. Then it
            can still be used.
    """
    user = reset_user(store, secret)
    if user is None:
        raise _none()
    used: Also = lambda db, _: _use(db, "password", secret)  # noqa: E731 - one line
    accounts.set_password(user.name, password, end_tokens=end_tokens, also=used)
    return user


def forgetful(store: Store, told: str) -> list[User]:
    """The users whom somebody means who has forgotten a password and tells a name or an address of
    mail: those who have a password, are not locked out, and whose address is confirmed."""
    rows = store.connection.execute(
        "select * from users where (name = :told or mail = :told collate nocase) and mail != '' "
        "and mail_confirmed and password != '' and not disabled order by id limit :most",
        {"told": told.strip(), "most": _MOST_WITH_ONE_ADDRESS},
    )
    return [user_of(row) for row in rows]


def ask_to_confirm(store: Store, name: str) -> str:
    """A link that shows a user's address to be theirs: the secret part of its address.

    Raises:
        AccountError: when there is no such user, or they have no address.
    """
    user = Accounts(store).user(name)
    if not user.mail:
        raise AccountError(f"{name} has no address of mail", "mail")
    with store.writing() as db:
        _end_links(db, "mail", user.id)
        return _of_user(db, "mail", user.name, user.id, MAIL_LIFE, user.mail)


def to_confirm(store: Store, secret: str) -> str:
    """The address that a link shows to be somebody's, while it does; else empty."""
    row = _open(store, "mail", secret)
    return row["mail"] if row else ""


def confirm(store: Store, secret: str) -> None:
    """Take an address for confirmed, unless its user has another one by now.

    Raises:
        AccountError: when the link is used, over or none.
    """
    row = _open(store, "mail", secret)
    if row is None:
        raise _none()
    with store.writing() as db:
        _use(db, "mail", secret)
        db.execute(
            "update users set mail_confirmed = 1 where id = ? and mail = ?",
            [row["user"], row["mail"]],
        )


def _user_behind(store: Store, kind: Kind, secret: str) -> User | None:
    row = _open(store, kind, secret)
    found = (
        row
        and store.connection.execute(
            "select * from users where id = ? and not disabled", [row["user"]]
        ).fetchone()
    )
    return user_of(found) if found else None


def _of_user(
    db: sqlite3.Connection, kind: Kind, who: str, user: int, life: timedelta, mail: str = ""
) -> str:
    secret = secrets.token_urlsafe(32)
    _sweep(db)
    db.execute(
        "insert into account_links (kind, hash, user, mail, created, created_by, expires) "
        "values (?, ?, ?, ?, ?, ?, ?)",
        [kind, digest_of(secret), user, mail, now(), who, after(life)],
    )
    return secret


def _end_links(db: sqlite3.Connection, kind: Kind, user: int) -> None:
    db.execute(
        "update account_links set ended = ? where kind = ? and user = ? and ended is null",
        [now(), kind, user],
    )


def _open(store: Store, kind: Kind, secret: str) -> sqlite3.Row | None:
    found: sqlite3.Row | None = store.connection.execute(
        "select * from account_links where kind = ? and hash = ? and ended is null and expires > ?",
        [kind, digest_of(secret), now()],
    ).fetchone()
    return found


def _use(db: sqlite3.Connection, kind: Kind, secret: str) -> None:
    """Use a link up, inside the change that it allows: of two who use it at once, one does."""
    used = db.execute(
        "update account_links set ended = ? "
        "where kind = ? and hash = ? and ended is null and expires > ?",
        [now(), kind, digest_of(secret), now()],
    )
    if not used.rowcount:
        raise _none()


def _sweep(db: sqlite3.Connection) -> None:
    """Forget links that have long been of no use."""
    db.execute("delete from account_links where expires < ?", [after(-timedelta(days=90))])


def _none() -> AccountError:
    return AccountError("this link was used, has expired, was ended, or is none", "link")


def _invitation(row: sqlite3.Row) -> Invitation:
    return Invitation(
        *(row["id"], row["name"], row["role"], row["mail"]),
        *(row["created"], row["created_by"], row["expires"]),
    )
