"""The id of a record that comes without one of ours: the same for the same item, run after run."""

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

_NO_WORD = re.compile(r"[\W_]+")
# Record ids are at most 200 characters; a longer identifier is broken and cannot serve.
_MAX_IDENTIFIER = 160


def record_id(
    *,
    pmid: str = "",
    ichushi_id: str = "",
    doi: str = "",
    source: str = "",
    accession: str = "",
    title: str = "",
    year: str | int | None = None,
    author: str = "",
    place: Iterable[str] = (),
) -> str:
    """The strongest identifier there is: ``pmid:…``, ``ichushi:…``, ``doi:…`` (lower case) or
    ``<source>:<accession>`` (``embase:L373791783``); without any, ``hash:`` and 16 hexadecimal
    digits over title, year, the first author's family name and ``place`` (journal, volume, issue,
    first page), blind to case, width and punctuation: the 編集後記 of a year are several.
    """
    named = (
        ("pmid", pmid),
        ("ichushi", ichushi_id),
        ("doi", doi.lower()),
        (source.lower(), accession if source else ""),
    )
    for name, value in named:
        if value and len(value) <= _MAX_IDENTIFIER:
            return f"{name}:{value}"
    parts = [title, str(year or ""), author, *place]
    words = "|".join(_folded(part) for part in parts).rstrip("|")
    return f"hash:{hashlib.sha256(words.encode(errors='replace')).hexdigest()[:16]}"


def id_of(data: Mapping[str, Any], source: str = "", accession: str = "") -> str:
    """The id of a record whose fields are ``data``, by the number that ``source`` gave it where it
    has no better one."""
    authors: Sequence[Mapping[str, str]] = data.get("authors") or ({},)
    return record_id(
        pmid=data.get("pmid", ""),
        ichushi_id=data.get("ichushi_id", ""),
        doi=data.get("doi", ""),
        source=source,
        accession=accession,
        title=data.get("title", "") or data.get("abstract", ""),
        year=data.get("date", "")[:4],
        author=authors[0].get("family", ""),
        place=(
            data.get("journal", ""),
            data.get("volume", ""),
            data.get("issue", ""),
            data.get("pages", "").partition("-")[0],
        ),
    )


def _folded(text: str) -> str:
    return _NO_WORD.sub("", unicodedata.normalize("NFKC", text).casefold())
