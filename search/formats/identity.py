"""The id of a record that comes without one of ours: the same for the same item, run after run."""

import hashlib
import re
import unicodedata

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
) -> str:
    """The strongest identifier there is: ``pmid:…``, ``ichushi:…``, ``doi:…`` (lower case) or
    ``<source>:<accession>`` (``embase:L373791783``); without any, ``hash:`` and 16 hexadecimal
    digits over title, year and the first author's family name, blind to case, width and
    punctuation.
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
    words = "|".join(_folded(part) for part in (title, str(year or ""), author))
    return f"hash:{hashlib.sha256(words.encode(errors='replace')).hexdigest()[:16]}"


def _folded(text: str) -> str:
    return _NO_WORD.sub("", unicodedata.normalize("NFKC", text).casefold())
