"""A collection as a file: JSON with everything, or another format and what that drops."""

import html
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import BinaryIO, Literal, get_args

from search.formats import FORMATS, citations
from search.formats.citations import CITATION_STYLES, CitationStyle, citation
from search.records import Record
from web.desk.document_writer import write_document
from web.desk.items import Item, every_item, mains
from web.desk.screening.abstracts import filled_abstracts, with_abstract
from web.desk.screening.screened_files import decision_columns, decision_lines, latest_outcomes
from web.desk.shelf import collection as shown_collection
from web.desk.store import Store

CollectionFormat = Literal[
    "json",
    "ris",
    "csv",
    "xlsx",
    "nbib",
    "bibtex",
    "jsonl",
    "beir",
    "vancouver",
    "apa",
    "sist02",
    "vancouver-html",
    "apa-html",
    "sist02-html",
]
COLLECTION_FORMATS: tuple[CollectionFormat, ...] = get_args(CollectionFormat)

# What a collection holds beside its records, and which formats carry how much of it.
_BESIDE = ("note", "tags", "strategy", "history", "duplicates")
_SOME = {"strategy": "all", "history": "all", "duplicates": "all but their ids"}
_LACKS: dict[CollectionFormat, Mapping[str, str]] = {"ris": _SOME, "csv": _SOME, "xlsx": _SOME}


def drops(name: CollectionFormat) -> Mapping[str, str]:
    """What is lost in a format: fields of the collection and of its records, and what of them."""
    if name == "json":
        return {}
    lacks = _LACKS.get(name, dict.fromkeys(_BESIDE, "all"))
    return {**lacks, **(citations.DROPS if style_of(name) else FORMATS[name].drops)}


def style_of(name: CollectionFormat) -> CitationStyle | None:
    """The style of a format that is a list of citations."""
    return next((style for style in CITATION_STYLES if name.partition("-")[0] == style), None)


def write(store: Store, collection: int, name: CollectionFormat, stream: BinaryIO) -> None:
    """Write a collection in its order, its records as they were kept; of those that are handled as
    one, the main record.

    Raises:
        UnknownError: when there is no such collection.
    """
    with store.reading():
        if name == "json":
            write_document(store, collection, stream)
        elif style := style_of(name):
            title = shown_collection(store, collection).name
            listed = every_item(store, collection)
            _write_citations(listed, style, title if name.endswith("-html") else None, stream)
        else:
            _write_records(store, collection, name, stream)


def _write_records(store: Store, collection: int, name: CollectionFormat, stream: BinaryIO) -> None:
    shown_collection(store, collection)
    under: dict[str, list[str]] = {}
    for record_id, main in mains(store, collection).items():
        under.setdefault(main, []).append(record_id)
    # A writer asks for it after it was given the record.
    beside: dict[str, _Beside] = {}

    def listed() -> Iterator[Record]:
        for item in every_item(store, collection):
            others = tuple(under.get(item.record.id, ()))
            if item.note or item.tags or others:
                beside[item.record.id] = _Beside(item.note, item.tags, others)
            yield with_abstract(item.record, filled.get(item.record.id))

    filled = filled_abstracts(store, collection)
    standing = latest_outcomes(store, collection)
    records = listed()
    nothing = _Beside()
    further: dict[str, Callable[[Record], str]] = {
        "collection_note": lambda record: beside.get(record.id, nothing).note,
        "collection_tags": lambda record: "; ".join(beside.get(record.id, nothing).tags),
        "collection_duplicates": lambda record: "; ".join(beside.get(record.id, nothing).others),
    }
    if standing:
        further |= decision_columns(lambda record_id: standing[record_id])
    if name == "ris":

        def notes(record: Record) -> list[str]:
            own = beside.get(record.id, nothing)
            decided = decision_lines(standing[record.id], own.tags) if standing else []
            return [*_notes(own), *decided]

        FORMATS[name].write(records, stream, notes=notes)
    elif name in ("csv", "xlsx"):
        FORMATS[name].write(records, stream, further=further)
    else:
        FORMATS[name].write(records, stream)


def file_ending(name: CollectionFormat) -> str:
    """The extension of such a file."""
    if style_of(name):
        return f".{name.removesuffix('-html')}.{'html' if name.endswith('-html') else 'txt'}"
    return ".json" if name == "json" else FORMATS[name].extensions[0]


@dataclass(frozen=True)
class _Beside:
    """What a collection holds beside a record: the note, the tags, and the ids of those that are
    handled as one with it."""

    note: str = ""
    tags: tuple[str, ...] = ()
    others: tuple[str, ...] = ()


def _notes(beside: _Beside) -> list[str]:
    """What stands in N1: the note, the tags as labels, what is handled as one with the record."""
    others = beside.others
    tags = [f"Tags: {'; '.join(beside.tags)}"] if beside.tags else []
    versions = [f"And {len(others)} version(s) more: {'; '.join(others)}"] if others else []
    return [*([beside.note] if beside.note else []), *tags, *versions]


def _write_citations(
    found: Iterable[Item], style: CitationStyle, title: str | None, stream: BinaryIO
) -> None:
    """A numbered list: text, or a page of HTML where there is a ``title``."""
    if title is None:
        for number, item in enumerate(found, 1):
            stream.write(f"{number}. {citation(item.record, style)}\n".encode())
        return
    stream.write(
        f'<!doctype html>\n<html>\n<head>\n<meta charset="utf-8">\n<title>{html.escape(title)}'
        f"</title>\n</head>\n<body>\n<h1>{html.escape(title)}</h1>\n<ol>\n".encode()
    )
    for item in found:
        language = html.escape(item.record.language)
        cited = citation(item.record, style, "html")
        stream.write(f'<li lang="{language}">{cited}</li>\n'.encode())
    stream.write(b"</ol>\n</body>\n</html>\n")
