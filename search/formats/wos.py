"""Web of Science's field-tagged export (.ciw, and the same as plain text).

The tags are those of Clarivate's "Web of Science Core Collection Field Tags".
"""

import re
from collections.abc import Iterator
from typing import Any, BinaryIO

from search.formats.fields.dates import date_of
from search.formats.fields.dois import clean_doi
from search.formats.fields.identifiers import issn_in
from search.formats.fields.languages import language_of
from search.formats.fields.names import people
from search.formats.fields.page_ranges import page_range
from search.formats.fields.retractions import retraction_state
from search.formats.syntax.lines import head_text
from search.formats.syntax.read_items import Item, Rejected, record_or_rejected
from search.formats.syntax.tagged import TaggedRecord, tagged_records, unwrapped

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
            source, _, accession = item.first("UT").rpartition(":")
            yield record_or_rejected(place, _fields(item), source or "wos", accession)


def _fields(item: TaggedRecord) -> dict[str, Any]:
    title, abstract = unwrapped(item.first("TI")), unwrapped(item.first("AB"))
    doi = clean_doi(item.first("DI"))
    pmid = _PMID.match(item.first("PM"))
    names = item.first("AF", "AU", "BF", "BA").split("\n")
    groups = item.first("CA").split("\n")
    authors = [
        *people(names),
        *({"family": group, "given": ""} for group in groups if group),
    ]
    # What is not in an issue yet has the month of its early access.
    date = date_of(f"{item.first('PY')} {item.first('PD')}") or date_of(
        f"{item.first('EY')} {item.first('EA')}"
    )
    types = [t.strip() for t in unwrapped(item.first("DT")).split(";") if t.strip()]
    words = [w for tag in ("DE", "ID") for w in unwrapped(item.first(tag)).split(";")]
    return {
        "title": title,
        "abstract": abstract,
        "language": language_of(item.first("LA").split(";")[0], title or abstract),
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
