"""Pre-training in seconds: it learns, it resumes to the same bits, it gives a model."""

import dataclasses
import json
from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer

from indexer.train.cloze import cloze_of
from indexer.train.config import ConfigError
from indexer.train.curves import read_curves
from indexer.train.model import IGNORED, mask_tokens
from indexer.train.pretrain import PackedTexts, PretrainConfig, pretrain
from indexer.train.texts import TrainingDataError
from search.encoder import load_encoder, open_model


@pytest.fixture(scope="module")
def config(texts_file: Path, tokenizer_directory: Path) -> PretrainConfig:
    return PretrainConfig(
        texts=(texts_file,),
        tokenizer=tokenizer_directory,
        layers=2,
        hidden=32,
        heads=2,
        intermediate=64,
        max_tokens=32,
        steps=24,
        batch=8,
        learning_rate=5e-3,
        warmup_steps=2,
        held_out_share=0.1,
        save_every=12,
        log_every=4,
    )


@pytest.fixture(scope="module")
def unbroken(config: PretrainConfig, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return pretrain(config, tmp_path_factory.mktemp("unbroken") / "model")


def test_the_loss_falls(unbroken: Path) -> None:
    losses = [row["loss"] for row in read_curves(unbroken / "curves.csv") if "loss" in row]
    assert len(losses) == 6
    assert losses[-1] < losses[0] - 0.3


def test_a_stopped_run_ends_bit_equal(
    config: PretrainConfig, unbroken: Path, tmp_path: Path
) -> None:
    output = tmp_path / "model"
    pretrain(config, output, stop_after=10)
    assert not (output / "model.safetensors").exists()
    # A checkpoint that a kill cut off is passed over.
    cut_off = output / "checkpoints" / "checkpoint-11"
    cut_off.mkdir()
    (cut_off / "model.safetensors").write_bytes(b"half")
    pretrain(config, output)
    ours, theirs = (p / "model.safetensors" for p in (output, unbroken))
    assert ours.read_bytes() == theirs.read_bytes()
    steps = [row["step"] for row in read_curves(output / "curves.csv") if "loss" in row]
    assert steps == [4, 8, 12, 16, 20, 24]


def test_sentences_longer_than_the_model_are_no_questions(
    config: PretrainConfig, texts_file: Path, tmp_path: Path
) -> None:
    long = tmp_path / "long.jsonl"
    told = "".join(json.loads(line)["text"] for line in texts_file.read_text().splitlines()[:8])
    sentence = told.replace("。", "、") + "。"
    long.write_text(json.dumps({"text": sentence}, ensure_ascii=False) + "\n")
    shorter = dataclasses.replace(config, texts=(texts_file, long), steps=2, held_out_share=0.99)
    assert (pretrain(shorter, tmp_path / "model") / "model.safetensors").exists()


def test_what_comes_out_is_a_model(config: PretrainConfig, unbroken: Path) -> None:
    model = open_model(str(unbroken))
    assert (model.dim, model.has_mlm_head) == (32, True)
    assert model.profile.normalization == "full-width"
    # Through OpenVINO, as it is served on a CPU.
    encoder = load_encoder(model)
    assert encoder.fill_masks(["糖尿病の患者に[MASK]を投与"])[0].log_probabilities.shape[0] == 1
    card = (unbroken / "README.md").read_text(encoding="utf-8")
    assert "| learning_rate | 0.005 |" in card
    assert "cloze_top10" in card
    assert (unbroken / "training.yaml").exists()
    found = cloze_of(str(unbroken), config.texts, config.held_out_share, 50)
    assert 0 < found.pieces <= 50
    assert 0 <= found.top1 <= found.top10 <= 1
    assert found.perplexity > 1


def test_it_goes_on_from_a_model(config: PretrainConfig, unbroken: Path, tmp_path: Path) -> None:
    further = dataclasses.replace(config, model=unbroken, steps=4, save_every=4)
    pretrain(further, tmp_path / "model")
    row = next(r for r in read_curves(tmp_path / "model" / "curves.csv") if "loss" in r)
    first = next(r for r in read_curves(unbroken / "curves.csv") if "loss" in r)
    assert row["loss"] < first["loss"]


def test_sequences_are_full_and_masked_anew(
    config: PretrainConfig, tokenizer_directory: Path
) -> None:
    tokenizer = Tokenizer.from_file(str(tokenizer_directory / "tokenizer.json"))
    stream = iter(PackedTexts(config, tokenizer))
    # Longer than the texts: they come a second time.
    rows = [next(stream) for _ in range(300)]
    assert {len(row["input_ids"]) for row in rows} == {32}
    read = [torch.where(r["labels"] == IGNORED, r["input_ids"], r["labels"]) for r in rows]
    assert all(r[0] == 2 and r[-1] == 3 and 0 not in r for r in read)
    share = sum(int((r["labels"] != IGNORED).sum()) for r in rows) / (300 * 29)
    assert 0.12 < share < 0.18
    again = iter(PackedTexts(config, tokenizer))
    assert all(torch.equal(next(again)["input_ids"], r["input_ids"]) for r in rows[:20])


def test_masks_are_berts() -> None:
    ids = torch.full((1, 100_000), 7)
    generator = torch.Generator().manual_seed(0)
    masked, labels = mask_tokens(ids, ids == 2, 4, 1000, 0.15, generator)
    chosen = labels != IGNORED
    assert chosen.float().mean().item() == pytest.approx(0.15, abs=0.01)
    assert (masked[chosen] == 4).float().mean().item() == pytest.approx(0.8, abs=0.02)
    assert (masked[chosen] == 7).float().mean().item() == pytest.approx(0.1, abs=0.02)
    assert (masked[~chosen] == 7).all()
    untouched, labels = mask_tokens(ids, ids == 7, 4, 1000, 0.15, generator)
    assert torch.equal(untouched, ids)
    assert (labels == IGNORED).all()


def test_the_defaults_are_the_model_cards() -> None:
    config = PretrainConfig(texts=())
    assert (config.layers, config.hidden, config.max_tokens) == (12, 768, 512)
    assert (config.adam_beta1, config.adam_beta2, config.adam_epsilon) == (0.9, 0.999, 1e-8)
    assert (config.learning_rate, config.warmup_steps) == (1e-4, 20_000)
    assert (config.steps, config.batch, config.seed) == (2_000_000, 256, 42)


def test_nothing_to_train_on_or_with(
    config: PretrainConfig, texts_file: Path, tmp_path: Path
) -> None:
    empty = tmp_path / "empty.txt"
    empty.write_text("\n")
    with pytest.raises(TrainingDataError, match="no text"):
        pretrain(dataclasses.replace(config, texts=(empty,)), tmp_path / "a")
    with pytest.raises(ConfigError, match="name a tokenizer"):
        pretrain(dataclasses.replace(config, tokenizer=None), tmp_path / "b")
    with pytest.raises(ConfigError, match="multiple of 3"):
        pretrain(dataclasses.replace(config, accumulate=3), tmp_path / "c")
