"""``BertForMaskedLM`` that computes MLM logits only where a token is to be guessed.

A vocabulary of tens of thousands makes the logits of every position cost as much as several
layers; 15 % of the positions are enough. The parameters and their names are BERT's own, and
:func:`save_model` writes a plain ``BertForMaskedLM``.
"""

from pathlib import Path
from typing import Any

import torch
from torch.nn import functional
from transformers import BertConfig, BertForMaskedLM
from transformers.modeling_outputs import MaskedLMOutput

IGNORED = -100


class MaskedLm(BertForMaskedLM):
    """Takes ``input_ids`` and ``attention_mask`` (batch, tokens) and, where the MLM loss is wanted,
    ``labels`` of the same shape, :data:`IGNORED` where nothing is guessed.

    Gives ``loss`` (mean cross-entropy over the guessed tokens, or over ``num_items_in_batch``) and
    ``logits`` (guessed tokens, vocabulary), both None without labels, and ``hidden_states`` (one
    (batch, tokens, dim) tensor for the embeddings and each layer).
    """

    def forward(
        self,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor | None = None,
        labels: torch.Tensor | None = None,
        num_items_in_batch: torch.Tensor | int | None = None,
        **_: Any,
    ) -> MaskedLMOutput:
        """Hidden states of every layer, and the MLM loss."""
        encoded = self.bert(input_ids, attention_mask=attention_mask, output_hidden_states=True)
        loss = logits = None
        if labels is not None:
            guessed = labels != IGNORED
            logits = self.cls(encoded.last_hidden_state[guessed])
            if num_items_in_batch is None:
                loss = functional.cross_entropy(logits.float(), labels[guessed])
            else:
                total = functional.cross_entropy(logits.float(), labels[guessed], reduction="sum")
                loss = total / num_items_in_batch
        return MaskedLMOutput(loss=loss, logits=logits, hidden_states=encoded.hidden_states)

    def freeze(self, layers: int) -> None:
        """Keep the embeddings and the first ``layers`` layers as they are. The token embeddings are
        also the output weights of the MLM head: a head that could move them would move what every
        layer reads, and the vectors with it."""
        if not layers:
            return
        for part in (self.bert.embeddings, *self.bert.encoder.layer[:layers]):
            part.requires_grad_(False)
        # No gradient goes below here, which also saves its cost.
        self.bert.encoder.layer[layers - 1].register_forward_hook(_detached)


def _detached(_: Any, __: Any, given: Any) -> Any:
    return given.detach() if isinstance(given, torch.Tensor) else (given[0].detach(), *given[1:])


def save_model(model: BertForMaskedLM, directory: Path) -> None:
    """Write ``config.json`` and float16 ``model.safetensors`` of a plain ``BertForMaskedLM``."""
    config = BertConfig.from_dict({**model.config.to_dict(), "torch_dtype": None})
    plain = BertForMaskedLM(config)
    state = {name: value.detach().cpu() for name, value in model.state_dict().items()}
    plain.load_state_dict(state)
    plain.half().save_pretrained(directory)


def mask_tokens(
    input_ids: torch.Tensor,
    special: torch.Tensor,
    mask_id: int,
    vocabulary: int,
    share: float,
    generator: torch.Generator,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Choose ``share`` of the tokens anew: inputs and labels for the MLM loss, (batch, tokens).

    As in BERT, of the chosen tokens 80 % become [MASK], 10 % a random token, 10 % stay. ``special``
    is true where nothing may be chosen (special tokens, padding).
    """
    shape = input_ids.shape
    chosen = (torch.rand(shape, generator=generator) < share) & ~special
    labels = torch.where(chosen, input_ids, torch.full_like(input_ids, IGNORED))
    fate = torch.rand(shape, generator=generator)
    random = torch.randint(5, vocabulary, shape, generator=generator)
    masked = torch.where(chosen & (fate < 0.8), torch.full_like(input_ids, mask_id), input_ids)
    masked = torch.where(chosen & (fate >= 0.9), random, masked)
    return masked, labels
