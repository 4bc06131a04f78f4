"""Workbooks with tables of literature: .xlsx by openpyxl, .xls by xlrd, .ods row by row by lxml.

Readers of .ods, and the compiled ones of .xls, hold every cell that a file claims to repeat, or end
the process where a damaged file claims too many.
"""

import datetime
import io
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import IO, Any, BinaryIO

import openpyxl
import xlrd
from lxml import etree

from search import budget
from search.budget import BudgetError
from search.formats.columns import is_header, targets_of
from search.formats.fields.remarks import Remarked
from search.formats.syntax.read_items import Item, Rejected
from search.formats.tables import HEADER_WITHIN, MAX_COLUMNS, check_mapping, table_record

_MOST_EMPTY_ROWS = 1000
# What a workbook may unpack to: its table of strings is held in memory.
_MAX_STRINGS = 256 * 1024 * 1024
_MAX_PARTS = 4 * 1024 * 1024 * 1024
_TOO_LARGE = "unpacks to more than a workbook of literature can hold"
_LONGEST_NUMBER = 7
# Columns of an Excel sheet; how a cell begins; bytes that are looked at together.
_WIDEST = 16_384
_CELLS = (b"<c ", b"<c>", b":c ")
_CHUNK = 256 * 1024
_TABLE, _TEXT, _OFFICE = (
    f"{{urn:oasis:names:tc:opendocument:xmlns:{name}:1.0}}" for name in ("table", "text", "office")
)
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_WORD = "WordDocument".encode("utf-16-le")


def recognises_xlsx(head: bytes) -> bool:
    """A zip file that begins with the parts of an Office document."""
    return head.startswith(b"PK\x03\x04") and (b"[Content_Types].xml" in head or b"xl/" in head)


def recognises_xls(head: bytes) -> bool:
    """An old Office file that is no document of Word."""
    return head.startswith(_OLE) and _WORD not in head


def recognises_ods(head: bytes) -> bool:
    """A zip file that begins with the media type of an OpenDocument table."""
    return head.startswith(b"PK\x03\x04") and b"opendocument.spreadsheet" in head[:200]


def read_xlsx(
    stream: BinaryIO,
    mapping: Mapping[str, str] | None = None,
    remarked: Remarked | None = None,
) -> Iterator[Item]:
    """Records of the sheets of an Excel workbook that have a header; ``remarked`` is as in
    :func:`~search.formats.tables.read_csv`.

    Raises:
        FormatError: when ``mapping`` names a field that does not exist.
    """
    return _guarded(_workbook(_Watched(stream), mapping, remarked), mapping, "Excel workbook")


def read_xls(
    stream: BinaryIO,
    mapping: Mapping[str, str] | None = None,
    remarked: Remarked | None = None,
) -> Iterator[Item]:
    """The same of an .xls file."""
    return _guarded(_xls_workbook(stream, mapping, remarked), mapping, "Excel workbook")


def read_ods(
    stream: BinaryIO,
    mapping: Mapping[str, str] | None = None,
    remarked: Remarked | None = None,
) -> Iterator[Item]:
    """The same of an .ods file. A row that is repeated is read once."""
    return _guarded(_ods_workbook(stream, mapping, remarked), mapping, "OpenDocument table")


def _guarded(items: Iterator[Item], mapping: Mapping[str, str] | None, kind: str) -> Iterator[Item]:
    """The items of a workbook, and what is wrong with it where it cannot be read to its end."""
    check_mapping(mapping)
    try:
        yield from items
    except BudgetError:
        raise
    except Exception as error:  # noqa: BLE001 - the libraries raise whatever their parsers raise
        yield Rejected("workbook", f"not an {kind} that can be read: {error}"[:300])


def _xls_workbook(
    stream: BinaryIO, mapping: Mapping[str, str] | None, remarked: Remarked | None
) -> Iterator[Item]:
    content = stream.read(_MAX_STRINGS + 1)
    if len(content) > _MAX_STRINGS:
        yield Rejected("workbook", _TOO_LARGE)
        return
    # What xlrd remarks on while it reads goes nowhere.
    book = xlrd.open_workbook(file_contents=content, logfile=io.StringIO(), ragged_rows=True)
    sheets = (
        (sheet.name, ((n + 1, _xls_row(book, sheet.row(n))) for n in range(sheet.nrows)))
        for sheet in book.sheets()
    )
    yield from _sheets(sheets, mapping, remarked)


def _xls_row(book: Any, cells: Sequence[Any]) -> list[Any]:
    return [
        xlrd.xldate.xldate_as_datetime(cell.value, book.datemode)
        if cell.ctype == xlrd.XL_CELL_DATE
        else xlrd.error_text_from_code.get(cell.value)
        if cell.ctype == xlrd.XL_CELL_ERROR
        else cell.value
        for cell in cells
    ]


def _ods_workbook(
    stream: BinaryIO, mapping: Mapping[str, str] | None, remarked: Remarked | None
) -> Iterator[Item]:
    with zipfile.ZipFile(stream) as parts, parts.open("content.xml") as content:
        if parts.getinfo("content.xml").file_size > _MAX_PARTS:
            yield Rejected("workbook", _TOO_LARGE)
            return
        yield from _sheets(_ods_sheets(content), mapping, remarked)


