"""Fine-tuning on a downstream task, with measures on a held-out part.

- classification of texts: accuracy and macro F1 (scikit-learn)
- tagging of tokens, as for named entities: precision, recall and F1 of whole entities (seqeval,
  strict IOB2)
- retrieval: sentence-transformers' MultipleNegativesRankingLoss over pairs or triples; nDCG@10 and
  MRR@10 among all held-out texts (ir-measures)
"""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import ir_measures
import numpy as np
import torch
from ir_measures import RR, nDCG
from sklearn.metrics import accuracy_score, f1_score
from torch.nn import functional
from transformers import (
    AutoModelForSequenceClassification,
    AutoModelForTokenClassification,
    Trainer,
    TrainingArguments,
    set_seed,
)

from indexer.train.card import write_card
from indexer.train.config import ConfigError, write_config
from indexer.train.curves import Curves, plot_curves
from indexer.train.embedder import Base, Embedder, padded
from indexer.train.labelled_examples import (
    Labelled,
    Tagged,
    Triple,
    read_labelled,
    read_tagged,
    read_triples,
    split,
)
from indexer.train.model import IGNORED
from indexer.train.precision import mixed_precision
from indexer.train.texts import TrainingDataError
from search.encoder.eight_bit import float_directory
from search.encoder.model_directory import EMBEDDED

Task = Literal["classification", "tokens", "retrieval"]
_MEASURED_TOGETHER = 32


@dataclass(frozen=True)
class FinetuneConfig:
    """One fine-tuning. ``train`` holds the examples, ``held_out`` those to measure on; without it,
    ``held_out_share`` of ``train`` is held out by the hash of the text. ``model`` is a directory,
    an id on the hub, or ``embedded``."""

    task: Task
    train: Path
    held_out: Path | None = None
    held_out_share: float = 0.2
    model: str = EMBEDDED
    epochs: int = 3
    batch: int = 16
    learning_rate: float = 5e-5
    warmup_share: float = 0.1
    weight_decay: float = 0.01
    max_tokens: int = 256
    licence: str = ""
    seed: int = 42


def finetune(config: FinetuneConfig, output: Path) -> dict[str, float]:
    """Fine-tune, write the model directory ``output``, and return the held-out measures.

    Raises:
        ModelError, TrainingDataError, ConfigError: with what to do.
    """
    output.mkdir(parents=True, exist_ok=True)
    set_seed(config.seed)
    base = Base.open(config.model, config.max_tokens)
    directory = base.directory
    run = {"classification": _classification, "tokens": _tokens, "retrieval": _retrieval}
    figures = run[config.task](config, base, output)
    for file in directory.path.iterdir():
        if file.suffix in {".model", ".txt"} or "tokenizer" in file.name:
            shutil.copy(file, output / file.name)
    base.tokenizer.save(str(output / "tokenizer.json"))
    (output / "text_profile.json").write_text(directory.profile.to_json(), encoding="utf-8")
    plot_curves(output / "curves.csv", output / "curves.png")
    write_config(config, output / "training.yaml")
    origin = directory.name if config.model == EMBEDDED else directory.path
    write_card(output, f"fine-tuning ({config.task})", config, figures, config.licence, origin)
    shutil.rmtree(output / "checkpoints", ignore_errors=True)
    return figures


def _examples(
    config: FinetuneConfig, read: Callable[[Path], list[Any]]
) -> tuple[list[Any], list[Any]]:
    if config.held_out is not None:
        trained, held = read(config.train), read(config.held_out)
    else:
        trained, held = split(read(config.train), config.held_out_share)
    for examples, what in ((trained, "to train on"), (held, "held out to measure on")):
        if not examples:
            raise TrainingDataError(f"{config.train}: no example is {what}; give more examples")
    return trained, held


# Classification


def _classification(config: FinetuneConfig, base: Base, output: Path) -> dict[str, float]:
    trained, held = _examples(config, read_labelled)
    labels = sorted({e.label for e in trained})
    _check_labels(config, labels, {e.label for e in held})
    model = _with_labels(AutoModelForSequenceClassification, base, labels)

    def batch(examples: Sequence[Labelled]) -> dict[str, torch.Tensor]:
        inputs = padded([base.encode(e.text) for e in examples], base.pad_id)
        return {**inputs, "labels": torch.tensor([labels.index(e.label) for e in examples])}

    _train(config, output, model, trained, batch)
    right = [labels.index(e.label) for e in held]
    guessed = [int(row.argmax()) for row in _predicted(model, held, batch)]
    model.save_pretrained(output)
    return {
        "accuracy": float(accuracy_score(right, guessed)),
        "macro F1": float(f1_score(right, guessed, average="macro", zero_division=0)),
    }


