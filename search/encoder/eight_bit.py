"""Weights in 8 bits, one scale and one zero point a row: how the embedded model is stored.

A matrix of weights becomes three tensors of ``model.int8.safetensors``: ``NAME`` (rows, columns)
uint8, ``NAME.scale`` and ``NAME.zero`` (rows, 1), so that ``(NAME - zero) * scale`` is the weight.
OpenVINO's graphs read these tensors where they lie in the file; torch gets a directory with the
same weights in float32, which differ from the original by half a step of 255.
"""

import shutil
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from search.encoder.cache import cache_folder
from search.encoder.model_directory import EIGHT_BIT_WEIGHTS, ModelDirectory, ModelError

# Smaller matrices stay as they are: they weigh nothing.
_SMALLEST = 4_096
_GRAPH = "graph."


def eight_bit_matrix(
    weights: NDArray[np.float32],
) -> tuple[NDArray[np.uint8], NDArray[np.float32], NDArray[np.uint8]]:
    """Round a matrix (rows, columns) to 8 bits; gives it with ``scale`` and ``zero`` (rows, 1).

    Each row's range, zero included, is cut into 255 equal steps.
    """
    low = np.minimum(weights.min(axis=1, keepdims=True), 0)
    high = np.maximum(weights.max(axis=1, keepdims=True), 0)
    scale = np.maximum((high - low) / 255, np.finfo(np.float32).tiny).astype(np.float32)
    zero = np.rint(-low / scale)
    stored = np.clip(np.rint(weights / scale) + zero, 0, 255)
    return stored.astype(np.uint8), scale, zero.astype(np.uint8)


def float_matrix(
    stored: NDArray[np.uint8], scale: NDArray[np.float32], zero: NDArray[np.uint8]
) -> NDArray[np.float32]:
    """Give the matrix (rows, columns) float32 that 8 bits stand for."""
    matrix: NDArray[np.float32] = (stored.astype(np.float32) - zero.astype(np.float32)) * scale
    return matrix


def is_stored_in_eight_bits(weights: NDArray[np.float32]) -> bool:
    """Say whether a tensor is a matrix large enough to be stored in 8 bits."""
    return weights.ndim == 2 and weights.size >= _SMALLEST


def float_directory(model: ModelDirectory) -> Path:
    """Give a directory that transformers and sentence-transformers can load ``model`` from.

    It is the model's own, except for weights stored in 8 bits: these are written once as float32
    into the cache.

    Raises:
        ModelError: when the cache cannot be written.
    """
    if not (model.path / EIGHT_BIT_WEIGHTS).exists():
        return model.path
    target = cache_folder("float32", model.fingerprint)
    if (target / "model.safetensors").exists():
        return target
    from safetensors.numpy import load_file, save_file

    tensors = load_file(model.path / EIGHT_BIT_WEIGHTS)
    weights = {}
    for name, tensor in tensors.items():
        if name.startswith(_GRAPH) or name.endswith((".scale", ".zero")):
            continue
        if f"{name}.scale" in tensors:
            tensor = float_matrix(tensor, tensors[f"{name}.scale"], tensors[f"{name}.zero"])
        weights[name] = tensor
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".writing-") as name:
            staging = Path(name) / "model"
            staging.mkdir()
            for file in model.path.iterdir():
                if file.suffix in {".json", ".model", ".txt"}:
                    shutil.copy(file, staging)
            save_file(weights, staging / "model.safetensors", metadata={"format": "pt"})
            try:
                staging.rename(target)
            except OSError:
                # Another process has written it meanwhile.
                if not (target / "model.safetensors").exists():
                    raise
    except OSError as error:
        raise ModelError(
            f"{model.name}: its weights have to be written once as float32, and {target.parent} "
            f"cannot be written ({error.strerror}); name a folder that can be, in JMEDSEARCH_CACHE"
        ) from error
    return target
