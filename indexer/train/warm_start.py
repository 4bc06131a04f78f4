"""A student that starts from its teacher: some of its layers, and a vocabulary made of its pieces.

Layers are taken as they are (Sajjad et al. 2023, "On the effect of dropping layers of pre-trained
transformer models"). Where the teacher's tokenizer is a unigram model, the student's vocabulary is
the part of it that the texts use, spelled in full width, so that the student cuts text as the
teacher does and starts with the teacher's own token embeddings.
"""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from tokenizers import Tokenizer
from transformers import BertConfig

from indexer.train.model import MaskedLm, save_model
from indexer.train.tokenizer_training import FULL_WIDTH, SPECIAL, full_width_tokenizer
from search.encoder.model_directory import ModelDirectory, ModelError
from search.encoder.tokenizer import load_tokenizer
from search.encoder.torch_backend import load_network
from search.text.fold import nfkc, to_full_width

# Counted in batches: the tokenizer works on several cores.
_BATCH = 1_000


def start_student(
    teacher: ModelDirectory,
    texts: Iterable[str],
    directory: Path,
    layers: Sequence[int],
    vocabulary: int,
) -> Path:
    """Write a student of ``teacher``'s ``layers`` (numbers from 0) and of at most ``vocabulary``
    pieces, the ones that ``texts`` use most, single characters first.

    Raises:
        ModelError: when the teacher is not a BERT with a unigram tokenizer, or lacks a layer.
    """
    tokenizer, _ = load_tokenizer(teacher)
    model = json.loads(tokenizer.to_str())["model"]
    if model["type"] != "Unigram":
        raise ModelError(
            f"{teacher.name}: its tokenizer is {model['type']}, not Unigram; train a tokenizer and "
            "a model of your own (train tokenizer, train pretrain) and distil into that"
        )
    encoder = load_network(teacher).encoder
    config = encoder.config
    absent = [n for n in layers if not 0 <= n < config.num_hidden_layers]
    if config.model_type != "bert" or absent:
        raise ModelError(
            f"{teacher.name}: a student needs a BERT with layers {list(layers)}; this is "
            f"{config.model_type} with layers 0 to {config.num_hidden_layers - 1}"
        )
    pieces = _pieces(tokenizer, model["vocab"], texts, vocabulary - len(SPECIAL))
    full_width_tokenizer({piece: score for piece, (score, _) in pieces.items()}, directory)

    special = {role: tokenizer.token_to_id(token) for role, token in _special(tokenizer).items()}
    rows = [special["pad"], special["unk"], special["cls"], special["sep"], special["mask"]]
    rows += [number for _, number in pieces.values()]
    student = MaskedLm(
        BertConfig(
            **{
                **config.to_dict(),
                "vocab_size": len(rows),
                "num_hidden_layers": len(layers),
                "hidden_dropout_prob": 0.0,
                "attention_probs_dropout_prob": 0.0,
                "pad_token_id": 0,
                "tie_word_embeddings": True,
            }
        )
    )
    state = {
        name: value
        for name, value in encoder.state_dict().items()
        if not name.startswith(("encoder.layer.", "pooler."))
    }
    words = "embeddings.word_embeddings.weight"
    state[words] = state[words][rows]
    for new, old in enumerate(layers):
        layer = encoder.encoder.layer[old].state_dict()
        state |= {f"encoder.layer.{new}.{name}": value for name, value in layer.items()}
    student.bert.load_state_dict(state)
    save_model(student, directory)
    return directory


def _pieces(
    tokenizer: Tokenizer, scores: Sequence[tuple[str, float]], texts: Iterable[str], number: int
) -> dict[str, tuple[float, int]]:
    """Full-width pieces with their score and the teacher's id, in the teacher's order."""
    counts: Counter[int] = Counter()
    batch: list[str] = []

    def count() -> None:
        for encoding in tokenizer.encode_batch(batch, add_special_tokens=False):
            counts.update(encoding.ids)
        batch.clear()

    for text in texts:
        batch.append(nfkc(text))
        if len(batch) == _BATCH:
            count()
    count()
    special = set(_special(tokenizer).values())
    # What is built of single characters has no unknowns: they come first, whatever their count.
    order = sorted(counts, key=lambda i: (len(scores[i][0]) > 1, -counts[i], i))
    chosen: dict[str, tuple[float, int]] = {}
    for i in order:
        piece, score = scores[i]
        # The marker of a space is no character of the text.
        spelled = "▁".join(to_full_width(part) for part in piece.split("▁"))
        if piece not in special and spelled not in chosen and len(chosen) < number:
            chosen[spelled] = (score, i)
    return dict(sorted(chosen.items(), key=lambda item: item[1][1]))


def _special(tokenizer: Tokenizer) -> dict[str, str]:
    """The teacher's special tokens by role; [MASK] starts as its mask or, without one, unknown."""
    known = {token.content for token in tokenizer.get_added_tokens_decoder().values()}
    names = {
        "pad": ("<pad>", "[PAD]"),
        "unk": ("<unk>", "[UNK]"),
        "cls": ("<s>", "[CLS]"),
        "sep": ("</s>", "[SEP]"),
    }
    found = {role: next((n for n in both if n in known), None) for role, both in names.items()}
    missing = [role for role, name in found.items() if name is None]
    if missing:
        raise ModelError(f"the teacher's tokenizer has no {missing[0]} token")
    chosen = {role: name for role, name in found.items() if name is not None}
    mask = next((n for n in ("<mask>", "[MASK]") if tokenizer.token_to_id(n) is not None), None)
    return {**chosen, "mask": mask or chosen["unk"]}


def normalize(text: str) -> str:
    """``text`` as students read it."""
    return FULL_WIDTH.normalize(text)
