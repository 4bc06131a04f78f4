"""Addresses at which a reader ends the mails of alerts without signing in (RFC 8058).

Such an address stands in every mail for as long as the mail is kept, so nothing of it is stored:
it is the user's number, signed with a key of the installation. All that it allows is to end mails.
"""

import base64
import hashlib
import hmac
import secrets

from web.desk.accounts import User, user_of
from web.desk.store import Store

_BYTES = 18


def unsubscribe_token(store: Store, user: User) -> str:
    """What the address of this user's ends with."""
    return f"{user.id}-{_signature(_key(store), user.id)}"


def unsubscribing_user(store: Store, token: str) -> User | None:
    """Whose address it is; None for what was not signed here."""
    number, _, signature = token.partition("-")
    if not (number.isascii() and number.isdigit() and len(number) < 15):
        return None
    if not hmac.compare_digest(_signature(_key(store), int(number)).encode(), signature.encode()):
        return None
    row = store.connection.execute("select * from users where id = ?", [int(number)]).fetchone()
    return user_of(row) if row else None


def unsubscribe(store: Store, user: User) -> None:
    """Send no more mails of alerts to this user, until they wish for them again."""
    with store.writing() as db:
        db.execute("update users set digest = 'never' where id = ?", [user.id])


def _signature(key: str, number: int) -> str:
    mac = hmac.digest(key.encode(), f"unsubscribe {number}".encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(mac[:_BYTES]).decode()


def _key(store: Store) -> str:
    """The installation's key, made when it is first needed."""
    row = store.connection.execute("select key from signing_keys").fetchone()
    if row is None:
        with store.writing() as db:
            db.execute(
                "insert into signing_keys (id, key) values (1, ?) on conflict do nothing",
                [secrets.token_urlsafe(32)],
            )
            row = db.execute("select key from signing_keys").fetchone()
    return str(row["key"])
