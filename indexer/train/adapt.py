"""Adaptation: an encoder learns to retrieve from a library's own text, without labels.

Contrastive training (sentence-transformers' MultipleNegativesRankingLoss) over the pairs of
:mod:`indexer.train.self_supervision`, with the other positives of a batch and BM25's best wrong
answers as negatives. The MLM loss is replayed on a part of each batch, so that the head still fits
the encoder under it. Up to 60 records are set aside; queries made of them, which have to find
their records again, say when to stop and which state was the best.
"""

import logging
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss
from transformers import (
    Trainer,
    TrainerCallback,
    TrainerControl,
    TrainerState,
    TrainingArguments,
    set_seed,
)

from indexer.train.card import write_card
from indexer.train.checkpoints import last_checkpoint
from indexer.train.config import ConfigError, write_config
from indexer.train.curves import Curves, plot_curves, read_curves
from indexer.train.embedder import Base, Embedder
from indexer.train.known_item_test import KnownItemTest
from indexer.train.model import mask_tokens
from indexer.train.precision import mixed_precision
from indexer.train.self_supervision import Example, Examples
from search.encoder.tokenizer import special_tokens
from search.library.library import Library

logger = logging.getLogger(__name__)

# The share of a batch whose positives the MLM loss is replayed on.
_REPLAYED = 4
_LEAST_ITEMS = 20
MEASURE = "known_item_mrr"


@dataclass(frozen=True)
class AdaptConfig:
    """One adaptation of ``model`` (what ``--model`` takes) to the text of ``library``.

    Every ``measure_every`` steps the known items are looked for; after ``patience`` measures
    without a better one the run ends. ``temperature`` is that of the contrastive loss;
    ``mlm_weight`` 0 leaves the MLM head alone.
    """

    library: Path
    model: str
    steps: int = 400
    batch: int = 32
    max_tokens: int = 128
    learning_rate: float = 3e-5
    warmup_steps: int = 20
    temperature: float = 0.05
    hard_negatives: bool = True
    mlm_weight: float = 0.1
    masked_share: float = 0.15
    measure_every: int = 50
    patience: int = 3
    licence: str = ""
    seed: int = 42


def adapt(config: AdaptConfig, output: Path, stop_after: int | None = None) -> dict[str, float]:
    """Run, or go on with, an adaptation; write the best model into ``output``, and return how well
    it found the known items beside the model that it started from.

    Checkpoints are under ``output/checkpoints``; ``stop_after`` ends the run after so many steps,
    to be resumed. The figures are empty while it is not finished.

    Raises:
        LibraryError, ModelError, ConfigError: with what to do.
    """
    if config.batch < 2:
        raise ConfigError(f"batch is {config.batch}; it should be at least 2")
    output.mkdir(parents=True, exist_ok=True)
    set_seed(config.seed)
    generation = Library(config.library).generation()
    base = Base.open(config.model, config.max_tokens)
    whole, encoder = base.load()
    held_out = KnownItemTest(generation, base, encoder, config.seed)
    material = Examples(generation, held_out.others, config.batch, config.seed)
    if not material.kinds or len(held_out.items) < _LEAST_ITEMS:
        raise ConfigError(
            f"{config.library}: too little text to learn from: {len(held_out.items)} queries could "
            f"be made to measure with (at least {_LEAST_ITEMS}); add records with abstracts"
        )
    logger.info("examples in a sample of the records: %s", material.counts)
    trainer = _AdaptTrainer(
        config,
        base,
        encoder,
        model=whole,
        train_dataset=_Batches(config, base, material),
        data_collator=lambda batches: batches[0],
        args=TrainingArguments(
            output_dir=str(output / "checkpoints"),
            per_device_train_batch_size=1,
            max_steps=config.steps,
            learning_rate=config.learning_rate,
            warmup_steps=config.warmup_steps,
            lr_scheduler_type="linear",
            weight_decay=0.01,
            save_steps=config.measure_every,
            save_total_limit=2,
            logging_steps=10,
            logging_nan_inf_filter=False,
            seed=config.seed,
            **mixed_precision(),
            report_to="none",
            disable_tqdm=True,
            remove_unused_columns=False,
            dataloader_pin_memory=False,
        ),
    )
    curves = Curves(
        output / "curves.csv",
        lambda: trainer.parts,
        lambda: {MEASURE: held_out.measure()},
        stop_after,
    )
    kept = _BestKept(curves, whole, output / "best", config.patience)
    # In this order: the one looks at what the other has measured.
    trainer.add_callback(curves)
    trainer.add_callback(kept)
    if not curves.rows:
        curves.add(0, {MEASURE: held_out.measure()})
        _save(whole, output / "best")
    checkpoints = output / "checkpoints"
    trainer.train(resume_from_checkpoint=last_checkpoint(checkpoints))
    if not kept.finished:
        return {}
    return _finish(config, base, output)


def _finish(config: AdaptConfig, base: Base, output: Path) -> dict[str, float]:
    """Put the best state and what belongs to a model directory into ``output``."""
    measured = [row for row in read_curves(output / "curves.csv") if MEASURE in row]
    best = max(measured, key=lambda row: (row[MEASURE], -row["step"]))
    figures = {
        f"{MEASURE} before": measured[0][MEASURE],
        f"{MEASURE} after": best[MEASURE],
        "best at step": best["step"],
    }
    for file in base.directory.path.iterdir():
        if file.suffix in {".model", ".txt"} or "tokenizer" in file.name:
            shutil.copy(file, output / file.name)
    base.tokenizer.save(str(output / "tokenizer.json"))
    (output / "text_profile.json").write_text(base.directory.profile.to_json(), encoding="utf-8")
    plot_curves(output / "curves.csv", output / "curves.png")
    write_config(config, output / "training.yaml")
    origin = base.directory.path if Path(config.model).exists() else base.directory.name
    write_card(
        output, "adaptation to a library's own text", config, figures, config.licence, origin
    )
    for file in (output / "best").iterdir():
        file.replace(output / file.name)
    (output / "best").rmdir()
    shutil.rmtree(output / "checkpoints", ignore_errors=True)
    return figures


