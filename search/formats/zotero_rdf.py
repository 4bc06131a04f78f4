"""Zotero RDF, which Zotero exports by default: items, and the journals that they name.

An item stands in an element named after its kind, the journal inside it, or by itself where several
items share it. A section inside a book that is written within it is reported and not read; notes
and attachments are passed over.
"""

from collections.abc import Iterator
from typing import Any, BinaryIO

from lxml import etree

from search.formats.fields.dates import date_of
from search.formats.fields.dois import clean_doi
from search.formats.fields.identifiers import accession_in, ichushi_id_in, issn_in, pmid_in
from search.formats.fields.languages import language_of
from search.formats.fields.markup import plain_text
from search.formats.fields.page_ranges import page_range
from search.formats.fields.retractions import retraction_state
from search.formats.syntax.read_items import Item, Rejected, record_or_rejected
from search.formats.syntax.xml_records import read_elements, root_name, text_at, text_of, texts_at

_NAMESPACE = b"http://www.zotero.org/namespaces/export#"
_ITEMS = (
    *("Article", "Book", "BookSection", "Document", "Thesis", "Report", "Manuscript", "Letter"),
    *("Patent", "Proceedings", "Description"),
)
_NO_WORK = {"attachment", "note", "annotation"}


def recognises(head: bytes) -> bool:
    """RDF with Zotero's namespace."""
    return _NAMESPACE in head and root_name(head) == "RDF"


def read(stream: BinaryIO) -> Iterator[Item]:
    """Records of the stream; a broken one is a :class:`Rejected`."""
    journals = {
        element.get("about") or "": element
        for found in read_elements(stream, ("Journal",), prefixed=True)
        if not isinstance(found, Rejected)
        for element in [found[1]]
        if element.get("about")
    }
    stream.seek(0)
    for found in read_elements(stream, _ITEMS, prefixed=True):
        if isinstance(found, Rejected):
            yield found
            continue
        place, element = found
        kind = text_at(element, "itemType")
        if kind and kind not in _NO_WORK:
            names = [*texts_at(element, "identifier"), element.get("about") or ""]
            yield record_or_rejected(place, _fields(element, kind, journals), *accession_in(names))


def _fields(
    element: etree._Element, kind: str, journals: dict[str, etree._Element]
) -> dict[str, Any]:
    journal = _journal(element, journals)
    title, abstract = plain_text(text_at(element, "title")), _lines(element.find("abstract"))
    names = [*texts_at(element, "identifier"), *texts_at(journal, "identifier")]
    about = element.get("about") or ""
    urls = [
        *texts_at(element, "identifier/URI/value"),
        *([about] if about.startswith("http") else []),
    ]
    extra = texts_at(element, "description")
    return {
        "title": title,
        "abstract": abstract,
        "language": language_of(text_at(element, "language"), title or abstract),
        "authors": _authors(element),
        "journal": text_at(journal, "title", "alternative") or text_at(element, "publicationTitle"),
        "date": date_of(text_at(element, "date")),
        "volume": text_at(journal, "volume") or text_at(element, "volume"),
        "issue": text_at(journal, "number") or text_at(element, "number"),
        "pages": page_range(text_at(element, "pages")),
        "doi": next((d for n in (*names, *urls) if "10." in n and (d := clean_doi(n))), ""),
        "pmid": pmid_in([*extra, *urls]),
        "ichushi_id": ichushi_id_in(urls),
        "url": next(iter(urls), ""),
        "keywords": [
            word
            for subject in element.iterfind("subject")
            if (word := text_at(subject, "AutomaticTag/value", "value") or text_of(subject))
        ],
        "publication_types": [kind],
        "issn": issn_in(name for name in names if name.upper().startswith("ISSN")),
        "retraction": retraction_state(title),
    }


def _journal(element: etree._Element, journals: dict[str, etree._Element]) -> etree._Element:
    for part in element.iterfind("isPartOf"):
        if (inside := part.find("Journal")) is not None:
            return inside
        if (named := journals.get(part.get("resource") or "")) is not None:
            return named
    return etree.Element("Journal")


def _lines(element: etree._Element | None) -> str:
    text = "".join(element.itertext()) if element is not None else ""
    return "\n".join(filter(None, (" ".join(line.split()) for line in text.split("\n"))))


def _authors(element: etree._Element) -> list[dict[str, str]]:
    found = []
    for person in element.iterfind("authors//Person"):
        family = text_at(person, "surname", "name")
        given = text_at(person, "givenName", "givenname")
        if family or given:
            found.append({"family": family or given, "given": given if family else ""})
    return found
