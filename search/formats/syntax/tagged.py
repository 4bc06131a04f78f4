"""Records of lines that begin with tags: what RIS, MEDLINE, Refer and Web of Science share.

Libraries for these formats (rispy, nbib) read a file as a whole and stop at the first line that
they don't expect; once a stream is cut into records, its tags are read too. So they are read here,
and rispy serves in the tests to check what is written.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import BinaryIO

from search.formats.fields.markup import LONGEST_NOTHING, plain_text, something
from search.formats.syntax.lines import text_lines

# More than any record by far: text without a record's end must not grow without limit.
_MAX_RECORD = 4 * 1024 * 1024
_CJK = re.compile(r"[\u3000-\u30ff\u3400-\u9fff\uff00-\uff65]")
_SENTENCE_END = (".", "!", "?", "。", "．", "！", "？", ":", "：", "」")


@dataclass(frozen=True)
class TaggedRecord:
    """The fields of a record in their order, and the line where it begins.

    A value of several lines holds them with line feeds. ``by_tag`` has the values that say
    something, without markup and entities. ``fault`` says why the record can't be used; ``closed``
    that a tag ended it.
    """

    line: int
    fields: tuple[tuple[str, str], ...]
    by_tag: Mapping[str, list[str]]
    fault: str = ""
    closed: bool = False

    def all(self, *tags: str) -> list[str]:
        """Every value of these tags that is not empty, tag by tag."""
        return [value for tag in tags for value in self.by_tag.get(tag, ())]

    def first(self, *tags: str) -> str:
        """The first value that is not empty, the tags tried in their order."""
        return next((self.by_tag[tag][0] for tag in tags if tag in self.by_tag), "")


def tagged_records(
    stream: BinaryIO,
    tag: re.Pattern[str],
    *,
    opens: frozenset[str] = frozenset(),
    once: frozenset[str] = frozenset(),
    last: frozenset[str] = frozenset(),
    closes: frozenset[str] = frozenset(),
    blank_closes: bool = False,
    indented: bool = False,
) -> Iterator[TaggedRecord]:
    """The records of ``stream``. ``tag`` matches a line's tag (group 1) and the text after it
    (group 2); other lines continue the value before them, or stand between records.

    A record ends at a tag of ``closes``, before one of ``opens``, before one of ``once`` that it
    already has, and, with ``blank_closes``, at an empty line that a tag follows; so a record whose
    end is damaged takes no other with it. With ``indented``, lines that continue a value begin
    with spaces, and one after an empty line that doesn't is the rest of a damaged record; so is any
    line after a tag of ``last`` and an empty line.
    """
    fields: list[tuple[str, list[str]]] = []
    begin = size = 0
    fault = ""
    blank = False

    def finished(*, closed: bool = False) -> TaggedRecord:
        joined = tuple(
            [
                (name, parts[0] if len(parts) == 1 else "\n".join(parts).strip())
                for name, parts in fields
            ]
        )
        return TaggedRecord(begin, joined, _by_tag(joined), fault, closed)

    for number, text, cut in text_lines(stream):
        if found := tag.match(text):
            name, text = found.group(1), found.group(2) or ""
            said = text.strip()
            seen = name in once and any(name == other for other, _ in fields)
            ended = seen or name in opens or (blank_closes and blank)
        else:
            name, said = "", text.strip()
            stray = blank and indented and bool(said and fields)
            ended = stray and (fields[-1][0] in last or not text.startswith("   "))
        if ended and fields:
            yield finished()
            fields, size, fault = [], 0, ""
        blank = not (found or said)
        if name in closes:
            if fields:
                yield finished(closed=True)
            fields, size, fault = [], 0, ""
            continue
        if found:
            if not fields:
                begin = number
            fields.append((name, []))
        elif not fields:
            continue
        size += len(text) + 1
        if cut or size > _MAX_RECORD:
            fault = f"longer than {_MAX_RECORD // 1024**2} MiB"
            fields = fields[:1]
        elif not fault:
            fields[-1][1].append(said)
    if fields:
        yield finished()


def joined(record: TaggedRecord, other: TaggedRecord) -> TaggedRecord:
    """One record of the fields of two that follow each other."""
    fields = (*record.fields, *other.fields)
    fault = record.fault or other.fault
    return TaggedRecord(record.line, fields, _by_tag(fields), fault, other.closed)


def _by_tag(fields: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    by_tag: dict[str, list[str]] = {}
    for name, value in fields:
        text = plain_text(value) if "&" in value or "<" in value else value
        if text and (len(text) > LONGEST_NOTHING or something(text)):
            by_tag.setdefault(name, []).append(text)
    return by_tag


def unwrapped(value: str) -> str:
    """A value whose lines were broken at a width, as one line; no space between Japanese."""
    if "\n" not in value:
        return value.strip()
    lines = [line for line in map(str.strip, value.split("\n")) if line]
    parts = lines[:1]
    for before, line in pairwise(lines):
        apart = "" if _CJK.match(before[-1]) and _CJK.match(line[0]) else " "
        parts += (apart, line)
    return "".join(parts)


def paragraphs(value: str) -> str:
    """A value in which a line that ends a sentence ends a paragraph, and any other goes on."""
    done: list[list[str]] = [[]]
    for line in filter(None, map(str.strip, value.split("\n"))):
        if done[-1] and done[-1][-1].endswith(_SENTENCE_END):
            done.append([])
        done[-1].append(line)
    return "\n".join(unwrapped("\n".join(lines)) for lines in done)
