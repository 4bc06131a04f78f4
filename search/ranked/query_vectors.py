"""Vectors of queries for the threads of one serving process: remembered, and encoded together.

A query that was asked a moment ago (its next page, its suggestions) is not encoded again. Queries
that arrive while others are being encoded wait for these and then go through the model as one
batch: nobody waits for company, and a batch forms only where there is a queue anyway.
"""

import threading
from collections import OrderedDict, deque
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from search.encoder import Encoder

# 1.5 kB each at 384 dimensions.
_REMEMBERED = 4096
# Queries of one batch: more gain little and make the first of them wait.
_TOGETHER = 8


@dataclass
class _PendingQuery:
    """A query under way."""

    text: str
    vector: NDArray[np.float32] | None = None
    error: Exception | None = None


class QueryVectors:
    """Query vectors of one encoder. Safe to call from several threads."""

    def __init__(self, encoder: Encoder, remembered: int = _REMEMBERED) -> None:
        self._encoder = encoder
        self._limit = remembered
        self._known: OrderedDict[str, NDArray[np.float32]] = OrderedDict()
        self._under_way: dict[str, _PendingQuery] = {}
        self._waiting: deque[_PendingQuery] = deque()
        self._encoding = False
        self._changed = threading.Condition()

    def vector(self, text: str) -> NDArray[np.float32]:
        """The L2-normalised vector (dim,) float32 of a query; not to be written to."""
        with self._changed:
            if text in self._known:
                self._known.move_to_end(text)
                return self._known[text]
            asked = self._under_way.get(text)
            if asked is None:
                asked = self._under_way[text] = _PendingQuery(text)
                self._waiting.append(asked)
            while asked.vector is None and asked.error is None:
                if self._encoding:
                    self._changed.wait()
                else:
                    self._encode_waiting()
            if asked.error is not None:
                raise asked.error
            assert asked.vector is not None
            return asked.vector

    def vectors(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """The vectors of several texts, (n, dim)."""
        return np.stack([self.vector(text) for text in texts])

    def _encode_waiting(self) -> None:
        """Encode the first of the queue in this thread; others queue up meanwhile."""
        batch = [self._waiting.popleft() for _ in range(min(_TOGETHER, len(self._waiting)))]
        self._encoding = True
        self._changed.release()
        vectors, error = None, None
        try:
            vectors = self._encoder.encode_queries([asked.text for asked in batch])
        except Exception as raised:  # noqa: BLE001 - each of those who wait raises it
            error = raised
        finally:
            self._changed.acquire()
            self._encoding = False
            for i, asked in enumerate(batch):
                del self._under_way[asked.text]
                if vectors is None:
                    asked.error = error or RuntimeError("the encoder was interrupted")
                else:
                    # A row of its own: a view would keep the whole batch.
                    asked.vector = self._known[asked.text] = vectors[i].copy()
                    asked.vector.flags.writeable = False
            while len(self._known) > self._limit:
                self._known.popitem(last=False)
            self._changed.notify_all()
