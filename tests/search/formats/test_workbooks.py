"""Old Excel workbooks and OpenDocument tables."""

import io
import zipfile
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search.formats import FORMATS, FormatError, Item, Rejected, recognise
from search.records import Record
from tests.search.formats.damage import damaged

XLS = (Path(__file__).parent / "samples" / "table.xls").read_bytes()
CELL = '<table:table-cell office:value-type="string"><text:p>{}</text:p></table:table-cell>'
MEDIA_TYPE = "application/vnd.oasis.opendocument.spreadsheet"
NAMES = " ".join(
    f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
    for name in ("office", "table", "text")
)


def ods(rows: str) -> bytes:
    """An OpenDocument table of one sheet, as LibreOffice packs it."""
    content = (
        f'<?xml version="1.0" encoding="UTF-8"?><office:document-content {NAMES}>'
        '<office:body><office:spreadsheet><table:table table:name="文献">'
        f"{rows}</table:table></office:spreadsheet></office:body></office:document-content>"
    )
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as parts:
        parts.writestr(zipfile.ZipInfo("mimetype"), MEDIA_TYPE)
        parts.writestr(
            "META-INF/manifest.xml",
            "<manifest:manifest "
            'xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
            f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{MEDIA_TYPE}"/>'
            "</manifest:manifest>",
        )
        parts.writestr("content.xml", content)
    return file.getvalue()


def row(*cells: str) -> str:
    return f"<table:table-row>{''.join(map(CELL.format, cells))}</table:table-row>"


HEADER = row("タイトル", "著者", "抄録", "発行日", "巻", "PMID")
DATED = (
    '<table:table-row>{}<table:table-cell office:value-type="date" office:date-value="2019-03-05">'
    "<text:p>2019/03/05</text:p></table:table-cell>"
    '<table:table-cell office:value-type="float" office:value="12"><text:p>12</text:p>'
    "</table:table-cell>{}</table:table-row>"
)
FIRST = DATED.format(
    "".join(map(CELL.format, ("病棟における転倒", "山田 太郎;鈴木 花子", "転倒を数えた。"))),
    CELL.format("31000001"),
)
ODS = ods(row("検索結果") + HEADER + FIRST + row("二つ目", "伊藤 健", "", "2020", "3"))


def read(name: str, data: bytes) -> list[Item]:
    return list(FORMATS[name].read(io.BytesIO(data)))


@pytest.mark.parametrize(("name", "data"), [("xls", XLS), ("ods", ODS)])
def test_old_workbooks_and_open_ones(name: str, data: bytes) -> None:
    assert recognise(data, "table").name == name
    first, second = read(name, data)
    assert isinstance(first, Record)
    assert isinstance(second, Record)
    assert (first.id, first.title, first.abstract) == (
        "pmid:31000001",
        "病棟における転倒",
        "転倒を数えた。",
    )
    assert [a.family for a in first.authors] == ["山田", "鈴木"]
    assert (first.date, first.volume) == ("2019-03-05", "12")
    assert (second.title, second.date) == ("二つ目", "2020")


def test_columns_are_named_by_a_mapping() -> None:
    data = ods(row("head", "x") + row("肺炎", ""))
    (rejected,) = read("ods", data)
    assert isinstance(rejected, Rejected)
    assert "mapping" in rejected.reason
    (record,) = FORMATS["ods"].read(io.BytesIO(data), mapping={"head": "title", "x": "year"})
    assert isinstance(record, Record)
    with pytest.raises(FormatError, match="known are"):
        list(FORMATS["ods"].read(io.BytesIO(data), mapping={"head": "headline"}))


@pytest.mark.parametrize(
    "bomb",
    [
        '<table:table-row table:number-rows-repeated="1048576">'
        '<table:table-cell table:number-columns-repeated="16384" office:value-type="string">'
        "<text:p>x</text:p></table:table-cell></table:table-row>",
        '<table:table-row><table:table-cell table:number-columns-repeated="999999999" '
        'office:value-type="string"><text:p>x</text:p></table:table-cell></table:table-row>',
        '<table:table-row><table:table-cell table:number-columns-repeated="999999999"/>'
        f"{CELL.format('x')}</table:table-row>",
        '<table:table-row table:number-rows-repeated="999999999"><table:table-cell/>'
        f"</table:table-row>{row('x')}",
    ],
)
def test_repetitions_without_measure_cost_nothing(bomb: str) -> None:
    first, *rest = read("ods", ods(HEADER + FIRST + bomb))
    assert isinstance(first, Record)
    assert len(rest) <= 1


def test_the_empty_rest_of_a_sheet_costs_nothing() -> None:
    rest = (
        '<table:table-row table:number-rows-repeated="1048000">'
        '<table:table-cell table:number-columns-repeated="16384"/></table:table-row>'
    )
    record, *others = read("ods", ods(HEADER + FIRST + rest))
    assert isinstance(record, Record)
    assert others == []


def test_a_row_with_more_cells_than_excel_has_columns_is_not_read() -> None:
    plain, made = io.BytesIO(), io.BytesIO()
    book = openpyxl.Workbook()
    book.active.append(["title", "year"])
    book.active.append(["転倒", "2019"])
    book.save(plain)
    with zipfile.ZipFile(plain) as old, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.infolist():
            content = old.read(part)
            if part.filename.startswith("xl/worksheets/"):
                wide = b'<row r="3">' + b'<c r="A3"><v>1</v></c>' * 100_000 + b"</row>"
                content = content.replace(b"</sheetData>", wide + b"</sheetData>")
            new.writestr(part, content)
    (record,) = read("xlsx", plain.getvalue())
    assert isinstance(record, Record)
    (refused,) = read("xlsx", made.getvalue())
    assert isinstance(refused, Rejected)
    assert "more than a workbook of literature" in refused.reason


@pytest.mark.parametrize("name", ["xls", "ods"])
@settings(max_examples=60, derandomize=True, deadline=None)
@given(seed=st.integers(0, 2**32), times=st.integers(1, 8))
def test_a_damaged_one_raises_nothing(name: str, seed: int, times: int) -> None:
    for item in read(name, damaged({"xls": XLS, "ods": ODS}[name], seed, times)):
        assert isinstance(item, Record | Rejected)
