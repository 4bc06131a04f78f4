"""Cloze: which pieces are asked for, and what is counted."""

from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from tokenizers import Tokenizer

from indexer.train.cloze import content_pieces, measure_cloze, questions
from indexer.train.tokenizer_training import FULL_WIDTH
from tests.indexer.train.conftest import DRUGS, SUBJECTS

SENTENCES = [f"{s}の患者12例に{d}を投与した。" for s, d in zip(SUBJECTS, DRUGS, strict=True)]


@pytest.fixture(scope="module")
def tokenizer(tokenizer_directory: Path) -> Tokenizer:
    return Tokenizer.from_file(str(tokenizer_directory / "tokenizer.json"))


class Knowing(torch.nn.Module):
    """An encoder that knows every sentence, and says of each position what stands there; the
    ``rank`` of the right answer among its guesses is as it is told."""

    def __init__(self, known: list[list[int]], vocabulary: int, rank: int) -> None:
        super().__init__()
        self.known, self.vocabulary, self.rank = known, vocabulary, rank
        self.anchor = torch.nn.Parameter(torch.zeros(1))

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> SimpleNamespace:
        states = torch.zeros((*input_ids.shape, self.vocabulary))
        for row, (ids, mask) in enumerate(zip(input_ids, attention_mask, strict=True)):
            seen = ids[mask == 1].tolist()
            (whole,) = [
                known
                for known in self.known
                if len(known) == len(seen)
                and all(a in {b, 4} for a, b in zip(seen, known, strict=True))
            ]
            for position, piece in enumerate(whole):
                better = [i for i in range(self.vocabulary) if i != piece][: self.rank]
                states[row, position, better] = 20.0
                states[row, position, piece] = 10.0
        return SimpleNamespace(last_hidden_state=states)


def test_content_words_are_asked_for_and_nothing_else(tokenizer: Tokenizer) -> None:
    text = FULL_WIDTH.normalize(SENTENCES[0])
    encoding = tokenizer.encode(text)
    asked = {text[slice(*encoding.offsets[p])] for p in content_pieces(text, encoding)}
    assert asked
    assert not asked & {"の", "に", "を", "。", "１", "２", "１２", "した", ""}
    assert all(piece in text for piece in asked)


@pytest.mark.parametrize(("rank", "top1", "top10"), [(0, 1.0, 1.0), (3, 0.0, 1.0), (12, 0.0, 0.0)])
def test_measures(tokenizer: Tokenizer, rank: int, top1: float, top10: float) -> None:
    asked = questions(SENTENCES, tokenizer, FULL_WIDTH, limit=15)
    assert len(asked) == 15
    known = [tokenizer.encode(FULL_WIDTH.normalize(s)).ids for s in SENTENCES]
    encoder = Knowing(known, tokenizer.get_vocab_size(), rank)
    found = measure_cloze(encoder, torch.nn.Identity(), asked, mask_id=4)
    assert (found.pieces, found.top1, found.top10) == (15, top1, top10)
    assert (found.perplexity < 1.1) == (rank == 0)
