"""Training text: streamed from files or from a library, cut at sentence borders, and the part of
it that is held out.

Text files are ``.txt`` (a text a line) and ``.jsonl`` (an object with ``text`` a line), pairs are
``.tsv`` (two columns, no header) and ``.jsonl`` (``anchor`` and ``positive``); all may be gzipped.
"""

import gzip
import hashlib
import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from search.library.library import Library
from search.text.sentences import sentence_spans


class TrainingDataError(ValueError):
    """Training data that cannot be read: names the file, the line and what it should hold."""


class Pair(NamedTuple):
    """Two texts that mean the same, or a question and its answer."""

    anchor: str
    positive: str


def read_texts(sources: Iterable[Path]) -> Iterator[str]:
    """The texts of files, and title and abstract of every record of libraries, in order.

    Raises:
        TrainingDataError: for a source that is not there or a line that holds no text.
    """
    for source in sources:
        if source.is_dir():
            for _, record in Library(source).generation().all_records():
                yield from (version.text for version in record.versions() if version.text)
            continue
        is_jsonl = ".jsonl" in source.suffixes
        if not is_jsonl and ".txt" not in source.suffixes:
            raise TrainingDataError(
                f"{source}: texts come from .txt, .jsonl, or a library's folder"
            )
        for number, line in numbered_lines(source):
            text = _object(source, number, line, ("text",))[0] if is_jsonl else line
            if text.strip():
                yield text.strip()


def read_pairs(sources: Iterable[Path]) -> Iterator[Pair]:
    """The pairs of files, in order.

    Raises:
        TrainingDataError: for a file that is not there or a line that is no pair.
    """
    for source in sources:
        is_jsonl = ".jsonl" in source.suffixes
        if not is_jsonl and ".tsv" not in source.suffixes:
            raise TrainingDataError(f"{source}: pairs come from .tsv or .jsonl")
        for number, line in numbered_lines(source):
            if is_jsonl:
                row = _object(source, number, line, ("anchor", "positive"))
            else:
                row = line.split("\t")
            if len(row) != 2 or not all(text.strip() for text in row):
                raise TrainingDataError(f"{source}, line {number}: expected two texts and a tab")
            yield Pair(row[0].strip(), row[1].strip())


def numbered_lines(file: Path) -> Iterator[tuple[int, str]]:
    """The lines of a text file, gzipped or not, that are not blank, with their numbers.

    Raises:
        TrainingDataError: when the file is not there or not UTF-8.
    """
    opener = gzip.open if file.suffix == ".gz" else open
    try:
        with opener(file, "rt", encoding="utf-8") as stream:
            for number, line in enumerate(stream, 1):
                if line.strip():
                    yield number, line.rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise TrainingDataError(f"{file}: not UTF-8 ({error.reason})") from error
    except OSError as error:
        raise TrainingDataError(f"{file}: cannot be read ({error.strerror or error})") from error


def is_held_out(text: str, share: float) -> bool:
    """Whether ``text`` belongs to the held-out ``share``: by its hash, so that the answer is the
    same wherever and in whatever order the text comes."""
    digest = hashlib.sha256("".join(text.split()).encode()).digest()
    return int.from_bytes(digest[:8], "big") < share * 2**64


def divide(
    text: str, held_out_share: float, characters: int = sys.maxsize
) -> tuple[list[str], list[str]]:
    """``text`` in runs of whole sentences to train on, and its held-out sentences.

    A run is at most ``characters`` long; a longer sentence is cut inside.
    """
    runs: list[str] = []
    held: list[str] = []
    start = end = 0
    for begin, stop in sentence_spans(text):
        is_held = is_held_out(text[begin:stop], held_out_share)
        if end > start and (is_held or stop - start > characters):
            runs.append(text[start:end])
            start = end
        if is_held:
            held.append(text[begin:stop])
            start = end = stop
            continue
        start = begin if start == end else start
        while stop - start > characters:
            runs.append(text[start : start + characters])
            start += characters
        end = stop
    if end > start:
        runs.append(text[start:end])
    return runs, held


def _object(file: Path, number: int, line: str, keys: tuple[str, ...]) -> list[str]:
    try:
        data = json.loads(line)
        values = [data[key] for key in keys]
    except (ValueError, KeyError, TypeError) as error:
        raise TrainingDataError(
            f"{file}, line {number}: expected an object with {' and '.join(keys)}"
        ) from error
    if not all(isinstance(value, str) for value in values):
        raise TrainingDataError(f"{file}, line {number}: {' and '.join(keys)} should be text")
    return values
