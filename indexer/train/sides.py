"""The batches of a distillation as tensors, for student and teacher at once."""

from collections.abc import Sequence

import numpy as np
import torch

from indexer.train.distill_config import DistillConfig
from indexer.train.material import Batch, Material, alignment, masked, padded
from indexer.train.teacher import Teacher
from search.encoder.model_directory import ModelDirectory
from search.encoder.tokenizer import load_tokenizer, special_tokens


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
