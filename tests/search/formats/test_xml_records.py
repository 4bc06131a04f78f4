"""What any XML may do to us: bombs, foreign files, encodings, depth, lengths, damage."""

import io
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

import pytest

from search.formats.syntax.read_items import Rejected
from search.formats.syntax.xml_records import read_elements, root_name, text_of


def texts(data: bytes) -> list[str | Rejected]:
    return [
        item if isinstance(item, Rejected) else text_of(item[1])
        for item in read_elements(io.BytesIO(data), ("record",))
    ]


def reasons(data: bytes) -> list[str]:
    """The texts, and the reasons of those that were rejected."""
    return [item.reason if isinstance(item, Rejected) else item for item in texts(data)]


def test_entities_defined_by_the_file_are_never_expanded(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("SECRET")
    lols = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    found = texts(
        f'<!DOCTYPE x [<!ENTITY l0 "lol">{lols}<!ENTITY file SYSTEM "file://{secret}">]>'
        "<x><record>a &l9; b</record><record>c &file; d</record></x>".encode()
    )
    assert found == ["a &l9; b", "c &file; d"]


def test_named_characters_without_their_dtd() -> None:
    assert texts(b"<x><record>&alpha;&nbsp;&lt;&#946;</record></x>") == ["α <β"]


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (b"<record><a>x</b></record>", "not well-formed XML"),
        (b"<record>AT&T</record>", "not well-formed XML"),
        (b"<record>x", "another begins inside it"),
        (b"x</record>", "its beginning is missing"),
        (b"<record>\xff</record>", "bytes that the encoding of the file does not have"),
        (b"<record>&#xD800;</record>", "not well-formed XML"),
        (b"<record>" + b"<a>" * 1000 + b"</a>" * 1000 + b"</record>", "nested too deeply"),
        (b"<record>" + b"x" * 11_000_000 + b"</record>", "one text too long"),
    ],
)
def test_a_broken_record_costs_itself_alone(bad: bytes, reason: str) -> None:
    before, broken, after = reasons(b"<x><record>1</record>" + bad + b"<record>3</record></x>")
    assert (before, after) == ("1", "3")
    assert reason in broken


def test_a_file_that_ends_too_early() -> None:
    first, second = reasons(b"<x><record>1</record><record>2</rec")
    assert (first, "file ends" in second) == ("1", True)


def test_control_characters_are_left_out() -> None:
    assert texts(b"<x><record>a\0b\x01c\td</record></x>") == ["abc d"]


@pytest.mark.parametrize(
    ("declared", "codec"),
    [
        ("UTF-8", "utf-8"),
        ("UTF-8", "utf-8-sig"),
        ("Shift_JIS", "cp932"),
        ("EUC-JP", "euc_jp"),
        ("ISO-2022-JP", "iso2022_jp"),
        ("UTF-16", "utf-16"),
        ("UTF-16", "utf-16-le"),
        ("UTF-16", "utf-16-be"),
    ],
)
def test_encodings(declared: str, codec: str) -> None:
    xml = f"<?xml version='1.0' encoding='{declared}'?><x><record>肺炎<b>の</b>表</record></x>"
    assert texts(xml.encode(codec)) == ["肺炎の表"]
    assert root_name(xml.encode(codec)) == "x"


def test_an_encoding_that_lies_costs_the_records_it_breaks() -> None:
    xml = "<?xml version='1.0' encoding='EUC-JP'?><x><record>plain</record><record>ｱ肺</record></x>"
    plain, broken = reasons(xml.encode("cp932"))
    assert plain == "plain"
    assert "encoding" in broken


@pytest.mark.parametrize("name", ["zlib", "rot13", "nonsense", "UTF-16", "idna"])
def test_encodings_that_are_none(name: str) -> None:
    xml = f"<?xml version='1.0' encoding='{name}'?><x><record>肺</record></x>"
    assert texts(xml.encode()) == ["肺"]


def test_comments_hide_records() -> None:
    data = b"<x><!-- <record>0</record> --><record>1<!-- no --></record><!-- </x>"
    assert texts(data) == ["1"]
    assert texts(b"<x><!-- never ends <record>1</record></x>") == ["1"]


def test_prefixes_and_namespaces_are_left_out() -> None:
    data = b"<x><record xmlns='u:d' xmlns:p='u:p' p:lang='ja'><p:a>1</p:a><q:b>2</q:b></record></x>"
    ((_, element),) = cast(
        "list[tuple[str, object]]", list(read_elements(io.BytesIO(data), ("record",)))
    )
    assert [child.tag for child in element] == ["a", "b"]
    assert element.get("lang") == "ja"


def test_the_root_behind_prolog_comments_and_doctype() -> None:
    head = (
        b"\xef\xbb\xbf\n<?xml version='1.0'?><!-- <no> --><!DOCTYPE r [<!ENTITY a '<no>'>]>\n<p:r>"
    )
    assert root_name(head) == "r"
    assert root_name(b"<!DOCTYPE " + b"x" * 60_000) == ""
    assert root_name(b"") == ""


class Endless(io.RawIOBase):
    """A stream of many megabytes that exists nowhere as a whole."""

    def __init__(self, parts: Iterator[bytes]) -> None:
        self.parts = parts

    def read(self, size: int = -1) -> bytes:
        return next(self.parts, b"")


def streamed(*parts: bytes | tuple[bytes, int]) -> list[str]:
    def pieces() -> Iterator[bytes]:
        for part in parts:
            if isinstance(part, tuple):
                for _ in range(part[1]):
                    yield part[0]
            else:
                yield part

    stream = cast("BinaryIO", Endless(pieces()))
    return [
        item.reason if isinstance(item, Rejected) else text_of(item[1])
        for item in read_elements(stream, ("record",))
    ]


@pytest.mark.parametrize(
    "filler",
    [
        b"x" * 250_000,
        b"<a>" * 80_000,
        b"<!--" * 60_000,
        b"</rec" * 50_000,
        b"<!--" + b"-" * 2_000 + b"-->",
    ],
)
@pytest.mark.slow
def test_a_hundred_megabytes_in_one_line(filler: bytes) -> None:
    count = 100_000_000 // len(filler)
    tracemalloc.start()
    found = streamed(b"<x><record>1</record><record>", (filler, count), b"<record>3</record></x>")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (found[0], found[-1]) == ("1", "3")
    assert peak < 80_000_000


def test_marks_across_the_borders_of_what_is_read() -> None:
    data = b"<x>" + b"<record>ab</record >" * 3 + b"</x>"
    for size in (1, 2, 3, 5, 7):
        parts = [data[at : at + size] for at in range(0, len(data), size)]
        assert streamed(*parts) == ["ab"] * 3
