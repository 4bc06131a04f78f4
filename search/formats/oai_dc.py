"""Dublin Core as repositories give it by OAI-PMH: answers, and ``oai_dc`` records alone."""

import re
from collections.abc import Iterator
from typing import Any, BinaryIO

from lxml import etree

from search.formats.fields.dates import date_of
from search.formats.fields.dois import clean_doi
from search.formats.fields.identifiers import accession_in, issn_in, pmid_in
from search.formats.fields.languages import language_code, side_by_side
from search.formats.fields.markup import plain_text
from search.formats.fields.names import people
from search.formats.fields.places import place_in
from search.formats.fields.retractions import retraction_state
from search.formats.fields.scripts import text_language
from search.formats.syntax.read_items import Deletion, Item, Rejected, record_or_rejected
from search.formats.syntax.xml_records import read_elements, text_at, text_of, texts_at
from search.records import guess_language

_NAMESPACE = b"http://www.openarchives.org/OAI/2.0/oai_dc/"
_ELEMENT = re.compile(rb"<(?:[\w.-]{1,40}:)?dc[\s>]")
_IN_ANSWER = re.compile(rb"<(?:[\w.-]{1,40}:)?record[\s>]")
_HEAD = 64 * 1024
# A kind, a grant or a licence is no abstract, and those are what else stands in dc:description.
_SHORTEST_ABSTRACT = 40
_CITED = re.compile(
    r"[,，、;:：]?\s*(?:第?\s*\d+\s*巻|\d+\s*号|vol\b|no\b|\d+\s*\(|\d+\s*[:,]\s*\d|pp?\.)", re.I
)


def recognises(head: bytes) -> bool:
    """Elements of ``oai_dc``, by their namespace."""
    return _NAMESPACE in head and bool(_ELEMENT.search(head))


def read(stream: BinaryIO) -> Iterator[Item]:
    """Records of the stream; a broken one is a :class:`Rejected`, a deleted one a
    :class:`Deletion`."""
    answer = bool(_IN_ANSWER.search(stream.read(_HEAD)))
    stream.seek(0)
    for found in read_elements(stream, ("record" if answer else "dc",), prefixed=True):
        if isinstance(found, Rejected):
            yield found
            continue
        place, element = found
        number = text_at(element, "header/identifier")
        header = element.find("header")
        if header is not None and header.get("status") == "deleted":
            yield Deletion(f"oai:{number.removeprefix('oai:')}")
            continue
        described = element if element.tag == "dc" else element.find("metadata/dc")
        if described is None:
            yield Rejected(place, "no Dublin Core in it; ask with metadataPrefix=oai_dc")
        else:
            yield record_or_rejected(place, _fields(described), *_accession(described, number))


def _accession(described: etree._Element, number: str) -> tuple[str, str]:
    if number:
        return "oai", number.removeprefix("oai:")
    names = texts_at(described, "identifier")
    address = next((name for name in names if name.startswith("http")), "")
    source, accession = accession_in(names)
    return (source, accession) if source else ("oai", address) if address else ("", "")


def _fields(described: etree._Element) -> dict[str, Any]:
    texts = _texts(described)
    names = [*texts_at(described, "identifier"), *texts_at(described, "relation")]
    types = texts_at(described, "type")
    source = next((s for s in texts_at(described, "source") if not issn_in([s[:9]])), "")
    begins = _CITED.search(source)
    dates = list(filter(None, map(date_of, texts_at(described, "date"))))
    return {
        **texts,
        "authors": people(texts_at(described, "creator")),
        "journal": (source[: begins.start()] if begins else source).strip(" ,、;"),
        **(place_in(source[begins.start() :]) if begins else {}),
        # Repositories add the days of deposit and of change.
        "date": min(dates, key=lambda date: (date[:4], -len(date)), default=""),
        "doi": next((d for name in names if "10." in name and (d := clean_doi(name))), ""),
        "pmid": pmid_in(names),
        "url": next((name for name in names if name.startswith("http")), ""),
        "issn": issn_in(
            name for name in (*names, *texts_at(described, "source")) if "issn" in name.lower()
        ),
        "keywords": [
            word.strip()
            for subject in texts_at(described, "subject")
            for word in re.split(r"[;；]", subject)
        ],
        "publication_types": types,
        "retraction": retraction_state(texts["title"], types),
    }


def _texts(described: etree._Element) -> dict[str, Any]:
    """Titles and abstracts by their languages; the first title's is the record's."""
    named = next(iter(texts_at(described, "language")), "")
    texts: dict[str, tuple[str, str]] = {}
    for element in described.iterfind("title"):
        title = plain_text(text_of(element))
        code = language_code(element.get("lang", "")) or (language_code(named) if not texts else "")
        code = text_language(title, code) if code else guess_language(title)
        if title and code not in texts:
            texts[code] = (title, "")
    language = next(iter(texts), "") or language_code(named)
    for element in described.iterfind("description"):
        abstract = plain_text(text_of(element))
        code = text_language(abstract, language_code(element.get("lang", "")))
        title, longest = texts.get(code, ("", ""))
        if len(abstract) >= _SHORTEST_ABSTRACT // (1 if abstract.isascii() else 2) and len(
            abstract
        ) > len(longest):
            texts[code] = (title, abstract)
    return side_by_side(language, texts)
