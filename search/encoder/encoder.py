"""Texts to vectors and masked texts to words, whatever the backend."""

import importlib.util
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from search.encoder.batch import Batch
from search.encoder.model_directory import (
    EMBEDDED,
    ModelDirectory,
    ModelError,
    missing_packages,
    open_model,
)
from search.encoder.text_side import TextSide, Tokens, Window
from search.encoder.tokenizer import load_tokenizer, special_tokens
from search.text.fold import nfkc
from search.text.profile import MASK

Device = Literal["auto", "cpu", "cuda", "torch-cpu"]


# What a batch may be padded with: so many tokens, or this share of it.
_PADDING = 64
_PADDED_SHARE = 0.1


class Backend(Protocol):
    """What runs the network: batches to (batch, rows, dim) float32, or (n, vocabulary) logits.

    ``batch_tokens`` is what a batch should hold, padding included, and ``chunk_records`` how many
    records are sorted by length together. ``prepares_apart`` where the network is so fast that
    texts have to be prepared in several processes.
    """

    name: str
    has_mlm_head: bool
    batch_tokens: int
    chunk_records: int
    prepares_apart: bool

    def pooled_each(self, batches: Iterable[Batch]) -> Iterator[NDArray[np.float32]]:
        """Weighted sums of hidden states for each batch in order, with the weights for passages;
        a few batches are under way at once."""
        ...

    def pooled_query(
        self,
        input_ids: NDArray[np.int64],
        attention_mask: NDArray[np.int64],
        weights: NDArray[np.float32],
    ) -> NDArray[np.float32]:
        """The same for one batch, fast for a single short text."""
        ...

    def logits(self, states: NDArray[np.float32]) -> NDArray[np.float32]:
        """MLM logits of hidden states (n, dim)."""
        ...


@dataclass(frozen=True)
class EncodedPassage:
    """``vector`` (dim,) and ``sentences`` (one row a sentence, dim), L2-normalised float32."""

    vector: NDArray[np.float32]
    sentences: NDArray[np.float32]


@dataclass(frozen=True)
class Fillings:
    """Log-probabilities (masks, vocabulary) float32 that the MLM head gives for each mask."""

    log_probabilities: NDArray[np.float32]


