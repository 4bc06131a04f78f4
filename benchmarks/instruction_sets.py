"""What a query's vector and its hits depend on: instruction set, precision, batch.

    python benchmarks/instruction_sets.py LIBRARY QUERIES.jsonl [--queries 200]

Each instruction set that this CPU has is tried in a process of its own, limited by
``ONEDNN_MAX_CPU_ISA``, which OpenVINO honours. Three ways of computing take turns, query by query:

- ``as shipped``: float32, no dynamic quantisation;
- ``float32, quantised``: float32 with dynamic quantisation in groups of 32;
- ``left to OpenVINO``: its own choice of precision and quantisation.

Printed as JSON: the least cosine to the float32 reference in torch, the greatest difference of an
element between a query alone and in a batch of eight, and the median milliseconds of one query; and
for what is shipped, in how many of the queries the ten best records are those of the least
instruction set, in the same order.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from scale import read_queries

from search.encoder import load_encoder
from search.encoder.openvino_backend import OpenVinoBackend
from web.cli.options import open_engine

LEVELS = {
    "AVX2": "avx2",
    "AVX512_CORE": "avx512dq",
    "AVX512_CORE_VNNI": "avx512_vnni",
    "AVX512_CORE_BF16": "avx512_bf16",
    "AVX512_CORE_AMX": "amx_bf16",
}
WAYS = {
    "as shipped": None,
    "float32, quantised": {
        "INFERENCE_PRECISION_HINT": "f32",
        "DYNAMIC_QUANTIZATION_GROUP_SIZE": "32",
    },
    "left to OpenVINO": {},
}
_BATCH = 8


class OtherWay(OpenVinoBackend):
    """The backend with other options for queries."""

    options: dict[str, str]

    def _for_queries(self, graph: str) -> Any:
        options = {"PERFORMANCE_HINT": "LATENCY", **self.options}
        return self._core.compile_model(self._graph(graph), "CPU", options)


def measured(library: Path, queries: list[str]) -> dict[str, Any]:
    """Vectors, times and lists of this process's instruction set."""
    engine = open_engine(library)
    encoders = {}
    for name, options in WAYS.items():
        encoder = encoders[name] = load_encoder(engine.encoder.model, "cpu")
        if options is not None:
            encoder.backend = OtherWay(encoder.model)
            encoder.backend.options = options
        encoder.encode_queries(queries[:_BATCH])
        encoder.encode_queries(queries[:1])
    alone: dict[str, list[Any]] = {name: [] for name in encoders}
    taken: dict[str, list[float]] = {name: [] for name in encoders}
    for query in queries:
        for name, encoder in encoders.items():
            began = time.perf_counter()
            alone[name].append(encoder.encode_queries([query])[0])
            taken[name].append((time.perf_counter() - began) * 1000)
    found: dict[str, Any] = {"lists": [], "vectors": {}, "rows": {}}
    for name, encoder in encoders.items():
        batches = [queries[i : i + _BATCH] for i in range(0, len(queries), _BATCH)]
        together = np.concatenate([encoder.encode_queries(batch) for batch in batches])
        vectors = np.stack(alone[name])
        found["vectors"][name] = vectors.tolist()
        found["rows"][name] = {
            "alone against batch": float(np.abs(together - vectors).max()),
            "ms": round(float(np.median(taken[name])), 2),
        }
    found["lists"] = [[h.record.id for h in engine.search(query).hits] for query in queries]
    return found


def main() -> None:
    """Measure every level and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("library", type=Path)
    parser.add_argument("queries", type=Path)
    parser.add_argument("--queries", type=int, default=200, dest="count")
    parser.add_argument("--one", type=Path, help=argparse.SUPPRESS)
    wanted = parser.parse_args()
    queries = read_queries(wanted.queries, wanted.count)
    if wanted.one:
        wanted.one.write_text(json.dumps(measured(wanted.library, queries)), encoding="utf-8")
        return
    flags = Path("/proc/cpuinfo").read_text(encoding="ascii").split()
    reference = load_encoder(open_engine(wanted.library).encoder.model, "torch-cpu")
    exact = reference.encode_queries(queries)
    table: dict[str, Any] = {"not on this CPU": [n for n, f in LEVELS.items() if f not in flags]}
    lists: list[list[str]] | None = None
    for level in [name for name, flag in LEVELS.items() if flag in flags] + ["all"]:
        with tempfile.NamedTemporaryFile(suffix=".json") as file:
            environment = dict(os.environ)
            if level != "all":
                environment["ONEDNN_MAX_CPU_ISA"] = level
            command = [sys.executable, __file__, str(wanted.library), str(wanted.queries)]
            command += ["--queries", str(wanted.count), "--one", file.name]
            subprocess.run(command, check=True, env=environment)
            found = json.loads(Path(file.name).read_text(encoding="utf-8"))
        lists = lists or found["lists"]
        same = sum(a == b for a, b in zip(found["lists"], lists, strict=True))
        table[level] = {"same ten, same order": f"{same} of {len(queries)}"}
        for name, row in found["rows"].items():
            cosines = np.sum(np.array(found["vectors"][name]) * exact, axis=1)
            table[level][name] = {"least cosine": round(float(cosines.min()), 7), **row}
    print(json.dumps(table, indent=1))


if __name__ == "__main__":
    main()
