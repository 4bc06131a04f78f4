"""Encoding on a CPU against sentence-transformers: passages/s, and one query at a time.

    python benchmarks/encoding.py LIBRARY QUERIES.jsonl [--passages 96] [--rounds 5]

Passages are real ones of LIBRARY, by its model in OpenVINO (as ``jmedsearch index`` runs it, with
sentence vectors and tokenising) and in ``sentence-transformers`` on torch in float32 and in bf16
(which a CPU without bf16 instructions only emulates), with normalised text, at the best of its
batch sizes 8, 32 and 64. Queries of 16 tokens go one by one through a BERT of base size (12 layers,
768, vocabulary 50 000) with random weights, on both sides: only its speed means anything. Rounds of
all take turns; medians and ratios are printed as JSON.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scale import read_queries
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
from transformers import BertConfig, BertModel, BertTokenizerFast

from search.encoder import load_encoder
from search.encoder.eight_bit import float_directory
from search.library.library import Library


def compared(ways: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Median seconds of each, asked in turns after one round that does not count."""
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(rounds + 1):
        for name, way in ways.items():
            began = time.perf_counter()
            way()
            if turn:
                taken[name].append(time.perf_counter() - began)
    return {name: float(np.median(values)) for name, values in taken.items()}


def peer(
    path: str, max_tokens: int, dtype: torch.dtype, device: str = "cpu"
) -> SentenceTransformer:
    """The same network in sentence-transformers, mean pooled."""
    network = Transformer(
        path, max_seq_length=max_tokens, model_kwargs={"dtype": dtype, "local_files_only": True}
    )
    pooling = Pooling(network.get_embedding_dimension(), "mean")
    return SentenceTransformer(modules=[network, pooling], device=device)


def passages(library: Path, count: int, rounds: int) -> dict[str, Any]:
    """Passages/s of real passages."""
    generation = Library(library).generation()
    encoder = load_encoder(generation.manifest.model_source, "cpu")
    profile = encoder.model.profile
    chosen = []
    for number in np.random.default_rng(0).permutation(generation.manifest.records)[:count]:
        for record in generation.records([int(number)]).values():
            text = next(record.versions()).text
            chosen += [(text, window) for window in encoder.windows(text)[:1]]
    texts = [profile.normalize(text[w.start : w.end]) for text, w in chosen]
    path = str(float_directory(encoder.model))
    peers = {
        name: peer(path, profile.max_tokens, dtype)
        for name, dtype in (("float32", torch.float32), ("bf16", torch.bfloat16))
    }
    ways: dict[str, Callable[[], object]] = {
        "jmedsearch": lambda: encoder.encode_passages(chosen),
        **{
            f"sentence-transformers {name}, {size} a batch": lambda p=p, size=size: p.encode(
                texts, batch_size=size, normalize_embeddings=True, show_progress_bar=False
            )
            for name, p in peers.items()
            for size in (8, 32, 64)
        },
    }
    seconds = compared(ways, rounds)
    rates = {name: round(len(chosen) / s, 1) for name, s in seconds.items()}
    best = max(rate for name, rate in rates.items() if "float32" in name)
    return {
        "tokens": int(np.mean([len(encoder.tokenizer.encode(t).ids) for t in texts])),
        "passages_per_second": rates,
        "ratio_to_best_float32": round(rates["jmedsearch"] / best, 2),
    }


def bert_base(directory: Path, layers: int = 12) -> None:
    """A BERT of base size with random weights and a vocabulary of single kanji and numbers."""
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    words += [chr(0x4E00 + i) for i in range(20_000)] + [f"w{i}" for i in range(29_995)]
    (directory / "vocab.txt").write_text("\n".join(words), encoding="utf-8")
    tokenizer = BertTokenizerFast(vocab=str(directory / "vocab.txt"), model_max_length=512)
    tokenizer.save_pretrained(directory)
    torch.manual_seed(0)
    BertModel(BertConfig(vocab_size=50_000, num_hidden_layers=layers)).save_pretrained(directory)


def queries(texts: list[str], rounds: int) -> dict[str, Any]:
    """Milliseconds of one query of 16 tokens, BERT-base."""
    kanji = [[c for c in text if 0x4E00 <= ord(c) < 0x4E00 + 20_000] for text in texts]
    asked = ["".join(k[:14]) for k in kanji if len(k) >= 14][:20]
    with tempfile.TemporaryDirectory() as name:
        bert_base(Path(name))
        encoder = load_encoder(name, "cpu")
        theirs = peer(name, 512, torch.float32)
        ways: dict[str, Callable[[], object]] = {
            "jmedsearch": lambda: [encoder.encode_queries([q]) for q in asked],
            "sentence-transformers float32": lambda: [
                theirs.encode([q], show_progress_bar=False) for q in asked
            ],
        }
        seconds = compared(ways, rounds)
    milliseconds = {name: round(s * 1000 / len(asked), 1) for name, s in seconds.items()}
    ratio = milliseconds["sentence-transformers float32"] / milliseconds["jmedsearch"]
    tokens = len(encoder.tokenizer.encode(asked[0]).ids)
    return {"tokens": tokens, "milliseconds": milliseconds, "ratio": round(ratio, 2)}


def main() -> None:
    """Measure both and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("library", type=Path)
    parser.add_argument("queries", type=Path)
    parser.add_argument("--passages", type=int, default=96)
    parser.add_argument("--rounds", type=int, default=5)
    wanted = parser.parse_args()
    flags = Path("/proc/cpuinfo").read_text()
    result = {
        "threads": torch.get_num_threads(),
        "bf16_instructions": any(f in flags for f in ("avx512_bf16", "amx_bf16")),
        "passages": passages(wanted.library, wanted.passages, wanted.rounds),
        "query_bert_base_random_weights": queries(
            read_queries(wanted.queries, 1000), wanted.rounds
        ),
    }
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
