"""Labelled examples for fine-tuning, read from TSV, JSONL and CoNLL files (gzipped or not).

- classification: ``.tsv`` text and label; ``.jsonl`` ``text`` and ``label``
- tokens: ``.conll``, ``.bio`` or ``.tsv``: a token, white space, its IOB2 tag; a blank line ends a
  sentence; ``.jsonl`` ``tokens`` and ``tags``
- retrieval: ``.tsv`` anchor, positive and, if every line has one, negative; ``.jsonl`` likewise
"""

import gzip
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from indexer.train.texts import TrainingDataError, is_held_out, numbered_lines

Example = TypeVar("Example", "Labelled", "Tagged", "Triple")

_TAG = re.compile(r"O|[BI]-\S+")
_BLANK = re.compile(r"[ \t]+")


@dataclass(frozen=True)
class Labelled:
    """A text and its class."""

    text: str
    label: str


@dataclass(frozen=True)
class Tagged:
    """A sentence's tokens, and an IOB2 tag for each."""

    tokens: tuple[str, ...]
    tags: tuple[str, ...]


@dataclass(frozen=True)
class Triple:
    """A query, a text that answers it and, possibly, one that does not."""

    anchor: str
    positive: str
    negative: str | None = None


def read_labelled(file: Path) -> list[Labelled]:
    """Examples for classification.

    Raises:
        TrainingDataError: naming the line.
    """
    return [Labelled(*row) for row in _rows(file, ("text", "label"))]


def read_triples(file: Path) -> list[Triple]:
    """Pairs, or triples where every line has a negative.

    Raises:
        TrainingDataError: naming the line.
    """
    rows = _rows(file, ("anchor", "positive"), optional="negative")
    if len({len(row) for row in rows}) > 1:
        raise TrainingDataError(f"{file}: some lines have a negative and some have none")
    return [Triple(*row) for row in rows]


def read_tagged(file: Path) -> list[Tagged]:
    """Sentences with IOB2 tags.

    Raises:
        TrainingDataError: naming the line, also where an I- follows nothing that it continues.
    """
    sentences: list[Tagged] = []
    if ".jsonl" in file.suffixes:
        for number, line in numbered_lines(file):
            data = _json(file, number, line)
            tokens, tags = (_texts(data.get(name)) for name in ("tokens", "tags"))
            if not tokens or len(tokens) != len(tags):
                raise TrainingDataError(
                    f"{file}, line {number}: expected tokens and tags, as many of the one as of "
                    "the other"
                )
            _check_tags(file, number, tags)
            sentences.append(Tagged(tuple(tokens), tuple(tags)))
        return sentences
    tokens, tags = [], []
    begun = 1
    for number, line in enumerate([*_all_lines(file), ""], 1):
        if line.strip() and not line.startswith("-DOCSTART-"):
            # Between the token and its tag, the last column, CoNLL has others.
            row = _BLANK.split(line.strip())
            if len(row) < 2:
                raise TrainingDataError(f"{file}, line {number}: expected a token and a tag")
            tokens.append(row[0])
            tags.append(row[-1])
        elif tokens:
            _check_tags(file, begun, tags)
            sentences.append(Tagged(tuple(tokens), tuple(tags)))
            tokens, tags = [], []
        if not tokens:
            begun = number + 1
    return sentences


def split(examples: Iterable[Example], share: float) -> tuple[list[Example], list[Example]]:
    """Examples to train on and the held-out ``share``, chosen by the hash of their text; a query's
    positive takes all its queries with it."""
    kept: list[Example] = []
    held: list[Example] = []
    for example in examples:
        if isinstance(example, Labelled):
            key = example.text
        elif isinstance(example, Tagged):
            key = "".join(example.tokens)
        else:
            key = example.positive
        (held if is_held_out(key, share) else kept).append(example)
    return kept, held


def _check_tags(file: Path, line: int, tags: Iterable[str]) -> None:
    before = "O"
    for i, tag in enumerate(tags):
        if not _TAG.fullmatch(tag):
            raise TrainingDataError(
                f"{file}, line {line + i}: {tag!r} is no IOB2 tag (O, B-…, I-…)"
            )
        if tag.startswith("I-") and before[2:] != tag[2:]:
            raise TrainingDataError(
                f"{file}, line {line + i}: {tag} continues nothing: entities begin with B-"
            )
        before = tag


def _rows(file: Path, names: tuple[str, ...], optional: str | None = None) -> list[list[str]]:
    rows: list[list[str]] = []
    for number, line in numbered_lines(file):
        if ".jsonl" in file.suffixes:
            data = _json(file, number, line)
            wanted = [*names, *([optional] if optional and optional in data else [])]
            row: list[Any] = [data.get(name) for name in wanted]
        else:
            row = line.split("\t")
        most = len(names) + (optional is not None)
        if not (len(names) <= len(row) <= most and all(isinstance(v, str) and v for v in row)):
            raise TrainingDataError(
                f"{file}, line {number}: expected {', '.join(names)}"
                + (f" and perhaps {optional}" if optional else "")
            )
        rows.append([str(value) for value in row])
    return rows


def _all_lines(file: Path) -> list[str]:
    opener = gzip.open if file.suffix == ".gz" else open
    try:
        with opener(file, "rt", encoding="utf-8") as stream:
            return [line.rstrip("\r\n") for line in stream]
    except (OSError, UnicodeDecodeError) as error:
        raise TrainingDataError(f"{file}: cannot be read ({error})") from error


def _json(file: Path, number: int, line: str) -> dict[str, Any]:
    try:
        data = json.loads(line)
    except ValueError as error:
        raise TrainingDataError(f"{file}, line {number}: not JSON ({error})") from error
    if not isinstance(data, dict):
        raise TrainingDataError(f"{file}, line {number}: not a JSON object")
    return data


def _texts(value: Any) -> list[str]:
    return value if isinstance(value, list) and all(isinstance(v, str) for v in value) else []
