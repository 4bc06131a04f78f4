"""MODS, the Metadata Object Description Schema, as catalogues, repositories and Zotero give it."""

import re
from collections.abc import Iterator
from typing import Any, BinaryIO

from lxml import etree

from search.formats.fields.dates import date_of
from search.formats.fields.dois import clean_doi
from search.formats.fields.identifiers import accession_in, issn_in, pmid_in
from search.formats.fields.languages import language_code, side_by_side
from search.formats.fields.markup import plain_text
from search.formats.fields.names import author
from search.formats.fields.page_ranges import page_range
from search.formats.fields.retractions import retraction_state
from search.formats.fields.scripts import text_language
from search.formats.syntax.read_items import Item, Rejected, record_or_rejected
from search.formats.syntax.xml_records import read_elements, text_at, text_of, texts_at
from search.records import guess_language

_NAMESPACE = b"http://www.loc.gov/mods/v3"
_ELEMENT = re.compile(rb"<(?:[\w.-]{1,40}:)?mods[\s>]")
_AUTHORS = {"", "aut", "author", "cre", "creator"}


def recognises(head: bytes) -> bool:
    """An element ``mods``, by its namespace."""
    return _NAMESPACE in head and bool(_ELEMENT.search(head))


def read(stream: BinaryIO) -> Iterator[Item]:
    """Records of the stream; a broken one is a :class:`Rejected`."""
    for found in read_elements(stream, ("mods",), prefixed=True):
        if isinstance(found, Rejected):
            yield found
            continue
        place, element = found
        number = text_at(element, "recordInfo/recordIdentifier")
        source, accession = accession_in([*_identifiers(element), number])
        yield record_or_rejected(
            place, _fields(element), *((source, accession) if source else ("mods", number))
        )


def _identifiers(element: etree._Element, kind: str = "") -> list[str]:
    return [
        text
        for e in element.iterfind("identifier")
        if (text := text_of(e)) and (not kind or (e.get("type") or "").lower() == kind)
    ]


def _fields(element: etree._Element) -> dict[str, Any]:
    texts = _texts(element)
    host = next(
        (e for e in element.iterfind("relatedItem") if e.get("type") in ("host", "series")),
        etree.Element("relatedItem"),
    )
    parts = [e for e in (element.find("part"), host.find("part")) if e is not None]
    details = {
        (detail.get("type") or "").lower(): text_at(detail, "number", "caption")
        for part in parts
        for detail in part.iterfind("detail")
    }
    extents = [extent for part in parts for extent in part.iterfind("extent")]
    pages = (
        page_range(text_at(e, "start"), text_at(e, "end")) or text_at(e, "list") for e in extents
    )
    dates = [
        date_of(text_of(e))
        for holder in (element, host)
        for path in ("originInfo/dateIssued", "originInfo/copyrightDate", "part/date")
        for e in holder.iterfind(path)
    ]
    names = _identifiers(element)
    urls = [*texts_at(element, "location/url"), *_identifiers(element, "uri")]
    types = texts_at(element, "genre")
    return {
        **texts,
        "authors": _authors(element),
        "journal": _title(host),
        "date": max(dates, key=len, default=""),
        "volume": details.get("volume", ""),
        "issue": details.get("issue", "") or details.get("number", ""),
        "pages": next(filter(None, pages), ""),
        "doi": clean_doi(" ".join(_identifiers(element, "doi")))
        or next((d for url in urls if "doi.org/" in url and (d := clean_doi(url))), ""),
        "pmid": next((n for n in _identifiers(element, "pmid") if n.isdecimal()), "")
        or next((n for n in _identifiers(element, "pubmed") if n.isdecimal()), "")
        or pmid_in([*names, *urls, *texts_at(element, "note")]),
        "url": next((url for url in urls if url.startswith("http")), ""),
        "keywords": texts_at(element, "subject/topic"),
        "publication_types": types,
        "issn": issn_in([*_identifiers(host, "issn"), *_identifiers(element, "issn")]),
        "retraction": retraction_state(texts["title"], types),
    }


def _title(holder: etree._Element) -> str:
    info = next(
        (e for e in holder.iterfind("titleInfo") if e.get("type") is None), holder.find("titleInfo")
    )
    if info is None:
        return ""
    title = " ".join(filter(None, (text_at(info, "nonSort"), text_at(info, "title"))))
    return ": ".join(filter(None, (title, text_at(info, "subTitle"))))


def _texts(element: etree._Element) -> dict[str, Any]:
    title = plain_text(_title(element))
    language = text_language(title, language_code(text_at(element, "language/languageTerm")))
    texts = {language: (title, "")}
    for info in element.iterfind("titleInfo"):
        if info.get("type") in ("translated", "alternative"):
            other = plain_text(text_at(info, "title"))
            code = text_language(other, language_code(info.get("lang") or ""))
            if other and code not in texts:
                texts[code] = (other, "")
    for found in element.iterfind("abstract"):
        abstract = plain_text(text_of(found))
        code = language_code(found.get("lang") or "") or guess_language(abstract)
        code = code if code in texts or language in ("en", "ja") else language
        own, before = texts.get(code, ("", ""))
        texts[code] = (own, before or abstract)
    return side_by_side(language, texts)


def _authors(element: etree._Element) -> list[dict[str, str]]:
    found = []
    for name in element.iterfind("name"):
        roles = {role.lower() for role in texts_at(name, "role/roleTerm")} or {""}
        if not roles & _AUTHORS:
            continue
        parts: dict[str, str] = {}
        for part in name.iterfind("namePart"):
            parts.setdefault(part.get("type") or "", text_of(part))
        if parts.get("family"):
            found.append({"family": parts["family"], "given": parts.get("given", "")})
        elif whole := parts.get("", "") or text_at(name, "displayForm"):
            corporate = name.get("type") == "corporate"
            found.append({"family": whole, "given": ""} if corporate else author(whole))
    return found
