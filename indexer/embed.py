"""Records to vector segments, resumable: every finished chunk is kept until it is published."""

import hashlib
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from search.encoder import Encoder, Window
from search.manifest import Segment
from search.records import Record
from search.segments import SEGMENT_PARTS

CHUNK_RECORDS = 256
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
    number = base

    def flush() -> None:
        if gathered:
            start = segments[-1].base + segments[-1].passages if segments else base
            name = f"{first_segment + len(segments):06d}"
            segments.append(_write_segment(directory, name, start, gathered))
            gathered.clear()

    stream = iter(records)
    while batch := list(islice(stream, CHUNK_RECORDS)):
        passages = [
            (record_number, version.language, version.text, window)
            for record_number, record in batch
            for version in record.versions()
            for window in encoder.windows(version.text, version.language)
        ]
        keep(
            (row, record_number, language, window.start, window.end)
            for row, (record_number, language, _, window) in enumerate(passages, start=number)
        )
        number += len(passages)
        if passages:
            gathered.append(_chunk(encoder, [(p[2], p[3]) for p in passages], checkpoints))
        if sum(len(c.passages) for c in gathered) >= _SEGMENT_PASSAGES:
            flush()
        finished(len(batch))
    flush()
    return segments


def _chunk(encoder: Encoder, passages: Sequence[tuple[str, Window]], checkpoints: Path) -> _Chunk:
    file = checkpoints / f"{_key(encoder, passages)}.npz"
    try:
        with np.load(file) as stored:
            return _Chunk(**{name: stored[name] for name in stored.files})
    except FileNotFoundError:
        pass
    except (OSError, ValueError, KeyError, zipfile.BadZipFile, EOFError):
        # Torn by a power cut: embed it again.
        file.unlink(missing_ok=True)
    encoded = encoder.encode_passages(passages)
    sentences = np.concatenate([e.sentences for e in encoded])
    scales = np.abs(sentences).max(axis=1).clip(min=1e-12) / 127
    chunk = _Chunk(
        passages=np.stack([e.vector for e in encoded]).astype(np.float16),
        sentences=np.rint(sentences / scales[:, None]).astype(np.int8),
        scales=scales.astype(np.float32),
        spans=np.array([s for _, w in passages for s in w.sentences], np.int32),
        counts=np.array([len(w.sentences) for _, w in passages], np.int64),
    )
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
    return chunk


def _key(encoder: Encoder, passages: Sequence[tuple[str, Window]]) -> str:
    digest = hashlib.sha256(f"{encoder.model.fingerprint} {encoder.backend.name}".encode())
    for text, window in passages:
        digest.update(repr(window).encode())
        digest.update(text.encode())
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
