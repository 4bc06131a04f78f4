"""Records to passages ready for the network: windows and tokens, in other processes where the
network is faster than one process can prepare its texts."""

import multiprocessing
import os
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice

from search.encoder import Encoder, Window
from search.encoder.text_side import TextSide, Tokens
from search.records import Record

# Chunks that are prepared ahead for each process.
_AHEAD = 2


@dataclass(frozen=True)
class PreparedPassage:
    """A passage of a record's version: its span in ``text`` and its tokens."""

    record: int
    language: str
    text: str
    window: Window
    tokens: Tokens


@dataclass(frozen=True)
class PreparedRecords:
    """The passages of so many ``records``."""

    records: int
    passages: list[PreparedPassage]


# (record number, language, text)
_Version = tuple[int, str, str]


def prepare(
    encoder: Encoder, records: Iterable[tuple[int, Record]], stack: ExitStack
) -> Iterator[PreparedRecords]:
    """The passages of numbered records, a chunk after another, in order.

    Processes that help end with ``stack``.
    """
    chunks = _chunks(iter(records), encoder.backend.chunk_records)
    if not encoder.backend.prepares_apart:
        for chunk in chunks:
            yield _prepared(encoder.text_side, chunk)
        return
    processes = max(1, (os.cpu_count() or 1) - 1)
    # Not forked: a process that has CUDA open can't be.
    context = multiprocessing.get_context("spawn")
    pool = stack.enter_context(
        ProcessPoolExecutor(processes, context, _receive, (encoder.text_side,))
    )
    under_way: deque[Future[PreparedRecords]] = deque()
    for chunk in chunks:
        under_way.append(pool.submit(_prepared_here, chunk))
        if len(under_way) > _AHEAD * processes:
            yield under_way.popleft().result()
    while under_way:
        yield under_way.popleft().result()


def _chunks(records: Iterator[tuple[int, Record]], size: int) -> Iterator[list[_Version]]:
    while chunk := list(islice(records, size)):
        yield [(n, version.language, version.text) for n, r in chunk for version in r.versions()]


_text_side: TextSide | None = None


def _receive(text_side: TextSide) -> None:
    """Keep what a helping process prepares texts with."""
    global _text_side
    # Every core has a process already: threads of the tokenizer's own would only be in their way.
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    _text_side = text_side


def _prepared_here(versions: Sequence[_Version]) -> PreparedRecords:
    assert _text_side is not None
    return _prepared(_text_side, versions)


def _prepared(text_side: TextSide, versions: Sequence[_Version]) -> PreparedRecords:
    passages = [
        PreparedPassage(number, language, text, window, text_side.passage(text, window))
        for number, language, text in versions
        for window in text_side.windows(text, language)
    ]
    return PreparedRecords(len({number for number, _, _ in versions}), passages)
