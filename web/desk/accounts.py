"""Users with roles, their passwords, sessions and API tokens.

Passwords are kept as argon2id hashes with the library's own parameters (RFC 9106); sessions and
tokens, which are long and random, as SHA-256: whoever reads the file can sign in with none of them.
"""

import hashlib
import secrets
import sqlite3
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Literal, get_args

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from web.desk.addresses import is_mail_address
from web.desk.password_strength import is_guessable
from web.desk.signatures import RESERVED
from web.desk.store import Store, now

Role = Literal["reader", "librarian", "administrator"]
ROLES: tuple[Role, ...] = get_args(Role)
Scope = Literal["search", "read", "write", "administer"]
SCOPES: tuple[Scope, ...] = get_args(Scope)
# How often a user is told of what is new in alerts, at most.
Digest = Literal["daily", "weekly", "never"]
DIGESTS: tuple[Digest, ...] = get_args(Digest)

# A working day; one signs in again on the next.
SESSION_LIFE = timedelta(hours=12)
# By so much clocks are put right every day.
_CLOCKS_DIFFER = timedelta(minutes=5)
SHORTEST_PASSWORD = 10
LONGEST_PASSWORD = 1000
LONGEST_NAME = 100
TOKEN_PREFIX = "jmed_"  # noqa: S105 - begins a token

_hasher = PasswordHasher()
# One at a time: each takes 64 MiB.
_hashing = threading.Lock()

Fault = Literal[
    "unknown",
    "name",
    "taken",
    "password",
    "guessable",
    "administrator",
    "token",
    "link",
    "mail",
]
# Something more that is done in the transaction of a change, to the user with this number.
Also = Callable[[sqlite3.Connection, int], None]


class AccountError(ValueError):
    """An account that cannot be made, found or changed: says which and why; ``fault`` in a word."""

    def __init__(self, message: str, fault: Fault) -> None:
        super().__init__(message)
        self.fault = fault


@dataclass(frozen=True)
class User:
    """Someone with an account. ``has_password`` is false for those who come by single sign-on.
    ``mail`` is an address that they have given, and ``mail_confirmed`` whether it has been seen to
    be theirs. ``language`` is that of their mails, empty where they have not said."""

    id: int
    name: str
    role: Role
    disabled: bool
    created: str
    has_password: bool
    mail: str = ""
    mail_confirmed: bool = False
    language: str = ""
    digest: Digest = "weekly"


@dataclass(frozen=True)
class Token:
    """An API token as it is listed; the token itself is shown once, when it is made."""

    id: int
    user: str
    name: str
    scope: Scope
    created: str
    expires: str
    revoked: str | None