class Encoder:
    """A model ready for use. Methods may be called from several threads."""

    def __init__(self, model: ModelDirectory, backend: Backend, tokenizer: Tokenizer) -> None:
        self.model = model
        self.backend = backend
        self.tokenizer = tokenizer
        self._mask = special_tokens(model)["mask_token"]
        self._pad_id = tokenizer.token_to_id(special_tokens(model)["pad_token"]) or 0
        self._mask_id = tokenizer.token_to_id(self._mask)
        self.text_side = TextSide(model.profile, model.pooling, tokenizer)

    @property
    def dim(self) -> int:
        """Length of a vector."""
        return self.model.dim

    @property
    def can_fill_masks(self) -> bool:
        """Whether the model has an MLM head."""
        return self.backend.has_mlm_head and self._mask_id is not None

    @property
    def unknown_id(self) -> int | None:
        """The id of the unknown piece."""
        unknown: int | None = self.tokenizer.token_to_id(special_tokens(self.model)["unk_token"])
        return unknown

    def words(self) -> list[str]:
        """The model's vocabulary as text, sorted: word pieces without their markers, special
        tokens left out."""
        special = {token.content for token in self.tokenizer.get_added_tokens_decoder().values()}
        pieces = (
            self.tokenizer.get_vocab().keys() - special - set(special_tokens(self.model).values())
        )
        # ▁ begins a word in SentencePiece, ## goes on with one in WordPiece.
        return sorted({nfkc(piece.removeprefix("##").replace("▁", "")) for piece in pieces})

    def pieces(self, normalized: Sequence[str]) -> list[list[int]]:
        """The piece ids of already normalised texts as they stand inside a sentence."""
        # A leading character that is surely a piece of its own keeps the tokenizer from taking
        # the text for the start of a line, which has pieces of its own.
        lead = "、"
        offset = len(self.tokenizer.encode(lead, add_special_tokens=False).ids)
        return [
            e.ids[offset:]
            for e in self.tokenizer.encode_batch(
                [lead + text for text in normalized], add_special_tokens=False
            )
        ]

    def encode_queries(self, queries: Sequence[str]) -> NDArray[np.float32]:
        """Mean-pooled, L2-normalised float32 vectors (n, dim), one a query.

        A query beyond the model's length is cut there.
        """
        texts = [self.text_side.query(q) for q in queries]
        vectors = np.zeros((len(texts), self.dim), np.float32)
        for batch in self._batches(texts):
            pooled = self.backend.pooled_query(*self._padded([texts[i] for i in batch]))
            vectors[batch] = pooled[:, 0]
        return _normalized(vectors)

    def windows(self, text: str, language: str = "ja") -> list[Window]:
        """Cut ``text`` at sentence borders into windows that the model can take whole.

        A sentence longer than the model's length is cut inside. Blank text has no window.
        """
        return self.text_side.windows(text, language)

    def encode_passages(self, passages: Sequence[tuple[str, Window]]) -> list[EncodedPassage]:
        """Vectors of windows of texts, and of their sentences, out of the same forward pass."""
        tokens = [self.text_side.passage(text, window) for text, window in passages]
        return next(self.encode_prepared([tokens]))

    def encode_prepared(self, chunks: Iterable[Sequence[Tokens]]) -> Iterator[list[EncodedPassage]]:
        """Vectors of passages prepared by :class:`TextSide`, chunk by chunk.

        A chunk is read while those before it are still under way, so that the device has no pause
        between two chunks. Batches hold passages of similar length of one chunk.
        """
        # Of each batch: its chunk's results, which of these it gives, and its texts. Of each chunk:
        # its results, and in how many batches they come.
        under_way: deque[tuple[list[EncodedPassage | None], list[int], list[Tokens]]] = deque()
        finished: deque[tuple[list[EncodedPassage | None], int]] = deque()

        def batches() -> Iterator[Batch]:
            for tokens in chunks:
                results: list[EncodedPassage | None] = [None] * len(tokens)
                split = list(self._batches(tokens))
                finished.append((results, len(split)))
                for batch in split:
                    texts = [tokens[i] for i in batch]
                    under_way.append((results, batch, texts))
                    yield self._padded(texts)

        done = 0
        for pooled in self.backend.pooled_each(batches()):
            results, batch, texts = under_way.popleft()
            for row, i in enumerate(batch):
                unit = _normalized(pooled[row, : len(texts[row].weights)])
                results[i] = EncodedPassage(unit[0], unit[1:])
            done += 1
            while finished and finished[0][1] <= done:
                results, count = finished.popleft()
                done -= count
                yield [r for r in results if r is not None]
        for results, _ in finished:
            yield [r for r in results if r is not None]

    def fill_masks(self, texts: Sequence[str]) -> list[Fillings]:
        """For each text, what the MLM head expects at its masks, in order.

        Raises:
            ModelError: when the model has no MLM head.
        """
        if not self.can_fill_masks:
            raise ModelError(f"{self.model.name} has no MLM head: it cannot fill masks")
        normalize = self.model.profile.normalize_with_mask
        encodings = [
            self.text_side.encoding(normalize(text).replace(MASK, self._mask)) for text in texts
        ]
        masked = []
        for encoding in encodings:
            positions = [p for p, t in enumerate(encoding.ids) if t == self._mask_id]
            rows = np.zeros((len(positions), len(encoding.ids)), np.float32)
            rows[np.arange(len(positions)), positions] = 1
            masked.append(Tokens(np.array(encoding.ids, np.int64), rows))
        results: list[Fillings | None] = [None] * len(masked)
        for batch in self._batches(masked):
            pooled = self.backend.pooled_query(*self._padded([masked[i] for i in batch]))
            for row, i in enumerate(batch):
                masks = len(masked[i].weights)
                scores = (
                    self.backend.logits(pooled[row, :masks])
                    if masks
                    else np.zeros((0, self.tokenizer.get_vocab_size()), np.float32)
                )
                results[i] = Fillings(_log_softmax(scores))
        return [r for r in results if r is not None]

    def _batches(self, texts: Sequence[Tokens]) -> Iterator[list[int]]:
        """Indices in batches of similar length, each within the backend's tokens and with little
        padding: a pasted abstract does not make the short queries beside it as long as itself."""
        order = sorted(range(len(texts)), key=lambda i: (len(texts[i]), i))
        batch: list[int] = []
        real = 0
        for i in order:
            length = len(texts[i])
            padded = (len(batch) + 1) * length
            padding = padded - real - length
            if batch and (
                padded > self.backend.batch_tokens
                or (padding > _PADDING and padding > _PADDED_SHARE * padded)
            ):
                yield batch
                batch, real = [], 0
            batch.append(i)
            real += length
        if batch:
            yield batch

    def _padded(self, texts: Sequence[Tokens]) -> Batch:
        length = max(map(len, texts))
        height = max(1, *(len(t.weights) for t in texts)) if texts else 1
        ids = np.full((len(texts), length), self._pad_id, np.int64)
        mask = np.zeros((len(texts), length), np.int64)
        weights = np.zeros((len(texts), height, length), np.float32)
        for i, text in enumerate(texts):
            ids[i, : len(text)] = text.ids
            mask[i, : len(text)] = 1
            weights[i, : len(text.weights), : len(text)] = text.weights
        return ids, mask, weights


