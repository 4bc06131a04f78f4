"""A Hugging Face directory in, vectors and mask fillings out.

``load_encoder`` is the door; :class:`Encoder` is what it returns. OpenVINO serves CPUs, torch
serves CUDA and is the reference that tests compare against. torch is imported by the torch backend
and by the one-time conversion (a process of its own), never while a CPU serves.
"""

import search.encoder.no_telemetry  # noqa: F401 - before anything imports OpenVINO
from search.encoder.encoder import EncodedPassage, Encoder, Fillings, load_encoder
from search.encoder.model_directory import EMBEDDED, ModelDirectory, ModelError, open_model
from search.encoder.text_side import Window

__all__ = [
    "EMBEDDED",
    "EncodedPassage",
    "Encoder",
    "Fillings",
    "ModelDirectory",
    "ModelError",
    "Window",
    "load_encoder",
    "open_model",
]
