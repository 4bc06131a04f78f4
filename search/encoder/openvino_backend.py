"""Inference with OpenVINO on a CPU: 8-bit weights for queries, full weights for passages.

A query has all cores; passages run in streams, several batches side by side with few cores each,
which waste none of them on waiting for each other. Where the CPU computes in bf16 (AVX-512 BF16 or
AMX), OpenVINO does so by itself; elsewhere in float32.
"""

import json
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import openvino
from numpy.typing import NDArray

from search.encoder.batch import Batch
from search.encoder.conversion import prepared
from search.encoder.model_directory import ModelDirectory, ModelError

# A graph is specialised for each new length, so queries come in few: padded to a multiple.
_QUERY_STEP = 4
_PASSAGE_STEP = 16


class OpenVinoBackend:
    """Runs the converted graphs; each is compiled when it is first needed.

    Inference requests are not shared between threads: each thread of the server has its own.
    """

    name = "openvino"
    # Tokens, padding included, in one batch: what still fits a small CPU's caches well.
    batch_tokens = 2_048
    chunk_records = 256
    prepares_apart = False

    def __init__(self, model: ModelDirectory) -> None:
        self.directory = prepared(model)
        facts = json.loads((self.directory / "prepared.json").read_text(encoding="utf-8"))
        self.has_mlm_head: bool = facts["has_mlm_head"]
        self._core = openvino.Core()
        self._lock = threading.Lock()
        self._compiled: dict[str, Any] = {}
        self._requests = threading.local()

    def pooled_each(self, batches: Iterable[Batch]) -> Iterator[NDArray[np.float32]]:
        """Weighted sums of hidden states with full weights: (batch, rows, dim) float32 each."""
        compiled = self._compile("encoder.xml", "THROUGHPUT")
        streams = compiled.get_property("OPTIMAL_NUMBER_OF_INFER_REQUESTS")
        # One more waits for each that runs, so that no stream waits for Python.
        idle = [compiled.create_infer_request() for _ in range(2 * streams)]
        running: deque[Any] = deque()

        def oldest() -> NDArray[np.float32]:
            request = running.popleft()
            request.wait()
            result: NDArray[np.float32] = request.get_output_tensor().data.copy()
            idle.append(request)
            return result

        try:
            for batch in batches:
                if not idle:
                    yield oldest()
                request = idle.pop()
                request.start_async(list(_pad(_PASSAGE_STEP, *batch)))
                running.append(request)
            while running:
                yield oldest()
        finally:
            for request in running:
                request.cancel()

    def pooled_query(
        self,
        input_ids: NDArray[np.int64],
        attention_mask: NDArray[np.int64],
        weights: NDArray[np.float32],
    ) -> NDArray[np.float32]:
        """The same with 8-bit weights."""
        return self._infer(
            "encoder-int8.xml", *_pad(_QUERY_STEP, input_ids, attention_mask, weights)
        )

    def logits(self, states: NDArray[np.float32]) -> NDArray[np.float32]:
        """MLM logits (n, vocabulary) float32 of hidden states (n, dim)."""
        if not self.has_mlm_head:
            raise ModelError("this model has no MLM head: it cannot fill masks")
        return self._infer("mlm_head.xml", states)

    def _infer(self, graph: str, *inputs: NDArray[Any]) -> NDArray[np.float32]:
        requests = self._requests.__dict__
        if graph not in requests:
            requests[graph] = self._compile(graph, "LATENCY").create_infer_request()
        result: NDArray[np.float32] = requests[graph].infer(list(inputs))[0].copy()
        return result

    def _compile(self, graph: str, hint: str) -> Any:
        with self._lock:
            if graph not in self._compiled:
                self._compiled[graph] = self._core.compile_model(
                    str(self.directory / graph), "CPU", {"PERFORMANCE_HINT": hint}
                )
            return self._compiled[graph]


def _pad(
    step: int,
    input_ids: NDArray[np.int64],
    attention_mask: NDArray[np.int64],
    weights: NDArray[np.float32],
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]:
    """Lengthen to a multiple of ``step`` with masked tokens, which change no result."""
    missing = -input_ids.shape[1] % step
    if not missing:
        return input_ids, attention_mask, weights
    columns = ((0, 0), (0, missing))
    return (
        np.pad(input_ids, columns),
        np.pad(attention_mask, columns),
        np.pad(weights, ((0, 0), *columns)),
    )
