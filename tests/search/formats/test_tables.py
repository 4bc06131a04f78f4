"""Tables: what columns are called, delimiters, quotes, workbooks."""

import datetime
import io
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import openpyxl
import pytest

from search.budget import TooLongError, limited
from search.formats import (
    FORMATS,
    FormatError,
    Item,
    Rejected,
    read_stream,
    recognise,
    tables,
    workbooks,
)
from search.records import Author, Record, Translation


def read(text: str, mapping: dict[str, str] | None = None) -> list[Item]:
    return list(tables.read_csv(io.BytesIO(text.encode()), mapping))


def test_a_cell_far_below_the_others_costs_nothing() -> None:
    book = openpyxl.Workbook()
    assert book.active
    book.active.append(["title", "year"])
    book.active.append(["肺炎", 2020])
    book.active.cell(900, 1, "喘息")
    book.active.cell(1_048_576, 1, "糖尿病")
    file = io.BytesIO()
    book.save(file)
    items = list(workbooks.read_xlsx(file))
    assert [item.title for item in items if isinstance(item, Record)] == ["肺炎", "喘息"]
    (rejected,) = [item for item in items if isinstance(item, Rejected)]
    assert rejected.place == "Sheet, row 1901"
    assert "1000 empty rows" in rejected.reason


@pytest.mark.parametrize("name", ["csv", "xlsx", "ris", "pubmed-xml", "bibtex"])
def test_reading_ends_with_the_time_of_the_request(name: str) -> None:
    write = FORMATS["xlsx" if name == "xlsx" else "csv"].write
    assert write
    file = io.BytesIO()
    write([Record(id=f"r{n}", title=f"肺炎 {n}") for n in range(20)], file)
    file.seek(0)
    with limited(1e-9), pytest.raises(TooLongError):
        list(FORMATS[name].read(file))


