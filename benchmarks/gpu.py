"""Embedding on one NVIDIA GPU: the encoder alone, files to vectors, and sentence-transformers.

    python benchmarks/gpu.py [--passages 40000] [--tokens 256] [--device cuda]

No figures exist yet: the machine that it was written on has no GPU, and the program itself has not
been run to its end. What it measures, the stream of batches through the torch backend and the
preparing processes, is tested on a CPU. ``--device torch-cpu --layers 2 --passages 200`` tries the
program out; its figures say nothing.

The network is a BERT of base size (12 layers, 768, vocabulary 50 000) with random weights: only its
speed means anything. Texts are synthetic, single kanji, of lengths drawn about ``--tokens``. JSON:

- ``matmul``: the device's own rate for 8192³ in bf16, in TFLOP/s, measured;
- ``encoder``: real tokens/s (padding not counted) of tokens that are ready, through the backend of
  ``jmedsearch index``, plain and with torch.compile, and the share of ``matmul`` that this is,
  counting 2 operations for each weight of the layers and each token, and attention;
- ``files_to_vectors``: the same in tokens/s from a JSONL file through reading, storing, windows,
  tokens and vectors to written segments, lexical index and vector index left out, and its share of
  the encoder alone;
- ``sentence_transformers``: the same texts by ``encode`` in bf16 at its best batch size, and how
  many times as fast files to vectors is.
"""

import argparse
import json
import os
import random
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from encoding import bert_base, peer

from indexer.embed import embed_records
from indexer.intake import Progress, Reading, take
from indexer.sources import find_sources
from indexer.store import RecordStore
from search.encoder import Encoder, load_encoder, open_model
from search.encoder.text_side import Tokens
from search.encoder.torch_backend import TorchBackend


def seconds(run: Callable[[], object], device: str, rounds: int = 3) -> float:
    """The shortest of a few runs after one that does not count."""
    taken = []
    for _ in range(rounds + 1):
        _wait(device)
        began = time.perf_counter()
        run()
        _wait(device)
        taken.append(time.perf_counter() - began)
    return min(taken[1:])


def _wait(device: str) -> None:
    if device == "cuda":
        torch.cuda.synchronize()


def matmul_rate(device: str, size: int) -> float:
    """Operations/s of a square product in bf16."""
    where = "cuda" if device == "cuda" else "cpu"
    a, b = (torch.randn(size, size, device=where, dtype=torch.bfloat16) for _ in range(2))
    repeats = 20 if device == "cuda" else 1
    taken = seconds(lambda: [a @ b for _ in range(repeats)], device)
    return repeats * 2 * size**3 / taken


def operations(model: Any, lengths: list[int]) -> float:
    """What the layers compute for texts of these lengths."""
    config = model.config
    weights = config.num_hidden_layers * (
        4 * config.hidden_size**2 + 2 * config.hidden_size * config.intermediate_size
    )
    attention = 4 * config.num_hidden_layers * config.hidden_size
    return float(sum(2 * weights * n + attention * n * n for n in lengths))


def texts(count: int, tokens: int) -> list[str]:
    """Synthetic abstracts: sentences of single kanji, each a token."""
    generator = random.Random(0)
    made = []
    for _ in range(count):
        length = min(500, max(16, int(generator.lognormvariate(0, 0.4) * tokens)))
        letters = [chr(0x4E00 + generator.randrange(20_000)) for _ in range(length)]
        sentences = ["".join(letters[i : i + 40]) + "。" for i in range(0, length, 40)]
        made.append("".join(sentences))
    return made


def through_the_backend(encoder: Encoder, chunks: list[list[Tokens]]) -> None:
    """Every passage's vectors, and nothing else."""
    for _ in encoder.encode_prepared(iter(chunks)):
        pass


def files_to_vectors(encoder: Encoder, file: Path, folder: Path) -> None:
    """As ``jmedsearch index`` does, up to the written segments."""
    store = RecordStore(folder / "records.db", None)
    take(store, list(find_sources([str(file)])), 1, "", Reading(), Progress())
    with store.db.atomic():
        embed_records(
            encoder,
            store.to_embed(),
            folder / "vectors",
            folder / "checkpoints",
            0,
            1,
            store.add_passages,
            lambda _: None,
        )
    store.close()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--passages", type=int, default=40_000)
    parser.add_argument("--tokens", type=int, default=256)
    parser.add_argument("--device", choices=["cuda", "torch-cpu"], default="cuda")
    parser.add_argument("--layers", type=int, default=12)
    wanted = parser.parse_args()
    if wanted.device == "cuda" and not torch.cuda.is_available():
        parser.error("there is no CUDA device; --device torch-cpu tries the program out")
    on_gpu = wanted.device == "cuda"
    result: dict[str, Any] = {
        "device": torch.cuda.get_device_name() if on_gpu else "CPU: figures say nothing",
        "cores": os.cpu_count(),
        "passages": wanted.passages,
    }
    rate = matmul_rate(wanted.device, 8192 if on_gpu else 1024)
    result["matmul_tflops"] = round(rate / 1e12, 2)
    made = texts(wanted.passages, wanted.tokens)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        bert_base(folder, wanted.layers)
        model = open_model(name)
        encoder = load_encoder(model, wanted.device)
        passages = [(t, window) for t in made for window in encoder.windows(t)]
        tokens = [encoder.text_side.passage(t, window) for t, window in passages]
        size = encoder.backend.chunk_records
        chunks = [tokens[i : i + size] for i in range(0, len(tokens), size)]
        lengths = [len(t) for t in tokens]
        total = sum(lengths)
        work = operations(encoder.backend._encoder.encoder, lengths)  # type: ignore[attr-defined]
        result["tokens_a_passage"] = round(total / len(lengths))
        compiled = TorchBackend(model, "cuda" if on_gpu else "cpu", compiled=True)
        alone = {}
        for label, backend in (("plain", encoder.backend), ("compiled", compiled)):
            runner = Encoder(model, backend, encoder.tokenizer)
            alone[label] = seconds(lambda r=runner: through_the_backend(r, chunks), wanted.device)
            result[f"encoder_{label}"] = {
                "tokens_per_second": round(total / alone[label]),
                "share_of_matmul": round(work / alone[label] / rate, 3),
            }
        file = folder / "records.jsonl"
        with file.open("w", encoding="utf-8") as stream:
            for i, text in enumerate(made):
                stream.write(json.dumps({"id": str(i), "abstract": text, "language": "ja"}) + "\n")
        (folder / "out").mkdir()
        began = time.perf_counter()
        files_to_vectors(encoder, file, folder / "out")
        taken = time.perf_counter() - began
        result["files_to_vectors"] = {
            "tokens_per_second": round(total / taken),
            "share_of_encoder_alone": round(alone["plain"] / taken, 3),
        }
        theirs = peer(name, 512, torch.bfloat16, "cuda" if on_gpu else "cpu")
        sizes = (64, 128, 256, 512) if on_gpu else (32,)
        by_size = {
            n: seconds(
                lambda n=n: theirs.encode(made, batch_size=n, show_progress_bar=False),
                wanted.device,
                1,
            )
            for n in sizes
        }
        best = min(by_size, key=lambda n: by_size[n])
        result["sentence_transformers"] = {
            "batch_size": best,
            "tokens_per_second": round(total / by_size[best]),
            "files_to_vectors_times_as_fast": round(by_size[best] / taken, 2),
        }
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
