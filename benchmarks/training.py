"""Throughput of pre-training beside the same model in plain Trainer defaults.

    python benchmarks/training.py [--layers 6] [--hidden 384] [--steps 8] [--batch 8] [--texts FILE]

Measured on the GPU if there is one, else on the CPU: useful tokens (no padding) a second, and the
share of the device's matmul peak, which is measured first, in the precision that is trained in. A
plain run is transformers' ``BertForMaskedLM`` with ``DataCollatorForLanguageModeling``: a text a
row, padded, logits for every token, and the precision that ``TrainingArguments`` has by default.
Without ``--texts``, texts are synthetic: random pieces, with the lengths of abstracts. Prints JSON.
"""

import argparse
import json
import random
import tempfile
import time
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer
from transformers import (
    AutoTokenizer,
    BertConfig,
    BertForMaskedLM,
    DataCollatorForLanguageModeling,
    Trainer,
    TrainerCallback,
    TrainingArguments,
    set_seed,
)

from indexer.train.model import MaskedLm
from indexer.train.pretrain import PackedTexts, PretrainConfig, trainer_arguments
from indexer.train.texts import read_texts
from search.encoder import open_model

_LENGTH = 512


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--layers", type=int, default=6)
    parser.add_argument("--hidden", type=int, default=384)
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--texts", type=Path)
    arguments = parser.parse_args()
    tokenizer_directory = open_model().path
    tokenizer = Tokenizer.from_file(str(tokenizer_directory / "tokenizer.json"))
    config = BertConfig(
        vocab_size=tokenizer.get_vocab_size(),
        hidden_size=arguments.hidden,
        num_hidden_layers=arguments.layers,
        num_attention_heads=arguments.hidden // 32,
        intermediate_size=4 * arguments.hidden,
    )
    cuda = torch.cuda.is_available()
    with tempfile.TemporaryDirectory() as folder:
        texts = Path(folder) / "texts.txt"
        rows = list(read_texts([arguments.texts])) if arguments.texts else synthetic(tokenizer)
        texts.write_text("\n".join(" ".join(row.split()) for row in rows[:20_000]), "utf-8")
        results = {
            "ours": ours(config, tokenizer, texts, Path(folder), arguments),
            "plain Trainer": plain(config, tokenizer_directory, texts, Path(folder), arguments),
        }
    cpu = f"CPU, {torch.get_num_threads()} threads"
    report: dict[str, Any] = {
        "device": torch.cuda.get_device_name() if cuda else cpu,
        "texts": str(arguments.texts) if arguments.texts else "synthetic",
    }
    for name, (tokens, seconds, dtype) in results.items():
        peak = matmul_peak(dtype)
        useful = flops_per_token(config) * tokens / seconds
        report[name] = {
            "tokens/s": round(tokens / seconds),
            "precision": str(dtype).removeprefix("torch."),
            "matmul peak, GFLOP/s": round(peak / 1e9, 1),
            "share of the peak": round(useful / peak, 3),
        }
    print(json.dumps(report, ensure_ascii=False, indent=1))


def synthetic(tokenizer: Tokenizer) -> list[str]:
    """Texts of random pieces, with the lengths of abstracts."""
    rng = random.Random(0)
    pieces = [p for p in tokenizer.get_vocab() if not p.startswith("[")]
    return [
        "".join(rng.choices(pieces, k=max(20, int(rng.gauss(260, 90))))).replace("▁", "")
        for _ in range(2_000)
    ]


def ours(
    config: BertConfig, tokenizer: Tokenizer, texts: Path, folder: Path, arguments: Any
) -> tuple[int, float, torch.dtype]:
    """Tokens, seconds and precision of our pre-training."""
    run = PretrainConfig(
        texts=(texts,), batch=arguments.batch, steps=arguments.steps + 2, held_out_share=0
    )
    set_seed(0)
    settings = trainer_arguments(run, folder / "ours")
    clock = Clock()
    Trainer(
        model=MaskedLm(config),
        args=settings,
        train_dataset=PackedTexts(run, tokenizer),
        callbacks=[clock],
    ).train()
    dtype = torch.bfloat16 if settings.bf16 else torch.float16 if settings.fp16 else torch.float32
    return arguments.steps * arguments.batch * _LENGTH, clock.seconds, dtype


def plain(
    config: BertConfig, tokenizer_directory: Path, texts: Path, folder: Path, arguments: Any
) -> tuple[int, float, torch.dtype]:
    """The same of a Trainer as its documentation begins."""
    set_seed(0)
    tokenizer = AutoTokenizer.from_pretrained(str(tokenizer_directory))
    rows = texts.read_text("utf-8").splitlines()[: (arguments.steps + 2) * arguments.batch * 2]
    encoded = [tokenizer(row, truncation=True, max_length=_LENGTH) for row in rows]
    clock = Clock()
    collate = Counting(DataCollatorForLanguageModeling(tokenizer, mlm_probability=0.15))
    Trainer(
        model=BertForMaskedLM(config),
        args=TrainingArguments(
            output_dir=str(folder / "plain"),
            max_steps=arguments.steps + 2,
            per_device_train_batch_size=arguments.batch,
            save_strategy="no",
            report_to="none",
            disable_tqdm=True,
        ),
        train_dataset=encoded,
        data_collator=collate,
        callbacks=[clock],
    ).train()
    tokens = sum(collate.tokens[2 : 2 + arguments.steps])
    return tokens, clock.seconds, torch.float32


class Clock(TrainerCallback):
    """Seconds from the end of the second step, when everything is warm, to the end."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._start = 0.0

    def on_step_end(self, *arguments: Any, **_: Any) -> None:
        """Start or read the clock."""
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        if arguments[1].global_step == 2:
            self._start = time.perf_counter()
        self.seconds = time.perf_counter() - self._start


class Counting:
    """A collator that counts the tokens of each batch that are no padding."""

    def __init__(self, collate: Any) -> None:
        self.collate = collate
        self.tokens: list[int] = []

    def __call__(self, rows: list[Any]) -> Any:
        """Count and collate."""
        batch = self.collate(rows)
        self.tokens.append(int(batch["attention_mask"].sum()))
        return batch


def flops_per_token(config: BertConfig) -> float:
    """Forward and backward of the layers, and of the MLM head for the masked 15 %: what has to be
    computed, whatever a run computes besides."""
    hidden, inner = config.hidden_size, config.intermediate_size
    layer = 4 * hidden * hidden + 2 * hidden * inner
    attention = 2 * _LENGTH * hidden
    head = 0.15 * (hidden * hidden + hidden * config.vocab_size)
    return 6 * (config.num_hidden_layers * (layer + attention) + head)


def matmul_peak(dtype: torch.dtype) -> float:
    """FLOP/s of the best of five rounds of large matrix products."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    size = 8_192 if device == "cuda" else 1_536
    a, b = (torch.randn(size, size, device=device, dtype=dtype) for _ in range(2))
    best = float("inf")
    for _ in range(5):
        if device == "cuda":
            torch.cuda.synchronize()
        start = time.perf_counter()
        for _ in range(3):
            a @ b
        if device == "cuda":
            torch.cuda.synchronize()
        best = min(best, time.perf_counter() - start)
    return 3 * 2 * size**3 / best


if __name__ == "__main__":
    main()
