"""Lines of text from bytes: encodings, ends, limits."""

import io
import tracemalloc
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.formats import FORMATS, Rejected
from search.formats.syntax.lines import encoding_of, text_lines

ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp932", "euc_jp")


def lines(data: bytes) -> list[str]:
    return [line.text for line in text_lines(io.BytesIO(data))]


@pytest.mark.parametrize("encoding", [*ENCODINGS, "iso2022_jp"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_japanese_in_every_encoding(encoding: str, end: str) -> None:
    text = ["TI  - 薔薇疹を伴った肺炎の１例", "", "ascii only", "AU  - 山田 太郎"] * 2000
    assert lines((end.join(text) + end).encode(encoding)) == text


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("肺炎", "cp932"), ("肺炎", "euc_jp"), ("β遮断薬", "cp932"), ("ｱｽﾋﾟﾘﾝの効果", "cp932"),
        ("①癌②", "cp932"), ("Müller, naïve", "cp1252"), ("Aglaé", "cp1252"), ("肺", "utf-8"),
    ],
)  # fmt: skip
def test_few_characters_are_enough(text: str, encoding: str) -> None:
    assert encoding_of(text.encode(encoding)) == encoding


def test_exports_put_together_keep_their_own_encodings() -> None:
    texts = ["肺炎の治療と転帰", "高齢者の骨折予防"]
    data = b"\n".join(
        [texts[0].encode(), texts[1].encode("cp932"), b"\xef\xbb\xbf" + texts[0].encode()]
    )
    assert lines(data) == [*texts, texts[0]]


def test_broken_bytes_become_replacement_characters() -> None:
    assert lines("肺炎の".encode()[:-1] + b"\n" + "治療の転帰を調べた".encode()) == [
        "肺炎\ufffd", "治療の転帰を調べた",
    ]  # fmt: skip


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\r\n\0\x1b\ufeff"))))
def test_any_text_comes_back(text: list[str]) -> None:
    assert lines("".join(f"{line}\n" for line in text).encode()) == text


@given(st.binary())
def test_any_bytes_are_read(data: bytes) -> None:
    assert len(lines(data)) <= len(data)


class Endless(io.RawIOBase):
    """So many bytes of one kind, which never stand in memory."""

    def __init__(self, head: bytes, byte: bytes, count: int, tail: bytes = b"") -> None:
        self.parts = self.pieces(head, byte, count, tail)
        self.rest = b""

    @staticmethod
    def pieces(head: bytes, byte: bytes, count: int, tail: bytes) -> Iterator[bytes]:
        yield head
        for _ in range(count // 65536):
            yield byte * (65536 // len(byte))
        yield tail

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray) -> int:
        while not self.rest:
            piece = next(self.parts, None)
            if piece is None:
                return 0
            self.rest = piece
        taken, self.rest = self.rest[: len(buffer)], self.rest[len(buffer) :]
        buffer[: len(taken)] = taken
        return len(taken)


HEADS = {
    "ris": (b"TY  - JOUR\nTI  - A\nAB  - ", b"\nER  - \nTY  - JOUR\nTI  - Last\nER  - \n"),
    "nbib": (b"PMID- 1\nTI  - A\nAB  - ", b"\n\nPMID- 2\nTI  - Last\n"),
    "ciw": (b"PT J\nTI A\nAB ", b"\nER\n\nPT J\nTI Last\nER\n"),
    "refer": (b"%0 J\n%T A\n%X ", b"\n\n%0 J\n%T Last\n"),
    "bibtex": (b"@article{a, title={", b"}}\n@article{b, title={Last}}\n"),
    "csv": (b'title,abstract\nA,"', b'"\nLast,b\n'),
    "jsonl": (b'{"id": "a", "title": "', b'"}\n{"id": "b", "title": "Last"}\n'),
}


@pytest.mark.parametrize("name", sorted(HEADS))
@pytest.mark.parametrize("byte", [b"x", b"\xff", b'"'])
def test_endless_input_takes_bounded_memory_and_the_rest_is_read(name: str, byte: bytes) -> None:
    head, tail = HEADS[name]
    size = 72 * 1024 * 1024
    stream = io.BufferedReader(Endless(head, byte, size, tail))
    tracemalloc.start()
    *_, last = FORMATS[name].read(stream)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < size
    assert not isinstance(last, Rejected)
    assert getattr(last, "title", "") == "Last"
