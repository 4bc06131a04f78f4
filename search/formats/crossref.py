"""Crossref's REST API: a work, or a list of works, as JSON (https://api.crossref.org/works)."""

from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO

from search.formats.csl_json import issued, person
from search.formats.fields.dois import clean_doi
from search.formats.fields.identifiers import issn_in
from search.formats.fields.languages import language_of
from search.formats.fields.retractions import retraction_state
from search.formats.syntax.json_documents import head_has, listed, mapping, records, text, texts
from search.formats.syntax.read_items import Item

_TYPES = {"journal-article": "Journal Article", "posted-content": "Preprint"}


def recognises(head: bytes) -> bool:
    """An answer of the API."""
    return head_has(head, b'"message-type":"work')


def read(stream: BinaryIO) -> Iterator[Item]:
    """Records of the stream; a work that can't be one is a :class:`~search.formats.Rejected`."""
    return records(stream, _items, _fields, "work")


def _items(document: Any) -> list[Any]:
    message = mapping(mapping(document).get("message"))
    return listed(message.get("items", message))


def _fields(work: Mapping[str, Any]) -> tuple[dict[str, Any], str, str]:
    title = ": ".join([*texts(work.get("title"))[:1], *texts(work.get("subtitle"))[:1]])
    abstract = text(work.get("abstract"))
    kind = text(work.get("type"))
    types = [_TYPES.get(kind, kind)] if kind else []
    updates = [text(mapping(u).get("type")) for u in listed(work.get("updated-by"))]
    dates = (issued(work.get(n)) for n in ("published-print", "published", "issued"))
    return (
        {
            "title": title,
            "abstract": abstract,
            "language": language_of(text(work.get("language")), title or abstract),
            "authors": [p for p in map(person, listed(work.get("author"))) if p["family"]],
            "journal": text(work.get("container-title")),
            "date": next(filter(None, dates), ""),
            "volume": text(work.get("volume")),
            "issue": text(work.get("issue")),
            "pages": text(work.get("page")) or text(work.get("article-number")),
            "doi": clean_doi(text(work.get("DOI"))),
            "url": text(work.get("URL")),
            "keywords": texts(work.get("subject")),
            "publication_types": types,
            "issn": issn_in(texts(work.get("ISSN"))),
            "retraction": "retracted" if "retraction" in updates else retraction_state(title, []),
        },
        "",
        "",
    )
