"""Distillation: a small model learns to embed as a teacher does, and to fill masks.

The student starts as a part of its teacher (:mod:`indexer.train.warm_start`), has the gaps between
its layers mended (:mod:`indexer.train.repair`) and is then trained as a whole
(:mod:`indexer.train.distill_trainer`). What is reported is measured on sentences and pairs held out
by their hash.
"""

import logging
import random
import shutil
import tempfile
from pathlib import Path

import torch
from transformers import TrainingArguments, set_seed

from indexer.train.card import write_card
from indexer.train.checkpoints import last_checkpoint
from indexer.train.config import ConfigError, write_config
from indexer.train.curves import Curves, plot_curves
from indexer.train.distill_config import DistillConfig
from indexer.train.distill_trainer import DistillTrainer, HeldOut
from indexer.train.head import teach_head
from indexer.train.material import plan_batches, read_material
from indexer.train.model import MaskedLm, save_model
from indexer.train.precision import mixed_precision
from indexer.train.repair import repair
from indexer.train.sides import Sides
from indexer.train.teacher import Teacher, open_teacher, statistics
from indexer.train.texts import read_pairs, read_texts
from indexer.train.tokenizer_training import TOKENIZER_FILES
from indexer.train.warm_start import start_student
from search.encoder.eight_bit import float_directory
from search.encoder.model_directory import open_model
from search.encoder.tokenizer import load_tokenizer

logger = logging.getLogger(__name__)

_REPAIR_TEXTS = 12_000
_REPAIR_CHARACTERS = 300
_STATISTICS_TEXTS = 96
# Batches that each process makes ahead.
_AHEAD = 4


def distill(config: DistillConfig, output: Path, stop_after: int | None = None) -> Path:
    """Run, or go on with, a distillation, and write the student into ``output``.

    Checkpoints are under ``output/checkpoints``; ``stop_after`` ends the run after so many steps,
    to be resumed.

    Raises:
        ModelError, TrainingDataError, ConfigError: with what to do.
    """
    output.mkdir(parents=True, exist_ok=True)
    set_seed(config.seed)
    teacher_model = open_teacher(config.teacher)
    teacher = Teacher(teacher_model)
    start = config.student or output / "start"
    if config.student is None and not (start / "model.safetensors").exists():
        make_student(config, teacher, start)
    student = open_model(str(start))
    layers = len(teacher.encoder.encoder.layer)
    model = MaskedLm.from_pretrained(float_directory(student), dtype=torch.float32)
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
            **mixed_precision(),
            report_to="none",
            disable_tqdm=True,
            remove_unused_columns=False,
            dataloader_pin_memory=False,
            dataloader_num_workers=config.workers,
            dataloader_prefetch_factor=_AHEAD if config.workers else None,
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
    trainer.train(resume_from_checkpoint=last_checkpoint(checkpoints))
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
    """Write the student that a distillation starts from; it is there complete or not at all."""
    texts = list(read_texts(config.texts))
    texts += [text for pair in read_pairs(config.pairs) for text in pair]
    staging = Path(tempfile.mkdtemp(dir=directory.parent))
    try:
        start_student(teacher.model, texts, staging, config.layers, config.vocabulary)
        device = "cuda" if torch.cuda.is_available() else "cpu"
        teacher.encoder.to(device)
        student = MaskedLm.from_pretrained(staging, dtype=torch.float32).to(device)
        random.Random(config.seed).shuffle(texts)
        texts = [text[:_REPAIR_CHARACTERS] for text in texts[:_REPAIR_TEXTS]]
        repair(
            teacher.encoder,
            student.bert,
            config.layers,
            teacher.tokenizer.encode_batch([teacher.model.profile.normalize(t) for t in texts]),
            config.repair_steps,
            config.batch_tokens,
            config.learning_rate,
            config.seed,
            lambda step, missed: logger.info("repair, step %d: %s", step, missed),
        )
        started = open_model(str(staging))
        tokenizer, _ = load_tokenizer(started)
        teach_head(
            student.eval(),
            tokenizer.encode_batch([started.profile.normalize(text) for text in texts]),
            config.head_steps,
            config.batch_tokens,
            config.seed,
            lambda step, loss: logger.info("head, step %d: %.2f", step, loss),
        )
        save_model(student, staging)
        staging.rename(directory)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
