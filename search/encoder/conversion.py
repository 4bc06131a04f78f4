"""Preparing a model for serving on a CPU: tokenizer checked, graphs converted for OpenVINO.

Run as ``python -m search.encoder.conversion MODEL DIRECTORY`` in a process of its own, so that the
process that serves never loads torch. The embedded model comes prepared: its directory is what this
command wrote. Other models are prepared once and kept in the cache, which is complete or absent: it
is written beside its place, synced and moved there.

A prepared model is one file of weights in 8 bits, ``model.int8.safetensors``, with the graphs
``encoder.xml`` and ``mlm_head.xml`` (where the model has a head), whose constants are read from the
places in that file where the tensors lie.
"""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from search.encoder.cache import cache_folder
from search.encoder.eight_bit import eight_bit_matrix, float_matrix, is_stored_in_eight_bits
from search.encoder.model_directory import (
    EIGHT_BIT_WEIGHTS,
    ModelDirectory,
    ModelError,
    missing_packages,
    open_model,
)

ENCODER_GRAPH = "encoder.xml"
MLM_HEAD_GRAPH = "mlm_head.xml"
# Raised whenever what is written below changes meaning.
_VERSION = 2
_SUMS = "prepared.json"
_CONSTANT = re.compile(r'(<data [^>]*?\boffset=")(\d+)(" size="(\d+)")')
_NAMED = re.compile(r'(<data [^>]*?\boffset=")([^"]+)(" size=")')


def prepared(model: ModelDirectory) -> Path:
    """Give the folder with the model's prepared form, made on first use (seconds to a minute).

    A prepared form that was damaged is made again.

    Raises:
        ModelError: with the reason, when the model cannot be converted or the folder written.
    """
    if (model.path / ENCODER_GRAPH).exists() and (model.path / EIGHT_BIT_WEIGHTS).exists():
        return model.path
    target = cache_folder(f"openvino-{_VERSION}", model.fingerprint)
    if target.exists():
        if _is_whole(target):
            return target
        sys.stderr.write(f"{target} is damaged: {model.name} is prepared again\n")
        shutil.rmtree(target, ignore_errors=True)
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
        _seal(staging)
        try:
            staging.rename(target)
        except OSError:
            # Another process has prepared it meanwhile.
            if not _is_whole(target):
                raise
        return target
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _seal(directory: Path) -> None:
    """Bring all files to the disk, and write down their SHA-256."""
    sums = {}
    for file in sorted(directory.iterdir()):
        with file.open("rb") as stream:
            sums[file.name] = hashlib.file_digest(stream, "sha256").hexdigest()
            os.fsync(stream.fileno())
    with (directory / _SUMS).open("w", encoding="utf-8") as written:
        json.dump(sums, written)
        written.flush()
        os.fsync(written.fileno())


def _is_whole(directory: Path) -> bool:
    """Say whether every file is as it was when the folder was sealed."""
    try:
        sums = json.loads((directory / _SUMS).read_text(encoding="utf-8"))
        return ENCODER_GRAPH in sums and all(
            hashlib.sha256((directory / name).read_bytes()).hexdigest() == digest
            for name, digest in sums.items()
        )
    except (OSError, ValueError, AttributeError, TypeError):
        return False


def convert(model: ModelDirectory, directory: Path) -> None:
    """Write ``tokenizer.json``, the graphs and their weights into ``directory``.

    Raises:
        ModelError: when the model cannot be loaded or its tokenizer not be trusted.
    """
    import openvino
    import torch

    from search.encoder.tokenizer import load_tokenizer
    from search.encoder.torch_backend import Pooled, load_network

    tokenizer, _ = load_tokenizer(model)
    tokenizer.no_padding()
    tokenizer.no_truncation()
    tokenizer.save(str(directory / "tokenizer.json"))

    network = load_network(model)
    tensors = _round_weights(network.whole)
    example: dict[str, Any] = {
        "input_ids": torch.ones(2, 7, dtype=torch.long),
        "attention_mask": torch.ones(2, 7, dtype=torch.long),
        "weights": torch.full((2, 3, 7), 1 / 7),
    }
    encoder = Pooled(network.encoder).eval()
    graphs = {ENCODER_GRAPH: openvino.convert_model(encoder, example_input=example)}
    if network.head is not None:
        states = torch.ones(2, model.dim)
        graphs[MLM_HEAD_GRAPH] = openvino.convert_model(network.head, example_input=states)
    for graph in graphs.values():
        _read_eight_bits(graph, tensors)
    _write(graphs, tensors, directory)


