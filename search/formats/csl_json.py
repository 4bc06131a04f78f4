"""CSL-JSON, the citation data of citeproc, as Zotero, Mendeley and Crossref write it.

https://docs.citationstyles.org/en/stable/specification.html, appendix "Variables".
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, BinaryIO

from search.formats.fields.dates import date_from_parts, date_of
from search.formats.fields.dois import clean_doi
from search.formats.fields.headings import split_headings
from search.formats.fields.identifiers import ichushi_id_in, issn_in, pmid_in
from search.formats.fields.keywords import words_in
from search.formats.fields.languages import language_of
from search.formats.fields.retractions import retraction_state
from search.formats.syntax.json_documents import head_has, listed, mapping, records, text, texts
from search.formats.syntax.read_items import Item
from search.records import Record

_TYPES = {
    "article-journal": "Journal Article",
    "chapter": "Book Chapter",
    "book": "Book",
    "thesis": "Thesis",
    "paper-conference": "Conference Paper",
    "article": "Preprint",
}


def recognises(head: bytes) -> bool:
    """A list of objects, or an object, with a type of CSL and one of its variables."""
    types = (b'"article', b'"book', b'"chapter', b'"paper-conference', b'"thesis', b'"report')
    return (
        any(head_has(head, b'"type":' + kind) for kind in types)
        and head_has(head, b'"title":')
        and (head_has(head, b'"issued":') or head_has(head, b'"container-title":"'))
    )


def read(stream: BinaryIO) -> Iterator[Item]:
    """Records of the stream; an item that can't be one is a :class:`~search.formats.Rejected`."""
    return records(stream, _items, _fields, "item")


def write(
    records: Iterable[Record],
    stream: BinaryIO,
    notes: Callable[[Record], Iterable[str]] | None = None,
) -> None:
    """Write records as a list of items; ``notes`` gives what the note of a record shall hold."""
    items = [_item(record, "\n".join(notes(record) if notes else ())) for record in records]
    stream.write(json.dumps(items, ensure_ascii=False, indent=1).encode())


def _item(record: Record, note: str) -> dict[str, Any]:
    kind = next((k for k, name in _TYPES.items() if name in record.publication_types), None)
    fields = {
        "id": record.id,
        "type": kind or "article-journal",
        "title": record.title,
        "abstract": record.abstract,
        "language": record.language,
        "author": [
            {"family": a.family, "given": a.given} if a.given else {"literal": a.family}
            for a in record.authors
        ],
        "container-title": record.journal,
        "issued": {"date-parts": [[int(part) for part in record.date.split("-")]]}
        if record.date
        else None,
        "volume": record.volume,
        "issue": record.issue,
        "page": record.pages,
        "DOI": record.doi,
        "PMID": record.pmid,
        "URL": record.url,
        "ISSN": record.issn,
        "keyword": "; ".join(record.keywords),
        "note": note,
    }
    return {name: value for name, value in fields.items() if value}


def _items(document: Any) -> list[Any]:
    return listed(mapping(document).get("items", document))


def _fields(item: Mapping[str, Any]) -> tuple[dict[str, Any], str, str]:
    title, abstract = text(item.get("title")), text(item.get("abstract"))
    notes = text(item.get("note"))
    url = text(item.get("URL"))
    kind = text(item.get("type"))
    types = [_TYPES.get(kind, kind)] if kind else []
    pmid = text(item.get("PMID"))
    headings, words = split_headings(words_in("; ".join(texts(item.get("keyword")))))
    people = item.get("author") or item.get("editor")
    return (
        {
            "title": title,
            "abstract": abstract,
            "language": language_of(text(item.get("language")), title or abstract),
            "authors": [p for p in map(person, listed(people)) if p["family"]],
            "journal": text(item.get("container-title")),
            "date": issued(item.get("issued")),
            "volume": text(item.get("volume")),
            "issue": text(item.get("issue")),
            "pages": text(item.get("page")) or text(item.get("number")),
            "doi": clean_doi(text(item.get("DOI"))) or clean_doi(url),
            "pmid": pmid if pmid.isdecimal() else pmid_in([notes, url]),
            "ichushi_id": ichushi_id_in([url]),
            "url": url,
            "headings": headings,
            "keywords": words,
            "publication_types": types,
            "issn": issn_in(texts(item.get("ISSN"))),
            "retraction": retraction_state(title, types),
        },
        "",
        "",
    )


def person(name: Any) -> dict[str, str]:
    """A name of CSL, its particles before the family name; an organisation is ``literal``."""
    parts = mapping(name)
    family = " ".join(
        filter(None, (text(parts.get("non-dropping-particle")), text(parts.get("family"))))
    )
    given = " ".join(
        filter(
            None,
            (text(parts.get(n)) for n in ("given", "dropping-particle", "suffix")),
        )
    )
    whole = text(parts.get("literal")) or text(parts.get("name"))
    return {"family": family or given or whole, "given": given if family else ""}


def issued(value: Any) -> str:
    """A date of CSL: ``date-parts``, or a text."""
    date = mapping(value)
    parts = listed(next(iter(listed(date.get("date-parts"))), None))
    if parts:
        return date_from_parts(*(text(part) for part in parts[:3]))
    return date_of(text(date.get("raw")) or text(date.get("literal")) or text(value))
