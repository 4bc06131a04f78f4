"""Pre-training as JMedRoBERTa's model card has it: masked language modelling alone, at full length.

``BertForMaskedLM`` of any size, sequences of the maximum length only, packed without padding, no
next-sentence prediction, masks drawn anew whenever a text comes again, Adam with a linear schedule
and warm-up, automatic mixed precision where the device has bf16. transformers' Trainer runs it, on
several GPUs with ``torchrun``.
"""

import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from tokenizers import Tokenizer
from torch.utils.data import IterableDataset
from transformers import BertConfig, Trainer, TrainingArguments, set_seed

from indexer.train.card import write_card
from indexer.train.checkpoints import last_checkpoint
from indexer.train.cloze import held_out_sentences, measure_cloze, questions
from indexer.train.config import ConfigError, write_config
from indexer.train.curves import Curves, plot_curves
from indexer.train.model import MaskedLm, mask_tokens, save_model
from indexer.train.precision import mixed_precision
from indexer.train.texts import TrainingDataError, divide, read_texts
from indexer.train.tokenizer_training import FULL_WIDTH, TOKENIZER_FILES
from search.encoder.eight_bit import float_directory
from search.encoder.model_directory import open_model
from search.encoder.tokenizer import BERT_SPECIAL_TOKENS, load_tokenizer

_MEASURED_PIECES = 300
_TOKENIZED_TOGETHER = 64


@dataclass(frozen=True)
class PretrainConfig:
    """One pre-training. The defaults are the model card's; where it says nothing (shares of masks,
    dropout, size) they are BERT's base.

    ``tokenizer`` is a directory as ``train tokenizer`` writes it, or ``model`` one to go on from.
    ``batch`` counts sequences over all processes and must be a multiple of their number times
    ``accumulate``, the batches that are summed before a step.
    """

    texts: tuple[Path, ...]
    tokenizer: Path | None = None
    model: Path | None = None
    layers: int = 12
    hidden: int = 768
    heads: int = 12
    intermediate: int = 3_072
    dropout: float = 0.1
    max_tokens: int = 512
    steps: int = 2_000_000
    batch: int = 256
    accumulate: int = 1
    learning_rate: float = 1e-4
    warmup_steps: int = 20_000
    adam_beta1: float = 0.9
    adam_beta2: float = 0.999
    adam_epsilon: float = 1e-8
    weight_decay: float = 0.0
    masked_share: float = 0.15
    held_out_share: float = 0.01
    licence: str = ""
    save_every: int = 10_000
    log_every: int = 100
    seed: int = 42


class PackedTexts(IterableDataset[dict[str, torch.Tensor]]):
    """An endless stream of ``input_ids`` and ``labels`` (max_tokens,), int64.

    Texts are read from their sources again and again, joined by [SEP] and cut to the full length.
    Masks depend on the seed and the number of the sequence alone, so they differ at each reading
    and a resumed run sees what it would have seen.
    """

    def __init__(self, config: PretrainConfig, tokenizer: Tokenizer) -> None:
        self.config = config
        self.tokenizer = tokenizer
        self.cls, self.sep, self.mask = (
            tokenizer.token_to_id(BERT_SPECIAL_TOKENS[f"{role}_token"])
            for role in ("cls", "sep", "mask")
        )

    def __iter__(self) -> Iterator[dict[str, torch.Tensor]]:
        generator = torch.Generator()
        special = torch.tensor([self.cls, self.sep])
        for number, row in enumerate(self._rows()):
            generator.manual_seed(self.config.seed * 1_000_003 + number)
            ids = torch.tensor(row)
            masked, labels = mask_tokens(
                ids,
                torch.isin(ids, special),
                self.mask,
                self.tokenizer.get_vocab_size(),
                self.config.masked_share,
                generator,
            )
            yield {"input_ids": masked, "labels": labels}

    def _rows(self) -> Iterator[list[int]]:
        room = self.config.max_tokens - 2
        waiting: list[int] = []
        while True:
            found = False
            for ids in self._pieces():
                found = True
                waiting += [*ids, self.sep]
                while len(waiting) >= room:
                    yield [self.cls, *waiting[:room], self.sep]
                    del waiting[:room]
            if not found:
                raise TrainingDataError("the texts of the configuration hold no text to train on")

    def _pieces(self) -> Iterator[list[int]]:
        batch: list[str] = []
        for text in read_texts(self.config.texts):
            runs, _ = divide(text, self.config.held_out_share)
            batch += [FULL_WIDTH.normalize(run) for run in runs]
            if len(batch) >= _TOKENIZED_TOGETHER:
                yield from self._encoded(batch)
                batch = []
        yield from self._encoded(batch)

    def _encoded(self, batch: Sequence[str]) -> Iterator[list[int]]:
        for encoding in self.tokenizer.encode_batch(batch, add_special_tokens=False):
            yield encoding.ids