def one(text: str, mapping: dict[str, str] | None = None) -> Record:
    (record,) = read(text, mapping)
    assert isinstance(record, Record)
    return record


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("文献番号,タイトル,著者名,収載誌名,発行年,巻,号,頁,抄録,シソーラス用語,論文種類",
         "2020123456,肺炎,山田太郎; 鈴木花子,架空内科,2020年3月,12,3,283-98,目的。,"
         "肺炎; 高齢者,原著論文"),
        ("医中誌ID\t論題\t著者\t雑誌名\t出版年\t巻\t号\t開始ページ\t終了ページ\t要旨\tキーワード\t文献種別",
         "2020123456\t肺炎\t山田太郎／鈴木花子\t架空内科\t2020.3\t12\t3\t283\t98\t目的。\t肺炎、高齢者\t原著論文"),
        ("Title;Authors;Source title;Year;Month;Volume;Issue;Page start;Page end;Abstract;"
         "Author Keywords;Document Type;Ichushi ID",
         "肺炎;['山田太郎', '鈴木花子'];架空内科;2020;3;12;3;283;298;目的。;['肺炎', '高齢者'];"
         "原著論文;2020123456"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("preamble", ["", "検索式: 肺炎/TH\n検索日: 2024/01/01\n\n"])
def test_columns_in_japanese_and_english(header: str, row: str, preamble: str) -> None:
    assert one(f"{preamble}{header}\r\n{row}\r\n") == Record(
        id="ichushi:2020123456",
        ichushi_id="2020123456",
        title="肺炎",
        abstract="目的。",
        language="ja",
        authors=(Author("山田太郎"), Author("鈴木花子")),
        journal="架空内科",
        date="2020-03",
        volume="12",
        issue="3",
        pages="283-298",
        keywords=("肺炎", "高齢者"),
        publication_types=("原著論文",),
    )


@pytest.mark.parametrize(
    ("cell", "names"),
    [
        ('"Liu R., Adler D.G."', [("Liu", "R."), ("Adler", "D.G.")]),
        ('"Marx, Karl"', [("Marx", "Karl")]),
        ('"Marx, Karl; Lindgren, Astrid"', [("Marx", "Karl"), ("Lindgren", "Astrid")]),
        ('"山田, 太郎"', [("山田", "太郎")]),
        ('"山田 太郎, 鈴木 花子"', [("山田", "太郎"), ("鈴木", "花子")]),
        ("\"['Marx, Karl']\"", [("Marx", "Karl")]),
    ],
)
def test_several_authors_in_a_cell(cell: str, names: list[tuple[str, str]]) -> None:
    assert one(f"title,authors\nT,{cell}\n").authors == tuple(Author(*name) for name in names)


def test_embase_puts_the_citation_into_one_cell() -> None:
    source = '"Cancer (2004) 102:4 (253-258). Date of Publication: 25 Aug 2004"'
    record = one(f"Title,Source,Abstract\nT,{source},A\n")
    assert (record.journal, record.volume, record.issue) == ("Cancer", "102", "4")
    assert (record.pages, record.date) == ("253-258", "2004-08-25")


def test_commas_in_parentheses_part_no_keywords() -> None:
    record = one('title,keywords\nT,"cyst (diagnosis, surgery), human"\n')
    assert record.keywords == ("cyst (diagnosis, surgery)", "human")


def test_two_languages() -> None:
    record = one("タイトル,英文タイトル,抄録,英文抄録\n肺炎,Pneumonia,目的。,Aim.\n")
    assert (record.title, record.abstract) == ("肺炎", "目的。")
    assert record.translations == (Translation("en", "Pneumonia", "Aim."),)


def test_a_mapping_names_columns_that_no_one_knows() -> None:
    record = one("headline,body\nT,A\n", {"Headline": "title", "body": "abstract"})
    assert (record.title, record.abstract) == ("T", "A")


def test_a_mapping_to_nothing_is_an_error() -> None:
    with pytest.raises(FormatError, match="column 'x' is mapped to 'headline'; known are"):
        read("x\nT\n", {"x": "headline"})


def test_a_table_without_title_says_what_to_do() -> None:
    (item,) = read("a,b\n1,2\n")
    assert isinstance(item, Rejected)
    assert "name them with a mapping" in item.reason


def test_cells_of_several_lines_and_quotes() -> None:
    record = one('title,abstract\n"A ""B"", C","one\ntwo\n"\n')
    assert (record.title, record.abstract) == ('A "B", C', "one\ntwo")


@pytest.mark.parametrize(
    "broken", ['"never closed,x', 'a,"b', 'a,b,c,d', '"', 'a,"b"",c']
)  # fmt: skip
def test_a_broken_row_costs_no_other(broken: str) -> None:
    items = read(f'title,abstract\nfirst,x\n{broken}\nsecond,"one\ntwo"\nthird,"y"\n')
    titles = [item.title for item in items if isinstance(item, Record)]
    assert [title for title in titles if title in ("first", "second", "third")] == [
        "first", "second", "third",
    ]  # fmt: skip


def test_numbers_of_inches_are_no_quotes() -> None:
    items = read('title\tabstract\n5" pipe\tx\nnext\ty\n')
    assert [item.title for item in items if isinstance(item, Record)] == ['5" pipe', "next"]


def workbook(*rows: list[object]) -> bytes:
    book = openpyxl.Workbook()
    book.active.append(["説明だけのシート"])
    sheet = book.create_sheet("文献")
    for row in rows:
        sheet.append(row)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def test_a_workbook() -> None:
    data = workbook(
        ["検索日", datetime.date(2024, 1, 1)],
        ["タイトル", "発行日", "巻", "PMID", "DOI"],
        ["肺炎", datetime.datetime(2020, 3, 5), 12.0, 90000001, None],
        [None, None, None, None, "10.9999/a"],
    )
    assert recognise(data, "a").name == "xlsx"
    first, second = FORMATS["xlsx"].read(io.BytesIO(data))
    assert isinstance(first, Record)
    assert (first.title, first.date, first.volume, first.id) == (
        "肺炎", "2020-03-05", "12", "pmid:90000001",
    )  # fmt: skip
    assert isinstance(second, Rejected)
    assert second.place == "文献, row 4"


@pytest.mark.parametrize("data", [b"PK\x03\x04", b"PK\x03\x04xl/" + b"\0" * 100, b""])
def test_what_is_no_workbook_is_rejected(data: bytes) -> None:
    (item,) = FORMATS["xlsx"].read(io.BytesIO(data))
    assert isinstance(item, Rejected)


def test_a_workbook_that_unpacks_to_gigabytes_is_rejected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbooks, "_MAX_PARTS", 1024 * 1024)
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as parts:
        parts.writestr("[Content_Types].xml", "<x/>")
        parts.writestr("xl/worksheets/sheet1.xml", b"0" * (2 * 1024 * 1024))
    (item,) = FORMATS["xlsx"].read(stream)
    assert isinstance(item, Rejected)
    assert "unpacks to more" in item.reason


def test_a_workbook_with_an_entity_bomb_is_rejected_at_once() -> None:
    entities = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12))
    bomb = f'<?xml version="1.0"?><!DOCTYPE s [<!ENTITY a0 "aaaa">{entities}]><s>&a11;</s>'
    stream = io.BytesIO(workbook(["タイトル", "巻"], ["肺炎", 1]))
    with zipfile.ZipFile(stream) as parts:
        content = {name: parts.read(name) for name in parts.namelist()}
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as parts:
        for name, data in content.items():
            parts.writestr(name, bomb if name.startswith("xl/worksheets") else data)
    items = list(FORMATS["xlsx"].read(stream))
    assert items
    assert all(isinstance(item, Rejected) for item in items)


def test_a_workbook_that_is_broken_off_leaves_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    def records() -> Iterator[Record]:
        yield from (Record(id=str(i), title="a") for i in range(10))
        assert list(tmp_path.iterdir())
        raise TimeoutError

    with pytest.raises(TimeoutError):
        tables.write_xlsx(records(), io.BytesIO())
    assert list(tmp_path.iterdir()) == []


def test_a_row_that_repeats_the_word_for_a_column_is_no_header() -> None:
    row = "\t".join(["肺炎", "山田 太郎", *["抄録"] * 30])
    content = f"タイトル\t著者\t抄録\n喘息\t鈴木 花子\t吸入\n{row}\n"
    found = [item for item, _ in read_stream(io.BytesIO(content.encode()), "a.tsv")]
    assert [r.title for r in found if isinstance(r, Record)] == ["喘息"]
    assert [r.place for r in found if isinstance(r, Rejected)] == ["line 3"]
