"""Records to vector segments, resumable: every finished chunk is kept until it is published."""

import hashlib
import os
import socket
import zipfile
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, fields
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from indexer.stages.preparation import PreparedPassage, RecordChunk, prepare, record_chunks
from indexer.stages.staging import BuildError
from search.encoder import EncodedPassage, Encoder
from search.encoder.text_side import Tokens
from search.library.manifest import Segment
from search.library.segments import SEGMENT_PARTS
from search.records import Record

# Checkpoints that may wait for the disk.
_UNWRITTEN = 4
# Bounds memory while a segment is gathered: some 300 MB at 384 dimensions.
_SEGMENT_PASSAGES = 50_000


@dataclass(frozen=True)
class _Chunk:
    """Vectors of some passages in order, in the form in which a segment stores them.

    ``owners`` int32 (n, 3) are each passage's version in the chunk of records, its start and its
    end there; ``counts`` its number of sentences.
    """

    owners: NDArray[np.int32]
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
    record, language, start, end). A chunk found in ``checkpoints`` (:func:`checkpoint`) is not
    embedded again. ``finished`` is told the records done in each chunk.

    Raises:
        BuildError: when a checkpoint turns out to be damaged.
    """
    directory.mkdir(parents=True, exist_ok=True)
    segments: list[Segment] = []
    gathered: list[_Chunk] = []
    number = base

    def flush() -> None:
        if gathered:
            start = segments[-1].base + segments[-1].passages if segments else base
            name = f"{first_segment + len(segments):06d}"
            segments.append(_write_segment(directory, name, start, gathered))
            gathered.clear()

    chunks = record_chunks(records, encoder.backend.chunk_records)
    for done in embed_chunks(encoder, chunks, checkpoints):
        chunk = _read_checkpoint(done.file)
        owned = zip(chunk.owners.tolist(), range(number, number + len(chunk.owners)), strict=True)
        keep((row, *done.versions[version], start, end) for (version, start, end), row in owned)
        number += len(chunk.owners)
        if len(chunk.passages):
            gathered.append(chunk)
        if sum(len(c.passages) for c in gathered) >= _SEGMENT_PASSAGES:
            flush()
        finished(done.records)
    flush()
    return segments


@dataclass(frozen=True)
class EmbeddedChunk:
    """A chunk of records whose vectors are in ``file``; versions are (record number, language)."""

    records: int
    versions: list[tuple[int, str]]
    file: Path

    @classmethod
    def of(cls, chunk: RecordChunk, file: Path) -> "EmbeddedChunk":
        """The chunk without its texts."""
        return cls(chunk.records, [(version[0], version[1]) for version in chunk.versions], file)


def embed_chunks(
    encoder: Encoder, chunks: Iterable[RecordChunk], checkpoints: Path
) -> Iterator[EmbeddedChunk]:
    """Have the vectors of every chunk in a file of ``checkpoints``; gives them in order."""
    checkpoints.mkdir(parents=True, exist_ok=True)
    placed = ((chunk, checkpoint(encoder, chunk, checkpoints)) for chunk in chunks)
    # Those that are there are no burden on memory, however many: nothing is read ahead of them.
    for there, run in groupby(placed, key=lambda item: is_whole(item[1])):
        if there:
            yield from (EmbeddedChunk.of(chunk, file) for chunk, file in run)
        else:
            yield from embed_into(encoder, run)


def embed_into(
    encoder: Encoder, placed: Iterable[tuple[RecordChunk, Path]]
) -> Iterator[EmbeddedChunk]:
    """Write the vectors of each chunk into the file beside it; gives them in order, once written.

    The encoder reads on while it works, and a thread of its own writes.
    """
    under_way: deque[EmbeddedChunk] = deque()
    prepared: deque[list[PreparedPassage]] = deque()
    written: deque[tuple[EmbeddedChunk, Future[None]]] = deque()

    def read() -> Iterator[RecordChunk]:
        for chunk, file in placed:
            under_way.append(EmbeddedChunk.of(chunk, file))
            yield chunk

    def to_encode() -> Iterator[list[Tokens]]:
        for passages in prepare(encoder, read(), stack):
            prepared.append(passages)
            yield [passage.tokens for passage in passages]

    with ExitStack() as stack, ThreadPoolExecutor(1, "checkpoints") as writer:
        for encoded in encoder.encode_prepared(to_encode()):
            done = under_way.popleft()
            chunk = _chunk(prepared.popleft(), encoded, encoder.dim)
            written.append((done, writer.submit(_write_checkpoint, done.file, chunk)))
            while written and (len(written) > _UNWRITTEN or written[0][1].done()):
                yield _when_written(*written.popleft())
        while written:
            yield _when_written(*written.popleft())


def _when_written(chunk: EmbeddedChunk, future: Future[None]) -> EmbeddedChunk:
    future.result()
    return chunk


def checkpoint(encoder: Encoder, chunk: RecordChunk, folder: Path) -> Path:
    """The file of a chunk's vectors: named by the hash of its texts and of what embeds them."""
    digest = hashlib.sha256(f"{encoder.model.fingerprint} {encoder.backend.name}".encode())
    for _, language, text, title_end in chunk.versions:
        digest.update(f"\0{language}\0{title_end}\0{text}".encode())
    return folder / f"{digest.hexdigest()}.npz"