# Tokens


def _tokens(config: FinetuneConfig, base: Base, output: Path) -> dict[str, float]:
    from seqeval.metrics import f1_score as entity_f1
    from seqeval.metrics import precision_score, recall_score
    from seqeval.scheme import IOB2

    trained, held = _examples(config, read_tagged)
    labels = sorted({tag for e in trained for tag in e.tags})
    _check_labels(config, labels, {tag for e in held for tag in e.tags})
    model = _with_labels(AutoModelForTokenClassification, base, labels)

    def batch(examples: Sequence[Tagged]) -> dict[str, torch.Tensor]:
        placed = [place_tokens(e.tokens, base) for e in examples]
        inputs = padded([ids for ids, _ in placed], base.pad_id)
        wanted = torch.full_like(inputs["input_ids"], IGNORED)
        for row, ((_, places), example) in enumerate(zip(placed, examples, strict=True)):
            # A piece that holds several tokens is taught the first one's tag.
            for place, tag in reversed(list(zip(places, example.tags, strict=True))):
                if place is not None:
                    wanted[row, place] = labels.index(tag)
        return {**inputs, "labels": wanted}

    _train(config, output, model, trained, batch)
    guessed = []
    for example, scores in zip(held, _predicted(model, held, batch), strict=True):
        places = place_tokens(example.tokens, base)[1]
        # Tokens beyond the model's length are given up.
        guessed.append(["O" if p is None else labels[int(scores[p].argmax())] for p in places])
    right = [list(e.tags) for e in held]
    options: dict[str, Any] = {"mode": "strict", "scheme": IOB2, "zero_division": 0}
    model.save_pretrained(output)
    return {
        "precision": float(precision_score(right, guessed, **options)),
        "recall": float(recall_score(right, guessed, **options)),
        "F1": float(entity_f1(right, guessed, **options)),
    }


def place_tokens(tokens: Sequence[str], base: Base) -> tuple[list[int], list[int | None]]:
    """The ids of a sentence, and for each of its tokens the position of the piece that holds its
    first character (None beyond the model's length).

    The sentence is read as running text, spaces only between Latin words, as in pre-training;
    pieces may therefore span tokens.
    """
    text = ""
    starts = []
    for token in tokens:
        normal = base.directory.profile.normalize(token)
        if text and _is_latin(text[-1]) and normal and _is_latin(normal[0]):
            text += base.directory.profile.normalize(" ")
        starts.append(len(text))
        text += normal
    encoding = base.tokenizer.encode(text)
    ids = encoding.ids
    if len(ids) > base.limit:
        ids = [*ids[: base.limit - 1], ids[-1]]
    holder: dict[int, int] = {}
    for position, (start, end) in enumerate(encoding.offsets[: base.limit - 1]):
        # Later pieces win: a marker of a beginning may claim the first character as well.
        holder |= dict.fromkeys(range(start, end), position)
    return ids, [holder.get(start) for start in starts]


def _is_latin(character: str) -> bool:
    return character.isalnum() and (character.isascii() or "０" <= character <= "ｚ")


# Retrieval


def _retrieval(config: FinetuneConfig, base: Base, output: Path) -> dict[str, float]:
    from sentence_transformers.sentence_transformer import losses

    trained, held = _examples(config, read_triples)
    whole, encoder = base.load()
    embedder = Embedder(encoder, base.directory.pooling)
    loss = losses.MultipleNegativesRankingLoss(embedder)
    profile = base.directory.profile

    def batch(examples: Sequence[Triple]) -> dict[str, Any]:
        sides = [
            base.batch([e.anchor for e in examples], profile.query_prefix),
            base.batch([e.positive for e in examples], profile.passage_prefix),
        ]
        negatives = [e.negative for e in examples if e.negative is not None]
        if negatives:
            sides.append(base.batch(negatives, profile.passage_prefix))
        return {"sentence_features": sides, "labels": None}

    _train(config, output, loss, trained, batch)
    texts = dict.fromkeys(e.positive for e in held)
    texts |= dict.fromkeys(e.negative for e in held if e.negative is not None)
    names = {text: f"t{i}" for i, text in enumerate(texts)}
    queries = {text: f"q{i}" for i, text in enumerate(dict.fromkeys(e.anchor for e in held))}
    encoder.eval()
    passages = _vectors(embedder, [base.batch([t], profile.passage_prefix) for t in names])
    asked = _vectors(embedder, [base.batch([q], profile.query_prefix) for q in queries])
    scores = asked @ passages.T
    run = {
        query: {name: float(s) for name, s in zip(names.values(), row, strict=True)}
        for query, row in zip(queries.values(), scores, strict=True)
    }
    qrels: dict[str, dict[str, int]] = {}
    for example in held:
        qrels.setdefault(queries[example.anchor], {})[names[example.positive]] = 1
    measured = ir_measures.calc_aggregate([nDCG @ 10, RR @ 10], qrels, run)
    whole.save_pretrained(output)
    return {"nDCG@10": float(measured[nDCG @ 10]), "MRR@10": float(measured[RR @ 10])}


