"""Inference with OpenVINO on a CPU.

A query has all cores; passages run in streams, several batches side by side with few cores each,
which waste none of them on waiting for each other.

A query's vector is a function of the query alone. Left to itself, OpenVINO chooses by the CPU
whether to compute in bf16 and whether to round activations to 8 bits (dynamic quantisation). The
latter made a vector depend on the batch that it was computed in, by up to 1.5e-3 an element on a
Xeon with VNNI. Queries are therefore computed in float32. Passages are computed in bf16 where the
CPU has instructions for it (AVX-512 BF16, AMX): it is nearly twice as fast, and rounding them is
harmless, for each is stored once. Dynamic quantisation is off for both.
"""

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
import openvino
from numpy.typing import NDArray
from openvino.passes import ConstantFolding, Manager

from search.encoder.batch import Batch
from search.encoder.conversion import ENCODER_GRAPH, MLM_HEAD_GRAPH, prepared
from search.encoder.model_directory import EIGHT_BIT_WEIGHTS, ModelDirectory, ModelError

# A graph is specialised for each new length, so queries come in few: padded to a multiple. Many
# short texts together are worth a length of their own.
_QUERY_STEP = 4
_MANY = 16
_PASSAGE_STEP = 16
_NO_ROUNDING = {"DYNAMIC_QUANTIZATION_GROUP_SIZE": "0"}


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
        self.has_mlm_head = (self.directory / MLM_HEAD_GRAPH).exists()
        self._core = openvino.Core()
        self._lock = threading.Lock()
        self._compiled: dict[str, Any] = {}
        self._requests = threading.local()

    def pooled_each(self, batches: Iterable[Batch]) -> Iterator[NDArray[np.float32]]:
        """Weighted sums of hidden states: (batch, rows, dim) float32 each."""
        compiled = self._compiled_once("passages", self._for_passages)
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
        """The same for one batch of queries, in float32 whatever the CPU has."""
        step = 1 if len(input_ids) >= _MANY else _QUERY_STEP
        return self._infer(ENCODER_GRAPH, *_pad(step, input_ids, attention_mask, weights))

    def logits(self, states: NDArray[np.float32]) -> NDArray[np.float32]:
        """MLM logits (n, vocabulary) float32 of hidden states (n, dim)."""
        if not self.has_mlm_head:
            raise ModelError("this model has no MLM head: it cannot fill masks")
        return self._infer(MLM_HEAD_GRAPH, states)

    def _infer(self, graph: str, *inputs: NDArray[Any]) -> NDArray[np.float32]:
        requests = self._requests.__dict__
        if graph not in requests:
            compiled = self._compiled_once(graph, lambda: self._for_queries(graph))
            requests[graph] = compiled.create_infer_request()
        result: NDArray[np.float32] = requests[graph].infer(list(inputs))[0].copy()
        return result

    def _for_queries(self, graph: str) -> Any:
        # The weights stay in 8 bits in memory: a single query waits for them more than for sums.
        options = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f32"}
        return self._core.compile_model(self._graph(graph), "CPU", {**options, **_NO_ROUNDING})

    def _for_passages(self) -> Any:
        # Turned back into float beforehand: a large batch would do that again for each block.
        graph = self._graph(ENCODER_GRAPH)
        passes = Manager()
        passes.register_pass(ConstantFolding())
        passes.run_passes(graph)
        options = {"PERFORMANCE_HINT": "THROUGHPUT"}
        return self._core.compile_model(graph, "CPU", {**options, **_NO_ROUNDING})

    def _graph(self, name: str) -> Any:
        weights = self.directory / EIGHT_BIT_WEIGHTS
        return self._core.read_model(str(self.directory / name), str(weights))

    def _compiled_once(self, name: str, compiled: Callable[[], Any]) -> Any:
        with self._lock:
            if name not in self._compiled:
                self._compiled[name] = compiled()
            return self._compiled[name]


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
