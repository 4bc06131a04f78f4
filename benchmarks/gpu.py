"""Embedding on one NVIDIA GPU: the encoder alone, files to vectors, and sentence-transformers.

    python benchmarks/gpu.py [--passages 40000] [--sample 8000] [--device cuda] [--compiled]

``--device torch-cpu --layers 2 --passages 200 --sample 100`` tries the program out; its figures say
nothing.

The network is a BERT of base size (12 layers, 768, vocabulary 50 000) with random weights: only its
speed means anything. Texts are synthetic, single kanji, of lengths drawn about 256 tokens. One JSON
object a line, as soon as it is measured:

- ``matmul``: the device's own rate for 8192³ in bf16, in TFLOP/s;
- ``encoder``: real tokens/s (padding not counted) over ``--sample`` passages with tokens ready,
  through the backend of ``jmedsearch index``, and the share of ``matmul`` that this is, counting 2
  operations for each weight of the layers and each token, and attention; with ``--compiled``, also
  through torch.compile;
- ``files_to_vectors``: tokens/s over all ``--passages`` from a JSONL file through reading, storing,
  windows, tokens and vectors to written segments, lexical index and vector index left out, its
  share of the encoder alone, and where the seconds go;
- ``sentence_transformers``: the sample by ``encode`` in bf16 at its best batch size, and how many
  times as fast files to vectors is.

Last measured on an H100 (docs/speed.md): the encoder 43.8 % of the matmul rate, files to vectors
21 % of the encoder. Of ``sentence_transformers`` and ``--compiled`` no figures exist yet.
"""

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

# torch and what loads it are imported where they are used: the processes that prepare texts import
# this file, too, and need none of it.


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
        import torch

        torch.cuda.synchronize()


def matmul_rate(device: str, size: int) -> float:
    """Operations/s of a square product in bf16."""
    import torch

    where = "cuda" if device == "cuda" else "cpu"
    a, b = (torch.randn(size, size, device=where, dtype=torch.bfloat16) for _ in range(2))
    repeats = 20 if device == "cuda" else 1
    taken = seconds(lambda: [a @ b for _ in range(repeats)], device)
    return repeats * 2 * size**3 / taken


def operations(config: Any, lengths: list[int]) -> float:
    """What the layers compute for texts of these lengths."""
    weights = config.num_hidden_layers * (
        4 * config.hidden_size**2 + 2 * config.hidden_size * config.intermediate_size
    )
    attention = 4 * config.num_hidden_layers * config.hidden_size
    return float(sum(2 * weights * n + attention * n * n for n in lengths))


def texts(count: int, tokens: int) -> list[str]:
    """Synthetic abstracts: sentences of single kanji, each a token."""
    rng = np.random.default_rng(0)
    lengths = (rng.lognormal(0, 0.4, count) * tokens).astype(int).clip(16, 500)
    made = []
    for length in lengths:
        letters = "".join(map(chr, 0x4E00 + rng.integers(0, 20_000, length)))
        made.append("".join(letters[i : i + 40] + "。" for i in range(0, length, 40)))
    return made


def files_to_vectors(encoder: Any, file: Path, folder: Path) -> dict[str, float]:
    """As ``jmedsearch index`` does, up to the written segments: seconds of intake and embedding."""
    from indexer.run.intake import Progress, Reading, take
    from indexer.run.sources import find_sources
    from indexer.stages.embed import embed_records
    from indexer.store.record_store import RecordStore

    began = time.perf_counter()
    store = RecordStore(folder / "records.db", None)
    take(store, list(find_sources([str(file)])), 1, "", Reading(), Progress())
    taken_in = time.perf_counter()
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
    return {"intake": taken_in - began, "embedding": time.perf_counter() - taken_in}


