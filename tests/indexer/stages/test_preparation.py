"""Passages ready for the network: the same from other processes, in order; encoded as a stream."""

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from indexer.stages.preparation import PreparedPassage, prepare, record_chunks
from search.encoder import Encoder, load_encoder
from search.encoder.text_side import TextSide, Tokens
from search.records import Record

RECORDS = [
    (i, Record(id=str(i), title=f"題{i}", abstract="肺炎である。" * (i % 5), language="ja"))
    for i in range(7)
]


@dataclass(frozen=True)
class Gpu:
    """What a backend on a GPU says of itself."""

    chunk_records: int = 3
    prepares_apart: bool = True


@dataclass(frozen=True)
class OnGpu:
    """An encoder on one."""

    text_side: TextSide
    backend: Gpu


@pytest.fixture(scope="module")
def tiny(tiny_encoder: Encoder) -> Encoder:
    return tiny_encoder


@pytest.fixture(scope="module")
def reference(published_layout: Path) -> Encoder:
    return load_encoder(str(published_layout), "torch-cpu")


def prepared(encoder: Encoder | OnGpu) -> list[list[PreparedPassage]]:
    chunks = record_chunks(RECORDS, encoder.backend.chunk_records)
    with ExitStack() as stack:
        return list(prepare(encoder, chunks, stack))  # type: ignore[arg-type]


def test_other_processes_prepare_the_same(tiny: Encoder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    apart = prepared(OnGpu(tiny.text_side, Gpu()))
    assert [c.records for c in record_chunks(RECORDS, 3)] == [3, 3, 1]
    assert len(apart) == 3
    (here,) = prepared(tiny)
    passages = [(3 * i + p.version, p) for i, chunk in enumerate(apart) for p in chunk]
    for (version, ours), theirs in zip(passages, here, strict=True):
        assert (version, ours.text, ours.window) == (theirs.version, theirs.text, theirs.window)
        np.testing.assert_array_equal(ours.tokens.ids, theirs.tokens.ids)
        np.testing.assert_array_equal(ours.tokens.weights, theirs.tokens.weights)


def test_a_title_is_a_passage_of_its_own_beside_an_abstract(tiny: Encoder) -> None:
    (chunk,) = prepared(tiny)
    told = {}
    for passage in chunk:
        window = passage.window
        told.setdefault(passage.version, []).append(passage.text[window.start : window.end])
    assert told[0] == ["題0"]
    assert told[1] == ["題1\n肺炎である。", "題1"]


@pytest.mark.parametrize("backend", ["tiny", "reference"])
def test_a_stream_of_chunks_gives_what_each_gives_alone(
    backend: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder: Encoder = request.getfixturevalue(backend)
    (chunk,) = prepared(encoder)
    tokens = [p.tokens for p in chunk]
    chunks: list[list[Tokens]] = [tokens[:2], [], tokens[2:], tokens[:1] * 3]
    # Several batches a chunk, with and without padding.
    monkeypatch.setattr(encoder.backend, "batch_tokens", 32)
    streamed = list(encoder.encode_prepared(iter(chunks)))
    assert [len(c) for c in streamed] == [2, 0, len(tokens) - 2, 3]
    for encoded, chunk_ in zip(streamed, chunks, strict=True):
        for one, text in zip(encoded, chunk_, strict=True):
            (alone,) = next(encoder.encode_prepared([[text]]))
            np.testing.assert_allclose(one.vector, alone.vector, atol=1e-5)
            np.testing.assert_allclose(one.sentences, alone.sentences, atol=1e-5)


def test_what_is_asked_for_no_longer_is_given_up(tiny: Encoder) -> None:
    (chunk,) = prepared(tiny)
    stream = tiny.encode_prepared([p.tokens for p in chunk] for _ in range(50))
    assert len(next(stream)) == len(chunk)
    stream.close()
    assert len(next(tiny.encode_prepared([[chunk[0].tokens]]))) == 1
