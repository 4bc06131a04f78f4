"""Tables of literature: CSV and TSV with whatever delimiter, and the writing of workbooks.

The stream is cut into rows here, so that a quote that was never closed costs its own row and no
other; Python's csv module parses each.
"""

import csv
import io
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, BinaryIO

import openpyxl
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font

from search.formats.columns import (
    TARGETS,
    accession_of,
    is_header,
    record_fields,
    remarks_of,
    targets_of,
)
from search.formats.fields.headings import as_nlm_writes
from search.formats.fields.names import family_first
from search.formats.fields.notices import SEPARATOR, notice_text
from search.formats.fields.remarks import Remarked
from search.formats.syntax.lines import Line, head_text, text_lines
from search.formats.syntax.read_items import FormatError, Item, Rejected, record_or_rejected
from search.records import Record

DROPS = {
    "translations": "all but the first",
    "language": "where the script belies it",
    "keywords": "semicolons",
    "publication_types": "semicolons",
    "authors": "commas inside a family name",
    "headings": "semicolons",
}

XLSX_DROPS = {**DROPS, "abstract": "what is beyond 32 767 characters, as much as a cell holds"}

_DELIMITERS = (",", "\t", ";", "|")
# Where exports put a search's description above the header.
HEADER_WITHIN = 20
_MAX_ROW_LINES = 500
_MAX_ROW = 4 * 1024 * 1024
MAX_COLUMNS = 500
# What spreadsheets run as a formula; in Japanese settings also where it is typed in full width.
_FORMULA = re.compile(r"'*[=+\-@＝＋－＠\t\r\n]")
# A text that begins so, read back, would lose the apostrophe that is its own.
_QUOTED = re.compile(r"'+[=+\-@＝＋－＠\t\r\n]")
# Characters that no XML holds.
_NOT_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_MAX_CELL = 32_767
_WRITTEN = (
    *("record_id", "title", "abstract", "language"),
    *("translated_title", "translated_abstract", "translated_language", "abstract_language"),
    *("authors", "journal", "date", "volume", "issue", "pages", "doi", "pmid", "ichushi_id"),
    *("url", "keywords", "publication_types", "retraction", "issn", "trial_ids", "notices"),
    *("headings", "pmcid", "to_complete"),
)


def recognises_csv(head: bytes) -> bool:
    """Columns, among the first lines, of which one is a title or an abstract."""
    return _header_delimiter(head) not in ("", "\t")


def recognises_tsv(head: bytes) -> bool:
    """The same with tabs between the columns."""
    return _header_delimiter(head) == "\t"


def read_csv(
    stream: BinaryIO,
    mapping: Mapping[str, str] | None = None,
    remarked: Remarked | None = None,
) -> Iterator[Item]:
    """Records of a delimited table; the delimiter is found from its header. ``remarked`` is told of
    notes and tags in columns of their own.

    Raises:
        FormatError: when ``mapping`` names a field that does not exist.
    """
    check_mapping(mapping)
    lines = text_lines(stream)
    first = [line for _, line in zip(range(HEADER_WITHIN), lines, strict=False)]
    delimiter, at, header = _find_header([line.text for line in first], mapping)
    if not header:
        yield _no_header(first[0].text if first else "")
        return
    targets = targets_of(header, mapping)
    rest = _chained(deque(first[at + 1 :]), lines)
    for number, cells in _rows(rest, delimiter, len(header)):
        if isinstance(cells, str):
            yield Rejected(f"line {number}", cells)
        elif any(cell.strip() for cell in cells):
            yield table_record(f"line {number}", targets, cells, remarked)


def table_record(
    place: str, targets: Sequence[str], cells: Sequence[str], remarked: Remarked | None
) -> Item:
    """The record of a row whose columns mean ``targets``; ``remarked`` is told of its notes."""
    found = record_or_rejected(place, record_fields(targets, cells), *accession_of(targets, cells))
    if remarked and isinstance(found, Record) and (remarks := remarks_of(targets, cells)):
        remarked(found.id, remarks)
    return found


