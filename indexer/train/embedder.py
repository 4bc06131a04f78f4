"""A model that learns to embed: its texts as ids, and its vectors for the losses of
sentence-transformers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from tokenizers import Tokenizer
from transformers import AutoModel, AutoModelForMaskedLM

from search.encoder.eight_bit import float_directory
from search.encoder.model_directory import ModelDirectory, open_model
from search.encoder.tokenizer import load_tokenizer, special_tokens


@dataclass(frozen=True)
class Base:
    """The model that training starts from, with its tokenizer; texts are normalised as it wants
    them and cut to ``limit`` tokens."""

    directory: ModelDirectory
    tokenizer: Tokenizer
    pad_id: int
    limit: int

    @classmethod
    def open(cls, model: str, max_tokens: int) -> "Base":
        """The model that ``--model`` names, for texts of at most ``max_tokens`` tokens.

        Raises:
            ModelError: when it cannot be used.
        """
        directory = open_model(model)
        tokenizer, _ = load_tokenizer(directory)
        tokenizer.no_padding()
        tokenizer.no_truncation()
        pad_id = tokenizer.token_to_id(special_tokens(directory)["pad_token"]) or 0
        return cls(directory, tokenizer, pad_id, min(max_tokens, directory.profile.max_tokens))

    def encode(self, text: str, prefix: str = "") -> list[int]:
        """The ids of a text, cut to the limit with the closing special token kept."""
        ids: list[int] = self.tokenizer.encode(prefix + self.directory.profile.normalize(text)).ids
        return ids if len(ids) <= self.limit else [*ids[: self.limit - 1], ids[-1]]

    def batch(self, texts: Sequence[str], prefix: str = "") -> dict[str, torch.Tensor]:
        """Texts as ``input_ids`` and ``attention_mask``, (texts, tokens)."""
        return padded([self.encode(text, prefix) for text in texts], self.pad_id)

    def load(self) -> tuple[torch.nn.Module, torch.nn.Module]:
        """The whole model, with its MLM head where it has one, and the encoder in it."""
        path = float_directory(self.directory)
        if self.directory.has_mlm_head:
            whole = AutoModelForMaskedLM.from_pretrained(path, dtype=torch.float32)
            return whole, whole.base_model
        encoder = AutoModel.from_pretrained(path, dtype=torch.float32)
        return encoder, encoder


class Embedder(torch.nn.Module):
    """What sentence-transformers' losses ask of a model: features in, a sentence_embedding out."""

    def __init__(self, encoder: torch.nn.Module, pooling: str) -> None:
        super().__init__()
        self.encoder = encoder
        self.pooling = pooling

    def forward(self, features: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """Vectors (texts, dim), not normalised."""
        states = self.encoder(**features).last_hidden_state
        if self.pooling == "cls":
            return {"sentence_embedding": states[:, 0]}
        mask = features["attention_mask"].unsqueeze(-1).to(states.dtype)
        return {"sentence_embedding": (states * mask).sum(1) / mask.sum(1)}


def padded(rows: Sequence[list[int]], pad_id: int) -> dict[str, torch.Tensor]:
    """Rows of ids as ``input_ids`` and ``attention_mask``, (rows, longest)."""
    length = max(map(len, rows))
    ids = torch.full((len(rows), length), pad_id)
    mask = torch.zeros((len(rows), length), dtype=torch.long)
    for i, row in enumerate(rows):
        ids[i, : len(row)] = torch.tensor(row)
        mask[i, : len(row)] = 1
    return {"input_ids": ids, "attention_mask": mask}
