"""A collection as a file: JSON with everything, or a format of the registry and what that drops."""

from collections.abc import Mapping
from typing import BinaryIO, Literal, get_args

from search.formats import FORMATS, ris, tables
from web.collections.document import document
from web.collections.items import Item, items
from web.collections.store import Store

CollectionFormat = Literal["json", "ris", "csv", "nbib", "bibtex", "jsonl", "beir"]
COLLECTION_FORMATS: tuple[CollectionFormat, ...] = get_args(CollectionFormat)

# What a collection holds beside its records, and which formats carry how much of it.
_BESIDE = ("note", "tags", "strategy", "history")
_CARRIES: dict[CollectionFormat, tuple[str, ...]] = {
    "json": _BESIDE,
    "ris": ("note", "tags"),
    "csv": ("note", "tags"),
}


def drops(name: CollectionFormat) -> Mapping[str, str]:
    """What is lost in a format: fields of the collection and of its records, and what of them."""
    if name == "json":
        return {}
    carried = _CARRIES.get(name, ())
    return {**{part: "all" for part in _BESIDE if part not in carried}, **FORMATS[name].drops}


def write(store: Store, collection: int, name: CollectionFormat, stream: BinaryIO) -> None:
    """Write a collection in its order, its records as they were kept.

    Raises:
        UnknownError: when there is no such collection.
    """
    if name == "json":
        stream.write(document(store, collection).model_dump_json(indent=1).encode())
        return
    _, found = items(store, collection)
    by_id = {item.record.id: item for item in found}
    records = (item.record for item in found)
    if name == "ris":
        ris.write(records, stream, notes=lambda record: _notes(by_id[record.id]))
    elif name == "csv":
        further = {
            "collection_note": lambda record: by_id[record.id].note,
            "collection_tags": lambda record: "; ".join(by_id[record.id].tags),
        }
        tables.write_csv(records, stream, further)
    else:
        writer = FORMATS[name].write
        assert writer is not None
        writer(records, stream)


def file_ending(name: CollectionFormat) -> str:
    """The extension of such a file."""
    return ".json" if name == "json" else FORMATS[name].extensions[0]


def _notes(item: Item) -> list[str]:
    """What stands in N1: the note, and the tags as labels."""
    tags = [f"Tags: {'; '.join(item.tags)}"] if item.tags else []
    return [*([item.note] if item.note else []), *tags]
