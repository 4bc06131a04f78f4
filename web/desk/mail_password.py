"""The password with which mail is handed over.

The operator's environment comes first: the password itself, or the file that holds it (as systemd
hands credentials over). One that an administrator typed lies in a file of its own beside
``collections.db``, for its owner's eyes: backups of collections are passed around, and shall not
carry it.
"""

import os
from contextlib import suppress
from pathlib import Path
from typing import Literal

from web.desk.private_files import private_file
from web.desk.store import Store

VARIABLE = "JMEDSEARCH_SMTP_PASSWORD"
FILE_VARIABLE = "JMEDSEARCH_SMTP_PASSWORD_FILE"
LONGEST = 1000
Origin = Literal["environment", "file", "kept", "none"]


class MailPasswordError(ValueError):
    """A password that cannot be read or kept: says where and why."""


def mail_password(store: Store) -> str:
    """The password; empty without one.

    Raises:
        MailPasswordError: when the file that should hold it cannot be read.
    """
    told = os.environ.get(FILE_VARIABLE)
    if told:
        return _content(Path(told))
    if VARIABLE in os.environ:
        return os.environ[VARIABLE]
    kept = _place(store)
    return _content(kept) if kept.exists() else ""


def origin(store: Store) -> Origin:
    """Where the password comes from."""
    if os.environ.get(FILE_VARIABLE):
        return "file"
    if VARIABLE in os.environ:
        return "environment"
    return "kept" if _place(store).exists() else "none"


def keep_mail_password(store: Store, password: str) -> None:
    """Keep a password that was typed; an empty one takes away what was kept.

    Raises:
        MailPasswordError: when it is no line, or cannot be written.
    """
    if len(password) > LONGEST or (password and not password.isprintable()):
        raise MailPasswordError(f"a password is one line of at most {LONGEST} characters")
    place = _place(store)
    partial = place.with_name(f"{place.name}.partial")
    try:
        if not password:
            place.unlink(missing_ok=True)
            return
        partial.unlink(missing_ok=True)
        with private_file(partial) as file:
            file.write(password.encode())
        partial.replace(place)
    except OSError as error:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
        raise MailPasswordError(f"{place}: {error.strerror}") from error


def _place(store: Store) -> Path:
    return store.path.with_name(f"{store.path.name}.smtp-password")


def _content(file: Path) -> str:
    try:
        with file.open(encoding="utf-8") as stream:
            return stream.read(LONGEST + 2).rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise MailPasswordError(f"{file} cannot be read: {error}") from error
