"""jmedsearch's own layout: one record a line, the fields of :class:`search.records.Record`."""

import json
import re
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from search.formats.syntax.read_items import Rejected, json_lines
from search.records import Record, RecordError, record_from_dict, record_to_dict

_KEY = re.compile(rb'"(?:id|title|abstract|translations)"\s*:')


def recognises(head: bytes) -> bool:
    """A line that opens an object and names one of our fields."""
    return head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{") and bool(_KEY.search(head))


def read(stream: BinaryIO) -> Iterator[Record | Rejected]:
    """Records of the stream; a bad line is a :class:`Rejected` with its number."""
    for item in json_lines(stream):
        if isinstance(item, Rejected):
            yield item
            continue
        place, data = item
        try:
            yield record_from_dict(data)
        except RecordError as error:
            yield Rejected(place, str(error))


def write(records: Iterable[Record], stream: BinaryIO) -> None:
    """Write records, one JSON object a line; fields without a value are left out."""
    for record in records:
        stream.write(json.dumps(record_to_dict(record), ensure_ascii=False).encode() + b"\n")
