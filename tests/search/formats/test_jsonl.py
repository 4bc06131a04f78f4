"""Our own layout is what docs/formats.md says."""

import io
import json
import re
from dataclasses import fields
from pathlib import Path

import pytest

from search.formats import FORMATS, Rejected
from search.records import Record, record_from_dict

DOCUMENT = Path(__file__).parents[3] / "docs" / "formats.md"
_ROW = re.compile(r"^\| `(\w+)` \| (.+?) \| (.+?) \| `(.+)` \|$", re.MULTILINE)


def table() -> dict[str, tuple[str, object]]:
    """Field to its type, in words, and its example."""
    text = DOCUMENT.read_text(encoding="utf-8")
    section = text.split("\n## JSON Lines\n")[1].split("\n## ")[0]
    return {
        name: (kind, json.loads(example.replace("\\\\n", "\\n")))
        for name, kind, _, example in _ROW.findall(section)
    }


TABLE = table()


def read(data: dict[str, object]) -> Record | Rejected:
    (item,) = FORMATS["jsonl"].read(io.BytesIO(json.dumps(data).encode()))
    assert isinstance(item, Record | Rejected)
    return item


def test_the_table_has_every_field_in_order() -> None:
    assert list(TABLE) == [field.name for field in fields(Record)]


@pytest.mark.parametrize("name", TABLE)
def test_an_example_is_taken_as_it_stands(name: str) -> None:
    _, example = TABLE[name]
    record = read({"id": "x", "title": "t", name: example})
    assert isinstance(record, Record), record
    assert getattr(record, name)
    assert record == record_from_dict({"id": "x", "title": "t", name: example})


@pytest.mark.parametrize("name", TABLE)
def test_another_type_is_refused_by_name(name: str) -> None:
    kind, _ = TABLE[name]
    item = read({"id": "x", "title": "t", name: "a" if kind.startswith("list") else ["a"]})
    assert isinstance(item, Rejected)
    assert name in item.reason


def test_all_examples_together_are_a_record() -> None:
    record = read({name: example for name, (_, example) in TABLE.items()})
    assert isinstance(record, Record)
    assert record.authors[1].family == "WHO"
    assert record.pmid == "30776994"


def test_an_unknown_field_is_refused_with_the_known_ones() -> None:
    item = read({"id": "x", "title": "t", "abstrcat": "a"})
    assert isinstance(item, Rejected)
    assert "unknown field 'abstrcat'" in item.reason
    assert "abstract" in item.reason
