"""The same answers whatever instructions the CPU has: vectors, rankings, fillings, suggestions.

OpenVINO and oneDNN take ``ONEDNN_MAX_CPU_ISA`` as the most that they may use, so one CPU stands in
for those that have less. AVX2 is the least that the encoder runs on.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from search.encoder import Encoder
from search.ranked.engine import Engine
from search.suggest import Suggester

QUERIES = [
    "転んで手首を折ったお年寄り",
    "HbA1c と糖尿病の長期予後について",
    "spinal and bulbar muscular atrophy",
    "肺炎",
    "妊娠中の抗てんかん薬",
]
MASKED = "糖尿病患者に[MASK]を投与した。"
PASSAGE = "心筋梗塞の治療\n急性心筋梗塞にβ遮断薬を投与した。死亡率は低下した。"
# The flag by which Linux says that a CPU has all of a level.
LEVELS = {
    "AVX2": "avx2",
    "AVX512_CORE": "avx512dq",
    "AVX512_CORE_VNNI": "avx512_vnni",
    "AVX512_CORE_BF16": "avx512_bf16",
    "AVX512_CORE_AMX": "amx_bf16",
}


def answers(engine: Engine) -> dict[str, Any]:
    """What people see of the sample library, and the vectors behind it."""
    encoder = engine.encoder
    (window,) = encoder.windows(PASSAGE)
    (filled,) = encoder.fill_masks([MASKED])
    return {
        "alone": [encoder.encode_queries([query])[0].tolist() for query in QUERIES],
        "together": encoder.encode_queries(QUERIES).tolist(),
        "after others": encoder.encode_queries(QUERIES[:1])[0].tolist(),
        "passage": encoder.encode_passages([(PASSAGE, window)])[0].vector.tolist(),
        "fillings": np.exp(filled.log_probabilities[0]).tolist(),
        "lists": [[hit.record.id for hit in engine.search(query).hits] for query in QUERIES],
        "suggestions": [s.term for s in Suggester(engine).suggest(QUERIES[1], 8)],
    }


@pytest.fixture(scope="module")
def here(engine: Engine) -> dict[str, Any]:
    return answers(engine)


def test_a_vector_is_a_function_of_the_query_alone(here: dict[str, Any]) -> None:
    np.testing.assert_allclose(here["together"], here["alone"], atol=1e-5)
    np.testing.assert_allclose(here["after others"], here["alone"][0], atol=1e-5)


@pytest.mark.parametrize("level", LEVELS)
def test_answers_do_not_depend_on_the_instruction_set(
    level: str, here: dict[str, Any], sample_library: Path
) -> None:
    flags = Path("/proc/cpuinfo")
    if not flags.exists() or LEVELS[level] not in flags.read_text().split():
        pytest.skip(f"this CPU has no {level}")
    done = subprocess.run(
        [sys.executable, "-m", "tests.search.ranked.test_instruction_sets", str(sample_library)],
        env={**os.environ, "ONEDNN_MAX_CPU_ISA": level},
        capture_output=True,
        text=True,
        check=True,
    )
    there = json.loads(done.stdout)
    np.testing.assert_allclose(there["together"], there["alone"], atol=1e-5)
    np.testing.assert_allclose(there["alone"], here["alone"], atol=1e-5)
    # Passages are computed in bf16 where the CPU has it.
    assert np.dot(there["passage"], here["passage"]) >= 0.9995
    np.testing.assert_allclose(there["fillings"], here["fillings"], atol=1e-4)
    assert there["lists"] == here["lists"]
    assert there["suggestions"] == here["suggestions"]


def test_queries_are_neither_rounded_nor_quantised(encoder: Encoder) -> None:
    encoder.encode_queries(["肺炎"])
    compiled = encoder.backend._compiled["encoder.xml"]  # type: ignore[attr-defined]
    assert compiled.get_property("INFERENCE_PRECISION_HINT").get_type_name() == "f32"
    assert int(compiled.get_property("DYNAMIC_QUANTIZATION_GROUP_SIZE")) == 0


if __name__ == "__main__":
    from web.cli.options import open_engine

    print(json.dumps(answers(open_engine(Path(sys.argv[1])))))  # noqa: T201
