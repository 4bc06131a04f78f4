"""What a file seems to be that no reader knows, and what to export instead."""

import re

_EXPORTS = (
    "export the records themselves: PubMed: Save > Format PubMed; Embase, Scopus, Ovid: Export > "
    "RIS; Web of Science: Export > RIS; 医中誌Web: ダウンロード > RIS; Zotero, EndNote: "
    "File > Export > RIS"
)
# The first bytes of a file, or a mark among them, what that is, and what to do.
_KINDS: tuple[tuple[re.Pattern[bytes], str, str], ...] = (
    (re.compile(rb"\s{0,100}%PDF-"), "a PDF", _EXPORTS),
    (re.compile(rb"\{\\rtf"), "a text with formatting (RTF)", _EXPORTS),
    (
        re.compile(rb"PK\x03\x04(?s:.{0,4000}?)word/"),
        "a Word document",
        f"{_EXPORTS}; a table in it can be saved as CSV by way of Excel",
    ),
    (
        re.compile(rb"PK\x03\x04(?s:.{0,4000}?)opendocument\.spreadsheet"),
        "an OpenDocument table (.ods)",
        "save it as CSV or Excel workbook (.xlsx)",
    ),
    (
        re.compile(rb"PK\x03\x04(?s:.{0,4000}?)opendocument\.text"),
        "an OpenDocument text",
        _EXPORTS,
    ),
    (
        re.compile(rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),
        "an old Office file (.xls, .doc)",
        "save a table as Excel workbook (.xlsx) or CSV",
    ),
    (
        re.compile(rb"(?s:.{0,200}?)(?:MYSQL|\xfe\xfe\x07\x01|\.MYD|\.frm)"),
        "an EndNote library (.enl)",
        "open it in EndNote: File > Export > RefMan (RIS) or XML",
    ),
    (re.compile(rb"SQLite format 3\x00"), "an SQLite database", _EXPORTS),
    (
        re.compile(rb"\s{0,100}(?:<!doctype html|<html)", re.IGNORECASE),
        "a web page",
        f"a page that was saved holds no records; {_EXPORTS}",
    ),
    (re.compile(rb"(?:\x89PNG|\xff\xd8\xff|GIF8)"), "an image", _EXPORTS),
)
_PMIDS = re.compile(
    r"\s*(?:(?:PMID\s*[:：]?\s*)?\d{1,8}|(?:doi:\s*|https?://doi\.org/)?10\.\S+)\s*$"
)


def advice(head: bytes) -> str:
    """What content that begins with ``head`` seems to be, and what to do; empty where nothing can
    be said."""
    for pattern, kind, what in _KINDS:
        if pattern.match(head):
            return f"it seems to be {kind}; {what}"
    told = [line for line in head[:4000].decode("utf-8", "replace").split("\n") if line.strip()]
    # The last line may be cut.
    told = told[:-1] or told
    if told and all(map(_PMIDS.match, told)):
        return (
            "it seems to be a list of PMIDs or DOIs; add it to a collection as identifiers: "
            "jmedsearch collection add"
        )
    return ""
