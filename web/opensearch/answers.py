"""Answers of ``/opensearch``: RSS 1.0 and JSON-LD with the elements that CiNii's have, Atom as
alerts have it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lxml import etree

from search.records import Record
from web.desk.feed import Entry, Paging, atom, xml_text
from web.http.metadata import pages

_NAMESPACES = {
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "dc": "http://purl.org/dc/elements/1.1/",
    "prism": "http://prismstandard.org/namespaces/basic/2.0/",
    "opensearch": "http://a9.com/-/spec/opensearch/1.1/",
}
_RSS = "http://purl.org/rss/1.0/"
_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"


@dataclass(frozen=True)
class Found:
    """A part of a set: what was asked, the addresses of this answer and of the page for people, how
    many there are, where the part begins and how many it may hold, in which language titles are
    wanted, when the library was made (ISO 8601)."""

    query: str
    own: str
    page: str
    total: int
    start: int
    count: int
    language: str
    date: str
    entries: Sequence[Entry]

    @property
    def title(self) -> str:
        """What the answer is called."""
        return f"jmedsearch – {self.query}"


def as_atom(found: Found) -> bytes:
    """The part as an Atom feed (RFC 4287) with the elements of OpenSearch 1.1."""
    return atom(
        title=found.title,
        subtitle="",
        own=found.own,
        page=found.page,
        since=found.date,
        feed_entries=found.entries,
        paging=Paging(found.total, found.start, found.count, found.query),
    )


def as_rss(found: Found) -> bytes:
    """The part as RSS 1.0."""
    root = etree.Element(_name("rdf:RDF"), nsmap=dict([(None, _RSS), *_NAMESPACES.items()]))
    root.set(_LANGUAGE, found.language)
    channel = etree.SubElement(root, f"{{{_RSS}}}channel", {_name("rdf:about"): found.own})
    _add(channel, "title", found.title)
    _add(channel, "description", found.title)
    _add(channel, "link", found.page)
    _add(channel, "dc:date", found.date)
    for name, number in _counts(found).items():
        _add(channel, name, str(number))
    items = etree.SubElement(channel, f"{{{_RSS}}}items")
    order = etree.SubElement(items, _name("rdf:Seq"))
    for entry in found.entries:
        etree.SubElement(order, _name("rdf:li"), {_name("rdf:resource"): entry.address})
    for entry in found.entries:
        item = etree.SubElement(root, f"{{{_RSS}}}item", {_name("rdf:about"): entry.address})
        version = entry.record.version(found.language)
        if version.language:
            item.set(_LANGUAGE, version.language)
        _add(item, "title", version.title or entry.record.id)
        _add(item, "link", entry.address)
        for name, value in _fields(entry.record, found.language).items():
            for one in value if isinstance(value, list) else [value]:
                _add(item, name, one)
    written: bytes = etree.tostring(root, xml_declaration=True, encoding="utf-8")
    return written


def as_json(found: Found) -> dict[str, Any]:
    """The part as JSON-LD."""
    return {
        "@context": {
            "@vocab": _RSS,
            **_NAMESPACES,
            "link": {"@id": "link", "@type": "@id"},
        },
        "@id": found.own,
        "@type": "channel",
        "title": found.title,
        "description": found.title,
        "link": {"@id": found.page},
        "dc:date": found.date,
        **_counts(found),
        "items": [
            {
                "@id": entry.address,
                "@type": "item",
                "title": entry.record.version(found.language).title,
                "link": {"@id": entry.address},
                **_fields(entry.record, found.language),
            }
            for entry in found.entries
        ],
    }


def _counts(found: Found) -> Mapping[str, int]:
    return {
        "opensearch:totalResults": found.total,
        "opensearch:startIndex": found.start,
        "opensearch:itemsPerPage": found.count,
    }


def _fields(record: Record, language: str) -> dict[str, str | list[str]]:
    """A record in Dublin Core and PRISM; what is unknown is left out."""
    first, last = pages(record)
    version = record.version(language)
    identifiers = (("DOI", record.doi), ("PMID", record.pmid), ("ICHUSHI", record.ichushi_id))
    fields: dict[str, str | list[str]] = {
        "dc:creator": [author.display() for author in record.authors],
        "dc:type": list(record.publication_types),
        "dc:language": version.language,
        "dc:subject": list(record.keywords),
        "dc:identifier": [f"{name}:{value}" for name, value in identifiers if value],
        "dc:source": record.link(),
        "prism:publicationName": record.journal,
        "prism:issn": record.issn,
        "prism:doi": record.doi,
        "prism:volume": record.volume,
        "prism:number": record.issue,
        "prism:startingPage": first,
        "prism:endingPage": last,
        "prism:pageRange": record.pages,
        "prism:publicationDate": record.date,
        "description": version.abstract,
    }
    return {name: value for name, value in fields.items() if value}


def _add(parent: "etree._Element", name: str, text: str) -> None:
    element = etree.SubElement(parent, _name(name) if ":" in name else f"{{{_RSS}}}{name}")
    element.text = xml_text(text)


def _name(short: str) -> str:
    prefix, _, name = short.partition(":")
    return f"{{{_NAMESPACES[prefix]}}}{name}"
