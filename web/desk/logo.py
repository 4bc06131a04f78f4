"""The institution's logo: a small picture of a type that holds no script."""

import hashlib
from dataclasses import dataclass

from web.desk.store import Store, now

# Bytes: it is sent with the first page that somebody opens.
LARGEST_LOGO = 256 * 1024
# How files of these types begin. SVG is none of them: it can hold scripts.
_BEGINNINGS = ((b"\x89PNG\r\n\x1a\n", "image/png"), (b"\xff\xd8\xff", "image/jpeg"))


class LogoError(ValueError):
    """A file that cannot be the logo: says why."""


@dataclass(frozen=True)
class Logo:
    """A picture with its type; ``hash`` changes with it."""

    content: bytes
    mimetype: str
    hash: str


def logo(store: Store) -> Logo | None:
    """The logo, where there is one."""
    row = store.connection.execute("select content, mimetype, hash from logo").fetchone()
    return Logo(*row) if row else None


def logo_hash(store: Store) -> str:
    """What the logo is known by; empty without one."""
    row = store.connection.execute("select hash from logo").fetchone()
    return row["hash"] if row else ""


def keep_logo(store: Store, who: str, content: bytes) -> None:
    """Make a file the logo.

    Raises:
        LogoError: when it is too large, or no PNG, JPEG or WebP.
    """
    if len(content) > LARGEST_LOGO:
        raise LogoError(f"a logo has at most {LARGEST_LOGO // 1024} kB")
    mimetype = _type_of(content)
    if not mimetype:
        raise LogoError("a logo is a PNG, JPEG or WebP file")
    with store.writing() as db:
        db.execute("delete from logo")
        db.execute(
            "insert into logo (id, content, mimetype, hash, changed, changed_by) "
            "values (1, ?, ?, ?, ?, ?)",
            [content, mimetype, hashlib.sha256(content).hexdigest()[:16], now(), who],
        )


def remove_logo(store: Store) -> None:
    """Have no logo any more."""
    with store.writing() as db:
        db.execute("delete from logo")


def _type_of(content: bytes) -> str:
    """The type that a file is by its first bytes; empty for any other."""
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for begins, kind in _BEGINNINGS if content.startswith(begins)), "")
