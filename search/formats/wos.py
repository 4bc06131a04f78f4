"""Web of Science's field-tagged export (.ciw, and the same as plain text).

The tags are those of Clarivate's "Web of Science Core Collection Field Tags".
"""

import re
from collections.abc import Iterator
from typing import Any, BinaryIO

from search.formats.dates import date_of
from search.formats.dois import clean_doi
from search.formats.identifiers import issn_in
from search.formats.identity import record_id
from search.formats.items import Item, Rejected, record_or_rejected
from search.formats.languages import language_code
from search.formats.lines import head_text
from search.formats.names import author
from search.formats.pages import page_range
from search.formats.retractions import retraction_state
from search.formats.tagged import TaggedRecord, tagged_records, unwrapped

_TAG = re.compile(r"([A-Z][A-Z0-9])(?:[ \t](.*)|$)", re.DOTALL)
_BEGIN = re.compile(r"^PT [A-Z]\s*$", re.MULTILINE)
_PMID = re.compile(r"(?:MEDLINE:)?(\d{1,8})$")


def recognises(head: bytes) -> bool:
    """The export's own first lines, or a record that opens with ``PT J``."""
    text = head_text(head)
    return bool(_BEGIN.search(text)) and not re.search(r"^TY {1,2}-", text, re.MULTILINE)


def read(stream: BinaryIO) -> Iterator[Item]:
    """Records of the stream; one that can't be taken is a :class:`Rejected` with its line."""
    outside = {"FN", "VR", "EF"}
    for item in tagged_records(
        stream, _TAG, opens=frozenset({"PT"}), closes=frozenset({"ER", "EF"})
    ):
        place = f"line {item.line}"
        if item.fault:
            yield Rejected(place, item.fault)
        elif any(tag not in outside for tag, _ in item.fields):
            yield record_or_rejected(place, _fields(item))


def _fields(item: TaggedRecord) -> dict[str, Any]:
    title = unwrapped(item.first("TI"))
    doi = clean_doi(item.first("DI"))
    pmid = _PMID.match(item.first("PM"))
    names = (item.first("AF") or item.first("AU")).split("\n")
    groups = item.first("CA").split("\n")
    authors = [
        *(author(name) for name in names if name),
        *({"family": group, "given": ""} for group in groups if group),
    ]
    date = date_of(f"{item.first('PY')} {item.first('PD')}") or date_of(item.first("EA"))
    types = [t.strip() for t in unwrapped(item.first("DT")).split(";") if t.strip()]
    words = [w for tag in ("DE", "ID") for w in unwrapped(item.first(tag)).split(";")]
    source, _, accession = item.first("UT").rpartition(":")
    return {
        "id": record_id(
            pmid=pmid.group(1) if pmid else "",
            doi=doi,
            source=source or "wos",
            accession=accession,
            title=title,
            year=date[:4],
            author=authors[0]["family"] if authors else "",
        ),
        "title": title,
        "abstract": unwrapped(item.first("AB")),
        "language": language_code(item.first("LA").split(";")[0]),
        "authors": authors,
        "journal": unwrapped(item.first("SO", "JI", "J9", "SE")),
        "date": date,
        "volume": item.first("VL"),
        "issue": item.first("IS"),
        "pages": page_range(item.first("BP"), item.first("EP")) or item.first("AR"),
        "doi": doi,
        "pmid": pmid.group(1) if pmid else "",
        "issn": issn_in(item.all("SN", "EI")),
        "keywords": list(dict.fromkeys(w for word in words if (w := word.strip()))),
        "publication_types": types,
        "retraction": retraction_state(title, types),
    }