def report(name: str, values: dict[str, Any]) -> None:
    """A line of JSON, at once."""
    print(json.dumps({name: values}), flush=True)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--passages", type=int, default=40_000)
    parser.add_argument("--sample", type=int, default=8_000)
    parser.add_argument("--device", choices=["cuda", "torch-cpu"], default="cuda")
    parser.add_argument("--layers", type=int, default=12)
    parser.add_argument("--compiled", action="store_true")
    wanted = parser.parse_args()
    import torch
    from encoding import bert_base, peer

    from search.encoder import Encoder, load_encoder, open_model
    from search.encoder.torch_backend import TorchBackend

    on_gpu = wanted.device == "cuda"
    if on_gpu and not torch.cuda.is_available():
        parser.error("there is no CUDA device; --device torch-cpu tries the program out")
    report(
        "device",
        {
            "name": torch.cuda.get_device_name() if on_gpu else "CPU: figures say nothing",
            "cores": os.cpu_count(),
            "passages": wanted.passages,
            "sample": wanted.sample,
        },
    )
    rate = matmul_rate(wanted.device, 8192 if on_gpu else 1024)
    report("matmul", {"tflops": round(rate / 1e12, 2)})
    made = texts(wanted.passages, 256)
    sample = made[: wanted.sample]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        bert_base(folder, wanted.layers)
        model = open_model(name)
        encoder = load_encoder(model, wanted.device)
        passages = [(t, window) for t in sample for window in encoder.windows(t)]
        tokens = [encoder.text_side.passage(t, window) for t, window in passages]
        size = encoder.backend.chunk_records
        chunks = [tokens[i : i + size] for i in range(0, len(tokens), size)]
        lengths = [len(t) for t in tokens]
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        work = operations(argparse.Namespace(**config), lengths)

        def alone(label: str, runner: Encoder) -> float:
            def through() -> None:
                for _ in runner.encode_prepared(iter(chunks)):
                    pass

            taken = seconds(through, wanted.device)
            report(
                label,
                {
                    "tokens_per_second": round(sum(lengths) / taken),
                    "share_of_matmul": round(work / taken / rate, 3),
                    "tokens_a_passage": round(sum(lengths) / len(lengths)),
                },
            )
            return sum(lengths) / taken

        plain = alone("encoder", encoder)
        file = folder / "records.jsonl"
        with file.open("w", encoding="utf-8") as stream:
            for i, text in enumerate(made):
                record = {"id": str(i), "abstract": text, "language": "ja"}
                stream.write(json.dumps(record, ensure_ascii=False) + "\n")
        (folder / "out").mkdir()
        parts = files_to_vectors(encoder, file, folder / "out")
        # The sample's mean: the whole was never counted.
        tokens_of_all = sum(lengths) / len(sample) * len(made)
        whole = tokens_of_all / sum(parts.values())
        report(
            "files_to_vectors",
            {
                "tokens_per_second": round(whole),
                "share_of_encoder_alone": round(whole / plain, 3),
                "seconds": {part: round(taken, 2) for part, taken in parts.items()},
                "embedding_share_of_encoder_alone": round(
                    tokens_of_all / parts["embedding"] / plain, 3
                ),
            },
        )
        theirs = peer(name, 512, torch.bfloat16, "cuda" if on_gpu else "cpu")
        by_size = {
            n: seconds(
                lambda n=n: theirs.encode(sample, batch_size=n, show_progress_bar=False),
                wanted.device,
                1,
            )
            for n in ((64, 128, 256) if on_gpu else (32,))
        }
        best = min(by_size, key=lambda n: by_size[n])
        report(
            "sentence_transformers",
            {
                "batch_size": best,
                "tokens_per_second": round(sum(lengths) / by_size[best]),
                "files_to_vectors_times_as_fast": round(whole * by_size[best] / sum(lengths), 2),
            },
        )
        if wanted.compiled:
            compiled = TorchBackend(model, "cuda" if on_gpu else "cpu", compiled=True)
            alone("encoder_compiled", Encoder(model, compiled, encoder.tokenizer))


if __name__ == "__main__":
    main()
