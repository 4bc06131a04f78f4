"""Abstracts that a collection's records lack, filled in by hand or from another record."""

from dataclasses import dataclass, replace

from search.library.generation import Generation
from search.records import Record, guess_language
from web.desk.duplicates import group_of
from web.desk.history import CollectionError, UnknownError, change
from web.desk.items import Item, items
from web.desk.likeness import remembered_links
from web.desk.shelf import checked_text
from web.desk.store import Store

# What was typed, not taken from a record.
BY_HAND = ""


@dataclass(frozen=True)
class FilledAbstract:
    """An abstract that was filled in; ``source`` is the id of the record that it was taken from,
    empty where it was typed."""

    text: str
    source: str


def filled_abstracts(store: Store, number: int) -> dict[str, FilledAbstract]:
    """What was filled in, by record id."""
    rows = store.connection.execute(
        "select record_id, text, filled_abstracts.source from filled_abstracts "
        "join items on items.id = item where collection = ?",
        [number],
    )
    return {row["record_id"]: FilledAbstract(row["text"], row["source"]) for row in rows}


def fill_in(store: Store, who: str, number: int, record_id: str, text: str) -> None:
    """Give a record the abstract that it lacks; an empty text takes it away again.

    Raises:
        UnknownError: when there is no such record.
        CollectionError: when the record has one of its own.
    """
    _fill(store, who, number, record_id, checked_text(text), BY_HAND)


def fill_from(
    store: Store,
    who: str,
    number: int,
    record_id: str,
    source: str,
    generation: Generation | None,
) -> None:
    """Give a record the abstract of another one, of the collection or of the library.

    Raises:
        UnknownError: when there is no such record.
        CollectionError: when the other has no abstract, or the record one of its own.
    """
    _, found = items(store, number, record_ids=[source])
    known = generation.record(source) if generation else None
    other = found[0].record if found else known[1] if known else None
    if other is None:
        raise UnknownError(f"there is no record {source!r}")
    text = next((v.abstract for v in other.versions() if v.abstract), "")
    text = text or filled_abstracts(store, number).get(source, FilledAbstract("", "")).text
    if not text:
        raise CollectionError(f"the record {source!r} has no abstract either")
    _fill(store, who, number, record_id, text, source)


def sources(store: Store, number: int, record_id: str) -> list[Item]:
    """Records of the collection that have an abstract and may be the same as one that has none:
    what is handled as one with it, and what looks like it."""
    group = group_of(store, number, record_id)
    ids = [i.record.id for i in (group.main, *group.others)] if group else []
    found = remembered_links(store, number)
    for one, other, _ in found.pairs:
        pair = (found.record_ids[one], found.record_ids[other])
        if record_id in pair:
            ids += pair
    _, offered = items(store, number, record_ids=set(ids) - {record_id})
    return [item for item in offered if any(v.abstract for v in item.record.versions())]


def with_abstract(record: Record, filled: FilledAbstract | None) -> Record:
    """The record with what was filled in, where it has no abstract of its own."""
    if filled is None or any(v.abstract for v in record.versions()):
        return record
    if guess_language(filled.text) == record.language or not record.title:
        return replace(record, abstract=filled.text)
    return replace(
        record,
        translations=tuple(
            replace(v, abstract=filled.text) if v.language == guess_language(filled.text) else v
            for v in record.translations
        ),
        abstract=""
        if any(v.language == guess_language(filled.text) for v in record.translations)
        else filled.text,
    )


def _fill(store: Store, who: str, number: int, record_id: str, text: str, source: str) -> None:
    with change(store, who, "fill in abstract", number, record=record_id) as opened:
        _, found = items(store, number, record_ids=[record_id])
        if not found:
            raise UnknownError(f"collection {number} has no record {record_id!r}")
        if any(v.abstract for v in found[0].record.versions()):
            raise CollectionError(f"the record {record_id!r} has an abstract of its own")
        if text:
            opened.db.execute(
                "insert into filled_abstracts (item, text, source) values (?, ?, ?) "
                "on conflict (item) do update set text = excluded.text, source = excluded.source",
                [found[0].id, text, source],
            )
        else:
            opened.db.execute("delete from filled_abstracts where item = ?", [found[0].id])