def check_mapping(mapping: Mapping[str, str] | None) -> None:
    """See that every column is mapped to a field that exists.

    Raises:
        FormatError: naming the first that is not.
    """
    for column, target in (mapping or {}).items():
        if target not in TARGETS:
            raise FormatError(
                f"column {column!r} is mapped to {target!r}; known are {', '.join(TARGETS)}"
            )


def _no_header(first: str) -> Rejected:
    return Rejected(
        "line 1",
        f"no column is known to hold titles or abstracts ({first[:100]!r}); "
        "name them with a mapping",
    )


@lru_cache(2)
def _header_delimiter(head: bytes) -> str:
    text = head_text(head)
    if text.lstrip().startswith(("<", "{", "@", "%")):
        return ""
    return _find_header(text.splitlines()[:HEADER_WITHIN], None)[0]


def _find_header(
    lines: Sequence[str], mapping: Mapping[str, str] | None
) -> tuple[str, int, list[str]]:
    """Delimiter, line and cells of the header: the line whose columns mean the most fields."""
    best: tuple[int, str, int, list[str]] = (0, "", 0, [])
    for at, line in enumerate(lines):
        for delimiter in _DELIMITERS:
            cells = _cells(line, delimiter) if delimiter in line else [line]
            targets = targets_of(cells or [], mapping)
            known = len({target for target in targets if target})
            if (
                cells
                and len(cells) <= MAX_COLUMNS
                and known > best[0]
                and (is_header(targets) or (mapping and "title" in targets))
            ):
                best = (known, delimiter, at, cells)
    return best[1:]


def _cells(text: str, delimiter: str, *, quoted: bool = True) -> list[str] | None:
    lines = io.StringIO(text, newline="")
    try:
        if quoted:
            # Over several lines, a quotation mark out of place tells of one that was never closed.
            rows = list(csv.reader(lines, delimiter=delimiter, strict="\n" in text))
        else:
            rows = list(csv.reader(lines, delimiter=delimiter, quoting=csv.QUOTE_NONE))
    except csv.Error:
        return None
    return rows[0] if len(rows) == 1 else None


def _chained(first: deque[Line], rest: Iterator[Line]) -> Iterator[Line]:
    while first:
        yield first.popleft()
    yield from rest


def _rows(
    lines: Iterator[Line], delimiter: str, width: int
) -> Iterator[tuple[int, list[str] | str]]:
    """Line number and cells of each row, or what is wrong with it.

    A row goes on over the end of a line while a quote is open. Where that does not give a row of
    the header's width, the line is taken by itself and the following ones are looked at anew.
    """
    waiting: deque[Line] = deque()

    def following() -> Line | None:
        return waiting.popleft() if waiting else next(lines, None)

    while line := following():
        group = [line]
        size, quotes = len(line.text), line.text.count('"')
        while quotes % 2 and len(group) < _MAX_ROW_LINES and size < _MAX_ROW:
            more = following()
            if more is None:
                break
            group.append(more)
            size += len(more.text)
            quotes += more.text.count('"')
        if any(part.cut for part in group) or size > _MAX_ROW:
            waiting.extendleft(reversed(group[1:]))
            yield line.number, f"longer than {_MAX_ROW // 1024**2} MiB"
            continue
        cells = None if quotes % 2 else _cells("\n".join(part.text for part in group), delimiter)
        if cells is None or (len(group) > 1 and not _fits(cells, width, exact=True)):
            waiting.extendleft(reversed(group[1:]))
            cells = _cells(line.text, delimiter, quoted=False)
            if cells is None or not _fits(cells, width, exact=True):
                yield line.number, "a quotation mark is not closed"
                continue
            cells = [cell.strip('"') for cell in cells]
        if _fits(cells, width, exact=False):
            yield line.number, cells
        else:
            yield line.number, f"{len(cells)} cells where the header has {width}"


def _fits(cells: Sequence[str], width: int, *, exact: bool) -> bool:
    if exact and len(cells) < width:
        return False
    return not any(cell.strip() for cell in cells[width:])


