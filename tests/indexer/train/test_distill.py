"""A small model learns from a teacher: what it starts as, what it learns, that it resumes."""

import dataclasses
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer
from transformers import BertConfig, BertForMaskedLM

from indexer.train.config import write_config
from indexer.train.curves import read_curves
from indexer.train.distill import distill
from indexer.train.distill_config import DistillConfig
from indexer.train.distill_trainer import info_nce
from indexer.train.head import teach_head
from indexer.train.material import alignment, read_material
from indexer.train.model import MaskedLm
from indexer.train.repair import gaps
from indexer.train.texts import read_texts
from indexer.train.tokenizer_training import TOKENIZER_FILES
from indexer.train.warm_start import start_student
from search.encoder import ModelError, load_encoder, open_model


@pytest.fixture(scope="module")
def config(texts_file: Path, pairs_file: Path, tiny_teacher: Path) -> DistillConfig:
    return DistillConfig(
        texts=(texts_file,),
        pairs=(pairs_file,),
        teacher=str(tiny_teacher),
        layers=(0, 3),
        vocabulary=75,
        repair_steps=5,
        head_steps=5,
        frozen_layers=1,
        steps=16,
        batch_tokens=256,
        max_tokens=64,
        learning_rate=3e-3,
        warmup_steps=2,
        pair_share=0.2,
        held_out_share=0.1,
        save_every=8,
    )


@pytest.fixture(scope="module")
def distilled(config: DistillConfig, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return distill(config, tmp_path_factory.mktemp("distilled") / "model")


def test_the_student_comes_nearer_to_its_teacher(distilled: Path) -> None:
    rows = [row for row in read_curves(distilled / "curves.csv") if "held_out_tokens" in row]
    assert rows[0]["step"] == 0
    assert rows[-1]["held_out_tokens"] < rows[0]["held_out_tokens"]
    assert rows[-1]["held_out_cosine"] > rows[0]["held_out_cosine"]
    assert rows[-1]["cloze_perplexity"] < rows[0]["cloze_perplexity"]


def test_what_comes_out_is_a_model(distilled: Path) -> None:
    encoder = load_encoder(str(distilled), "torch-cpu")
    assert encoder.can_fill_masks
    assert encoder.model.profile.normalization == "full-width"
    vectors = encoder.encode_queries(["糖尿病の治療", "肺炎"])
    assert vectors.shape == (2, 32)
    card = (distilled / "README.md").read_text(encoding="utf-8")
    assert "held_out_cosine" in card
    assert "| steps | 16 |" in card
    assert (distilled / "curves.png").stat().st_size > 0


def test_a_stopped_distillation_ends_like_an_unbroken_one(
    config: DistillConfig, distilled: Path, tmp_path: Path
) -> None:
    output = tmp_path / "model"
    distill(config, output, stop_after=8)
    assert not (output / "model.safetensors").exists()
    # Processes that make the batches change nothing. From a process of its own: forking one in
    # which gRPC has been at work (tests/search/library/milvus) ends in a segmentation fault.
    with_workers = tmp_path / "distill.yaml"
    write_config(dataclasses.replace(config, workers=2), with_workers)
    command = [sys.executable, "-c", "from web.cli import main; main()", "train", "distill"]
    subprocess.run(
        [*command, with_workers, "--output", output],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        check=True,
        capture_output=True,
    )
    assert (output / "model.safetensors").read_bytes() == (
        distilled / "model.safetensors"
    ).read_bytes()


def test_a_student_of_all_layers_and_pieces_is_its_teacher(
    texts_file: Path, tiny_teacher: Path, tmp_path: Path
) -> None:
    texts = list(read_texts([texts_file]))
    student = start_student(open_model(str(tiny_teacher)), texts, tmp_path, range(4), 1000)
    ours = load_encoder(str(student), "torch-cpu").encode_queries(["糖尿病の患者"])
    theirs = load_encoder(str(tiny_teacher), "torch-cpu").encode_queries(["糖尿病の患者"])
    # The teacher puts its prefix before queries; without it they are the same.
    prefixed = load_encoder(str(student), "torch-cpu").encode_queries(["検索：糖尿病の患者"])
    assert (prefixed @ theirs.T).item() == pytest.approx(1, abs=1e-3)
    assert (ours @ theirs.T).item() < 0.999


def test_layers_that_the_teacher_lacks(config: DistillConfig, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="layers 0 to 3"):
        distill(dataclasses.replace(config, layers=(0, 7)), tmp_path / "none")


def test_a_teacher_of_another_width_is_followed_in_its_similarities(
    config: DistillConfig, distilled: Path, tmp_path: Path
) -> None:
    torch.manual_seed(1)
    narrow = tmp_path / "narrow"
    size = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2}
    vocabulary = Tokenizer.from_file(str(distilled / "tokenizer.json")).get_vocab_size()
    BertForMaskedLM(
        BertConfig(**size, vocab_size=vocabulary, intermediate_size=32)
    ).save_pretrained(narrow)
    for name in TOKENIZER_FILES:
        shutil.copy(distilled / name, narrow / name)
    other = dataclasses.replace(
        config, student=narrow, frozen_layers=0, steps=4, save_every=4, learning_rate=1e-2
    )
    output = distill(other, tmp_path / "model")
    rows = [row for row in read_curves(output / "curves.csv") if "held_out_cosine" in row]
    assert rows[-1]["held_out_tokens"] == 0
    assert rows[-1]["held_out_cosine"] > rows[0]["held_out_cosine"]


