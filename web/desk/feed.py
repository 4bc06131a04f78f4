"""An alert as an Atom feed (RFC 4287), written with lxml, which readers of XML formats use anyway:
the libraries for feeds know one author an entry, and date an empty feed by the clock.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from lxml import etree
from lxml.builder import ElementMaker

from search.library.generation import Generation
from search.records import Record
from web.desk.strategy_answers import numbers

MIMETYPE = "application/atom+xml"
# A reader that comes every day misses none; one that comes rarely gets the newest.
MOST_ENTRIES = 100
_ATOM = "http://www.w3.org/2005/Atom"
_OPENSEARCH = "http://a9.com/-/spec/opensearch/1.1/"
_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"
# What XML 1.0 cannot hold.
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_make = ElementMaker(namespace=_ATOM, nsmap={None: _ATOM})


@dataclass(frozen=True)
class Paging:
    """Which part of how many a feed holds, as OpenSearch 1.1 says it: the place of its first entry,
    counted from 1, how many it may hold, and what was searched for."""

    total: int
    start: int
    count: int
    query: str


@dataclass(frozen=True)
class Entry:
    """A record in a feed: where it is read, when it came into the library, when it was imported
    last (ISO 8601)."""

    record: Record
    address: str
    published: str
    updated: str


def entries(
    ids: Sequence[str], generation: Generation, address: Callable[[str], str]
) -> list[Entry]:
    """The records that some ids lead to as entries, the latest first, at most
    :data:`MOST_ENTRIES`; ``address`` gives where a record is read, by its id."""
    chosen = numbers(generation, ids)
    imported = generation.imported(chosen)
    latest = sorted(chosen, key=lambda n: imported[n], reverse=True)[:MOST_ENTRIES]
    records = generation.records(latest)
    return [Entry(records[n], address(records[n].id), *imported[n]) for n in latest]


def atom(
    *,
    title: str,
    subtitle: str,
    own: str,
    page: str,
    since: str,
    feed_entries: Sequence[Entry],
    paging: Paging | None = None,
) -> bytes:
    """A feed as XML. ``own`` is its address and what it is known by, ``page`` where the same is
    read by people, ``since`` when it began, which is its date as long as nothing came;
    ``paging`` where it is a part of a search."""
    updated = max([since, *(e.updated for e in feed_entries)], key=_moment)
    feed = _make.feed(
        _make.title(xml_text(title)),
        *([_make.subtitle(xml_text(subtitle))] if subtitle else ()),
        _make.id(own),
        _make.link(rel="self", href=own, type=MIMETYPE),
        _make.link(rel="alternate", href=page, type="text/html"),
        _make.updated(_written(updated)),
        _make.author(_make.name("jmedsearch")),
        _make.generator("jmedsearch"),
        *(_paging(paging) if paging else ()),
        *(_entry(e) for e in feed_entries),
    )
    written: bytes = etree.tostring(feed, xml_declaration=True, encoding="utf-8")
    return written


def _paging(paging: Paging) -> "list[etree._Element]":
    make = ElementMaker(namespace=_OPENSEARCH, nsmap={"opensearch": _OPENSEARCH})
    query = make.Query(role="request", searchTerms=xml_text(paging.query))
    return [
        make.totalResults(str(paging.total)),
        make.startIndex(str(paging.start)),
        make.itemsPerPage(str(paging.count)),
        query,
    ]


def _entry(entry: Entry) -> "etree._Element":
    record = entry.record
    version = next((v for v in record.versions() if v.title), record.version("ja"))
    source = ". ".join(part for part in (record.journal, record.date) if part)
    summary = "\n".join(part for part in (source, version.abstract) if part)
    made = _make.entry(
        _make.title(xml_text(version.title or record.id)),
        _make.id(entry.address),
        _make.link(rel="alternate", href=entry.address, type="text/html"),
        _make.published(_written(entry.published)),
        _make.updated(_written(entry.updated)),
        *(_make.author(_make.name(xml_text(a.display()))) for a in record.authors if a.display()),
    )
    if record.link():
        made.append(_make.link(rel="related", href=xml_text(record.link())))
    if summary:
        made.append(_make.summary(xml_text(summary)))
    if version.language:
        made.set(_LANGUAGE, version.language)
    return made


def xml_text(text: str) -> str:
    """``text`` without what XML 1.0 cannot hold."""
    return _NO_XML.sub(" ", text)


def _moment(moment: str) -> datetime:
    return datetime.fromisoformat(moment)


def _written(moment: str) -> str:
    """A moment as RFC 3339 writes it."""
    return _moment(moment).isoformat(timespec="seconds").replace("+00:00", "Z")