def write_csv(
    records: Iterable[Record],
    stream: BinaryIO,
    further: Mapping[str, Callable[[Record], str]] | None = None,
) -> None:
    """Write records as comma-separated values, UTF-8 with a byte order mark so that Excel shows
    Japanese; a cell that Excel would run as a formula begins with an apostrophe. ``further`` are
    columns of the writer's own: what each holds of a record."""
    _write(records, stream, ",", further or {})


def write_tsv(records: Iterable[Record], stream: BinaryIO) -> None:
    """The same with tabs."""
    _write(records, stream, "\t", {})


def write_xlsx(
    records: Iterable[Record],
    stream: BinaryIO,
    further: Mapping[str, Callable[[Record], str]] | None = None,
) -> None:
    """Write records as an Excel workbook, every cell as text: a title that begins with = or - is
    never a formula, also after it was edited. ``further`` is as in :func:`write_csv`."""
    columns = further or {}
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("records")
    sheet.freeze_panes = "A2"
    bold = Font(bold=True)
    header = [WriteOnlyCell(sheet, name) for name in (*_WRITTEN, *columns)]
    for cell in header:
        cell.font = bold
    sheet.append(header)
    try:
        for record in records:
            values = _values(record)
            texts = [values[name] for name in _WRITTEN]
            texts += [text(record) for text in columns.values()]
            sheet.append([_text_cell(sheet, text) if text else None for text in texts])
    except BaseException:
        # Its part of the workbook lies in a temporary file, which nothing else would close and
        # remove before the process ends.
        sheet.close()
        sheet._writer.cleanup()
        raise
    book.save(stream)


def as_text_cell(text: str) -> str:
    """A cell of a delimited table that no spreadsheet runs as a formula."""
    return f"'{text}" if _FORMULA.match(text) else text


def _text_cell(sheet: Any, text: str) -> Any:
    text = _NOT_XML.sub("", f"'{text}" if _QUOTED.match(text) else text)[:_MAX_CELL]
    cell = WriteOnlyCell(sheet, text)
    cell.data_type = "s"
    cell.quotePrefix = bool(_FORMULA.match(text))
    return cell


def _write(
    records: Iterable[Record],
    stream: BinaryIO,
    delimiter: str,
    further: Mapping[str, Callable[[Record], str]],
) -> None:
    text = io.TextIOWrapper(stream, encoding="utf-8-sig", newline="", write_through=True)
    rows = csv.writer(text, delimiter=delimiter)
    rows.writerow([*_WRITTEN, *further])
    for record in records:
        values = _values(record)
        cells = [*(values[name] for name in _WRITTEN), *(cell(record) for cell in further.values())]
        rows.writerow(map(as_text_cell, cells))
    text.detach()


def _values(record: Record) -> dict[str, str]:
    other = next(iter(record.translations), None)
    # The only abstract stands where other programs look for one.
    moved = bool(other and other.abstract and not record.abstract)
    plain = ("title", "language", "journal", "date", "volume", "issue", "pages", "doi")
    names = (*plain, "pmid", "pmcid", "ichushi_id", "url", "retraction", "issn")
    return {
        **{name: getattr(record, name) for name in names},
        "record_id": record.id,
        "to_complete": "yes" if record.to_complete else "",
        "translated_title": other.title if other else "",
        "abstract": other.abstract if other and moved else record.abstract,
        "translated_abstract": other.abstract if other and not moved else "",
        "translated_language": other.language if other else "",
        "abstract_language": other.language if other and moved else "",
        "authors": _joined([family_first(a.family, a.given) for a in record.authors]),
        "keywords": _joined(record.keywords),
        "headings": "; ".join(as_nlm_writes(record.headings)),
        "publication_types": _joined(record.publication_types),
        "trial_ids": _joined(record.trial_ids),
        "notices": SEPARATOR.join(map(notice_text, record.notices)),
    }


def _joined(words: Sequence[str]) -> str:
    # A single one could be read as two where it holds a comma.
    return "; ".join(words) + (
        ";" if len(words) == 1 and re.search("[,，、/／ ]", words[0]) else ""
    )
