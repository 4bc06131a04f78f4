"""Records to passages ready for the network: windows and tokens, in other processes where the
network is faster than one process can prepare its texts."""

import multiprocessing
import os
from collections import deque
from collections.abc import Iterable, Iterator
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
    """A passage: which of its chunk's versions it is of, its span in that ``text``, its tokens."""

    version: int
    text: str
    window: Window
    tokens: Tokens


@dataclass(frozen=True)
class RecordChunk:
    """Records that are embedded together: how many, and the versions of each as (record number,
    language, text, where in it the title ends: 0 where the text is no more than a title)."""

    records: int
    versions: list[tuple[int, str, str, int]]


def record_chunks(records: Iterable[tuple[int, Record]], size: int) -> Iterator[RecordChunk]:
    """Numbered records, ``size`` at a time, in order."""
    iterator = iter(records)
    while chunk := list(islice(iterator, size)):
        versions = [
            (n, v.language, v.text, len(v.title) if v.abstract else 0)
            for n, record in chunk
            for v in record.versions()
        ]
        yield RecordChunk(len(chunk), versions)


def prepare(
    encoder: Encoder, chunks: Iterable[RecordChunk], stack: ExitStack
) -> Iterator[list[PreparedPassage]]:
    """The passages of each chunk, in order.

    Processes that help end with ``stack``.
    """
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
    under_way: deque[Future[list[PreparedPassage]]] = deque()
    for chunk in chunks:
        under_way.append(pool.submit(_prepared_here, chunk))
        if len(under_way) > _AHEAD * processes:
            yield under_way.popleft().result()
    while under_way:
        yield under_way.popleft().result()


_text_side: TextSide | None = None


def _receive(text_side: TextSide) -> None:
    """Keep what a helping process prepares texts with."""
    global _text_side
    # Every core has a process already: threads of the tokenizer's own would only be in their way.
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    _text_side = text_side


def _prepared_here(chunk: RecordChunk) -> list[PreparedPassage]:
    assert _text_side is not None
    return _prepared(_text_side, chunk)


def _prepared(text_side: TextSide, chunk: RecordChunk) -> list[PreparedPassage]:
    return [
        PreparedPassage(version, text, window, text_side.passage(text, window))
        for version, (_, language, text, title_end) in enumerate(chunk.versions)
        for window in _windows(text_side, text, language, title_end)
    ]


def _windows(text_side: TextSide, text: str, language: str, title_end: int) -> list[Window]:
    """The windows of a text, and its title once more by itself: people ask in the words of titles,
    and a short text is nearest to a short one."""
    windows = text_side.windows(text, language)
    if title_end:
        windows.append(Window(0, title_end, ((0, title_end),)))
    return windows
