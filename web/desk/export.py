"""A collection as a file: JSON with everything, or another format and what that drops."""

import html
from collections.abc import Callable, Mapping
from typing import BinaryIO, Literal, get_args

from search.formats import FORMATS, citations, ris, tables
from search.formats.citations import CITATION_STYLES, CitationStyle, citation
from search.records import Record
from web.desk.document import document
from web.desk.duplicates import groups
from web.desk.items import Item, items
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
    if name == "json":
        stream.write(document(store, collection).model_dump_json(indent=1).encode())
        return
    _, found = items(store, collection)
    if style := style_of(name):
        title = shown_collection(store, collection).name
        _write_citations(found, style, title if name.endswith("-html") else None, stream)
        return
    by_id = {item.record.id: item for item in found}
    under = {
        g.main.record.id: [i.record.id for i in g.others] for g in groups(store, collection)[1]
    }
    filled = filled_abstracts(store, collection)
    records = (with_abstract(item.record, filled.get(item.record.id)) for item in found)
    standing = latest_outcomes(store, collection)
    further: dict[str, Callable[[Record], str]] = {
        "collection_note": lambda record: by_id[record.id].note,
        "collection_tags": lambda record: "; ".join(by_id[record.id].tags),
        "collection_duplicates": lambda record: "; ".join(under.get(record.id, [])),
    }
    if standing:
        further |= decision_columns(lambda record_id: standing[record_id])
    if name == "ris":

        def notes(record: Record) -> list[str]:
            item = by_id[record.id]
            decided = decision_lines(standing[record.id], item.tags) if standing else []
            return [*_notes(item, under.get(record.id, [])), *decided]

        ris.write(records, stream, notes=notes)
    elif name == "csv":
        tables.write_csv(records, stream, further)
    elif name == "xlsx":
        tables.write_xlsx(records, stream, further)
    else:
        writer = FORMATS[name].write
        assert writer is not None
        writer(records, stream)


def file_ending(name: CollectionFormat) -> str:
    """The extension of such a file."""
    if style_of(name):
        return f".{name.removesuffix('-html')}.{'html' if name.endswith('-html') else 'txt'}"
    return ".json" if name == "json" else FORMATS[name].extensions[0]


def _notes(item: Item, under: list[str]) -> list[str]:
    """What stands in N1: the note, the tags as labels, what is handled as one with the record."""
    tags = [f"Tags: {'; '.join(item.tags)}"] if item.tags else []
    versions = [f"And {len(under)} version(s) more: {'; '.join(under)}"] if under else []
    return [*([item.note] if item.note else []), *tags, *versions]


def _write_citations(
    found: list[Item], style: CitationStyle, title: str | None, stream: BinaryIO
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