def pretrain(config: PretrainConfig, output: Path, stop_after: int | None = None) -> Path:
    """Run, or go on with, a pre-training, and write the model into ``output``.

    Checkpoints are under ``output/checkpoints``; ``stop_after`` ends the run after so many steps,
    to be resumed: the same command goes on where the last checkpoint is. On a CPU in one process
    the end is then the same, bit for bit, as that of a run that was never stopped.

    Raises:
        ConfigError, TrainingDataError, ModelError: with what to do.
    """
    start = config.model or config.tokenizer
    if start is None:
        raise ConfigError("name a tokenizer (train tokenizer writes one) or a model to go on from")
    output.mkdir(parents=True, exist_ok=True)
    set_seed(config.seed)
    if config.model is not None:
        opened = open_model(str(config.model))
        tokenizer, _ = load_tokenizer(opened)
        model = MaskedLm.from_pretrained(float_directory(opened), dtype=torch.float32)
    else:
        tokenizer = Tokenizer.from_file(str(start / "tokenizer.json"))
        model = MaskedLm(_bert(config, tokenizer.get_vocab_size()))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    arguments = trainer_arguments(config, output)
    trainer = Trainer(model=model, args=arguments, train_dataset=PackedTexts(config, tokenizer))
    mask_id = tokenizer.token_to_id(BERT_SPECIAL_TOKENS["mask_token"])
    sentences = held_out_sentences(config.texts, config.held_out_share)
    profile = replace(FULL_WIDTH, max_tokens=config.max_tokens)
    asked = questions(sentences, tokenizer, profile, _MEASURED_PIECES, config.seed)

    def measure() -> dict[str, float]:
        trained = trainer.accelerator.unwrap_model(trainer.model).eval()
        if not asked:
            return {}
        found = measure_cloze(trained.bert, trained.cls, asked, mask_id)
        trained.train()
        return {"cloze_top10": found.top10, "cloze_perplexity": found.perplexity}

    curves = Curves(output / "curves.csv", dict, measure, stop_after)
    trainer.add_callback(curves)
    checkpoints = output / "checkpoints"
    last = last_checkpoint(checkpoints)
    trainer.train(resume_from_checkpoint=last)
    if trainer.state.global_step >= config.steps and trainer.is_world_process_zero():
        save_model(trainer.accelerator.unwrap_model(trainer.model), output)
        for name in TOKENIZER_FILES:
            if (start / name).exists():
                shutil.copy(start / name, output / name)
        plot_curves(curves.file, output / "curves.png")
        write_config(config, output / "training.yaml")
        write_card(output, "pre-training", config, measure(), config.licence, start)
    return output


def _bert(config: PretrainConfig, vocabulary: int) -> BertConfig:
    return BertConfig(
        vocab_size=vocabulary,
        hidden_size=config.hidden,
        num_hidden_layers=config.layers,
        num_attention_heads=config.heads,
        intermediate_size=config.intermediate,
        hidden_dropout_prob=config.dropout,
        attention_probs_dropout_prob=config.dropout,
        max_position_embeddings=config.max_tokens,
        pad_token_id=0,
    )


def trainer_arguments(config: PretrainConfig, output: Path) -> TrainingArguments:
    """The Trainer's arguments for a pre-training: mixed precision where the device has it.

    Raises:
        ConfigError: when the batch cannot be divided among the devices.
    """
    parts = _processes() * config.accumulate
    if config.batch % parts:
        raise ConfigError(
            f"batch is {config.batch}; it should be a multiple of {parts} (processes × accumulate)"
        )
    cuda = torch.cuda.is_available()
    return TrainingArguments(
        output_dir=str(output / "checkpoints"),
        max_steps=config.steps,
        per_device_train_batch_size=config.batch // parts,
        gradient_accumulation_steps=config.accumulate,
        learning_rate=config.learning_rate,
        lr_scheduler_type="linear",
        warmup_steps=config.warmup_steps,
        adam_beta1=config.adam_beta1,
        adam_beta2=config.adam_beta2,
        adam_epsilon=config.adam_epsilon,
        weight_decay=config.weight_decay,
        seed=config.seed,
        **mixed_precision(),
        save_steps=config.save_every,
        save_total_limit=2,
        logging_steps=config.log_every,
        logging_nan_inf_filter=False,
        report_to="none",
        disable_tqdm=True,
        dataloader_pin_memory=cuda,
        # One: each would read all the texts.
        dataloader_num_workers=int(cuda),
        remove_unused_columns=False,
    )


def _processes() -> int:
    """How many devices work at once: torchrun's processes, or the GPUs that one process drives."""
    processes = int(os.environ.get("WORLD_SIZE", "1"))
    return processes if processes > 1 else max(1, torch.cuda.device_count())
