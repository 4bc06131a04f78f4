"""Notices in formats that have no place for them: one text each, ``kind|pmid|reference``."""

from search.records import Notice

SEPARATOR = " || "


def notice_text(notice: Notice) -> str:
    """The notice as one text."""
    return f"{notice.kind}|{notice.pmid}|{notice.reference}"


def notice_of(text: str) -> dict[str, str]:
    """The inverse of :func:`notice_text`; what is missing is empty."""
    kind, pmid, reference = (*text.split("|", 2), "", "")[:3]
    return {"kind": kind, "pmid": pmid, "reference": reference}
