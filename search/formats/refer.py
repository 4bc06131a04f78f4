"""Refer, as BibIX and EndNote's export ("Refer/BibIX", .enw) write it: ``%A`` and a value a line.

The tags are those of EndNote's manual, appendix "The Refer/BibIX format".
"""

import re
from collections.abc import Iterator
from typing import Any, BinaryIO

from search.formats.fields.dates import date_of
from search.formats.fields.dois import clean_doi
from search.formats.fields.identifiers import accession_in, ichushi_id_in, issn_in, pmid_in
from search.formats.fields.languages import language_of
from search.formats.fields.names import people, people_in
from search.formats.fields.page_ranges import page_range
from search.formats.fields.retractions import retraction_state
from search.formats.syntax.lines import head_text
from search.formats.syntax.read_items import Item, Rejected, record_or_rejected
from search.formats.syntax.tagged import TaggedRecord, paragraphs, tagged_records, unwrapped

_TAG = re.compile(r"%([A-Z0-9@?!#$&*()+^<>\[=~|])(?:[ \t](.*)|$)", re.DOTALL)
_BEGIN = re.compile(r"^%[0AT] .*\n(?:[^\n]*\n){0,40}?%[0ATDJX] ", re.MULTILINE)
_BETWEEN_WORDS = re.compile(r"[;；\n]")
_DOI = re.compile(r"\W{0,3}(?:doi\W{0,4}|https?://(?:dx\.)?doi\.org/)?10\.\d{4}", re.IGNORECASE)
_DIGITS = re.compile(r"\d{1,8}$")


def recognises(head: bytes) -> bool:
    """Two lines with tags of Refer."""
    return bool(_BEGIN.search(head_text(head).replace("\r\n", "\n")))


def read(stream: BinaryIO) -> Iterator[Item]:
    """Records of the stream; one that can't be taken is a :class:`Rejected` with its line."""
    for item in tagged_records(stream, _TAG, opens=frozenset({"0"}), blank_closes=True):
        place = f"line {item.line}"
        if item.fault:
            yield Rejected(place, item.fault)
        else:
            accession = accession_in([*item.all("U", ">"), item.first("M")])
            yield record_or_rejected(place, _fields(item), *accession)


def _fields(item: TaggedRecord) -> dict[str, Any]:
    title = unwrapped(item.first("T"))
    links = item.all("U", ">")
    doi = (
        clean_doi(item.first("R"))
        or clean_doi(" ".join(v for v in links if "doi.org/10." in v))
        or clean_doi(next((v for v in item.all("M", "Z", "O") if _DOI.match(v)), ""))
    )
    pmid = pmid_in([*links, *item.all("M", "Z", "O")])
    if not pmid and re.search("pubmed|medline", " ".join(item.all("~", "W")), re.IGNORECASE):
        pmid = next((v for v in item.all("M") if _DIGITS.match(v)), "")
    ichushi_id = ichushi_id_in(links)
    names = [name for value in item.all("A") for name in value.split("\n") if name.strip("; ")]
    authors = people_in(names[0]) if len(names) == 1 else people(names)
    abstract = paragraphs(item.first("X"))
    year, day = date_of(item.first("D")), date_of(item.first("8"))
    date = day if day.startswith(year) and len(day) > len(year) else year
    if year and not day and item.first("8"):
        date = date_of(f"{year} {item.first('8')}")
    types = item.all("9")
    return {
        "title": title,
        "abstract": abstract,
        "language": language_of(item.first("G"), title or abstract),
        "authors": authors,
        "journal": unwrapped(item.first("J", "B")),
        "date": date,
        "volume": item.first("V"),
        "issue": item.first("N"),
        "pages": page_range(item.first("P")),
        "doi": doi,
        "pmid": pmid,
        "ichushi_id": ichushi_id,
        "url": item.first("U").split("\n")[0],
        "keywords": [
            w
            for value in item.all("K")
            for word in _BETWEEN_WORDS.split(value)
            if (w := word.strip().strip("*"))
        ],
        "publication_types": types,
        "issn": issn_in(item.all("@")),
        "retraction": retraction_state(title, types),
    }
