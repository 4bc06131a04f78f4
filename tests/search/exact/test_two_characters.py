"""Words of two characters are half of medicine: each is found precisely where it stands."""

import json
import sqlite3
from collections.abc import Iterable
from pathlib import Path

import pytest

from search.exact import ExactSearch
from search.library.library import Library
from search.records import Record
from search.text.phrases import phrases
from search.text.variants import fold
from tests.search.exact.conftest import library_of

WORDS = [
    "肺炎",
    "肺癌",
    "喘息",
    "高齢",
    "治療",
    "患者",
    "癌",
    "発症",
    "腎症",
    "がん",
    "投与",
    "血圧",
]


def like(records: Iterable[Record], word: str) -> set[str]:
    """The ids whose folded title or abstract is LIKE the folded word, asked of SQLite."""
    db = sqlite3.connect(":memory:")
    db.execute("create table texts (id, text)")
    for record in records:
        for version in record.versions():
            for text in (version.title, version.abstract):
                db.execute("insert into texts values (?, ?)", [record.id, fold(text)])
    rows = db.execute("select distinct id from texts where text like ?", [f"%{fold(word)}%"])
    return {row[0] for row in rows}


def test_two_characters_over_the_sample_equal_like(sample_library: Path) -> None:
    exact = ExactSearch(Library(sample_library))
    records = [record for _, record in exact.library.generation().all_records()]
    words = {word for record in records for row in phrases(record.title) for word in row}
    two = sorted(word for word in words if len(word) == 2 and not word.isascii())
    assert len(two) > 200
    for word in [*WORDS, *two[::4]]:
        found = {record.id for record in exact.records(f'"{word}"/TA')}
        assert found == like(records, word), word


def test_two_characters_over_real_texts_equal_like(
    shared: Path, tmp_path: Path, published_layout: Path
) -> None:
    lines = (shared / "data" / "nando-title" / "corpus.jsonl").read_text("utf-8").splitlines()
    records = [
        Record(item["_id"], abstract=item["text"], language="ja")
        for item in map(json.loads, lines[:14])
    ]
    exact = ExactSearch(library_of(tmp_path, records, published_layout))
    stored = [record for _, record in exact.library.generation().all_records()]
    hits = 0
    for word in [*WORDS, "筋力", "遺伝", "進行", "障害", "症状", "神経", "異常"]:
        found = {record.id for record in exact.records(f"{word}/TA")}
        assert found == like(stored, word), word
        hits += len(found)
    assert hits > 15


@pytest.mark.parametrize("word", ["肺炎", "肺癌", "喘息"])
def test_a_break_between_two_characters_is_no_word(exact: ExactSearch, word: str) -> None:
    assert exact.search(word).count > 1
    assert exact.search(f'"{word[0]} {word[1]}"').count <= 1
