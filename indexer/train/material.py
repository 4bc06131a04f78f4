"""What a distillation reads: texts and pairs cut, held out and planned into batches.

Batch ``i`` is the same whenever it is asked for, so a run that resumes goes on as if it had not
stopped.
"""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Encoding, Tokenizer

from indexer.train.model import mask_tokens
from indexer.train.texts import Pair, divide, is_held_out, read_pairs, read_texts
from search.text.profile import TextProfile

# Lengths in characters at which texts are cut, one drawn for each text: short and long contexts.
_CUTS = (60, 120, 240, 400)
# Batches that are sorted by length together: enough for little padding, too few to starve variety.
_SORTED_TOGETHER = 30
_SAMPLE = 500


@dataclass(frozen=True)
class Material:
    """Texts and pairs (by file) to train on, and the part held out: sentences, and pairs with
    their positives."""

    texts: tuple[str, ...]
    pairs: tuple[tuple[Pair, ...], ...]
    held_out: tuple[str, ...]
    held_out_pairs: tuple[Pair, ...]


def read_material(
    texts: Sequence[Path], pairs: Sequence[Path], held_out_share: float, seed: int
) -> Material:
    """Read all sources. A held-out sentence is cut out of every text that contains it, and a pair
    is held out by its positive, so nothing held out is seen under another name.

    Raises:
        TrainingDataError: for what cannot be read.
    """
    rng = random.Random(seed)
    kept: dict[str, None] = {}
    held: dict[str, None] = {}
    for text in read_texts(texts):
        runs, sentences = divide(text, held_out_share, rng.choice(_CUTS))
        kept.update(dict.fromkeys(runs))
        held.update(dict.fromkeys(sentences))
    trained: list[tuple[Pair, ...]] = []
    tested: list[Pair] = []
    for file in pairs:
        of_file = dict.fromkeys(read_pairs([file]))
        tested += [p for p in of_file if is_held_out(p.positive, held_out_share)]
        trained.append(tuple(p for p in of_file if not is_held_out(p.positive, held_out_share)))
    return Material(tuple(kept), tuple(trained), tuple(held), tuple(tested))


@dataclass(frozen=True)
class Batch:
    """What goes through the models together: indices of texts, or of the pairs of a file."""

    file: int | None
    items: tuple[int, ...]


def plan_batches(
    material: Material,
    tokenizer: Tokenizer,
    profile: TextProfile,
    steps: int,
    batch_tokens: int,
    max_tokens: int,
    pair_share: float,
    seed: int,
) -> list[Batch]:
    """The batches of ``steps`` steps: each of items of similar length, of about ``batch_tokens``.

    A batch holds texts or, with the probability ``pair_share``, pairs of one of the files, each
    file as often as the others. Every source is used up before it begins anew.
    """
    rng = random.Random(seed + 1)

    def lengths(texts: Sequence[str]) -> list[int]:
        return _lengths(texts, tokenizer, profile, max_tokens)

    sources: dict[int | None, list[int]] = {None: lengths(material.texts)}
    for number, pairs in enumerate(material.pairs):
        anchors = lengths([p.anchor for p in pairs])
        positives = lengths([p.positive for p in pairs])
        if pairs:
            sources[number] = [a + p for a, p in zip(anchors, positives, strict=True)]
    files = [number for number in sources if number is not None]
    planned: list[Batch] = []
    waiting: dict[int | None, list[Batch]] = {}
    while len(planned) < steps:
        file = rng.choice(files) if files and rng.random() < pair_share else None
        if not waiting.get(file):
            waiting[file] = _epoch(file, sources[file], batch_tokens, rng)
        planned.append(waiting[file].pop())
    return planned


