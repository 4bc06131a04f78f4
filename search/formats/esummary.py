"""PubMed's eSummary (E-utilities): document summaries as XML, versions 1 and 2.0, and as JSON.

Summaries have no abstracts.
"""

from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO

from lxml import etree

from search.formats.fields.dates import date_of
from search.formats.fields.dois import clean_doi
from search.formats.fields.identifiers import issn_in
from search.formats.fields.languages import language_code
from search.formats.fields.names import people
from search.formats.fields.nlm_texts import nlm_texts
from search.formats.fields.page_ranges import page_range
from search.formats.fields.retractions import retraction_state
from search.formats.syntax.json_documents import head_has, listed, mapping, records, text, texts
from search.formats.syntax.read_items import Item, Rejected, record_or_rejected
from search.formats.syntax.xml_records import read_elements, root_name, text_at, text_of, texts_at


def recognises_xml(head: bytes) -> bool:
    """``eSummaryResult`` as root."""
    return root_name(head) == "eSummaryResult"


def recognises_json(head: bytes) -> bool:
    """A header that names eSummary, and its list of numbers."""
    return head_has(head, b'"type":"esummary"') and head_has(head, b'"uids":[')


def read_xml(stream: BinaryIO) -> Iterator[Item]:
    """Records of the stream; a summary that can't be one, and an error that PubMed answered with,
    are :class:`Rejected`."""
    for found in read_elements(stream, ("DocSum", "DocumentSummary", "ERROR")):
        if isinstance(found, Rejected):
            yield found
            continue
        place, element = found
        if element.tag == "ERROR" or element.find("error") is not None:
            told = text_of(element) if element.tag == "ERROR" else text_at(element, "error")
            yield Rejected(place, f"PubMed answered with an error: {told}"[:300])
        else:
            summary = _of_items(element) if element.tag == "DocSum" else _of_elements(element)
            yield record_or_rejected(place, _fields(summary))


def read_json(stream: BinaryIO) -> Iterator[Item]:
    """Records of the stream; a summary that can't be one is a :class:`Rejected`."""
    return records(stream, _documents, lambda summary: (_fields(summary), "", ""), "summary")


def _documents(document: Any) -> list[Any]:
    result = mapping(mapping(document).get("result"))
    return [result.get(uid, uid) for uid in texts(result.get("uids"))]


def _of_items(document: etree._Element) -> dict[str, Any]:
    """Version 1, in the names of the JSON."""
    items = {item.get("Name") or "": item for item in document.iterfind("Item")}

    def several(name: str) -> list[str]:
        return texts_at(items[name], "Item") if name in items else []

    ids = {item.get("Name") or "": text_of(item) for item in items.get("ArticleIds", ())}
    return {
        **{name.lower(): text_of(item) for name, item in items.items()},
        "uid": text_at(document, "Id"),
        "authors": [{"name": name} for name in several("AuthorList")],
        "lang": several("LangList"),
        "pubtype": several("PubTypeList"),
        "articleids": [{"idtype": name, "value": value} for name, value in ids.items()],
    }


def _of_elements(document: etree._Element) -> dict[str, Any]:
    """Version 2.0, in the names of the JSON."""
    plain = {str(e.tag).lower(): text_of(e) for e in document if isinstance(e.tag, str)}
    return {
        **plain,
        "uid": document.get("uid") or "",
        "authors": [
            {"name": text_at(e, "Name"), "authtype": text_at(e, "AuthType")}
            for e in document.iterfind("Authors/Author")
        ],
        "lang": texts_at(document, "Lang/string"),
        "pubtype": texts_at(document, "PubType/flag"),
        "articleids": [
            {"idtype": text_at(e, "IdType"), "value": text_at(e, "Value")}
            for e in document.iterfind("ArticleIds/ArticleId")
        ],
    }


def _fields(summary: Mapping[str, Any]) -> dict[str, Any]:
    if told := text(summary.get("error")):
        raise ValueError(told)
    ids = {
        text(mapping(i).get("idtype")): text(mapping(i).get("value"))
        for i in listed(summary.get("articleids"))
    }
    types = texts(summary.get("pubtype"))
    title, vernacular = text(summary.get("title")), text(summary.get("vernaculartitle"))
    named = [code for code in texts(summary.get("lang")) if language_code(code)]
    authors = [
        name
        for person in map(mapping, listed(summary.get("authors")))
        if text(person.get("authtype")).casefold() in ("", "author", "collectivename", "corporate")
        and (name := text(person.get("name")))
    ]
    pmid = ids.get("pubmed", "") or text(summary.get("uid"))
    return {
        **nlm_texts(named, title, vernacular, "", ()),
        "authors": people(authors),
        "journal": text(summary.get("fulljournalname")) or text(summary.get("source")),
        "date": date_of(text(summary.get("pubdate"))) or date_of(text(summary.get("epubdate"))),
        "volume": text(summary.get("volume")),
        "issue": text(summary.get("issue")),
        "pages": page_range(text(summary.get("pages"))),
        "doi": clean_doi(ids.get("doi", ""))
        or clean_doi(text(summary.get("doi")))
        or clean_doi(text(summary.get("elocationid"))),
        "pmid": pmid if pmid.isdecimal() else "",
        "issn": issn_in([text(summary.get("issn")), text(summary.get("essn"))]),
        "publication_types": types,
        "retraction": retraction_state(title, types),
    }
