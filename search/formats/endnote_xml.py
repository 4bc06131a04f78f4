"""EndNote XML, as EndNote exports it and Zotero, Mendeley, Rayyan, Covidence and others write it.

Clarivate's RSXML DTD describes it. Texts may be wrapped in ``style`` elements. Not taken over:
editors and other contributors beside authors, addresses, notes, custom fields, attachments.
"""

import re
from collections.abc import Iterator
from typing import Any, BinaryIO

from lxml import etree

from search.formats.fields.dates import date_of
from search.formats.fields.dois import clean_doi
from search.formats.fields.identifiers import accession_in, ichushi_id_in, issn_in, pmid_in
from search.formats.fields.languages import language_code, side_by_side
from search.formats.fields.markup import plain_text
from search.formats.fields.names import people
from search.formats.fields.page_ranges import page_range
from search.formats.fields.retractions import retraction_state
from search.formats.fields.scripts import text_language
from search.formats.syntax.read_items import Item, Rejected, record_or_rejected
from search.formats.syntax.xml_records import read_elements, root_name, text_at, text_of
from search.records import guess_language

_PUBMED = re.compile(r"pubmed|medline|\bnlm\b|national library of medicine", re.IGNORECASE)
_ICHUSHI = re.compile(r"医中誌|医学中央雑誌|ichushi|jamas", re.IGNORECASE)
_PMID = re.compile(r"\d{1,8}$")
_BETWEEN_KEYWORDS = re.compile(r"[;；]")
_NO_WORD = re.compile(r"[^a-z0-9]+")


def recognises(head: bytes) -> bool:
    """``xml`` or ``records`` as root, and fields of EndNote below ``record``."""
    fields = (b"<ref-type", b"<contributors", b"<titles", b"<rec-number")
    return root_name(head) in {"xml", "records"} and any(field in head for field in fields)


def read(stream: BinaryIO) -> Iterator[Item]:
    """Records of the stream; a broken one is a :class:`Rejected`."""
    for found in read_elements(stream, ("record",)):
        if isinstance(found, Rejected):
            yield found
        else:
            place, element = found
            identifiers = _identifiers(element)
            number = (identifiers.pop("source", ""), identifiers.pop("accession", ""))
            yield record_or_rejected(place, _record(element) | identifiers, *number)


def _record(element: etree._Element) -> dict[str, Any]:
    urls = [text_of(e) for e in element.iterfind("urls//url")]
    doi = clean_doi(text_at(element, "electronic-resource-num")) or next(
        (d for u in urls if "doi.org/" in u and (d := clean_doi(u))), ""
    )
    texts = _texts(element)
    names = filter(None, map(text_of, element.iterfind("contributors/authors/author")))
    authors = people(list(names))
    date = _date(element)
    kind = element.find("ref-type")
    types = [text_at(element, "work-type"), kind.get("name", "") if kind is not None else ""]
    return {
        **texts,
        "doi": doi,
        "authors": authors,
        "journal": text_at(
            element,
            "periodical/full-title",
            "titles/secondary-title",
            "periodical/abbr-1",
            "alt-periodical/full-title",
        ),
        "date": date,
        "volume": text_at(element, "volume"),
        "issue": text_at(element, "number", "issue"),
        "pages": page_range(text_at(element, "pages")),
        "issn": issn_in([text_at(element, "isbn"), text_at(element, "issn")]),
        "url": next((u for u in urls if u.startswith("http")), ""),
        "keywords": _keywords(element),
        "publication_types": list(dict.fromkeys(filter(None, types))),
        "retraction": retraction_state(texts["title"], types),
    }


def _texts(element: etree._Element) -> dict[str, Any]:
    title = plain_text(text_at(element, "titles/title", "titles/short-title"))
    other = plain_text(text_at(element, "titles/translated-title"))
    abstract = plain_text(text_at(element, "abstract"))
    language = text_language(title or abstract, language_code(text_at(element, "language")))
    texts = {language: (title, abstract)}
    if other and (code := guess_language(other)) != language:
        texts[code] = (other, "")
    return side_by_side(language, texts)


def _identifiers(element: etree._Element) -> dict[str, str]:
    """``pmid``, ``ichushi_id`` or ``source`` and ``accession``: whose number the record carries."""
    urls = [text_of(e) for e in element.iterfind("urls//url")]
    number = text_at(element, "accession-num")
    provider = text_at(element, "remote-database-provider")
    database = text_at(element, "remote-database-name") or provider
    if linked := pmid_in(urls):
        return {"pmid": linked}
    if _PUBMED.search(f"{database} {provider}") and _PMID.match(number):
        return {"pmid": number}
    if linked := ichushi_id_in(urls):
        return {"ichushi_id": linked}
    if number and _ICHUSHI.search(f"{database} {provider}"):
        return {"ichushi_id": number}
    source, accession = accession_in([*urls, number])
    if not source:
        source, accession = _NO_WORD.sub("-", database.casefold()).strip("-"), number
    return {"source": source, "accession": accession} if source and accession else {}


def _date(element: etree._Element) -> str:
    year = text_at(element, "dates/year")
    day = text_at(element, "dates/pub-dates/date")
    for text in (day, f"{year} {day}", year):
        date = date_of(text)
        if date and (not year or date[:4] in year):
            return date
    return date_of(day)


def _keywords(element: etree._Element) -> list[str]:
    """Keywords one by one, where some exports hold them all in one element."""
    lines = [
        line
        for keyword in element.iterfind("keywords/keyword")
        for line in "".join(keyword.itertext()).splitlines()
    ]
    if len(lines) == 1:
        lines = _BETWEEN_KEYWORDS.split(lines[0])
    return list(dict.fromkeys(w for line in lines if (w := " ".join(line.split()).strip("*"))))