def load_encoder(model: str | ModelDirectory = EMBEDDED, device: Device = "auto") -> Encoder:
    """Load ``model`` (see :func:`open_model`) for ``device``.

    ``auto`` takes CUDA where there is one and torch is installed, else OpenVINO on the CPU;
    ``torch-cpu`` is the float32 reference.

    Raises:
        ModelError: when the model cannot be found, read, converted or trusted to cut text right, or
            needs packages that are not installed.
    """
    directory = model if isinstance(model, ModelDirectory) else open_model(model)
    if device == "auto":
        device = "cuda" if _cuda_present() else "cpu"
    if device == "cpu":
        from search.encoder.openvino_backend import OpenVinoBackend

        backend = OpenVinoBackend(directory)
        tokenizer = Tokenizer.from_file(str(backend.directory / "tokenizer.json"))
        return Encoder(directory, backend, tokenizer)
    try:
        from search.encoder.torch_backend import TorchBackend
    except ImportError as error:
        raise ModelError(missing_packages("encoding with torch", error)) from error

    tokenizer, _ = load_tokenizer(directory)
    tokenizer.no_padding()
    tokenizer.no_truncation()
    torch_device = "cuda" if device == "cuda" else "cpu"
    return Encoder(directory, TorchBackend(directory, torch_device), tokenizer)


def nvidia_driver_present() -> bool:
    """Say whether this machine has an NVIDIA driver."""
    return Path("/proc/driver/nvidia/version").exists()


def _cuda_present() -> bool:
    """Whether a GPU can be used: torch, which takes seconds to load, is asked only where there is
    an NVIDIA driver."""
    if not nvidia_driver_present() or importlib.util.find_spec("torch") is None:
        return False
    import torch

    return bool(torch.cuda.is_available())


def _normalized(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    norms = np.linalg.norm(vectors, axis=-1, keepdims=True)
    unit: NDArray[np.float32] = (vectors / np.maximum(norms, 1e-12)).astype(np.float32)
    return unit


def _log_softmax(scores: NDArray[np.float32]) -> NDArray[np.float32]:
    shifted = scores - scores.max(axis=-1, keepdims=True, initial=-np.inf)
    result: NDArray[np.float32] = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return result