class Accounts:
    """The accounts of a store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def exist(self) -> bool:
        """Whether there is any account, disabled ones included."""
        return self._store.connection.execute("select 1 from users").fetchone() is not None

    def users(self) -> list[User]:
        """All users by name."""
        rows = self._store.connection.execute("select * from users order by name")
        return [user_of(row) for row in rows]

    def user(self, name: str) -> User:
        """The user of this name, whatever its case.

        Raises:
            AccountError: when there is none.
        """
        row = self._store.connection.execute(
            "select * from users where name = ?", [name]
        ).fetchone()
        if row is None:
            raise AccountError(f"there is no user {name!r}", "unknown")
        return user_of(row)

    def add(self, name: str, role: Role, password: str | None, also: Also | None = None) -> User:
        """A new user; without ``password`` only single sign-on lets them in.

        Raises:
            AccountError: for a name that is taken or none, a password that is too short or can
                be guessed, or when the first user is no administrator.
        """
        name = checked_name(name)
        hashed = _hashed(_checked(password, name)) if password is not None else ""
        try:
            with self._store.writing() as db:
                number = db.execute(
                    "insert into users (name, role, password, created) values (?, ?, ?, ?)",
                    [name, role, hashed, now()],
                ).lastrowid
                assert number is not None
                _check_administrator(db)
                if also:
                    also(db, number)
        except sqlite3.IntegrityError as error:
            raise AccountError(f"there is a user {name!r} already", "taken") from error
        return self.user(name)

    def set_password(
        self, name: str, password: str, *, end_tokens: bool = False, also: Also | None = None
    ) -> None:
        """Change a password; the user is signed out everywhere, links for a new one end, and where
        ``end_tokens`` says so their tokens end too.

        Raises:
            AccountError: when there is no such user, or the password is too short or can be
                guessed.
        """
        user = self.user(name)
        hashed = _hashed(_checked(password, user.name))
        with self._store.writing() as db:
            if also:
                also(db, user.id)
            db.execute("update users set password = ? where id = ?", [hashed, user.id])
            db.execute("delete from sessions where user = ?", [user.id])
            db.execute(
                "update account_links set ended = ? "
                "where user = ? and kind = 'password' and ended is null",
                [now(), user.id],
            )
            if end_tokens:
                db.execute(
                    "update tokens set revoked = ? where user = ? and revoked is null",
                    [now(), user.id],
                )

    def set_role(self, name: str, role: Role) -> None:
        """Give a user another role; it holds from their next request on.

        Raises:
            AccountError: when there is no such user, or nobody could administer any more.
        """
        user = self.user(name)
        with self._store.writing() as db:
            db.execute("update users set role = ? where id = ?", [role, user.id])
            _check_administrator(db)

    def set_disabled(self, name: str, disabled: bool) -> None:
        """Lock a user out, sessions and tokens included, or let them in again.

        Raises:
            AccountError: when there is no such user, or nobody could administer any more.
        """
        user = self.user(name)
        with self._store.writing() as db:
            db.execute("update users set disabled = ? where id = ?", [disabled, user.id])
            if disabled:
                db.execute("delete from sessions where user = ?", [user.id])
            _check_administrator(db)

    def set_mail(self, name: str, mail: str, *, confirmed: bool) -> None:
        """Give a user another address of mail, or none.

        Raises:
            AccountError: when there is no such user, or it is no address.
        """
        user, mail = self.user(name), checked_mail(mail)
        with self._store.writing() as db:
            db.execute(
                "update users set mail = ?, mail_confirmed = ? where id = ?",
                [mail, bool(mail) and confirmed, user.id],
            )

    def set_mail_wishes(self, name: str, language: str, digest: Digest) -> None:
        """Say in which language a user reads mails, and how often they want to be told.

        Raises:
            AccountError: when there is no such user.
        """
        user = self.user(name)
        with self._store.writing() as db:
            db.execute(
                "update users set language = ?, digest = ? where id = ?",
                [language, digest, user.id],
            )

    # Signing in

    def check_password(self, name: str, password: str) -> User | None:
        """The user of this name, if this is the password and they are not locked out."""
        row = self._store.connection.execute(
            "select * from users where name = ? and not disabled", [name.strip()]
        ).fetchone()
        known = row is not None and row["password"]
        with _hashing:
            # Made with the first attempt, whoever it names: the time tells nothing.
            nobodys = _nobodys_password()
            try:
                _hasher.verify(row["password"] if known else nobodys, password)
            except (VerificationError, InvalidHashError):
                return None
        if not known:
            return None
        if _hasher.check_needs_rehash(row["password"]):
            with self._store.writing() as db:
                db.execute(
                    "update users set password = ? where id = ?", [_hashed(password), row["id"]]
                )
        return user_of(row)

    def open_session(self, user: User) -> str:
        """A new session of ``user``: what its cookie holds."""
        secret = secrets.token_urlsafe(32)
        with self._store.writing() as db:
            db.execute("delete from sessions where expires < ?", [now()])
            db.execute(
                "insert into sessions (hash, user, created, expires) values (?, ?, ?, ?)",
                [digest_of(secret), user.id, now(), after(SESSION_LIFE)],
            )
        return secret

    def session_user(self, secret: str) -> User | None:
        """Whose session this is, while it lasts."""
        row = self._store.connection.execute(
            "select users.* from sessions join users on users.id = sessions.user "
            "where hash = ? and expires > ? and sessions.created < ? and not disabled",
            # One of the future was opened by a clock that was wrong, and would last until then.
            [digest_of(secret), now(), after(_CLOCKS_DIFFER)],
        ).fetchone()
        return user_of(row) if row else None

    def close_session(self, secret: str) -> None:
        """End a session."""
        with self._store.writing() as db:
            db.execute("delete from sessions where hash = ?", [digest_of(secret)])

    def end_sessions(self, name: str) -> int:
        """Sign a user out everywhere; how many sessions there were.

        Raises:
            AccountError: when there is no such user.
        """
        user = self.user(name)
        with self._store.writing() as db:
            return db.execute("delete from sessions where user = ?", [user.id]).rowcount

    def open_sessions(self) -> dict[str, int]:
        """How many sessions each user has open; those who have none are left out."""
        rows = self._store.connection.execute(
            "select name, count(*) from sessions join users on users.id = sessions.user "
            "where expires > ? group by users.id",
            [now()],
        )
        return dict(map(tuple, rows))

    def enabled_user(self, name: str) -> User | None:
        """The user whom a single sign-on names, unless they have no account or are locked out."""
        row = self._store.connection.execute(
            "select * from users where name = ? and not disabled", [name]
        ).fetchone()
        return user_of(row) if row else None

    # Tokens

    def tokens(self, user: str | None = None) -> list[Token]:
        """All tokens, or those of one user, the newest first."""
        rows = self._store.connection.execute(
            "select tokens.*, users.name user_name from tokens "
            "join users on users.id = tokens.user "
            "where :name is null or users.name = :name order by tokens.id desc",
            {"name": user},
        )
        return [
            Token(
                row["id"],
                row["user_name"],
                row["name"],
                row["scope"],
                row["created"],
                row["expires"],
                row["revoked"],
            )
            for row in rows
        ]

    def add_token(self, user: str, name: str, scope: Scope, life: timedelta) -> str:
        """A new token, which acts as ``user`` but may do no more than ``scope`` says; ``name`` says
        what it is for.

        Raises:
            AccountError: when there is no such user, or the name is too long.
        """
        name = " ".join(name.split())
        if len(name) > LONGEST_NAME or not name.isprintable():
            raise AccountError(f"a name has at most {LONGEST_NAME} printable characters", "name")
        owner = self.user(user)
        secret = TOKEN_PREFIX + secrets.token_urlsafe(32)
        with self._store.writing() as db:
            db.execute(
                "insert into tokens (user, name, hash, scope, created, expires) "
                "values (?, ?, ?, ?, ?, ?)",
                [owner.id, name, digest_of(secret), scope, now(), after(life)],
            )
        return secret

    def token_user(self, secret: str) -> tuple[User, Scope] | None:
        """Whose token this is and what it may do, while it lasts."""
        row = self._store.connection.execute(
            "select users.*, tokens.scope from tokens join users on users.id = tokens.user "
            "where hash = ? and expires > ? and revoked is null and not disabled",
            [digest_of(secret), now()],
        ).fetchone()
        return (user_of(row), row["scope"]) if row else None

    def revoke_token(self, token_id: int, user: str | None = None) -> None:
        """End a token; one of ``user``'s only, where that is given.

        Raises:
            AccountError: when there is no such token.
        """
        with self._store.writing() as db:
            found = db.execute(
                "update tokens set revoked = coalesce(revoked, :now) where id = :id and "
                "(:name is null or user = (select id from users where name = :name))",
                {"now": now(), "id": token_id, "name": user},
            )
        if not found.rowcount:
            raise AccountError(f"there is no token {token_id}", "token")


def checked_name(name: str) -> str:
    """A name that a user can have, without blanks around it.

    Raises:
        AccountError: when none can.
    """
    name = name.strip()
    if not 1 <= len(name) <= LONGEST_NAME or not name.isprintable():
        raise AccountError(f"a name has 1 to {LONGEST_NAME} printable characters", "name")
    if name.casefold().endswith(RESERVED):
        raise AccountError(
            f"names that end in {' or'.join(RESERVED)} are kept for the history", "name"
        )
    return name


def checked_mail(mail: str) -> str:
    """An address of mail as it is kept, or none.

    Raises:
        AccountError: when it is no address.
    """
    mail = mail.strip()
    if mail and not is_mail_address(mail):
        raise AccountError(f"{mail!r} is no address of mail", "mail")
    return mail


def _check_administrator(db: sqlite3.Connection) -> None:
    found = db.execute("select 1 from users where role = 'administrator' and not disabled")
    if found.fetchone() is None:
        raise AccountError(
            "somebody must be able to administer: add an administrator first", "administrator"
        )


@cache
def _nobodys_password() -> str:
    """What a password is compared with where there is no such user: so that the time is the
    same."""
    return _hasher.hash(secrets.token_urlsafe())


def _checked(password: str, name: str) -> str:
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise AccountError(
            f"a password has at least {SHORTEST_PASSWORD} characters, and at most "
            f"{LONGEST_PASSWORD}",
            "password",
        )
    if is_guessable(password, name):
        raise AccountError(
            "this password is easy to guess: take several words that have nothing to do with one "
            "another, or have one made up",
            "guessable",
        )
    return password


def _hashed(password: str) -> str:
    with _hashing:
        return _hasher.hash(password)


def digest_of(secret: str) -> str:
    """What is kept of a secret: whoever reads it cannot use it."""
    return hashlib.sha256(secret.encode()).hexdigest()


def after(life: timedelta) -> str:
    """The moment that is so far away, as it is stored."""
    return (datetime.now(UTC) + life).isoformat(timespec="seconds")


def user_of(row: sqlite3.Row) -> User:
    """The user of a row of ``users``."""
    return User(
        row["id"],
        row["name"],
        row["role"],
        bool(row["disabled"]),
        row["created"],
        bool(row["password"]),
        row["mail"],
        bool(row["mail_confirmed"]),
        row["language"],
        row["digest"],
    )
