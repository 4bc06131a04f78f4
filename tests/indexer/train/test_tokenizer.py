"""Tokenizers: what AutoTokenizer cuts is what SentencePiece cuts."""

import unicodedata
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sentencepiece import SentencePieceProcessor
from transformers import AutoTokenizer

from indexer.train.tokenizer_training import (
    FULL_WIDTH,
    SPECIAL,
    full_width_tokenizer,
    train_tokenizer,
)
from search.encoder import ModelError

CHARACTERS = "糖尿病患者にインスリンを投与した。、，改善日 　aAzZ09-.（）[]β㎎がガｶﾞ\n"


@pytest.fixture(scope="module")
def both(tokenizer_directory: Path) -> tuple[SentencePieceProcessor, AutoTokenizer]:
    spiece = SentencePieceProcessor(model_file=str(tokenizer_directory / "spiece.model"))
    return spiece, AutoTokenizer.from_pretrained(str(tokenizer_directory))


@given(st.text(st.sampled_from(CHARACTERS) | st.characters(codec="utf-8"), max_size=40))
def test_auto_tokenizer_cuts_as_sentencepiece_does(
    both: tuple[SentencePieceProcessor, AutoTokenizer], text: str
) -> None:
    spiece, tokenizer = both
    # As windows of passages are: without white space around, special tokens or private signs.
    normal = FULL_WIDTH.normalize(text).strip()
    if "▁" in normal or any(not c.isprintable() and not c.isspace() for c in normal):
        return
    # Of a space that bears a mark (NFKC of ¸ alone) tokenizers keeps the space only.
    if any(a.isspace() and unicodedata.combining(b) for a, b in pairwise(normal)):
        return
    theirs = _collapsed(spiece.encode(normal), spiece.unk_id())
    assert _collapsed(tokenizer.encode(normal, add_special_tokens=False), 1) == theirs


def _collapsed(ids: list[int], unknown: int) -> list[int]:
    """SentencePiece joins unknown characters into one token, tokenizers may not."""
    return [i for n, i in enumerate(ids) if not (n and i == unknown == ids[n - 1])]


def test_special_tokens_come_first_and_masks_survive(
    both: tuple[SentencePieceProcessor, AutoTokenizer],
) -> None:
    _, tokenizer = both
    assert tuple(tokenizer.convert_ids_to_tokens(range(5))) == SPECIAL
    ids = tokenizer.encode("糖尿病に[MASK]を投与")
    assert (ids[0], ids[-1], ids.count(4)) == (2, 3, 1)


def test_a_full_width_space_separates_words(
    both: tuple[SentencePieceProcessor, AutoTokenizer],
) -> None:
    spiece, _ = both
    assert "　" not in "".join(spiece.encode("糖尿病　患者", out_type=str))


def test_pieces_from_elsewhere(tmp_path: Path) -> None:
    pieces = {"▁": -3.0, "糖尿病": -8.0, "▁ｔｈｅ": -7.0, "病": -9.0}
    directory = full_width_tokenizer(pieces, tmp_path)
    tokenizer = AutoTokenizer.from_pretrained(str(directory))
    assert tokenizer.tokenize("糖尿病　ｔｈｅ病") == ["▁", "糖尿病", "▁ｔｈｅ", "病"]
    assert len(tokenizer) == len(SPECIAL) + len(pieces)


def test_too_little_text_for_the_vocabulary(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"no tokenizer of 5000 pieces .* value <= "):
        train_tokenizer(["糖尿病の患者"] * 5, 5_000, tmp_path)
