"""BEIR's corpus layout: ``_id``, ``title``, ``text`` and free ``metadata`` on each line.

Thakur et al., BEIR: A Heterogeneous Benchmark for Zero-shot Evaluation of Information Retrieval
Models, NeurIPS 2021. Known names in ``metadata`` fill the record's fields; others are left.
"""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import fields
from typing import Any, BinaryIO

from search.formats.syntax.read_items import Rejected, json_lines
from search.records import Record, RecordError, record_from_dict, record_to_dict

_KEY = re.compile(rb'"_id"\s*:')
_FROM_METADATA = {f.name for f in fields(Record)} - {"id", "title", "abstract"}


def recognises(head: bytes) -> bool:
    """A line that opens an object with BEIR's ``_id``."""
    return head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{") and bool(_KEY.search(head))


def read(stream: BinaryIO) -> Iterator[Record | Rejected]:
    """Records of the stream; a bad line is a :class:`Rejected` with its number."""
    for item in json_lines(stream):
        if isinstance(item, Rejected):
            yield item
            continue
        place, data = item
        try:
            yield _record(data)
        except RecordError as error:
            yield Rejected(place, str(error))


def _record(data: dict[str, Any]) -> Record:
    if "_id" not in data:
        raise RecordError("_id is missing; every line of a BEIR corpus needs one")
    metadata = data.get("metadata") or {}
    if not isinstance(metadata, dict):
        raise RecordError(f"metadata is {type(metadata).__name__}; it should be an object")
    known = {name: value for name, value in metadata.items() if name in _FROM_METADATA}
    if "year" in metadata and "date" not in known:
        known["date"] = metadata["year"]
    return record_from_dict(
        {
            **known,
            "id": data["_id"],
            "title": data.get("title", ""),
            "abstract": data.get("text", ""),
        }
    )


def write(records: Iterable[Record], stream: BinaryIO) -> None:
    """Write records as a BEIR corpus; what BEIR has no field for stands in ``metadata``."""
    for record in records:
        metadata = record_to_dict(record)
        line = {
            "_id": metadata.pop("id"),
            "title": metadata.pop("title", ""),
            "text": metadata.pop("abstract", ""),
            "metadata": metadata,
        }
        stream.write(json.dumps(line, ensure_ascii=False).encode() + b"\n")
