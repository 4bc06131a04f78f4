"""Records to vector segments, resumable: every finished chunk is kept until it is published."""

import hashlib
import zipfile
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from indexer.preparation import PreparedPassage, PreparedRecords, prepare
from search.encoder import EncodedPassage, Encoder, Window
from search.encoder.text_side import Tokens
from search.manifest import Segment
from search.records import Record
from search.segments import SEGMENT_PARTS

# Checkpoints that may wait for the disk.
_UNWRITTEN = 4
# Bounds memory while a segment is gathered: some 300 MB at 384 dimensions.
_SEGMENT_PASSAGES = 50_000


@dataclass(frozen=True)
class _Chunk:
    """Vectors of some passages in order, in the form in which a segment stores them."""

    passages: NDArray[np.float16]
    sentences: NDArray[np.int8]
    scales: NDArray[np.float32]
    spans: NDArray[np.int32]
    counts: NDArray[np.int64]


def embed_records(
    encoder: Encoder,
    records: Iterable[tuple[int, Record]],
    directory: Path,
    checkpoints: Path,
    base: int,
    first_segment: int,
    keep: Callable[[Iterable[tuple[int, int, str, int, int]]], None],
    finished: Callable[[int], None],
) -> list[Segment]:
    """Embed every version of every record and write segments into ``directory``.

    Passages are numbered from ``base`` on, and ``keep`` is given those of each chunk (number,
    record, language, start, end). A chunk found in ``checkpoints`` under the hash of its text and
    encoder is not embedded again. ``finished`` is told the records done in each chunk.
    """
    checkpoints.mkdir(parents=True, exist_ok=True)
    directory.mkdir(parents=True, exist_ok=True)
    segments: list[Segment] = []
    gathered: list[_Chunk] = []

    def flush() -> None:
        if gathered:
            start = segments[-1].base + segments[-1].passages if segments else base
            name = f"{first_segment + len(segments):06d}"
            segments.append(_write_segment(directory, name, start, gathered))
            gathered.clear()

    with ExitStack() as stack:
        prepared = prepare(encoder, records, stack)
        for count, chunk in _embedded(encoder, prepared, checkpoints, base, keep, stack):
            if len(chunk.passages):
                gathered.append(chunk)
            if sum(len(c.passages) for c in gathered) >= _SEGMENT_PASSAGES:
                flush()
            finished(count)
    flush()
    return segments


def _embedded(
    encoder: Encoder,
    prepared: Iterable[PreparedRecords],
    checkpoints: Path,
    base: int,
    keep: Callable[[Iterable[tuple[int, int, str, int, int]]], None],
    stack: ExitStack,
) -> Iterator[tuple[int, _Chunk]]:
    """The chunks in order, each with its number of records.

    The encoder reads on while it works, and a thread of its own writes checkpoints.
    """
    writer = stack.enter_context(ThreadPoolExecutor(1, "checkpoints"))
    # Chunks in order: what a checkpoint holds, or where the encoder's result is to be kept.
    order: deque[tuple[PreparedRecords, _Chunk | Path]] = deque()
    written: deque[Future[None]] = deque()
    number = base

    def to_encode() -> Iterator[list[Tokens]]:
        nonlocal number
        for chunk in prepared:
            keep(
                (row, p.record, p.language, p.window.start, p.window.end)
                for row, p in enumerate(chunk.passages, start=number)
            )
            number += len(chunk.passages)
            file = checkpoints / f"{_key(encoder, chunk.passages)}.npz"
            stored = _read_checkpoint(file)
            order.append((chunk, stored or file))
            if stored is None:
                yield [p.tokens for p in chunk.passages]

    def ready() -> Iterator[tuple[int, _Chunk]]:
        while order and isinstance(stored := order[0][1], _Chunk):
            yield order.popleft()[0].records, stored

    for encoded in encoder.encode_prepared(to_encode()):
        yield from ready()
        prepared_chunk, file = order.popleft()
        assert isinstance(file, Path)
        chunk = _chunk([p.window for p in prepared_chunk.passages], encoded, encoder.dim)
        written.append(writer.submit(_write_checkpoint, file, chunk))
        while len(written) > _UNWRITTEN:
            written.popleft().result()
        yield prepared_chunk.records, chunk
    yield from ready()
    for future in written:
        future.result()


def _read_checkpoint(file: Path) -> _Chunk | None:
    try:
        with np.load(file) as stored:
            return _Chunk(**{name: stored[name] for name in stored.files})
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, zipfile.BadZipFile, EOFError):
        # Torn by a power cut: embed it again.
        file.unlink(missing_ok=True)
        return None


def _chunk(windows: Sequence[Window], encoded: Sequence[EncodedPassage], dim: int) -> _Chunk:
    nothing = np.zeros((0, dim), np.float32)
    sentences = np.concatenate([nothing, *(e.sentences for e in encoded)])
    scales = np.abs(sentences).max(axis=1).clip(min=1e-12) / 127
    return _Chunk(
        passages=np.array([e.vector for e in encoded], np.float16).reshape(-1, dim),
        sentences=np.rint(sentences / scales[:, None]).astype(np.int8),
        scales=scales.astype(np.float32),
        spans=np.array([s for w in windows for s in w.sentences], np.int32).reshape(-1, 2),
        counts=np.array([len(w.sentences) for w in windows], np.int64),
    )


def _write_checkpoint(file: Path, chunk: _Chunk) -> None:
    partial = file.with_suffix(".partial")
    with partial.open("wb") as stream:
        np.savez(
            stream,
            passages=chunk.passages,
            sentences=chunk.sentences,
            scales=chunk.scales,
            spans=chunk.spans,
            counts=chunk.counts,
        )
    partial.rename(file)


def _key(encoder: Encoder, passages: Sequence[PreparedPassage]) -> str:
    digest = hashlib.sha256(f"{encoder.model.fingerprint} {encoder.backend.name}".encode())
    for passage in passages:
        digest.update(repr(passage.window).encode())
        digest.update(passage.text.encode())
    return digest.hexdigest()


def _write_segment(directory: Path, name: str, base: int, chunks: Sequence[_Chunk]) -> Segment:
    counts = np.concatenate([c.counts for c in chunks])
    parts = {
        "passages": np.concatenate([c.passages for c in chunks]),
        "sentences": np.concatenate([c.sentences for c in chunks]),
        "scales": np.concatenate([c.scales for c in chunks]),
        "spans": np.concatenate([c.spans for c in chunks]),
        "first": np.concatenate([np.zeros(1, np.int64), np.cumsum(counts)]),
    }
    for part in SEGMENT_PARTS:
        np.save(directory / f"{name}.{part}.npy", parts[part])
    return Segment(name, base, len(parts["passages"]), len(parts["sentences"]))


def segment_vectors(directory: Path, segments: Iterable[Segment]) -> Iterator[NDArray[np.float32]]:
    """The passage vectors of segments, one float32 block (n, dim) after another."""
    for segment in segments:
        rows = np.load(directory / f"{segment.name}.passages.npy", mmap_mode="r")
        for start in range(0, len(rows), _SEGMENT_PASSAGES):
            yield np.asarray(rows[start : start + _SEGMENT_PASSAGES], np.float32)
