"""Texts to vectors and masked texts to words, whatever the backend."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray
from tokenizers import Encoding, Tokenizer

from search.encoder.model_directory import EMBEDDED, ModelDirectory, ModelError, open_model
from search.encoder.tokenizer import load_tokenizer, special_tokens
from search.text.fold import nfkc
from search.text.profile import MASK
from search.text.sentences import sentence_spans

Device = Literal["auto", "cpu", "cuda", "torch-cpu"]


class Backend(Protocol):
    """What runs the network. Arrays are (batch, tokens) ids and mask, (batch, rows, tokens) row
    weights; results are (batch, rows, dim) float32, or (n, vocabulary) logits."""

    name: str
    has_mlm_head: bool
    batch_tokens: int

    def pooled(
        self,
        input_ids: NDArray[np.int64],
        attention_mask: NDArray[np.int64],
        weights: NDArray[np.float32],
    ) -> NDArray[np.float32]:
        """Weighted sums of hidden states, with the weights for passages."""
        ...

    def pooled_query(
        self,
        input_ids: NDArray[np.int64],
        attention_mask: NDArray[np.int64],
        weights: NDArray[np.float32],
    ) -> NDArray[np.float32]:
        """The same, fast for a single short text."""
        ...

    def logits(self, states: NDArray[np.float32]) -> NDArray[np.float32]:
        """MLM logits of hidden states (n, dim)."""
        ...


@dataclass(frozen=True)
class Window:
    """A passage to be encoded: a span of a text, and its sentences as spans of the same text."""

    start: int
    end: int
    sentences: tuple[tuple[int, int], ...]


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
        self._special = len(tokenizer.encode("", add_special_tokens=True).ids)

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
        profile = self.model.profile
        encodings = [
            self._encode(profile.query_prefix + profile.normalize_with_mask(q)) for q in queries
        ]
        vectors = np.zeros((len(encodings), self.dim), np.float32)
        for batch in self._batches(encodings):
            rows = [self._whole_row(encodings[i]) for i in batch]
            pooled = self._pooled([encodings[i] for i in batch], rows, query=True)
            vectors[batch] = [p[0] for p in pooled]
        return _normalized(vectors)

    def windows(self, text: str, language: str = "ja") -> list[Window]:
        """Cut ``text`` at sentence borders into windows that the model can take whole.

        A sentence longer than the model's length is cut inside. Blank text has no window.
        """
        spans = sentence_spans(text, language)
        if not spans:
            return []
        profile = self.model.profile
        room = profile.max_tokens - self._special
        room -= len(self.tokenizer.encode(profile.passage_prefix, add_special_tokens=False).ids)
        pieces = [profile.normalize(text[s:e]) for s, e in spans]
        lengths = [
            len(encoding.ids)
            for encoding in self.tokenizer.encode_batch(pieces, add_special_tokens=False)
        ]
        # The whole is at most as long as its sentences alone plus one piece for each border.
        if sum(lengths) + len(lengths) <= room:
            return [Window(spans[0][0], spans[-1][1], tuple(spans))]
        fitting: list[tuple[tuple[int, int], int]] = []
        for span, length in zip(spans, lengths, strict=True):
            fitting += self._cut(text, span, length, room)
        windows: list[list[tuple[int, int]]] = [[]]
        filled = 0
        for span, length in fitting:
            if windows[-1] and filled + length + 1 > room:
                windows.append([])
                filled = 0
            windows[-1].append(span)
            filled += length + 1
        return [Window(w[0][0], w[-1][1], tuple(w)) for w in windows]

    def _cut(
        self, text: str, span: tuple[int, int], length: int, room: int
    ) -> list[tuple[tuple[int, int], int]]:
        """A sentence in pieces that fit, each with a bound on its tokens."""
        if length + 1 <= room:
            return [(span, length)]
        start, end = span
        middle = (start + end) // 2
        if middle in (start, end):
            return [(span, room - 1)]
        halves = ((start, middle), (middle, end))
        return [
            piece
            for half in halves
            for piece in self._cut(
                text,
                half,
                len(
                    self.tokenizer.encode(
                        self.model.profile.normalize(text[slice(*half)]), add_special_tokens=False
                    ).ids
                ),
                room,
            )
        ]

    def encode_passages(self, passages: Sequence[tuple[str, Window]]) -> list[EncodedPassage]:
        """Vectors of windows of texts, and of their sentences, out of the same forward pass."""
        prepared = [self._passage(text, window) for text, window in passages]
        encodings = [encoding for encoding, _ in prepared]
        results: list[EncodedPassage | None] = [None] * len(prepared)
        for batch in self._batches(encodings):
            rows = [prepared[i][1] for i in batch]
            for i, pooled in zip(
                batch, self._pooled([encodings[i] for i in batch], rows), strict=True
            ):
                unit = _normalized(pooled)
                results[i] = EncodedPassage(unit[0], unit[1:])
        return [r for r in results if r is not None]

    def fill_masks(self, texts: Sequence[str]) -> list[Fillings]:
        """For each text, what the MLM head expects at its masks, in order.

        Raises:
            ModelError: when the model has no MLM head.
        """
        if not self.can_fill_masks:
            raise ModelError(f"{self.model.name} has no MLM head: it cannot fill masks")
        encodings = [
            self._encode(self.model.profile.normalize_with_mask(t).replace(MASK, self._mask))
            for t in texts
        ]
        results: list[Fillings | None] = [None] * len(texts)
        for batch in self._batches(encodings):
            rows = []
            for i in batch:
                positions = [p for p, t in enumerate(encodings[i].ids) if t == self._mask_id]
                row = np.zeros((len(positions), len(encodings[i].ids)), np.float32)
                row[np.arange(len(positions)), positions] = 1
                rows.append(row)
            states = self._pooled([encodings[i] for i in batch], rows, query=True)
            for i, state in zip(batch, states, strict=True):
                scores = (
                    self.backend.logits(state)
                    if len(state)
                    else np.zeros((0, self.tokenizer.get_vocab_size()), np.float32)
                )
                results[i] = Fillings(_log_softmax(scores))
        return [r for r in results if r is not None]

    def _encode(self, text: str) -> Encoding:
        encoding = self.tokenizer.encode(text)
        limit = self.model.profile.max_tokens
        if len(encoding.ids) > limit:
            # Cut the text, not the tokens: the closing special token stays.
            offset = encoding.offsets[limit - self._special][0]
            encoding = self.tokenizer.encode(text[:offset])
            encoding.truncate(limit)
        return encoding

    def _passage(self, text: str, window: Window) -> tuple[Encoding, NDArray[np.float32]]:
        """The window's tokens and its row weights: the mean over all, then one row a sentence."""
        profile = self.model.profile
        written = profile.passage_prefix
        ranges = []
        position = window.start
        for start, end in window.sentences:
            written += profile.normalize(text[position:start])
            begin = len(written)
            written += profile.normalize(text[start:end])
            ranges.append((begin, len(written)))
            position = end
        encoding = self._encode(written)
        offsets = np.array(encoding.offsets)
        special = np.array(encoding.special_tokens_mask, bool)
        rows = [self._whole_row(encoding)[0]]
        for begin, end in ranges:
            inside = (offsets[:, 0] < end) & (offsets[:, 1] > begin) & ~special
            # A sentence that a length limit cut away entirely is represented by its passage.
            rows.append(inside / inside.sum() if inside.any() else rows[0])
        return encoding, np.asarray(rows, np.float32)

    def _whole_row(self, encoding: Encoding) -> NDArray[np.float32]:
        row = np.zeros((1, len(encoding.ids)), np.float32)
        if self.model.pooling == "cls":
            row[0, 0] = 1
        else:
            row[:] = 1 / len(encoding.ids)
        return row

    def _batches(self, encodings: Sequence[Encoding]) -> Iterator[list[int]]:
        """Indices in batches of similar length, each within the backend's tokens."""
        order = sorted(range(len(encodings)), key=lambda i: (len(encodings[i].ids), i))
        batch: list[int] = []
        for i in order:
            if batch and (len(batch) + 1) * len(encodings[i].ids) > self.backend.batch_tokens:
                yield batch
                batch = []
            batch.append(i)
        if batch:
            yield batch

    def _pooled(
        self,
        encodings: Sequence[Encoding],
        rows: Sequence[NDArray[np.float32]],
        query: bool = False,
    ) -> list[NDArray[np.float32]]:
        length = max(len(e.ids) for e in encodings)
        height = max(1, *(len(r) for r in rows)) if len(rows) > 1 else max(1, len(rows[0]))
        ids = np.full((len(encodings), length), self._pad_id, np.int64)
        mask = np.zeros((len(encodings), length), np.int64)
        weights = np.zeros((len(encodings), height, length), np.float32)
        for i, (encoding, row) in enumerate(zip(encodings, rows, strict=True)):
            ids[i, : len(encoding.ids)] = encoding.ids
            mask[i, : len(encoding.ids)] = 1
            weights[i, : len(row), : len(encoding.ids)] = row
        run = self.backend.pooled_query if query else self.backend.pooled
        pooled = run(ids, mask, weights)
        return [pooled[i, : len(row)] for i, row in enumerate(rows)]


