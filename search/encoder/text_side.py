"""Texts to tokens: what of encoding a passage needs no network, so that other processes can do it.

Windows are cut at sentence borders; a passage's tokens come with the rows of weights by which its
vector and those of its sentences are sums of hidden states.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from tokenizers import Encoding, Tokenizer

from search.encoder.model_directory import Pooling
from search.text.profile import TextProfile
from search.text.sentences import sentence_spans


@dataclass(frozen=True)
class Window:
    """A passage to be encoded: a span of a text, and its sentences as spans of the same text."""

    start: int
    end: int
    sentences: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Tokens:
    """A text ready for the network: token ids (tokens,) int64 and row weights (rows, tokens)
    float32."""

    ids: NDArray[np.int64]
    weights: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.ids)


class TextSide:
    """A model's tokenizer and text profile. Can be sent to another process."""

    def __init__(self, profile: TextProfile, pooling: Pooling, tokenizer: Tokenizer) -> None:
        self._profile = profile
        self._pooling = pooling
        self._tokenizer = tokenizer
        self._special = len(tokenizer.encode("", add_special_tokens=True).ids)

    def query(self, text: str) -> Tokens:
        """A query, cut at the model's length: one row."""
        profile = self._profile
        encoding = self.encoding(profile.query_prefix + profile.normalize_with_mask(text))
        return Tokens(np.array(encoding.ids, np.int64), self.whole_row(encoding)[None, :])

    def windows(self, text: str, language: str = "ja") -> list[Window]:
        """Cut ``text`` at sentence borders into windows that the model can take whole.

        A sentence longer than the model's length is cut inside. Blank text has no window.
        """
        spans = sentence_spans(text, language)
        if not spans:
            return []
        profile = self._profile
        room = profile.max_tokens - self._special
        room -= len(self._tokenizer.encode(profile.passage_prefix, add_special_tokens=False).ids)
        pieces = [profile.normalize(text[s:e]) for s, e in spans]
        lengths = [
            len(encoding.ids)
            for encoding in self._tokenizer.encode_batch(pieces, add_special_tokens=False)
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
                    self._tokenizer.encode(
                        self._profile.normalize(text[slice(*half)]), add_special_tokens=False
                    ).ids
                ),
                room,
            )
        ]

    def passage(self, text: str, window: Window) -> Tokens:
        """A window of a text: the first row is the whole passage, then comes one row a sentence."""
        profile = self._profile
        written = profile.passage_prefix
        ranges = []
        position = window.start
        for start, end in window.sentences:
            written += profile.normalize(text[position:start])
            begin = len(written)
            written += profile.normalize(text[start:end])
            ranges.append((begin, len(written)))
            position = end
        encoding = self.encoding(written)
        offsets = np.array(encoding.offsets)
        special = np.array(encoding.special_tokens_mask, bool)
        rows = [self.whole_row(encoding)]
        for begin, end in ranges:
            inside = (offsets[:, 0] < end) & (offsets[:, 1] > begin) & ~special
            # A sentence that a length limit cut away entirely is represented by its passage.
            rows.append(inside / inside.sum() if inside.any() else rows[0])
        return Tokens(np.array(encoding.ids, np.int64), np.asarray(rows, np.float32))

    def encoding(self, text: str) -> Encoding:
        """The tokens of a text, cut at the model's length."""
        encoding = self._tokenizer.encode(text)
        limit = self._profile.max_tokens
        if len(encoding.ids) > limit:
            # Cut the text, not the tokens: the closing special token stays.
            offset = encoding.offsets[limit - self._special][0]
            encoding = self._tokenizer.encode(text[:offset])
            encoding.truncate(limit)
        return encoding

    def whole_row(self, encoding: Encoding) -> NDArray[np.float32]:
        """The weights (tokens,) by which a whole text is pooled."""
        if self._pooling == "cls":
            row = np.zeros(len(encoding.ids), np.float32)
            row[0] = 1
            return row
        return np.full(len(encoding.ids), 1 / len(encoding.ids), np.float32)