def _round_weights(network: Any) -> dict[str, NDArray[Any]]:
    """Round the matrices of a torch module to what 8 bits hold; gives all its tensors by name, as
    they are stored. What two names share is given once."""
    import torch

    tensors: dict[str, NDArray[Any]] = {}
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            weights: NDArray[np.float32] = parameter.detach().float().numpy()
            if is_stored_in_eight_bits(weights):
                stored, scale, zero = eight_bit_matrix(weights)
                tensors |= {name: stored, f"{name}.scale": scale, f"{name}.zero": zero}
                parameter.copy_(torch.from_numpy(float_matrix(stored, scale, zero)))
            else:
                tensors[name] = weights.copy()
    return tensors


def _read_eight_bits(graph: Any, tensors: dict[str, NDArray[Any]]) -> None:
    """Have a graph compute its matrices from what is stored, instead of holding them in float."""
    import openvino
    import openvino.opset13 as operations

    stored = {
        _digest(float_matrix(tensors[name], tensors[f"{name}.scale"], tensors[f"{name}.zero"])): (
            name
        )
        for name in tensors
        if f"{name}.scale" in tensors
    }
    for node in graph.get_ops():
        if node.get_type_name() != "Constant" or node.get_element_type() != openvino.Type.f32:
            continue
        name = stored.get(_digest(node.data))
        if name is None:
            continue
        matrix, zero = (
            operations.convert(operations.constant(tensors[key]), "f32")
            for key in (name, f"{name}.zero")
        )
        weights = operations.multiply(
            operations.subtract(matrix, zero), operations.constant(tensors[f"{name}.scale"])
        )
        for user in list(node.output(0).get_target_inputs()):
            user.replace_source_output(weights.output(0))
    graph.validate_nodes_and_infer_types()


def _write(graphs: dict[str, Any], tensors: dict[str, NDArray[Any]], directory: Path) -> None:
    """Write the tensors as one file, and graphs whose constants lie in it.

    Constants that no tensor of the model equals (shapes, folded biases) are added to the file.
    """
    import openvino
    from safetensors.numpy import save_file

    stored = dict(tensors)
    names = {_digest(tensor): name for name, tensor in tensors.items()}
    texts = {}
    with tempfile.TemporaryDirectory() as scratch:
        for file, graph in graphs.items():
            openvino.serialize(graph, Path(scratch) / file, Path(scratch) / "constants")
            texts[file] = (Path(scratch) / file).read_text(encoding="utf-8")
            constants = (Path(scratch) / "constants").read_bytes()
            for match in _CONSTANT.finditer(texts[file]):
                start, size = int(match[2]), int(match[4])
                value = np.frombuffer(constants[start : start + size], np.uint8)
                if _digest(value) not in names:
                    names[_digest(value)] = f"graph.{len(stored)}"
                    stored[f"graph.{len(stored)}"] = value
            texts[file] = _renamed(texts[file], constants, names)
    weights = directory / EIGHT_BIT_WEIGHTS
    save_file(stored, weights)
    weights.chmod(0o644)
    places = _places(weights)
    for file, text in texts.items():
        placed = _NAMED.sub(lambda m: f"{m[1]}{places[m[2]]}{m[3]}", text)
        (directory / file).write_text(placed, encoding="utf-8")


def _renamed(text: str, constants: bytes, names: dict[bytes, str]) -> str:
    """A graph with each constant's offset replaced by the name of the tensor that equals it."""

    def named(match: re.Match[str]) -> str:
        start, size = int(match[2]), int(match[4])
        return f"{match[1]}{names[_digest(constants[start : start + size])]}{match[3]}"

    return _CONSTANT.sub(named, text)


def _places(file: Path) -> dict[str, int]:
    """Where in a safetensors file each tensor's bytes begin."""
    with file.open("rb") as stream:
        length = int.from_bytes(stream.read(8), "little")
        header = json.loads(stream.read(length))
    return {
        name: 8 + length + facts["data_offsets"][0]
        for name, facts in header.items()
        if name != "__metadata__"
    }


def _digest(value: NDArray[Any] | bytes) -> bytes:
    data = value if isinstance(value, bytes) else np.ascontiguousarray(value).tobytes()
    return hashlib.sha256(data).digest()


def main() -> None:
    """Convert the model of the first argument into the folder of the second."""
    warnings.simplefilter("ignore")
    try:
        convert(open_model(sys.argv[1]), Path(sys.argv[2]))
    except ModelError as error:
        sys.exit(str(error))
    except ImportError as error:
        sys.exit(missing_packages("preparing a model", error))


if __name__ == "__main__":
    main()