def test_the_head_learns_alone(config: DistillConfig, tiny_teacher: Path, tmp_path: Path) -> None:
    texts = list(read_texts(config.texts))
    start_student(open_model(str(tiny_teacher)), texts, tmp_path, (0, 3), 75)
    model = MaskedLm.from_pretrained(tmp_path, dtype=torch.float32).eval()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    tokenizer = Tokenizer.from_file(str(tmp_path / "tokenizer.json"))
    profile = open_model(str(tmp_path)).profile
    seen: list[float] = []
    teach_head(
        model,
        tokenizer.encode_batch([profile.normalize(text) for text in texts]),
        steps=200,
        batch_tokens=512,
        seed=1,
        report=lambda _, loss: seen.append(loss),
    )
    assert seen[-1] < 0.8 * seen[0]
    changed = {n for n, value in model.state_dict().items() if not value.equal(before[n])}
    assert changed
    assert all(name.startswith("cls.predictions.") for name in changed)
    assert "cls.predictions.decoder.weight" not in changed


def test_what_is_frozen_stays(distilled: Path) -> None:
    start = MaskedLm.from_pretrained(distilled / "start", dtype=torch.float32).state_dict()
    end = MaskedLm.from_pretrained(distilled, dtype=torch.float32).state_dict()
    same = {name for name, value in end.items() if value.equal(start[name])}
    assert "bert.embeddings.word_embeddings.weight" in same
    assert "bert.encoder.layer.0.attention.self.query.weight" in same
    assert "bert.encoder.layer.1.attention.self.query.weight" not in same


def test_gaps() -> None:
    assert gaps([0, 1, 4, 7, 8]) == [2, 3]
    assert gaps([1, 2]) == [0]
    assert gaps([0, 1, 2]) == []


def test_tokens_are_matched_by_their_characters(tokenizer_directory: Path) -> None:
    tokenizer = Tokenizer.from_file(str(tokenizer_directory / "tokenizer.json"))
    text, prefix = "糖尿病の患者にインスリン", "検索："
    student, teacher = tokenizer.encode(text), tokenizer.encode(prefix + text)
    weights = alignment(student, teacher, len(prefix), (len(student.ids) + 2, len(teacher.ids)))
    assert weights.shape == (len(student.ids) + 2, len(teacher.ids))
    np.testing.assert_allclose(weights[: len(student.ids)].sum(1), 1)
    assert not weights[len(student.ids) :].any()
    assert weights[0, 0] == weights[len(student.ids) - 1, -1] == 1
    for row in range(2, len(student.ids) - 1):
        ours = {text[c] for c in range(*student.offsets[row])}
        for column in np.flatnonzero(weights[row]):
            start, end = teacher.offsets[column]
            assert ours & {(prefix + text)[c] for c in range(start, end)}


def test_info_nce_prefers_the_right_pair_and_ignores_the_same_meaning() -> None:
    units = torch.eye(3)
    meaning = torch.tensor([0, 1, 2])
    right = info_nce(units, units, meaning, 0.1)
    assert right < info_nce(units, units.roll(1, 0), meaning, 0.1)
    twice = torch.stack([units[0], units[0], units[1]])
    same = info_nce(twice, twice, torch.tensor([0, 0, 1]), 0.1)
    assert same < info_nce(twice, twice, meaning, 0.1)


def test_held_out_sentences_are_nowhere_in_the_training_texts(
    texts_file: Path, pairs_file: Path
) -> None:
    material = read_material([texts_file], [pairs_file], 0.2, seed=1)
    assert material.held_out
    assert material.texts
    assert not any(h in text for h in material.held_out for text in material.texts)
    trained = {pair.positive for pairs in material.pairs for pair in pairs}
    assert not trained & {pair.positive for pair in material.held_out_pairs}