def _save(whole: Any, directory: Path) -> None:
    """Write the model in float16, whole or not at all."""
    staging = directory.with_name(f"{directory.name}.partial")
    shutil.rmtree(staging, ignore_errors=True)
    state = {name: value.detach().half().cpu() for name, value in whole.state_dict().items()}
    whole.save_pretrained(staging, state_dict=state)
    shutil.rmtree(directory, ignore_errors=True)
    staging.rename(directory)


class _Batches(torch.utils.data.Dataset[dict[str, Any]]):
    """Batch ``i`` as tensors: anchors, positives, negatives, and what the MLM loss is replayed
    on."""

    def __init__(self, config: AdaptConfig, base: Base, material: Examples) -> None:
        self.config = config
        self.base = base
        self.material = material
        names = special_tokens(base.directory)
        self.mask_id = base.tokenizer.token_to_id(names.get("mask_token") or "")
        self.special = torch.tensor(
            [i for name in names.values() if (i := base.tokenizer.token_to_id(name)) is not None]
        )

    def __len__(self) -> int:
        return self.config.steps

    def __getitem__(self, step: int) -> dict[str, Any]:
        batch = self.material.batch(step)
        profile = self.base.directory.profile
        texts = [
            ([e.anchor for e in batch], profile.query_prefix),
            ([e.positive for e in batch], profile.passage_prefix),
        ]
        negatives = self._negatives(batch) if self.config.hard_negatives else None
        if negatives:
            texts.append((negatives, profile.passage_prefix))
        inputs: dict[str, Any] = {"sides": [self.base.batch(t, prefix) for t, prefix in texts]}
        if self.config.mlm_weight and self.base.directory.has_mlm_head:
            some = [e.positive for e in batch[: max(1, len(batch) // _REPLAYED)]]
            inputs["replayed"] = self._masked(self.base.batch(some), step)
        return inputs

    def _negatives(self, batch: Sequence[Example]) -> list[str] | None:
        """One for each anchor; an anchor without any takes another's."""
        apart = frozenset(e.number for e in batch)
        found = [self.material.negative(e, apart) for e in batch]
        known = [text for text in found if text]
        if not known:
            return None
        return [text or known[i % len(known)] for i, text in enumerate(found)]

    def _masked(self, inputs: dict[str, torch.Tensor], step: int) -> dict[str, torch.Tensor]:
        generator = torch.Generator().manual_seed(self.config.seed * 1_000_003 + step)
        ids = inputs["input_ids"]
        special = torch.isin(ids, self.special) | (inputs["attention_mask"] == 0)
        size = self.base.tokenizer.get_vocab_size()
        share = self.config.masked_share
        masked, labels = mask_tokens(ids, special, self.mask_id, size, share, generator)
        return {**inputs, "input_ids": masked, "labels": labels}


class _AdaptTrainer(Trainer):
    """transformers' Trainer with the contrastive and the replayed MLM loss."""

    def __init__(
        self,
        config: AdaptConfig,
        base: Base,
        encoder: torch.nn.Module,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.config = config
        self.model_accepts_loss_kwargs = False
        self.contrast = MultipleNegativesRankingLoss(
            Embedder(encoder, base.directory.pooling), scale=1 / config.temperature
        )
        self.parts: dict[str, float] = {}

    def compute_loss(
        self,
        model: torch.nn.Module,
        inputs: dict[str, Any],
        return_outputs: bool = False,
        num_items_in_batch: Any = None,  # noqa: ARG002 - the Trainer passes it by name
    ) -> Any:
        """The sum of both losses; the parts are kept for the curves."""
        total = self.contrast(inputs["sides"], None)
        self.parts["contrastive"] = float(total.detach())
        replayed = inputs.get("replayed")
        if replayed is not None and (replayed["labels"] >= 0).any():
            mlm = model(**replayed).loss
            self.parts["mlm"] = float(mlm.detach())
            total = total + self.config.mlm_weight * mlm
        return (total, None) if return_outputs else total

    def _get_train_sampler(self, *_: Any) -> torch.utils.data.Sampler[int]:
        # Batch i is made for step i.
        return torch.utils.data.SequentialSampler(self.train_dataset)


class _BestKept(TrainerCallback):
    """Keeps the best state so far in ``directory``, and ends the run when it gets no better."""

    def __init__(
        self, curves: Curves, whole: torch.nn.Module, directory: Path, patience: int
    ) -> None:
        self.curves = curves
        self.whole = whole
        self.directory = directory
        self.patience = patience
        self.finished = False

    def on_save(
        self, _: TrainingArguments, state: TrainerState, control: TrainerControl, **__: Any
    ) -> None:
        """Look at the measures, of which the last is this step's."""
        measures = [row[MEASURE] for row in self.curves.rows if MEASURE in row]
        best = measures.index(max(measures))
        if best == len(measures) - 1:
            _save(self.whole, self.directory)
        self.finished = state.global_step >= state.max_steps
        if len(measures) - 1 - best >= self.patience:
            control.should_training_stop = self.finished = True