def load_encoder(model: str | ModelDirectory = EMBEDDED, device: Device = "auto") -> Encoder:
    """Load ``model`` (see :func:`open_model`) for ``device``.

    ``auto`` takes CUDA where there is one, else OpenVINO on the CPU; ``torch-cpu`` is the float32
    reference.

    Raises:
        ModelError: when the model cannot be found, read, converted or trusted to cut text right.
    """
    directory = model if isinstance(model, ModelDirectory) else open_model(model)
    if device == "auto":
        device = "cuda" if _cuda_present() else "cpu"
    if device == "cpu":
        from search.encoder.openvino_backend import OpenVinoBackend

        backend = OpenVinoBackend(directory)
        tokenizer = Tokenizer.from_file(str(backend.directory / "tokenizer.json"))
        return Encoder(directory, backend, tokenizer)
    from search.encoder.torch_backend import TorchBackend

    tokenizer, _ = load_tokenizer(directory)
    tokenizer.no_padding()
    tokenizer.no_truncation()
    torch_device = "cuda" if device == "cuda" else "cpu"
    return Encoder(directory, TorchBackend(directory, torch_device), tokenizer)


def _cuda_present() -> bool:
    """Whether an NVIDIA driver is here; asked of the system, for torch takes seconds to load."""
    from pathlib import Path

    if not Path("/proc/driver/nvidia/version").exists():
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
