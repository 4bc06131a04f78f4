"""Preparing a model once for serving on a CPU: tokenizer checked, graphs converted for OpenVINO.

Run as ``python -m search.encoder.conversion MODEL DIRECTORY`` in a process of its own, so that the
process that serves never loads torch. The result is complete or absent: it is written beside its
place and moved there.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path
from typing import Any

import platformdirs

from search.encoder.model_directory import ModelDirectory, ModelError, open_model

# Raised whenever what is written below changes meaning.
_VERSION = 1


def prepared(model: ModelDirectory) -> Path:
    """The folder with the model's converted form, made on first use (seconds to a minute).

    Raises:
        ModelError: with the reason, when the model cannot be converted or the folder written.
    """
    cache = Path(os.environ.get("JMEDSEARCH_CACHE") or platformdirs.user_cache_dir("jmedsearch"))
    target = cache / f"openvino-{_VERSION}" / model.fingerprint[:32]
    if (target / "prepared.json").exists():
        return target
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        staging = Path(tempfile.mkdtemp(dir=target.parent, prefix=".converting-"))
    except OSError as error:
        raise ModelError(
            f"{model.name}: has to be prepared once, and {target.parent} cannot be written "
            f"({error.strerror}); name a folder that can be, in JMEDSEARCH_CACHE"
        ) from error
    try:
        process = subprocess.run(
            [sys.executable, "-m", "search.encoder.conversion", str(model.path), str(staging)],
            capture_output=True,
            text=True,
            check=False,
        )
        if process.returncode:
            reason = (process.stderr.strip().splitlines() or ["no reason given"])[-1]
            raise ModelError(f"{model.name}: could not be prepared for OpenVINO: {reason}")
        try:
            staging.rename(target)
        except OSError:
            if not (target / "prepared.json").exists():
                raise
        return target
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def convert(model: ModelDirectory, directory: Path) -> None:
    """Write ``tokenizer.json``, ``encoder.xml``, ``encoder-int8.xml``, ``mlm_head.xml`` (where the
    model has a head) and ``prepared.json`` into ``directory``."""
    import nncf
    import openvino
    import torch

    from search.encoder.tokenizer import load_tokenizer
    from search.encoder.torch_backend import load_modules

    tokenizer, rebuilt = load_tokenizer(model)
    tokenizer.no_padding()
    tokenizer.no_truncation()
    tokenizer.save(str(directory / "tokenizer.json"))

    encoder, head = load_modules(model)
    example: dict[str, Any] = {
        "input_ids": torch.ones(2, 7, dtype=torch.long),
        "attention_mask": torch.ones(2, 7, dtype=torch.long),
        "weights": torch.full((2, 3, 7), 1 / 7),
    }
    graph = openvino.convert_model(encoder, example_input=example)
    openvino.save_model(graph, directory / "encoder.xml", compress_to_fp16=True)
    # Weights alone in 8 bits, one scale a row: half the memory traffic of a single query.
    openvino.save_model(
        nncf.compress_weights(graph, mode=nncf.CompressWeightsMode.INT8_ASYM),
        directory / "encoder-int8.xml",
    )
    if head is not None:
        states = torch.ones(2, model.dim)
        openvino.save_model(
            openvino.convert_model(head, example_input=states),
            directory / "mlm_head.xml",
            compress_to_fp16=True,
        )
    facts = {"model": model.name, "has_mlm_head": head is not None, "tokenizer_rebuilt": rebuilt}
    (directory / "prepared.json").write_text(json.dumps(facts), encoding="utf-8")


def main() -> None:
    """Convert the model of the first argument into the folder of the second."""
    warnings.simplefilter("ignore")
    try:
        convert(open_model(sys.argv[1]), Path(sys.argv[2]))
    except ModelError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
