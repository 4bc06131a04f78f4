"""The tokenizer of a model, held to what SentencePiece itself says.

transformers 5 rebuilds SentencePiece tokenizers in Rust, and some classes fold text on the way:
Albert-style ones decompose and strip accents, which takes the dakuten off kana (が → か), or fold
full-width letters, which turns this family's whole vocabulary into unknowns. So the pieces are
compared on probe strings; a tokenizer that differs is rebuilt from the SentencePiece model, and
one that still differs is refused.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers
from tokenizers import pre_tokenizers as pre
from tokenizers.processors import TemplateProcessing

from search.encoder.model_directory import ModelDirectory, ModelError, sentencepiece_file

_PROBES = (
    "がぎぐげご、ざじずぜぞ。だぢづでど・ばびぶべぼ：ぱぴぷぺぽ",
    "ガギグゲゴ　ヴァイオリン　ペースメーカー　ｈｂＡ１ｃ　ＩＬ－６",
    "急性心筋梗塞の患者に対して，β遮断薬を投与した（ｎ＝１２０）．",
    "非小細胞肺癌　ＥＧＦＲ変異陽性　ｐ＜０．０５　１００ｍｇ／ｄＬ",
    "ABC abc 123 がん　髙橋　㎎　①",
)
BERT_SPECIAL_TOKENS = {
    "cls_token": "[CLS]",
    "sep_token": "[SEP]",
    "pad_token": "[PAD]",
    "unk_token": "[UNK]",
    "mask_token": "[MASK]",
}


def load_tokenizer(model: ModelDirectory) -> tuple[Tokenizer, bool]:
    """The model's tokenizer, and whether it had to be rebuilt to agree with SentencePiece.

    Raises:
        ModelError: when there is none, or none that cuts text as SentencePiece does.
    """
    reference = sentencepiece_file(model.path)
    if reference is None:
        return _as_saved(model), False
    try:
        tokenizer = _as_saved(model)
        if _first_difference(tokenizer, reference) is None:
            return tokenizer, False
    except ModelError:
        # transformers does not know the class, or reads the file as something else: what the
        # SentencePiece model says holds.
        pass
    rebuilt = sentencepiece_tokenizer(reference, special_tokens(model), _added_tokens(model))
    difference = _first_difference(rebuilt, reference)
    if difference:
        probe, ours, theirs = difference
        raise ModelError(
            f"{model.path}: its tokenizer cuts {probe!r} into {ours}, but {reference.name} says "
            f"{theirs}; vectors would be wrong. Save the model with a tokenizer.json that agrees."
        )
    return rebuilt, True


def _as_saved(model: ModelDirectory) -> Tokenizer:
    if (model.path / "tokenizer.json").exists():
        return Tokenizer.from_file(str(model.path / "tokenizer.json"))
    # Only here is transformers needed: it knows how each class of tokenizer is built.
    from transformers import AutoTokenizer

    try:
        loaded = AutoTokenizer.from_pretrained(str(model.path), trust_remote_code=False)
    except (OSError, ValueError, KeyError, ImportError) as error:
        raise ModelError(f"{model.path}: its tokenizer cannot be loaded ({error})") from error
    backend = getattr(loaded, "backend_tokenizer", None)
    if not isinstance(backend, Tokenizer):
        raise ModelError(f"{model.path}: {type(loaded).__name__} is not a fast tokenizer")
    return backend


def sentencepiece_tokenizer(
    reference: Path, special: Mapping[str, str], added: Mapping[str, int]
) -> Tokenizer:
    """A tokenizer that does what the unigram model of ``reference`` says, and nothing more.

    ``special`` are the special tokens by role, ``added`` the ids of those that the model lacks.

    Raises:
        ModelError: for another kind of SentencePiece model, or a special token without an id.
    """
    from sentencepiece import sentencepiece_model_pb2

    proto = sentencepiece_model_pb2.ModelProto()
    proto.ParseFromString(reference.read_bytes())
    if proto.trainer_spec.model_type != proto.trainer_spec.UNIGRAM:
        raise ModelError(f"{reference}: only unigram SentencePiece models can be rebuilt")
    vocabulary = [(piece.piece, piece.score) for piece in proto.pieces]
    tokenizer = Tokenizer(
        models.Unigram(vocabulary, unk_id=proto.trainer_spec.unk_id, byte_fallback=False)
    )
    steps: list[Any] = []
    if proto.normalizer_spec.precompiled_charsmap:
        steps.append(normalizers.Precompiled(proto.normalizer_spec.precompiled_charsmap))
    if proto.normalizer_spec.remove_extra_whitespaces:
        steps += [
            normalizers.Replace(Regex("^ +| +$"), ""),
            normalizers.Replace(Regex(" {2,}"), " "),
        ]
    if steps:
        tokenizer.normalizer = normalizers.Sequence(steps)
    scheme = "first" if proto.normalizer_spec.add_dummy_prefix else "never"
    tokenizer.pre_tokenizer = pre.Metaspace(replacement="▁", prepend_scheme=scheme, split=False)
    tokenizer.decoder = decoders.Metaspace(replacement="▁", prepend_scheme=scheme)
    missing = [t for t in special.values() if tokenizer.token_to_id(t) is None]
    tokenizer.add_special_tokens(
        [
            AddedToken(t, special=True, normalized=False)
            for t in sorted(dict.fromkeys(special.values()), key=lambda t: added.get(t, -1))
        ]
    )
    for token in missing:
        if tokenizer.token_to_id(token) != added.get(token):
            raise ModelError(
                f"{reference.parent}: the special token {token} is not in {reference.name}, and "
                "the files do not say which id it has. Save the model with a tokenizer.json."
            )
    cls, sep = special["cls_token"], special["sep_token"]
    tokenizer.post_processor = TemplateProcessing(
        single=f"{cls} $A {sep}",
        pair=f"{cls} $A {sep} $B:1 {sep}:1",
        special_tokens=[(t, tokenizer.token_to_id(t)) for t in (cls, sep)],
    )
    return tokenizer


def special_tokens(model: ModelDirectory) -> dict[str, str]:
    """The special tokens by role, from the model's files, BERT's where they say nothing."""
    found = dict(BERT_SPECIAL_TOKENS)
    for name in ("special_tokens_map.json", "tokenizer_config.json"):
        file = model.path / name
        if file.exists():
            data = json.loads(file.read_text(encoding="utf-8"))
            for role in found:
                value = data.get(role)
                if value:
                    found[role] = value["content"] if isinstance(value, dict) else value
    return found


def _added_tokens(model: ModelDirectory) -> dict[str, int]:
    """Tokens that the model's files add to the SentencePiece vocabulary, with their ids."""
    added: dict[str, int] = {}
    if (model.path / "added_tokens.json").exists():
        added |= json.loads((model.path / "added_tokens.json").read_text(encoding="utf-8"))
    if (model.path / "tokenizer_config.json").exists():
        config = json.loads((model.path / "tokenizer_config.json").read_text(encoding="utf-8"))
        for number, token in (config.get("added_tokens_decoder") or {}).items():
            added[token["content"]] = int(number)
    return added


def _first_difference(
    tokenizer: Tokenizer, reference: Path
) -> tuple[str, list[str], list[str]] | None:
    from sentencepiece import SentencePieceProcessor

    processor = SentencePieceProcessor(model_file=str(reference))
    unknown = processor.id_to_piece(processor.unk_id())
    known = {processor.id_to_piece(i) for i in range(processor.get_piece_size())}
    for probe in _PROBES:
        # An unknown stretch shows as its surface in one library and as the unknown token in the
        # other; what matters is that the same stretches are known and cut the same.
        theirs = [p if p in known else unknown for p in processor.encode(probe, out_type=str)]
        encoding = tokenizer.encode(probe, add_special_tokens=False)
        ours = [
            unknown if token not in known or token == unknown else token
            for token in encoding.tokens
        ]
        if ours != theirs:
            return probe, encoding.tokens, theirs
    return None
