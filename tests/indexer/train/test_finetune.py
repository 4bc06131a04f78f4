"""Fine-tuning on tiny tasks: it learns, measures on what is held out, and gives models."""

import dataclasses
import json
import shutil
from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer
from transformers import BertConfig, BertForMaskedLM

from indexer.train.finetune import Base, FinetuneConfig, finetune, place_tokens
from indexer.train.labelled_examples import read_labelled, read_tagged, read_triples, split
from indexer.train.texts import TrainingDataError
from search.encoder import load_encoder, open_model
from tests.indexer.train.conftest import DRUGS, SUBJECTS


@pytest.fixture(scope="module")
def model(tokenizer_directory: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random BERT with an MLM head."""
    torch.manual_seed(0)
    directory = tmp_path_factory.mktemp("base") / "model"
    shutil.copytree(tokenizer_directory, directory)
    tokenizer = Tokenizer.from_file(str(directory / "tokenizer.json"))
    BertForMaskedLM(
        BertConfig(
            vocab_size=tokenizer.get_vocab_size(),
            hidden_size=32,
            num_hidden_layers=2,
            num_attention_heads=2,
            intermediate_size=64,
            hidden_dropout_prob=0.0,
            initializer_range=0.2,
        )
    ).save_pretrained(directory)
    return directory


@pytest.fixture(scope="module")
def settings(model: Path) -> FinetuneConfig:
    return FinetuneConfig(
        task="classification",
        train=Path(),
        held_out_share=0.25,
        model=str(model),
        epochs=6,
        batch=8,
        learning_rate=3e-3,
    )


def test_classification(settings: FinetuneConfig, tmp_path: Path) -> None:
    rows = [f"{s}の患者{i}例\t{s}" for i in range(12) for s in SUBJECTS[:3]]
    file = tmp_path / "train.tsv"
    file.write_text("\n".join(rows), encoding="utf-8")
    found = finetune(dataclasses.replace(settings, train=file), tmp_path / "model")
    assert found["accuracy"] > 0.9
    assert found["macro F1"] > 0.9
    assert load_encoder(str(tmp_path / "model"), "torch-cpu").encode_queries(["肺炎"]).any()
    config = json.loads((tmp_path / "model" / "config.json").read_text())
    assert sorted(config["id2label"].values()) == sorted(SUBJECTS[:3])
    assert "accuracy" in (tmp_path / "model" / "README.md").read_text(encoding="utf-8")


def test_named_entities(settings: FinetuneConfig, tmp_path: Path) -> None:
    lines = []
    for i in range(12):
        for subject in SUBJECTS[:4]:
            first, rest = subject[:2], subject[2:]
            lines += [f"{first} B-病名", *([f"{rest} I-病名"] if rest else [])]
            lines += ["の O", "患者 O", f"{i} O", "例 O", ""]
    file = tmp_path / "train.conll"
    file.write_text("\n".join(lines), encoding="utf-8")
    config = dataclasses.replace(settings, task="tokens", train=file)
    found = finetune(config, tmp_path / "model")
    assert found["F1"] > 0.9
    assert set(found) == {"precision", "recall", "F1"}
    assert open_model(str(tmp_path / "model")).dim == 32


@pytest.mark.parametrize("negatives", [False, True], ids=["pairs", "triples"])
def test_retrieval(settings: FinetuneConfig, tmp_path: Path, negatives: bool) -> None:
    rows = []
    for i in range(10):
        for n, (subject, drug) in enumerate(zip(SUBJECTS, DRUGS, strict=True)):
            row = {"anchor": f"{subject}の治療", "positive": f"{subject}に{drug}を{i}日"}
            if negatives:
                row["negative"] = f"{SUBJECTS[n - 1]}の患者"
            rows.append(json.dumps(row))
    file = tmp_path / "train.jsonl"
    file.write_text("\n".join(rows), encoding="utf-8")
    config = dataclasses.replace(settings, task="retrieval", train=file, epochs=3)
    none = dataclasses.replace(config, learning_rate=0.0, epochs=1)
    before = finetune(none, tmp_path / "before")
    found = finetune(config, tmp_path / "model")
    assert found["nDCG@10"] >= before["nDCG@10"]
    assert found["MRR@10"] > 0.8
    encoder = load_encoder(str(tmp_path / "model"), "torch-cpu")
    # What it can do besides is kept.
    assert encoder.can_fill_masks


def test_the_same_seed_gives_the_same_model(settings: FinetuneConfig, tmp_path: Path) -> None:
    file = tmp_path / "train.tsv"
    rows = [f"{s}の患者{i}例\t{s}" for i in range(8) for s in SUBJECTS[:2]]
    file.write_text("\n".join(rows), encoding="utf-8")
    config = dataclasses.replace(settings, train=file, epochs=1)
    for name in ("a", "b"):
        finetune(config, tmp_path / name)
    a, b = ((tmp_path / n / "model.safetensors").read_bytes() for n in ("a", "b"))
    assert a == b


def test_places_of_tokens(model: Path) -> None:
    directory = open_model(str(model))
    tokenizer = Tokenizer.from_file(str(model / "tokenizer.json"))
    base = Base(directory, tokenizer, 0, 8)
    tokens = ("糖尿", "病", "の", "患者", "に", "インスリン", "を", "投与")
    ids, places = place_tokens(tokens, base)
    assert len(ids) == len(places) == 8
    assert ids[-1] == 3
    assert places[0] is not None
    assert places[-1] is None
    whole = place_tokens(tokens, dataclasses.replace(base, limit=512))[1]
    assert None not in whole
    assert whole == sorted(whole, key=lambda p: p or 0)


def test_the_split_follows_the_text(tmp_path: Path) -> None:
    file = tmp_path / "pairs.tsv"
    file.write_text("".join(f"問{i}\t答{i % 10}\n" for i in range(100)), encoding="utf-8")
    kept, held = split(read_triples(file), 0.3)
    assert len(kept) + len(held) == 100
    assert not {e.positive for e in kept} & {e.positive for e in held}


@pytest.mark.parametrize(
    ("read", "name", "content", "message"),
    [
        (read_labelled, "a.tsv", "文\tA\n文だけ\n", "line 2: expected text, label"),
        (read_labelled, "a.jsonl", '{"text": "文"}\n', "line 1: expected text, label"),
        (read_labelled, "a.jsonl", "文\n", "line 1: not JSON"),
        (read_tagged, "a.conll", "糖尿病 B-病名\nの\n", "line 2: expected a token and a tag"),
        (read_tagged, "a.conll", "の O\n患者 X\n", "line 2: 'X' is no IOB2 tag"),
        (read_tagged, "a.conll", "の O\n\n病 I-病名\n", "line 3: I-病名 continues nothing"),
        (read_tagged, "a.jsonl", '{"tokens": ["a"], "tags": []}', "line 1: expected tokens and"),
        (read_triples, "a.tsv", "問\t答\n問\t答\t誤\n", "some lines have a negative"),
    ],
)
def test_bad_examples(read, name, content, message, tmp_path: Path) -> None:
    file = tmp_path / name
    file.write_text(content, encoding="utf-8")
    with pytest.raises(TrainingDataError, match=message):
        read(file)


def test_labels_that_cannot_be_learnt(settings: FinetuneConfig, tmp_path: Path) -> None:
    train, held = tmp_path / "train.tsv", tmp_path / "held.tsv"
    train.write_text("肺炎\tA\n喘息\tB\n", encoding="utf-8")
    held.write_text("胃癌\tC\n", encoding="utf-8")
    config = dataclasses.replace(settings, train=train, held_out=held)
    with pytest.raises(TrainingDataError, match="'C' is held out only"):
        finetune(config, tmp_path / "model")
    held.write_text("", encoding="utf-8")
    with pytest.raises(TrainingDataError, match="no example is held out"):
        finetune(config, tmp_path / "model")
