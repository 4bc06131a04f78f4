"""SentencePiece unigram tokenizers over full-width text, in files that ``AutoTokenizer`` reads.

Ids 0 to 4 are [PAD], [UNK], [CLS], [SEP], [MASK]. ``tokenizer.json`` is rebuilt from
``spiece.model`` by the function that serving uses, so the pieces are SentencePiece's own.
"""

import io
import json
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

import sentencepiece
from sentencepiece import sentencepiece_model_pb2

from search.encoder.model_directory import ModelError
from search.encoder.tokenizer import BERT_SPECIAL_TOKENS, sentencepiece_tokenizer
from search.text.profile import TextProfile

FULL_WIDTH = TextProfile("full-width")
TOKENIZER_FILES = (
    "spiece.model",
    "tokenizer.json",
    "tokenizer_config.json",
    "text_profile.json",
)
SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
# Full-width text has full-width spaces; SentencePiece knows words by the plain one.
_SPACE_RULE = "3000\t20\n"
# SentencePiece skips longer lines; in bytes.
_LONGEST_LINE = 16_384


def train_tokenizer(
    texts: Iterable[str], vocabulary: int, directory: Path, character_coverage: float = 0.9995
) -> Path:
    """Train a unigram model of ``vocabulary`` pieces on ``texts`` and write its files.

    Texts are folded to full width here. ``character_coverage`` is the share of all characters
    that get a piece; the others become [UNK].

    Raises:
        ModelError: when the texts are too few for the vocabulary, with the largest one possible.
    """
    trained = io.BytesIO()
    try:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=(FULL_WIDTH.normalize(text) for text in texts if text.strip()),
            model_writer=trained,
            character_coverage=character_coverage,
            **_options(vocabulary),
        )
    except RuntimeError as error:
        raise ModelError(
            f"no tokenizer of {vocabulary} pieces can be trained on these texts: "
            f"{str(error).rsplit(']', 1)[-1].strip()}"
        ) from error
    return write_tokenizer(trained.getvalue(), directory)


def full_width_tokenizer(pieces: Mapping[str, float], directory: Path) -> Path:
    """Write a tokenizer of given pieces and their scores (log-probabilities), after the special
    ones: how a part of another model's vocabulary becomes a vocabulary of its own. ``▁`` in a
    piece stands for a space."""
    proto = sentencepiece_model_pb2.ModelProto()
    proto.ParseFromString(_empty_model())
    kept = [p for p in proto.pieces if p.piece in SPECIAL]
    del proto.pieces[:]
    proto.pieces.extend(sorted(kept, key=lambda p: SPECIAL.index(p.piece)))
    for piece, score in pieces.items():
        proto.pieces.add(piece=piece, score=score)
    proto.trainer_spec.vocab_size = len(proto.pieces)
    return write_tokenizer(proto.SerializeToString(), directory)


def write_tokenizer(model: bytes, directory: Path) -> Path:
    """Write a SentencePiece model as ``spiece.model``, ``tokenizer.json``,
    ``tokenizer_config.json`` and ``text_profile.json`` into ``directory``."""
    directory.mkdir(parents=True, exist_ok=True)
    file = directory / "spiece.model"
    file.write_bytes(model)
    tokenizer = sentencepiece_tokenizer(file, BERT_SPECIAL_TOKENS, {})
    # One line: half the size of the indented form.
    (directory / "tokenizer.json").write_text(tokenizer.to_str(pretty=False), encoding="utf-8")
    config = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_max_length": FULL_WIDTH.max_tokens,
        **BERT_SPECIAL_TOKENS,
    }
    (directory / "tokenizer_config.json").write_text(
        json.dumps(config, indent=2) + "\n", encoding="utf-8"
    )
    (directory / "text_profile.json").write_text(FULL_WIDTH.to_json() + "\n", encoding="utf-8")
    return directory


def _options(vocabulary: int) -> dict[str, object]:
    # SentencePiece reads the rule from a file while it is made, and keeps it in the model.
    with tempfile.NamedTemporaryFile("w", suffix=".tsv", delete=False) as rule:
        rule.write(_SPACE_RULE)
    return {
        "model_type": "unigram",
        "vocab_size": vocabulary,
        "normalization_rule_tsv": rule.name,
        "max_sentence_length": _LONGEST_LINE,
        "pad_id": 0,
        "unk_id": 1,
        "bos_id": -1,
        "eos_id": -1,
        "pad_piece": SPECIAL[0],
        "unk_piece": SPECIAL[1],
        "control_symbols": list(SPECIAL[2:]),
        "minloglevel": 2,
    }


def _empty_model() -> bytes:
    """The smallest model that SentencePiece will train with our options: the frame for pieces
    that come from elsewhere."""
    trained = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(["あいうえお"] * 20), model_writer=trained, **_options(11)
    )
    return trained.getvalue()