@torch.inference_mode()
def _vectors(embedder: torch.nn.Module, sides: Sequence[dict[str, torch.Tensor]]) -> Any:
    device = next(embedder.parameters()).device
    rows = [
        functional.normalize(
            embedder({k: v.to(device) for k, v in side.items()})["sentence_embedding"], dim=1
        )
        for side in sides
    ]
    return torch.cat(rows).float().cpu().numpy()


# Common to the tasks


def _with_labels(loader: Any, base: Base, labels: Sequence[str]) -> torch.nn.Module:
    model: torch.nn.Module = loader.from_pretrained(
        float_directory(base.directory),
        dtype=torch.float32,
        num_labels=len(labels),
        id2label=dict(enumerate(labels)),
        label2id={label: i for i, label in enumerate(labels)},
    )
    return model


def _check_labels(config: FinetuneConfig, known: Sequence[str], held: set[str]) -> None:
    new = sorted(held - set(known))
    if new:
        raise TrainingDataError(
            f"{config.held_out or config.train}: {new[0]!r} is held out only; it cannot be learnt"
        )
    if len(known) < 2:
        raise TrainingDataError(f"{config.train}: every example is {known[0]!r}: nothing to learn")


class _LossTrainer(Trainer):
    """A Trainer whose model may be a loss that holds the model."""

    def compute_loss(
        self,
        model: Any,
        inputs: Any,
        return_outputs: bool = False,
        num_items_in_batch: Any = None,  # noqa: ARG002 - the Trainer passes it by name
    ) -> Any:
        given = model(**inputs)
        loss = given if isinstance(given, torch.Tensor) else given.loss
        return (loss, None) if return_outputs else loss


def _train(
    config: FinetuneConfig,
    output: Path,
    model: torch.nn.Module,
    examples: Sequence[Any],
    batch: Callable[[Sequence[Any]], dict[str, Any]],
) -> None:
    if config.batch < 2:
        raise ConfigError(f"batch is {config.batch}; it should be at least 2")
    steps = max(1, len(examples) // config.batch) * config.epochs
    trainer = _LossTrainer(
        model=model,
        train_dataset=list(examples),
        data_collator=batch,
        args=TrainingArguments(
            output_dir=str(output / "checkpoints"),
            num_train_epochs=config.epochs,
            per_device_train_batch_size=config.batch,
            # Of one example there is nothing to contrast.
            dataloader_drop_last=len(examples) > config.batch,
            learning_rate=config.learning_rate,
            warmup_steps=int(config.warmup_share * steps),
            weight_decay=config.weight_decay,
            lr_scheduler_type="linear",
            seed=config.seed,
            **mixed_precision(),
            save_strategy="no",
            logging_steps=max(1, steps // 50),
            logging_nan_inf_filter=False,
            report_to="none",
            disable_tqdm=True,
            remove_unused_columns=False,
            dataloader_pin_memory=False,
        ),
    )
    (output / "curves.csv").unlink(missing_ok=True)
    trainer.add_callback(Curves(output / "curves.csv"))
    trainer.train()


@torch.inference_mode()
def _predicted(
    model: torch.nn.Module,
    examples: Sequence[Any],
    batch: Callable[[Sequence[Any]], dict[str, Any]],
) -> list[np.ndarray[Any, np.dtype[np.float32]]]:
    """The logits of each example, padding included."""
    model.eval()
    device = next(model.parameters()).device
    rows = []
    for start in range(0, len(examples), _MEASURED_TOGETHER):
        inputs = batch(examples[start : start + _MEASURED_TOGETHER])
        inputs.pop("labels")
        logits = model(**{k: v.to(device) for k, v in inputs.items()}).logits
        rows += list(logits.float().cpu().numpy())
    return rows
