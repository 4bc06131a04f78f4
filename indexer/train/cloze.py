"""How well a model fills masks: one content word's piece at a time, in held-out sentences.

A content-word piece lies inside a term as BM25 indexes it (no particles, auxiliaries or
punctuation) and holds a letter. For each such piece the sentence is read with that piece alone
masked; top-1 and top-10 are the shares of pieces among the model's first 1 and 10 guesses, and the
perplexity is the exponential of their mean negative log-probability.
"""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from tokenizers import Encoding, Tokenizer

from indexer.train.texts import TrainingDataError, divide, read_texts
from search.encoder.model_directory import ModelError, open_model
from search.encoder.tokenizer import load_tokenizer, special_tokens
from search.encoder.torch_backend import load_network
from search.text.profile import TextProfile
from search.text.terms import terms_with_offsets

_BATCH_TOKENS = 4_096


@dataclass(frozen=True)
class Cloze:
    """Measures over ``pieces`` guessed pieces."""

    pieces: int
    top1: float
    top10: float
    perplexity: float


@dataclass(frozen=True)
class Question:
    """A sentence's encoding and the position of the piece to be guessed."""

    encoding: Encoding
    position: int


def content_pieces(text: str, encoding: Encoding) -> list[int]:
    """The positions of the content-word pieces of ``text`` (normalised) in its encoding."""
    inside = [False] * len(text)
    for term in terms_with_offsets(text):
        inside[term.start : term.end] = [True] * (term.end - term.start)
    positions = []
    for position, (start, end) in enumerate(encoding.offsets):
        # The piece of a word that follows a space covers the space too.
        piece = text[start:end].strip()
        start = end - len(piece)
        if piece and all(inside[start:end]) and any(c.isalpha() for c in piece):
            positions.append(position)
    return positions


def questions(
    sentences: Sequence[str], tokenizer: Tokenizer, profile: TextProfile, limit: int, seed: int = 0
) -> list[Question]:
    """Up to ``limit`` pieces of ``sentences`` to be guessed, at most 3 of one sentence."""
    rng = random.Random(seed)
    asked: list[Question] = []
    for sentence in sentences:
        text = profile.normalize(sentence)
        encoding = tokenizer.encode(text)
        if len(encoding.ids) > profile.max_tokens:
            continue
        positions = content_pieces(text, encoding)
        # A word of a sentence of one or two says nothing about the model.
        if len(positions) < 4:
            continue
        asked += [Question(encoding, p) for p in sorted(rng.sample(positions, 3))]
    rng.shuffle(asked)
    return asked[:limit]


@torch.inference_mode()
def measure_cloze(
    encoder: torch.nn.Module, head: torch.nn.Module, asked: Sequence[Question], mask_id: int
) -> Cloze:
    """Measures of a model in two parts: ``encoder`` gives ``last_hidden_state``, ``head`` turns
    states (n, dim) into logits (n, vocabulary)."""
    device = next(encoder.parameters()).device
    top1 = top10 = 0
    total = 0.0
    order = sorted(range(len(asked)), key=lambda i: len(asked[i].encoding.ids))
    step = 0
    while step < len(order):
        length = len(asked[order[min(step + 15, len(order) - 1)]].encoding.ids)
        chosen = [asked[i] for i in order[step : step + max(1, min(16, _BATCH_TOKENS // length))]]
        step += len(chosen)
        width = max(len(q.encoding.ids) for q in chosen)
        ids = torch.zeros((len(chosen), width), dtype=torch.long)
        mask = torch.zeros_like(ids)
        for row, question in enumerate(chosen):
            size = len(question.encoding.ids)
            ids[row, :size] = torch.tensor(question.encoding.ids)
            mask[row, :size] = 1
        places = torch.tensor([q.position for q in chosen])
        rows = torch.arange(len(chosen))
        answers = ids[rows, places].to(device)
        ids[rows, places] = mask_id
        states = encoder(
            input_ids=ids.to(device), attention_mask=mask.to(device)
        ).last_hidden_state[rows, places]
        scores = head(states).float()
        right = scores.gather(1, answers[:, None])
        rank = (scores > right).sum(1)
        top1 += int((rank < 1).sum())
        top10 += int((rank < 10).sum())
        total -= float(scores.log_softmax(1).gather(1, answers[:, None]).sum())
    count = max(1, len(asked))
    return Cloze(len(asked), top1 / count, top10 / count, math.exp(total / count))


def held_out_sentences(texts: Sequence[Path], share: float) -> list[str]:
    """The distinct held-out sentences of all sources, in order of their text."""
    found = {s for text in read_texts(texts) for s in divide(text, share)[1]}
    return sorted(found)


def cloze_of(model: str, texts: Sequence[Path], share: float, limit: int) -> Cloze:
    """Measures of a model over the held-out sentences of ``texts``.

    Raises:
        ModelError: for a model that is not there or has no MLM head.
        TrainingDataError: for texts that cannot be read, or hold out nothing.
    """
    opened = open_model(model)
    network = load_network(opened)
    if network.head is None:
        raise ModelError(f"{opened.name} has no MLM head: it cannot fill masks")
    tokenizer, _ = load_tokenizer(opened)
    tokenizer.no_padding()
    tokenizer.no_truncation()
    mask_id = tokenizer.token_to_id(special_tokens(opened)["mask_token"])
    asked = questions(held_out_sentences(texts, share), tokenizer, opened.profile, limit)
    if not asked:
        raise TrainingDataError(
            f"nothing is held out to be guessed: of these texts a share of {share:g} has no "
            "sentence with words enough; name more texts, or hold out more (--held-out-share)"
        )
    found: Cloze = measure_cloze(network.encoder, network.head, asked, mask_id)
    return found
