"""What a file seems to be that no reader knows, and what to export instead."""

import re

from search.formats.syntax.read_items import Seems

_EXPORTS = (
    "export the records themselves: PubMed: Save > Format PubMed; Embase, Scopus, Ovid: Export > "
    "RIS; Web of Science: Export > RIS; 医中誌Web: ダウンロード > RIS; Zotero, EndNote: "
    "File > Export > RIS"
)
# The first bytes of a file, or a mark among them, what that is, in words too, and what to do.
_KINDS: tuple[tuple[re.Pattern[bytes], Seems, str, str], ...] = (
    (re.compile(rb"\s{0,100}%PDF-"), "PDF", "a PDF", _EXPORTS),
    (re.compile(rb"\{\\rtf"), "RTF", "a text with formatting (RTF)", _EXPORTS),
    (
        re.compile(rb"PK\x03\x04(?s:.{0,4000}?)word/"),
        "Word",
        "a Word document",
        f"{_EXPORTS}; a table in it can be saved as CSV by way of Excel",
    ),
    (
        re.compile(rb"PK\x03\x04(?s:.{0,4000}?)opendocument\.text"),
        "OpenDocument",
        "an OpenDocument text",
        _EXPORTS,
    ),
    (
        re.compile(rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),
        "Word",
        "an old Word document (.doc)",
        f"{_EXPORTS}; a table in it can be saved as CSV by way of Excel",
    ),
    (
        re.compile(rb"(?s:.{0,200}?)(?:MYSQL|\xfe\xfe\x07\x01|\.MYD|\.frm)"),
        "EndNote library",
        "an EndNote library (.enl)",
        "open it in EndNote: File > Export > RefMan (RIS) or XML",
    ),
    (re.compile(rb"SQLite format 3\x00"), "SQLite", "an SQLite database", _EXPORTS),
    (
        re.compile(rb"\s{0,100}(?:<!doctype html|<html)", re.IGNORECASE),
        "web page",
        "a web page",
        f"a page that was saved holds no records; {_EXPORTS}",
    ),
    (re.compile(rb"(?:\x89PNG|\xff\xd8\xff|GIF8)"), "image", "an image", _EXPORTS),
)
_PMIDS = re.compile(
    r"\s*(?:(?:PMID\s*[:：]?\s*)?\d{1,8}|(?:doi:\s*|https?://doi\.org/)?10\.\S+)\s*$"
)


def advice(head: bytes) -> tuple[Seems, str]:
    """What content that begins with ``head`` seems to be, and that with what to do in words; both
    empty where nothing can be said."""
    for pattern, seems, kind, what in _KINDS:
        if pattern.match(head):
            return seems, f"it seems to be {kind}; {what}"
    told = [line for line in head[:4000].decode("utf-8", "replace").split("\n") if line.strip()]
    # The last line may be cut.
    told = told[:-1] or told
    if told and all(map(_PMIDS.match, told)):
        return "list", (
            "it seems to be a list of PMIDs or DOIs; add it to a collection as identifiers: "
            "jmedsearch collection add"
        )
    return "", ""
