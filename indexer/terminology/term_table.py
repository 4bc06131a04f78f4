"""Reads a table of names: a concept in each row, its names by language and kind in columns.

Comma- or tab-separated; the encoding is found. The first row names the columns, in any order:
``ja`` and ``en`` are the preferred names, ``ja_also`` and ``en_also`` others of just the same,
``abbreviations``, ``lay`` what laypeople say, ``broader`` the names of concepts above,
``check_tag`` MeSH's check tag. Several values of a cell are parted by semicolons. A line that
begins with # is a remark.
"""

import csv
from collections.abc import Iterator, Mapping
from typing import BinaryIO

from indexer.terminology.statements import Named, Statement
from search.formats.syntax.lines import text_lines
from search.formats.syntax.read_items import Rejected
from search.terminology.concepts import CHECK_TAG, LabelKind, Language

_LABELS: Mapping[str, tuple[Language | None, LabelKind]] = {
    "ja": ("ja", "preferred"),
    "en": ("en", "preferred"),
    "ja_also": ("ja", "exact"),
    "en_also": ("en", "exact"),
    "abbreviations": (None, "abbreviation"),
    "lay": (None, "lay"),
}
COLUMNS = (*_LABELS, "broader", "check_tag")


def read_table(stream: BinaryIO) -> Iterator[Statement | Rejected]:
    """What each row says; a row without a name is rejected.

    Raises:
        ValueError: when the first row names no column of names, or one that is unknown.
    """
    lines = (line for line in text_lines(stream) if line.text.strip() and line.text[0] != "#")
    heading = next(lines, None)
    written = heading.text if heading else ""
    delimiter = "\t" if "\t" in written else ","
    columns = [name.strip().lower() for name in written.split(delimiter)]
    unknown = [name for name in columns if name not in COLUMNS]
    if unknown or not set(columns) & set(_LABELS):
        told = f"it has {', '.join(map(repr, unknown))}" if unknown else "it has none with names"
        raise ValueError(f"the first row has to name columns among {', '.join(COLUMNS)}; {told}")
    for line in lines:
        row = next(csv.reader([line.text], delimiter=delimiter))
        cells = {
            column: [part.strip() for part in cell.split(";") if part.strip()]
            for column, cell in zip(columns, row, strict=False)
        }
        labels: list[Named] = [
            (name, language or ("en" if name.isascii() else "ja"), kind)
            for column, (language, kind) in _LABELS.items()
            for name in cells.get(column, ())
        ]
        if not labels:
            yield Rejected(f"line {line.number}", "the row has no name")
            continue
        tags = tuple((CHECK_TAG, tag) for tag in cells.get("check_tag", ()))
        yield Statement(tuple(labels), tags, tuple(cells.get("broader", ())))
