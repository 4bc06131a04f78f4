"""The MLM head of a student whose teacher has none, taught before the student is trained.

A head that starts at random sends large gradients of no meaning into layers that already embed
well. So it first learns, alone, to name the token under each of the student's states: easy, because
an encoder's last states still tell their tokens, and cheap, because nothing is learnt below it. Its
bias starts as the logarithm of how often each piece occurs.
"""

import random
from collections import Counter
from collections.abc import Callable, Sequence

import torch
from tokenizers import Encoding
from torch.nn import functional
from transformers import BertForMaskedLM, get_linear_schedule_with_warmup

_LENGTHS = (16, 32, 64, 128)
# Naming one token in five teaches the head as well and costs a fifth of the logits.
_NAMED = 0.2
_LEARNING_RATE = 1e-3
_REPORT_EVERY = 25


def teach_head(
    model: BertForMaskedLM,
    encodings: Sequence[Encoding],
    steps: int,
    batch_tokens: int,
    seed: int,
    report: Callable[[int, float], None],
) -> None:
    """Train the transform and the bias of ``model``'s MLM head, in place; the output weights stay
    the token embeddings. ``report`` gets the step and the mean cross-entropy."""
    rng = random.Random(seed)
    generator = torch.Generator().manual_seed(seed)
    by_length = {n: [e.ids for e in encodings if len(e.ids) >= n] for n in _LENGTHS}
    lengths = [n for n in _LENGTHS if by_length[n]]
    if not steps or not lengths:
        return
    head = model.cls.predictions
    counts = Counter(i for encoding in encodings for i in encoding.ids)
    frequency = torch.tensor([counts[i] + 0.5 for i in range(model.config.vocab_size)])
    with torch.no_grad():
        head.bias.copy_((frequency / frequency.sum()).log())
    parameters = [*head.transform.parameters(), head.bias]
    optimizer = torch.optim.AdamW(parameters, lr=_LEARNING_RATE, betas=(0.9, 0.98))
    schedule = get_linear_schedule_with_warmup(optimizer, steps // 20, steps)
    device = head.bias.device
    for step in range(1, steps + 1):
        length = rng.choice(lengths)
        # Cut to one length: no padding.
        chosen = rng.choices(by_length[length], k=max(1, batch_tokens // length))
        ids = torch.tensor([row[: length - 1] + row[-1:] for row in chosen], device=device)
        named = (torch.rand(ids.shape, generator=generator) < _NAMED).to(device)
        named[:, 0] = named[:, -1] = False
        if not named.any():
            continue
        with torch.inference_mode():
            states = model.bert(input_ids=ids).last_hidden_state[named]
        words = model.bert.embeddings.word_embeddings.weight.detach()
        scores = functional.linear(head.transform(states.clone()), words, head.bias)
        loss = functional.cross_entropy(scores, ids[named])
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
        if step == 1 or step % _REPORT_EVERY == 0:
            report(step, float(loss.detach()))
