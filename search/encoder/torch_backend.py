"""Inference with torch: CUDA in bf16, and the float32 reference on a CPU."""

import contextlib
import logging
import warnings
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import AutoModel, AutoModelForMaskedLM
from transformers.utils import logging as transformers_logging

from search.encoder.batch import Batch
from search.encoder.eight_bit import float_directory
from search.encoder.model_directory import ModelDirectory, ModelError, weights_file


class Pooled(torch.nn.Module):
    """Encoder followed by weighted sums over tokens.

    Takes ``input_ids`` (batch, tokens), ``attention_mask`` (batch, tokens), or (batch, 1, 1,
    tokens), or None, and ``weights`` (batch, rows, tokens); gives (batch, rows, dim). A row of
    equal weights is a mean, a one-hot row one token.
    """

    def __init__(self, encoder: torch.nn.Module) -> None:
        super().__init__()
        self.encoder = encoder

    def forward(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor, weights: torch.Tensor
    ) -> torch.Tensor:
        """Weighted sums of the last hidden states."""
        states = self.encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        return weights @ states


@dataclass(frozen=True)
class Network:
    """A model in torch, float32, in eval mode: whole, its encoder, and its MLM head (hidden states
    to logits), which is None where the weights do not hold one."""

    whole: torch.nn.Module
    encoder: torch.nn.Module
    head: torch.nn.Module | None


def load_network(model: ModelDirectory) -> Network:
    """Load a model's weights.

    Remote code is never run; ``.bin`` weights go through torch's weights-only loading, which is
    transformers' only way of reading them.

    Raises:
        ModelError: when the weights cannot be loaded or miss encoder tensors.
    """
    path = float_directory(model)
    options: dict[str, Any] = {
        "trust_remote_code": False,
        "dtype": torch.float32,
        "attn_implementation": "sdpa",
        "local_files_only": True,
        "use_safetensors": (weights_file(path) or path).name.startswith("model."),
        "output_loading_info": True,
    }
    loader = AutoModelForMaskedLM if model.has_mlm_head else AutoModel
    try:
        with _quiet():
            loaded, info = loader.from_pretrained(str(path), **options)
    except (OSError, ValueError, RuntimeError, ImportError) as error:
        raise ModelError(f"{model.path}: the weights cannot be loaded ({error})") from error
    loaded.eval()
    head = _head(loaded) if model.has_mlm_head else None
    missing = set(info["missing_keys"])
    if head is not None:
        head_keys = {k for k in missing if not k.startswith(loaded.base_model_prefix + ".")}
        missing -= head_keys
        if head_keys:
            head = None
    missing = {k for k in missing if "pooler" not in k and "position_ids" not in k}
    if missing:
        raise ModelError(f"{model.path}: the weights lack {sorted(missing)[0]}")
    return Network(loaded, loaded.base_model, head)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    # transformers reports every load with bars and warnings; ours says what matters itself.
    level = transformers_logging.get_verbosity()
    transformers_logging.set_verbosity(logging.ERROR)
    transformers_logging.disable_progress_bar()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        transformers_logging.set_verbosity(level)


def _head(loaded: torch.nn.Module) -> torch.nn.Module | None:
    for name in ("cls", "lm_head", "predictions", "generator_lm_head"):
        if hasattr(loaded, name):
            head: torch.nn.Module = getattr(loaded, name)
            return head
    return None


# Batches that a GPU has before it beside the one whose result is waited for.
_UNDER_WAY = 3


class TorchBackend:
    """Runs the pooled encoder and the MLM head on ``device``; ``compiled`` puts the encoder through
    torch.compile, which takes a minute at the start."""

    name = "torch"

    def __init__(self, model: ModelDirectory, device: str, compiled: bool = False) -> None:
        self.device = torch.device(device)
        # bf16 has float32's range, so no scaling is needed; CPUs here keep the reference exact.
        self.dtype = torch.bfloat16 if self.device.type == "cuda" else torch.float32
        network = load_network(model)
        self._encoder = Pooled(network.encoder).eval().to(self.device, self.dtype)
        self._head = network.head and network.head.to(self.device, self.dtype)
        self.has_mlm_head = network.head is not None
        on_gpu = self.device.type == "cuda"
        # Tokens, padding included, in one batch: enough to fill the device, not its memory.
        self.batch_tokens = 32_768 if on_gpu else 4_096
        # So many that sorting by length leaves next to no padding.
        self.chunk_records = 2048 if on_gpu else 256
        self.prepares_apart = on_gpu
        if compiled:
            # Lengths differ from batch to batch: without this each would be compiled anew.
            self._encoder.compile(dynamic=True)

    def pooled_each(self, batches: Iterable[Batch]) -> Iterator[NDArray[np.float32]]:
        """Weighted sums of hidden states: (batch, rows, dim) float32 each.

        On a GPU batches are queued without waiting for it: copies go through pinned memory, and a
        result is looked at only when a few later batches are on their way.
        """
        under_way: deque[tuple[torch.Tensor, Any]] = deque()
        for batch in batches:
            under_way.append(self._started(batch))
            if len(under_way) > _UNDER_WAY or self.device.type != "cuda":
                yield _finished(*under_way.popleft())
        while under_way:
            yield _finished(*under_way.popleft())

    def pooled_query(
        self,
        input_ids: NDArray[np.int64],
        attention_mask: NDArray[np.int64],
        weights: NDArray[np.float32],
    ) -> NDArray[np.float32]:
        """The same for one batch."""
        return _finished(*self._started((input_ids, attention_mask, weights)))

    @torch.inference_mode()
    def _started(self, batch: Batch) -> tuple[torch.Tensor, Any]:
        """The result of a batch in the host's memory, valid once the event has come (if any)."""
        ids, mask, weights = batch
        # Where nothing is padded, attention needs no mask and has faster kernels; four dimensions
        # keep transformers from looking at its values, for which it would wait for the device.
        masked = None if mask.all() else self._on_device(mask.astype(bool)[:, None, None, :])
        result = self._encoder(
            self._on_device(ids), masked, self._on_device(weights).to(self.dtype)
        ).float()
        if self.device.type != "cuda":
            return result, None
        host = torch.empty(result.shape, dtype=torch.float32, pin_memory=True)
        host.copy_(result, non_blocking=True)
        event = torch.cuda.Event()
        event.record()
        return host, event

    def _on_device(self, values: NDArray[Any]) -> torch.Tensor:
        tensor = torch.from_numpy(values)
        if self.device.type != "cuda":
            return tensor.to(self.device)
        return tensor.pin_memory().to(self.device, non_blocking=True)

    @torch.inference_mode()
    def logits(self, states: NDArray[np.float32]) -> NDArray[np.float32]:
        """MLM logits (n, vocabulary) float32 of hidden states (n, dim)."""
        if self._head is None:
            raise ModelError("this model has no MLM head: it cannot fill masks")
        result = self._head(torch.from_numpy(states).to(self.device, self.dtype))
        values: NDArray[np.float32] = result.float().cpu().numpy()
        return values


def _finished(result: torch.Tensor, event: Any) -> NDArray[np.float32]:
    if event is not None:
        event.synchronize()
    rows: NDArray[np.float32] = result.numpy()
    return rows