def _epoch(
    file: int | None, lengths: Sequence[int], batch_tokens: int, rng: random.Random
) -> list[Batch]:
    """Batches of every item once, in random order."""
    order = list(range(len(lengths)))
    rng.shuffle(order)
    average = max(1, sum(lengths) // max(1, len(lengths)))
    together = max(1, _SORTED_TOGETHER * batch_tokens // average)
    batches: list[Batch] = []
    for start in range(0, len(order), together):
        batch: list[int] = []
        for i in sorted(order[start : start + together], key=lambda i: (lengths[i], i)):
            if batch and (len(batch) + 1) * lengths[i] > batch_tokens:
                batches.append(Batch(file, tuple(batch)))
                batch = []
            batch.append(i)
        if batch:
            batches.append(Batch(file, tuple(batch)))
    rng.shuffle(batches)
    return batches


def _lengths(
    texts: Sequence[str], tokenizer: Tokenizer, profile: TextProfile, max_tokens: int
) -> list[int]:
    """About how many tokens each text has: from its characters, at the rate of a sample."""
    sample = texts[:: max(1, len(texts) // _SAMPLE)]
    counted = tokenizer.encode_batch([profile.normalize(text) for text in sample])
    special = len(tokenizer.encode("").ids)
    tokens = sum(len(encoding.ids) - special for encoding in counted)
    rate = tokens / max(1, sum(map(len, sample)))
    return [min(special + math.ceil(rate * len(text)), max_tokens) for text in texts]


def padded(encodings: Sequence[Encoding], pad_id: int, limit: int) -> dict[str, torch.Tensor]:
    """``input_ids`` and ``attention_mask`` (batch, tokens), int64; beyond ``limit`` tokens are cut,
    the closing special token with them."""
    rows = [e.ids[:limit] for e in encodings]
    length = max(map(len, rows))
    ids = torch.full((len(rows), length), pad_id)
    mask = torch.zeros((len(rows), length), dtype=torch.long)
    for i, row in enumerate(rows):
        ids[i, : len(row)] = torch.tensor(row)
        mask[i, : len(row)] = 1
    return {"input_ids": ids, "attention_mask": mask}


def masked(
    inputs: dict[str, torch.Tensor],
    encodings: Sequence[Encoding],
    tokenizer: Tokenizer,
    mask_id: int,
    share: float,
    generator: torch.Generator,
) -> dict[str, torch.Tensor]:
    """``inputs`` with ``share`` of the tokens masked, and their ``labels``."""
    special = inputs["attention_mask"] == 0
    for i, encoding in enumerate(encodings):
        row = torch.tensor(encoding.special_tokens_mask[: special.shape[1]], dtype=torch.bool)
        special[i, : len(row)] |= row
    ids, labels = mask_tokens(
        inputs["input_ids"], special, mask_id, tokenizer.get_vocab_size(), share, generator
    )
    return {**inputs, "input_ids": ids, "labels": labels}


def alignment(
    student: Encoding, teacher: Encoding, prefix: int, shape: tuple[int, int]
) -> NDArray[np.float32]:
    """How the teacher's tokens make up the student's: rows (student tokens, teacher tokens) that
    sum to 1, all zero for padding and where the teacher was cut off.

    Tokens correspond where they cover the same characters; ``prefix`` is the number of characters
    that the teacher's text has before the student's begins.
    """
    weights = np.zeros(shape, np.float32)
    ours = np.array(student.offsets[: shape[0]])
    theirs = np.array(teacher.offsets[: shape[1]]) - prefix
    inner = np.array(teacher.special_tokens_mask[: shape[1]]) == 0
    special = np.array(student.special_tokens_mask[: shape[0]]) == 1
    starts, ends = theirs.T
    covered = (starts < ours[:, 1:]) & (ends > ours[:, :1]) & inner & ~special[:, None]
    # SentencePiece's marker of a beginning stands on no character, or on the first one's.
    if len(ours) > 1 and student.tokens[1] == "▁" and not special[1]:
        marker = (ends == 0) & (starts == -1) & inner
        covered[1] = marker if marker.any() else (starts <= 0) & (ends > 0) & inner
    weights[: len(ours), : len(theirs)] = covered / covered.sum(1, keepdims=True).clip(min=1)
    weights[0, 0] = 1
    if len(teacher.ids) <= shape[1]:
        weights[1 : len(ours)][special[1:], len(teacher.ids) - 1] = 1
    return weights
