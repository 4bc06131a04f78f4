"""Where a published library is: ``milvus://HOST:PORT/NAME``, or ``milvus:///FOLDER/FILE.db``."""

import re
from dataclasses import dataclass
from typing import Self
from urllib.parse import SplitResult, urlsplit

from search.library.manifest import LibraryError

_SCHEMES = {"milvus": "http", "milvus+tls": "https"}
_PORT = 19530
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,99}")
# A file of milvus-lite holds one library.
_ONLY = "library"


@dataclass(frozen=True)
class MilvusAddress:
    """A Milvus server, or a file of milvus-lite, and the alias of a library in it.

    ``uri`` is what pymilvus connects to.
    """

    written: str
    uri: str
    name: str

    def __str__(self) -> str:
        return self.written

    @staticmethod
    def is_one(text: str) -> bool:
        """Whether a text is meant as such an address."""
        return text.split(":", 1)[0] in _SCHEMES

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read an address.

        Raises:
            LibraryError: when it is none, with what one looks like.
        """
        try:
            parts = urlsplit(text)
            port = parts.port or _PORT
        except ValueError as error:
            raise LibraryError(f"{text}: {error}") from error
        if parts.scheme == "milvus" and not parts.netloc and parts.path.endswith(".db"):
            return cls(text, parts.path, _ONLY)
        name = parts.path.strip("/")
        if parts.scheme not in _SCHEMES or not parts.hostname or not _NAME.fullmatch(name):
            raise LibraryError(
                f"{text} should be milvus://HOST:PORT/NAME (milvus+tls:// for TLS), NAME of "
                "letters, digits and _; or milvus:///FOLDER/FILE.db for milvus-lite"
            )
        if _has_more(parts):
            raise LibraryError(
                f"{parts.hostname}: no user, password or options in the address: what signs in is "
                "read from JMEDSEARCH_MILVUS_TOKEN"
            )
        host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
        return cls(text, f"{_SCHEMES[parts.scheme]}://{host}:{port}", name)


def _has_more(parts: SplitResult) -> bool:
    return bool(parts.username or parts.password or parts.query or parts.fragment)
