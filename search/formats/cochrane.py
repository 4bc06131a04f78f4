"""The Cochrane Library's citation export as plain text: reviews, and trials of CENTRAL.

Each record begins with ``Record #1 of 23``; every field is a tag, a colon and a value.
"""

import re
from collections.abc import Iterator
from typing import Any, BinaryIO

from search.formats.fields.dates import date_of
from search.formats.fields.dois import clean_doi
from search.formats.fields.identifiers import issn_in, trial_id_of
from search.formats.fields.languages import language_of
from search.formats.fields.names import people
from search.formats.fields.page_ranges import page_range
from search.formats.fields.retractions import retraction_state
from search.formats.syntax.lines import head_text
from search.formats.syntax.read_items import Item, Rejected, record_or_rejected
from search.formats.syntax.tagged import TaggedRecord, paragraphs, tagged_records, unwrapped

_BEGINS = "Record #"
_TAG = re.compile(
    rf"({_BEGINS}(?=\d)|(?:ID|AU|TI|SO|YR|VL|NO|PG|PB|PM|XR|PT|KY|CC|DOI|AB|US|LA|SN|CN|DA)(?=:))"
    r":?[ \t]?(.*)",
    re.DOTALL,
)
_BEGIN = re.compile(rf"^{_BEGINS}\d+ of \d+\s*$(?:\s*^[A-Z]{{2,3}}:)", re.MULTILINE)
_PUBMED = re.compile(r"(?:PUBMED|MEDLINE)\s{0,3}(\d{1,8})\b", re.IGNORECASE)
_QUALIFIER = re.compile(r"\s*\[[^\[\]]{1,200}\]$")


def recognises(head: bytes) -> bool:
    """A line ``Record #1 of 23`` with a tag below it."""
    return bool(_BEGIN.search(head_text(head)))


def read(stream: BinaryIO) -> Iterator[Item]:
    """Records of the stream; one that can't be taken is a :class:`Rejected` with its line."""
    for item in tagged_records(
        stream, _TAG, opens=frozenset({_BEGINS}), once=frozenset({"ID", "TI"})
    ):
        place = f"line {item.line}"
        if item.fault:
            yield Rejected(place, item.fault)
        else:
            number = item.first("ID")
            source = "central" if number.startswith("CN-") else "cochrane"
            yield record_or_rejected(place, _fields(item), source, number)


def _fields(item: TaggedRecord) -> dict[str, Any]:
    title, abstract = unwrapped(item.first("TI")), paragraphs(item.first("AB"))
    names = [name for value in item.all("AU") for name in re.split(r"[;\n]", value)]
    # CENTRAL names registered trials by their number, where a paper has its authors.
    trials = list(dict.fromkeys(filter(None, map(trial_id_of, names))))
    pubmed = _PUBMED.search(" ".join(item.all("PM", "XR")))
    types = [kind.strip() for value in item.all("PT") for kind in value.split(";")]
    words = (
        _QUALIFIER.sub("", word.strip().strip("*")).strip()
        for value in item.all("KY", "MH")
        for word in re.split(r"[;\n]", value)
    )
    return {
        "title": title,
        "abstract": abstract,
        "language": language_of(item.first("LA"), title or abstract),
        "authors": people([name for name in names if not trial_id_of(name)]),
        "journal": unwrapped(item.first("SO")),
        "date": date_of(item.first("YR")) or date_of(item.first("DA")),
        "volume": item.first("VL"),
        "issue": item.first("NO"),
        "pages": page_range(item.first("PG")),
        "doi": clean_doi(item.first("DOI")),
        "pmid": pubmed.group(1) if pubmed else "",
        "url": item.first("US").split("\n")[0],
        "keywords": list(dict.fromkeys(filter(None, words))),
        "publication_types": list(filter(None, types)),
        "issn": issn_in(item.all("SN")),
        "trial_ids": trials,
        "retraction": retraction_state(title, types),
    }
