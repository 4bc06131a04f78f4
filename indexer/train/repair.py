"""Mending a student where layers of its teacher were left out, before it is trained as a whole.

A student of layers 0, 1, 4 lacks what 2 and 3 did. Its third layer alone is taught to do their work
as well: it reads the teacher's own states after layer 1 and is to give those after layer 4. Layers
behind it then see what they are used to. Each gap is mended by itself, so a step costs a few layers
instead of two whole models (compare Sajjad et al. 2023 for dropping layers, and Liang et al. 2023,
"Less is more: task-aware layer-wise distillation", for teaching them one by one).
"""

import random
from collections.abc import Callable, Sequence

import torch
from tokenizers import Encoding
from transformers import get_linear_schedule_with_warmup

_LENGTHS = (16, 32, 64, 128)
_REPORT_EVERY = 25


def gaps(layers: Sequence[int]) -> list[int]:
    """The student's layers (numbers from 0) whose predecessor in the teacher was left out."""
    return [i for i, n in enumerate(layers) if n != (layers[i - 1] if i else -1) + 1]


def repair(
    teacher: torch.nn.Module,
    student: torch.nn.Module,
    layers: Sequence[int],
    encodings: Sequence[Encoding],
    steps: int,
    batch_tokens: int,
    learning_rate: float,
    seed: int,
    report: Callable[[int, dict[int, float]], None],
) -> None:
    """Train those layers of ``student`` that follow a gap, in place.

    Both are encoders (``BertModel``) of one width; ``layers`` are the teacher's, one for each of
    the student's; ``encodings`` are texts as the teacher reads them. ``report`` gets the step and,
    for each mended layer, the share of the variance of the teacher's states that it misses.
    """
    mended = gaps(layers)
    if not mended or not steps:
        return
    rng = random.Random(seed)
    by_length = {n: [e.ids for e in encodings if len(e.ids) >= n] for n in _LENGTHS}
    lengths = [n for n in _LENGTHS if by_length[n]]
    if not lengths:
        return
    depth = layers[mended[-1]] + 1
    parameters = [p for i in mended for p in student.encoder.layer[i].parameters()]
    optimizer = torch.optim.AdamW(parameters, lr=learning_rate, betas=(0.9, 0.98))
    schedule = get_linear_schedule_with_warmup(optimizer, steps // 20, steps)
    device = next(teacher.parameters()).device
    missed: dict[int, float] = {}
    for step in range(1, steps + 1):
        length = rng.choice(lengths)
        # Cut to one length: no padding, so that layers can be called without a mask.
        chosen = rng.choices(by_length[length], k=max(1, batch_tokens // length))
        ids = torch.tensor([row[: length - 1] + row[-1:] for row in chosen], device=device)
        with torch.inference_mode():
            states = [teacher.embeddings(input_ids=ids)]
            for layer in teacher.encoder.layer[:depth]:
                states.append(_output(layer(states[-1])))
        total = torch.zeros((), device=device)
        for i in mended:
            before = states[layers[i - 1] + 1 if i else 0].clone()
            aim = states[layers[i] + 1].clone()
            given = _output(student.encoder.layer[i](before))
            error = (given - aim).square().mean()
            loss = error / (aim - aim.mean((0, 1))).square().mean()
            missed[i] = float(loss.detach())
            total = total + loss
        total.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
        if step == 1 or step % _REPORT_EVERY == 0:
            report(step, dict(missed))


def _output(given: torch.Tensor | tuple[torch.Tensor, ...]) -> torch.Tensor:
    """A layer's states, whether it gives them alone or in a tuple."""
    return given if isinstance(given, torch.Tensor) else given[0]
