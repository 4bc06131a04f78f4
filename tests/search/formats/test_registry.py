"""The registry: recognition, gzip, errors, and the documentation that speaks of it."""

import gzip
import io
import re
from pathlib import Path

import pytest

from search.formats import FORMATS, FormatError, Rejected, read_records, recognise
from search.records import Record

DOCS = Path(__file__).parents[3] / "docs" / "formats.md"


def test_gzip_is_opened_and_progress_is_in_bytes_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "export.ris.gz"
    path.write_bytes(gzip.compress(b"TY  - JOUR\nTI  - A\nER  - \n" * 1000))
    items = list(read_records(path))
    assert len(items) == 1000
    assert all(position <= path.stat().st_size for _, position in items)


def test_a_truncated_gzip_gives_what_it_has_and_an_error(tmp_path: Path) -> None:
    path = tmp_path / "export.ris.gz"
    content = "".join(f"TY  - JOUR\nTI  - Number {n * n}\nER  - \n" for n in range(5000))
    path.write_bytes(gzip.compress(content.encode())[:-200])
    items = read_records(path)
    assert all(isinstance(next(items)[0], Record) for _ in range(1000))
    with pytest.raises(FormatError, match=r"export\.ris\.gz"):
        list(items)


def test_a_gzip_bomb_gives_what_came_before_it_and_an_error(tmp_path: Path) -> None:
    path = tmp_path / "export.ris.gz"
    path.write_bytes(gzip.compress(b"TY  - JOUR\nTI  - A\nER  - \n" + bytes(100 * 1024**2)))
    items = read_records(path)
    assert isinstance(next(items)[0], Record)
    with pytest.raises(FormatError, match="that is no literature"):
        list(items)


def test_a_mapping_reaches_the_table(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("headline,body\nT,A\n")
    with pytest.raises(FormatError, match="no known format"):
        list(read_records(path))
    ((record, _),) = read_records(path, "csv", {"headline": "title"})
    assert isinstance(record, Record)
    assert record.title == "T"


def test_an_unknown_name_lists_the_known(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_text("x")
    with pytest.raises(FormatError, match=r"'risk' is no known format; known are .*ris"):
        list(read_records(path, "risk"))


def test_nothing_is_no_format() -> None:
    with pytest.raises(FormatError, match="choose one with --format"):
        recognise(b"", "empty.txt")


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_no_reader_raises_on_what_is_not_its_own(name: str) -> None:
    for content in (b"", b"\0" * 100, b"\xff\xfe", b"{}", b"<a/>", b"TY  - JOUR\n", b"a,b\n1,2\n"):
        for item in FORMATS[name].read(io.BytesIO(content)):
            assert isinstance(item, Record | Rejected)


def documented() -> dict[str, list[str]]:
    """The cells of each row of the documentation's first table, by the format's name."""
    table = DOCS.read_text(encoding="utf-8").partition("\n\n## ")[0]
    rows = re.findall(r"^\| `([a-z-]+)` \|(.*)\|$", table, re.MULTILINE)
    return {name: [cell.strip() for cell in cells.split("|")] for name, cells in rows}


def test_every_format_is_documented() -> None:
    assert sorted(documented()) == sorted(FORMATS)


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_the_documentation_says_what_the_format_can(name: str) -> None:
    known = FORMATS[name]
    _, sample, records, _, written, lost = documented()[name]
    assert sample.startswith("**untested**") == (known.tested != "real")
    assert bool(records) == (known.tested == "real")
    assert written == ("yes" if known.write else "no")
    for dropped, what in known.drops.items():
        assert f"{dropped} ({what})" in lost
    if known.write and not known.drops:
        assert lost == "nothing is lost"
