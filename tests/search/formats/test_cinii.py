"""CiNii Research: search results, single records, what damage leaves."""

import io
import json
from pathlib import Path
from typing import Any

import pytest

from search.formats.cinii import read, recognises
from search.formats.syntax.read_items import Item, Rejected
from search.records import Author, Record, Translation

SEARCH = Path(__file__).parent / "samples" / "cinii_search.json"
RECORD = Path(__file__).parent / "samples" / "cinii_record.json"


def items(text: str) -> list[Item]:
    return list(read(io.BytesIO(text.encode())))


def test_every_field_of_a_search_result() -> None:
    record = next(read(io.BytesIO(SEARCH.read_bytes())))
    assert record == Record(
        id="doi:10.9999/kakuu.10_1",
        title="黄色い指の1例",
        abstract="指が黄色い。",
        language="ja",
        authors=(
            Author("山田", "太郎"),
            Author("鈴木", "花子"),
            Author("Sato", "Makoto"),
            Author("Doe", "Jane Mary"),
        ),
        journal="架空医学雑誌",
        date="2019-03",
        volume="10",
        issue="1",
        pages="12-15",
        doi="10.9999/kakuu.10_1",
        url="https://cir.nii.ac.jp/crid/1390000000000000001",
        keywords=("カロテン", "指"),
        publication_types=("Article",),
        issn="0000-0035",
    )


def test_ids_without_doi() -> None:
    _, english, old = read(io.BytesIO(SEARCH.read_bytes()))
    assert isinstance(english, Record)
    assert isinstance(old, Record)
    assert (english.id, english.authors) == ("pmid:90000002", (Author("Doe", "Jane"),))
    assert (old.id, old.date) == ("cinii:1570000000000000003", "1991")


def test_every_field_of_a_single_record() -> None:
    (record,) = read(io.BytesIO(RECORD.read_bytes()))
    assert record == Record(
        id="doi:10.9999/kakuu.10_1",
        title="黄色い指の1例",
        abstract="指が黄色い。",
        language="ja",
        translations=(Translation("en", "A case of yellow fingers", "The fingers were yellow."),),
        authors=(Author("山田", "太郎"),),
        journal="架空医学雑誌",
        date="2019-03-20",
        volume="10",
        issue="1",
        pages="12-15",
        doi="10.9999/kakuu.10_1",
        url="https://cir.nii.ac.jp/crid/1390000000000000001",
        keywords=("指",),
        publication_types=("Article",),
        issn="0000-0035",
    )


def graph(data: dict[str, Any]) -> Any:
    return {"@context": data.pop("@context"), "@graph": [data]}


@pytest.mark.parametrize(
    "written",
    [
        pytest.param(lambda d: json.dumps(d), id="one line, escaped"),
        pytest.param(lambda d: json.dumps(d, ensure_ascii=False, indent="\t"), id="indented"),
        pytest.param(lambda d: json.dumps(graph(d)), id="in a graph"),
        pytest.param(
            lambda d: json.dumps(d) + "\n" + json.dumps(d), id="pages one after the other"
        ),
    ],
)
def test_the_same_records_however_it_is_written(written: Any) -> None:
    found = items(written(json.loads(SEARCH.read_text())))
    assert found[:3] == list(read(io.BytesIO(SEARCH.read_bytes())))
    assert found[3:] in ([], found[:3])


def test_an_empty_result_is_empty() -> None:
    data = json.loads(SEARCH.read_text())
    data["items"] = []
    assert items(json.dumps(data)) == []


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ('"title": "Green toes",', '"title": "Green toes,', "not JSON"),
        ('"prism:publicationDate": "2020",', "", ""),
        ('"Doe, Jane"', "[" * 100_000, "not JSON"),
        ('"Doe, Jane"', "9" * 5_000, "not JSON"),
        ('"title": "Green toes",', '"title": {"x": 1},', "nothing to search"),
    ],
)
def test_a_broken_item_costs_itself_alone(old: str, new: str, reason: str) -> None:
    text = SEARCH.read_text()
    assert old in text
    before, broken, after = items(text.replace(old, new))
    whole = list(read(io.BytesIO(SEARCH.read_bytes())))
    assert (before, after) == (whole[0], whole[2])
    if reason:
        assert isinstance(broken, Rejected)
        assert broken.place == "item 2"
        assert reason in broken.reason


def test_an_item_without_beginning_is_told() -> None:
    text = SEARCH.read_text()
    for crid in ("1390000000000000001", "1520000000000000002"):
        damaged = items(
            text.replace(f'"@id": "https://cir.nii.ac.jp/crid/{crid}",\n      "@type"', "?")
        )
        assert len([i for i in damaged if isinstance(i, Record)]) == 2
        assert len([i for i in damaged if isinstance(i, Rejected)]) == 1


def test_bytes_that_are_not_utf8() -> None:
    data = SEARCH.read_bytes().replace(b"Green", b"Gr\xffen")
    before, broken, after = read(io.BytesIO(data))
    assert isinstance(before, Record)
    assert isinstance(after, Record)
    assert broken == Rejected("item 2", "not UTF-8")


def test_recognised_by_its_addresses() -> None:
    assert recognises(SEARCH.read_bytes())
    assert recognises(RECORD.read_bytes())
    assert not recognises(b'{"id": "a", "title": "b"}')