def is_whole(file: Path) -> bool:
    """Whether a checkpoint is there and was written to its end; one that was not is removed."""
    try:
        with file.open("rb") as stream, np.load(stream) as stored:
            return set(stored.files) == _PARTS
    except FileNotFoundError:
        return False
    except _TORN:
        # Torn by a power cut: embed it again.
        file.unlink(missing_ok=True)
        return False


def read_arrays(file: Path, names: set[str]) -> dict[str, NDArray[Any]] | None:
    """Read a checkpoint that holds just ``names``; None where there is none, or a damaged one,
    which is removed."""
    try:
        with file.open("rb") as stream, np.load(stream) as stored:
            if set(stored.files) == names:
                return {name: stored[name] for name in names}
    except FileNotFoundError:
        return None
    except _TORN:
        pass
    file.unlink(missing_ok=True)
    return None


def write_arrays(file: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write a checkpoint whole or not at all."""
    # Two may write the same: a host that was believed dead.
    partial = file.with_suffix(f".{os.getpid()}.{socket.gethostname()}.partial")
    with partial.open("wb") as stream:
        np.savez(stream, allow_pickle=False, **arrays)
    partial.rename(file)


def _read_checkpoint(file: Path) -> _Chunk:
    try:
        with file.open("rb") as stream, np.load(stream) as stored:
            return _Chunk(**{name: stored[name] for name in stored.files})
    except _TORN as error:
        file.unlink(missing_ok=True)
        raise BuildError(
            f"{file}: was damaged, and is removed; run the same command again"
        ) from error


def _chunk(
    prepared: Sequence[PreparedPassage], encoded: Sequence[EncodedPassage], dim: int
) -> _Chunk:
    nothing = np.zeros((0, dim), np.float32)
    windows = [p.window for p in prepared]
    sentences = np.concatenate([nothing, *(e.sentences for e in encoded)])
    scales = np.abs(sentences).max(axis=1).clip(min=1e-12) / 127
    owners = [(p.version, p.window.start, p.window.end) for p in prepared]
    return _Chunk(
        owners=np.array(owners, np.int32).reshape(-1, 3),
        passages=np.array([e.vector for e in encoded], np.float16).reshape(-1, dim),
        sentences=np.rint(sentences / scales[:, None]).astype(np.int8),
        scales=scales.astype(np.float32),
        spans=np.array([s for w in windows for s in w.sentences], np.int32).reshape(-1, 2),
        counts=np.array([len(w.sentences) for w in windows], np.int64),
    )


def _write_checkpoint(file: Path, chunk: _Chunk) -> None:
    write_arrays(file, {part.name: getattr(chunk, part.name) for part in fields(chunk)})


_PARTS = {part.name for part in fields(_Chunk)}
_TORN = (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile, EOFError)


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
