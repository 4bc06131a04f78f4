"""Plain lists of PMIDs and DOIs: as PubMed saves them (``Format: PMID``) and as people keep them.

What is known of such a work is its number: it becomes a record to complete. Numbers stand one a
line or between blanks, commas and semicolons, bare, labelled (``PMID: 30776994``, ``doi:10.…``) or
as addresses.
"""

import re
import unicodedata
from collections.abc import Iterator
from typing import BinaryIO

from search.formats.fields.dois import clean_doi
from search.formats.fields.identifiers import pmid_in
from search.formats.syntax.lines import head_text, text_lines
from search.formats.syntax.read_items import Item, Rejected, record_or_rejected

# The semicolon of a DOI that is made of a SICI, as in …3.0.CO;2-Z, parts nothing; no more does a
# comma inside a DOI.
_BETWEEN = re.compile(
    r"(?:\s|[、，；|]|;(?!\d-[\w#])|,(?!\w)|,(?=10\.\d{4}|\d{4,8}(?!\w)|pmid|doi|http))+",
    re.IGNORECASE,
)
_LABEL = re.compile(r"\b(pmid|pubmed|doi|医中誌id)\s{0,3}(?:[:：]|(?=\s\d))\s{0,3}", re.IGNORECASE)
_PMID = re.compile(r"(?:pmid:|pubmed:)?(\d{1,8})$", re.IGNORECASE)
_LABELLED = re.compile(r"(?:pmid|pubmed):", re.IGNORECASE)
_HEADER = re.compile(r"\W*(?:pmids?|dois?|pubmed ids?|identifiers?|ids?)\W*$", re.IGNORECASE)
_QUOTES = "\"'“”「」<>"
# Rows of small numbers are a table of something else.
_TELLING = 5
_SHOWN = 60


def recognises(head: bytes) -> bool:
    """Nothing but PMIDs and DOIs, one of which is no small number."""
    lines = [line for line in head_text(head).splitlines() if line.strip()]
    # The last line may be cut.
    if len(lines) > 1 and not head.endswith((b"\n", b"\r")):
        lines.pop()
    words = (word for line in lines if not _is_no_item(line) for word in words_of(line))
    telling = False
    for word in words:
        pmid, doi = number_of(word)
        if not pmid and not doi:
            return False
        telling = telling or bool(doi or len(pmid) >= _TELLING or _LABELLED.match(word))
    return telling


def read(stream: BinaryIO) -> Iterator[Item]:
    """A record to complete for each number; what is no number is a :class:`Rejected` with its
    line."""
    for line in text_lines(stream):
        if _is_no_item(line.text):
            continue
        for word in words_of(line.text):
            place = f"line {line.number}"
            pmid, doi = number_of(word)
            if pmid or doi:
                yield record_or_rejected(place, {"pmid": pmid, "doi": doi, "to_complete": True})
            else:
                yield Rejected(place, f"{word[:_SHOWN]!r} is neither a PMID nor a DOI")


def words_of(text: str) -> list[str]:
    """The identifiers of a text, a label joined to its number: ``pmid:30776994``."""
    text = _LABEL.sub(r"\1:", unicodedata.normalize("NFKC", text))
    return [word for part in _BETWEEN.split(text) if (word := part.strip(_QUOTES + ".,;"))]


def number_of(word: str) -> tuple[str, str]:
    """The PMID or the DOI that a word is; both empty where it is neither."""
    if word[:1] + word[-1:] in ("()", "[]"):
        word = word[1:-1]
    if found := _PMID.match(word):
        return found.group(1).lstrip("0"), ""
    if word.lower().startswith(("http", "www.", "pubmed.", "doi.org", "dx.doi.org")):
        pmid = pmid_in([word])
        return (pmid, "") if pmid else ("", clean_doi(word))
    doi = clean_doi(word)
    bare = re.sub(r"^(?:doi:|info:doi/)+", "", word, flags=re.IGNORECASE)
    return "", doi if bare.startswith("10.") else ""


def _is_no_item(line: str) -> bool:
    """Whether a line is empty, a heading or a remark."""
    return not line.strip() or line.lstrip().startswith("#") or bool(_HEADER.match(line))
