"""Bibliographic formats: bytes to records and back, behind one registry.

A format is a :class:`Format`: its name, how it is recognised, a reader that yields one
:class:`~search.records.Record`, :class:`Rejected` or :class:`Deletion` for each item of its input,
and a writer where there is one, with what it cannot carry. Nothing that is wrong with one item
stops the others.
"""

from search.formats.opening import (
    MAX_RATIO,
    SUSPICIOUS,
    format_of,
    read_records,
    read_stream,
    recognise,
)
from search.formats.registry import FORMATS, Format
from search.formats.syntax.read_items import (
    Deletion,
    FormatError,
    Item,
    Rejected,
    UnknownFormatError,
)

__all__ = [
    "FORMATS",
    "MAX_RATIO",
    "SUSPICIOUS",
    "Deletion",
    "Format",
    "FormatError",
    "Item",
    "Rejected",
    "UnknownFormatError",
    "format_of",
    "read_records",
    "read_stream",
    "recognise",
]
