"""Tiny texts and a tiny model (2 layers, 32 wide), so that training takes seconds."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from indexer.train.texts import read_texts
from indexer.train.tokenizer_training import train_tokenizer

SUBJECTS = ("糖尿病", "高血圧", "肺炎", "心筋梗塞", "喘息", "胃癌", "腎不全", "脳梗塞")
DRUGS = ("インスリン", "降圧薬", "抗菌薬", "アスピリン", "吸入薬", "抗癌剤", "利尿薬", "抗凝固薬")


@pytest.fixture(scope="package", autouse=True)
def one_thread() -> Iterator[None]:
    """For so little, threads cost more than they do."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def texts_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """160 short passages: every drug goes with one disease, so there is something to learn."""
    file = tmp_path_factory.mktemp("texts") / "texts.jsonl"
    with file.open("w", encoding="utf-8") as stream:
        for i in range(160):
            n = i % len(SUBJECTS)
            text = (
                f"{SUBJECTS[n]}の患者{i}例に{DRUGS[n]}を投与した。"
                f"{DRUGS[n]}により{SUBJECTS[n]}は{i % 7}日で改善した。"
            )
            stream.write(json.dumps({"text": text}, ensure_ascii=False) + "\n")
    return file


@pytest.fixture(scope="session")
def pairs_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("pairs") / "pairs.tsv"
    rows = [f"{s}の治療\t{d}を使う" for s, d in zip(SUBJECTS, DRUGS, strict=True)]
    file.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return file


@pytest.fixture(scope="session")
def tokenizer_directory(tmp_path_factory: pytest.TempPathFactory, texts_file: Path) -> Path:
    directory = tmp_path_factory.mktemp("tokenizer")
    return train_tokenizer(read_texts([texts_file]), 80, directory)


@pytest.fixture(scope="session")
def tiny_teacher(tmp_path_factory: pytest.TempPathFactory, tokenizer_directory: Path) -> Path:
    """A random encoder of 4 layers with a unigram tokenizer: no MLM head."""
    import torch
    from transformers import BertConfig, BertModel

    torch.manual_seed(0)
    directory = tmp_path_factory.mktemp("teacher") / "teacher"
    shutil.copytree(tokenizer_directory, directory)
    vocabulary = len(json.loads((directory / "tokenizer.json").read_text())["model"]["vocab"])
    config = BertConfig(
        vocab_size=vocabulary,
        hidden_size=32,
        num_hidden_layers=4,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=64,
        initializer_range=0.2,
    )
    BertModel(config, add_pooling_layer=False).save_pretrained(directory)
    profile = {"normalization": "full-width", "query_prefix": "検索：", "max_tokens": 64}
    (directory / "text_profile.json").write_text(json.dumps(profile))
    return directory