def _ods_sheets(content: IO[bytes]) -> Iterator[tuple[str, Iterable[tuple[int, list[str]]]]]:
    """Name and rows of each sheet, read as they come."""
    tags = [f"{_TABLE}table", f"{_TABLE}table-row"]
    events = etree.iterparse(
        content, ("start", "end"), tag=tags, resolve_entities=False, no_network=True
    )

    def rows(sheet: etree._Element) -> Iterator[tuple[int, list[str]]]:
        number = 0
        for event, element in events:
            if event == "start":
                continue
            if element.tag != tags[1]:
                return
            yield number + 1, _ods_row(element)
            number += _repeated(element, "rows")
            element.clear()
            while element.getprevious() is not None:
                del sheet[0]

    for event, element in events:
        if event == "start" and element.tag == tags[0]:
            sheet = rows(element)
            yield element.get(f"{_TABLE}name") or "", sheet
            for _ in sheet:  # the next sheet begins after the rows that were not asked for
                pass


def _ods_row(row: etree._Element) -> list[str]:
    values: list[str] = []
    for cell in row:
        if cell.tag in (f"{_TABLE}table-cell", f"{_TABLE}covered-table-cell"):
            lines = ["".join(text.itertext()) for text in cell.iterfind(f"{_TEXT}p")]
            # A date as it is shown may have any form.
            value = (cell.get(f"{_OFFICE}date-value") or "").partition("T")[0] or "\n".join(lines)
            room = max(0, MAX_COLUMNS - len(values))
            values += [value] * min(_repeated(cell, "columns"), room)
    return values


def _repeated(element: etree._Element, what: str) -> int:
    number = element.get(f"{_TABLE}number-{what}-repeated") or "1"
    return int(number) if number.isdecimal() and len(number) <= _LONGEST_NUMBER else 1


class _Watched:
    """A stream that looks at the clock when it is read: one row of a workbook can hold millions of
    cells, and openpyxl gives it when it has all of them."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def read(self, size: int = -1) -> bytes:
        """Read at most ``size`` bytes.

        Raises:
            TooLongError: when the request at hand has no time left.
        """
        budget.check("upload")
        return self._stream.read(size)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def _workbook(
    stream: Any, mapping: Mapping[str, str] | None, remarked: Remarked | None
) -> Iterator[Item]:
    with zipfile.ZipFile(stream) as parts:
        sizes = {part.filename: part.file_size for part in parts.infolist()}
        too_large = (
            sum(sizes.values()) > _MAX_PARTS or sizes.get("xl/sharedStrings.xml", 0) > _MAX_STRINGS
        )
        sheets_in = [name for name in sizes if name.startswith("xl/worksheets/")]
        if too_large or any(_is_too_wide(parts, name) for name in sheets_in):
            yield Rejected("workbook", _TOO_LARGE)
            return
    stream.seek(0)
    book = openpyxl.load_workbook(stream, read_only=True, data_only=True, keep_links=False)

    def sheets() -> Iterator[tuple[str, Iterable[tuple[int, Sequence[Any]]]]]:
        for sheet in book.worksheets:
            # What a sheet says of its own size may be wrong by a million rows.
            sheet.reset_dimensions()
            rows = sheet.iter_rows(values_only=True, max_col=MAX_COLUMNS)
            yield sheet.title, enumerate(rows, start=1)

    yield from _sheets(sheets(), mapping, remarked)
    book.close()


def _is_too_wide(parts: zipfile.ZipFile, name: str) -> bool:
    """Whether a row of a sheet has more cells than Excel has columns: openpyxl holds a row whole,
    and each cell takes a hundred times its few bytes."""
    cells = 0
    with parts.open(name) as content:
        while chunk := content.read(_CHUNK):
            budget.check("upload")
            ended = chunk.rfind(b"row>")
            found = sum(map(chunk.count, _CELLS))
            after = sum(chunk.count(cell, ended) for cell in _CELLS) if ended >= 0 else 0
            # Of a chunk in which rows end, none is wide unless the chunk is full of its cells.
            cells = after if ended >= 0 else cells + found
            if cells > _WIDEST:
                return True
    return False


def _sheets(
    sheets: Iterable[tuple[str, Iterable[tuple[int, Sequence[Any]]]]],
    mapping: Mapping[str, str] | None,
    remarked: Remarked | None,
) -> Iterator[Item]:
    """The records of the sheets, each a title and numbered rows of values."""
    found = False
    for title, rows in sheets:
        targets: list[str] = []
        empty = 0
        for number, values in budget.within(rows, "upload"):
            # openpyxl gives every row that a sheet could have before one that is far below.
            empty = 0 if any(value not in (None, "") for value in values) else empty + 1
            if empty > _MOST_EMPTY_ROWS:
                place = f"{title}, row {number}"
                yield Rejected(place, f"what follows {_MOST_EMPTY_ROWS} empty rows is not read")
                break
            if empty and targets:
                continue
            cells = ["" if value is None else _cell_text(value) for value in values[:MAX_COLUMNS]]
            if not targets:
                candidate = targets_of(cells, mapping)
                if is_header(candidate):
                    targets, found = candidate, True
                elif number >= HEADER_WITHIN:
                    break
            elif any(cells):
                yield table_record(f"{title}, row {number}", targets, cells, remarked)
    if not found:
        yield Rejected(
            "workbook",
            "no sheet has a column that is known to hold titles or abstracts; "
            "name them with a mapping",
        )


def _cell_text(value: Any) -> str:
    if isinstance(value, datetime.datetime | datetime.date):
        return value.strftime("%Y-%m-%d")
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
