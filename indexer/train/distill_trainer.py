"""The losses of a distillation, and what they come to on what is held out.

Every batch goes through the teacher as it is and through the student, in text batches with some of
its tokens masked. The losses are

- tokens: the student's hidden states against the teacher's, layer by layer (TinyBERT, Jiao et al.
  2020); tokens are matched by the characters that they cover, so the vocabularies may differ;
- pooled: one minus the cosine of the centred mean vectors; where the widths differ there is no
  token loss, and the cosines within the batch are compared instead (mean squared difference);
- MLM: cross-entropy of the masked tokens;
- pairs: InfoNCE within the batch, both ways (van den Oord et al. 2018), for pairs of texts that
  mean the same.

Hidden states are scaled so that a student that always gives the teacher's mean has a token loss of
1.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch.nn import functional
from transformers import Trainer

from indexer.train.cloze import held_out_sentences, measure_cloze, questions
from indexer.train.distill_config import DistillConfig
from indexer.train.material import Material, padded
from indexer.train.sides import Sides
from indexer.train.teacher import Statistics, Teacher, mean_of

_MEASURED_TEXTS = 96
_MEASURED_PIECES = 120
_MEASURED_PAIRS = 200


class DistillTrainer(Trainer):
    """transformers' Trainer with the losses of a distillation."""

    def __init__(
        self,
        config: DistillConfig,
        teacher: Teacher,
        known: Statistics,
        matched: Sequence[int],
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.config = config
        self.teacher = teacher
        self.known = known
        # hidden_states[0] are the embeddings.
        self.matched = [0, *(n + 1 for n in matched)]
        self.model_accepts_loss_kwargs = False
        teacher.encoder.to(self.args.device)
        self.parts: dict[str, float] = {}

    def compute_loss(
        self,
        model: torch.nn.Module,
        inputs: list[dict[str, torch.Tensor]],
        return_outputs: bool = False,
        num_items_in_batch: Any = None,  # noqa: ARG002 - the Trainer passes it by name
    ) -> Any:
        """The weighted sum of the losses of a batch; the parts are kept for the curves."""
        weights = self.config
        total = torch.zeros((), device=self.args.device)
        vectors = []
        parts: dict[str, torch.Tensor] = {}
        for side in inputs:
            outputs, tokens, pooled, vector = self.compared(model, side)
            vectors.append(vector)
            if outputs.loss is not None:
                parts["mlm"] = outputs.loss
                total = total + weights.mlm_weight * outputs.loss
            share = 1 / len(inputs)
            total = total + share * (weights.token_weight * tokens + weights.pooled_weight * pooled)
            parts["tokens"], parts["pooled"] = tokens, pooled
        if len(vectors) == 2:
            contrast = info_nce(vectors[0], vectors[1], inputs[0]["meaning"], weights.temperature)
            parts["pairs"] = contrast
            total = total + weights.pair_weight * contrast
        self.parts |= {name: float(value.detach()) for name, value in parts.items()}
        return (total, vectors) if return_outputs else total

    def compared(
        self, model: torch.nn.Module, side: dict[str, torch.Tensor]
    ) -> tuple[Any, torch.Tensor, torch.Tensor, torch.Tensor]:
        """The student's outputs, its token and pooled loss, and its unit vectors (batch, dim)."""
        mask = side["attention_mask"]
        outputs = model(side["input_ids"], attention_mask=mask, labels=side.get("labels"))
        states = outputs.hidden_states
        theirs = self.teacher.states(
            {"input_ids": side["teacher_ids"], "attention_mask": side["teacher_mask"]}
        )
        vector = functional.normalize(mean_of(states[-1], mask).float(), dim=1)
        aim = self.teacher.pooled(theirs[-1], side["teacher_mask"]).float()
        aim = functional.normalize(aim, dim=1).clone()
        if vector.shape[1] != aim.shape[1]:
            difference = vector @ vector.T - aim @ aim.T
            return outputs, vector.new_zeros(()), difference.square().mean(), vector
        centre = self.known.centre.to(vector.device)
        pooled = 1 - functional.cosine_similarity(vector - centre, aim - centre).mean()
        matched = side["alignment"]
        known = matched.sum(2) > 0.5
        losses = []
        for ours, number in zip(states, self.matched, strict=True):
            expected = matched @ theirs[number].to(matched.dtype)
            error = (ours - expected).square().mean(2)[known].mean()
            losses.append(error / self.known.deviations[number])
        # The last layer is what vectors and guesses are made of.
        middle = torch.stack(losses[1:-1]).mean() if len(losses) > 2 else losses[0]
        return outputs, losses[-1] + 0.5 * middle, pooled, vector

    def _get_train_sampler(self, *_: Any) -> torch.utils.data.Sampler[int]:
        # The plan's order is the order.
        return torch.utils.data.SequentialSampler(self.train_dataset)


def info_nce(
    anchors: torch.Tensor, positives: torch.Tensor, meaning: torch.Tensor, temperature: float
) -> torch.Tensor:
    """InfoNCE both ways over unit vectors (batch, dim); rows of equal ``meaning`` are no negatives
    of each other."""
    scores = anchors @ positives.T / temperature
    same = meaning[:, None] == meaning[None, :]
    same = same & ~torch.eye(len(meaning), dtype=torch.bool, device=same.device)
    scores = scores.masked_fill(same, float("-inf"))
    right = torch.arange(len(meaning), device=scores.device)
    return (functional.cross_entropy(scores, right) + functional.cross_entropy(scores.T, right)) / 2


class HeldOut:
    """Measures of a student on what is held out."""

    def __init__(
        self, config: DistillConfig, material: Material, sides: Sides, trainer: DistillTrainer
    ) -> None:
        self.trainer = trainer
        self.mask_id = sides.mask_id
        texts = sorted(material.held_out, key=len)
        step = max(1, len(texts) // _MEASURED_TEXTS)
        self.sides = [
            sides.side(texts[start : start + 8 * step : step])
            for start in range(0, len(texts) - 8 * step + 1, 8 * step)
        ]
        asked = held_out_sentences(config.cloze or config.texts, config.held_out_share)
        self.asked = questions(asked, sides.tokenizer, sides.profile, _MEASURED_PIECES, config.seed)
        pairs = sorted(material.held_out_pairs, key=lambda p: (len(p.positive), p))
        pairs = pairs[:: max(1, len(pairs) // _MEASURED_PAIRS)]
        self.pairs = [
            [padded(sides.tokenizer.encode_batch(part), 0, config.max_tokens) for part in both]
            for start in range(0, len(pairs), 20)
            for both in [
                (
                    [sides.profile.normalize(p.anchor) for p in pairs[start : start + 20]],
                    [sides.profile.normalize(p.positive) for p in pairs[start : start + 20]],
                )
            ]
        ]
        numbers: dict[str, int] = {}
        self.meaning = torch.tensor([numbers.setdefault(p.positive, len(numbers)) for p in pairs])

    @torch.inference_mode()
    def measure(self) -> dict[str, float]:
        """Token loss and cosine to the teacher, masks filled, and pairs found (MRR)."""
        trainer = self.trainer
        model = trainer.accelerator.unwrap_model(trainer.model).eval()
        found: dict[str, float] = {}
        compared = [trainer.compared(model, trainer._prepare_inputs(s)) for s in self.sides]
        if compared:
            found["held_out_tokens"] = float(torch.stack([c[1] for c in compared]).mean())
            found["held_out_cosine"] = 1 - float(torch.stack([c[2] for c in compared]).mean())
        if self.asked:
            cloze = measure_cloze(model.bert, model.cls, self.asked, self.mask_id)
            found |= {"cloze_top10": cloze.top10, "cloze_perplexity": cloze.perplexity}
        if self.pairs:
            anchors, positives = (
                torch.cat(
                    [
                        functional.normalize(
                            mean_of(
                                model(**trainer._prepare_inputs(both[side])).hidden_states[-1],
                                both[side]["attention_mask"].to(trainer.args.device),
                            ),
                            dim=1,
                        )
                        for both in self.pairs
                    ]
                ).float()
                for side in (0, 1)
            )
            scores = (anchors @ positives.T).cpu()
            same = self.meaning[:, None] == self.meaning[None, :]
            best = scores.masked_fill(~same, -1).max(1, keepdim=True).values
            rank = ((scores > best) & ~same).sum(1) + 1
            found["pairs_mrr"] = float((1 / rank).mean())
        model.train()
        return found
