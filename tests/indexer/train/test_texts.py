"""Training text, configurations and curves: what is read, what is refused."""

import gzip
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.train.card import JMEDROBERTA_LICENCE, inherited_licence
from indexer.train.config import ConfigError, read_config, write_config
from indexer.train.distill_config import DistillConfig
from indexer.train.finetune import FinetuneConfig
from indexer.train.texts import TrainingDataError, divide, is_held_out, read_pairs, read_texts

TEXTS = st.lists(
    st.text("病薬は。、A\n ", min_size=1, max_size=12).map(lambda s: s + "。"), max_size=8
).map("".join)


@given(TEXTS, st.integers(3, 40))
def test_division_loses_nothing_but_what_is_held_out(text: str, characters: int) -> None:
    runs, held = divide(text, 0.3, characters)
    assert all(len(run) <= characters for run in runs)
    kept = sum(len("".join(run.split())) for run in (*runs, *held))
    assert kept == len("".join(text.split()))
    assert all(is_held_out(sentence, 0.3) for sentence in held)


def test_whether_a_sentence_is_held_out_depends_on_nothing_else() -> None:
    share = sum(is_held_out(f"第{i}文。", 0.1) for i in range(5_000)) / 5_000
    assert 0.08 < share < 0.12
    assert is_held_out("糖尿病　である", 0.5) == is_held_out("糖尿病\nである", 0.5)
    assert not is_held_out("病", 0)
    assert is_held_out("病", 1)


def test_texts_come_from_files_and_libraries(tmp_path: Path, sample_library: Path) -> None:
    plain = tmp_path / "a.txt"
    plain.write_text("一つ目\n\n 二つ目 \n", encoding="utf-8")
    packed = tmp_path / "b.jsonl.gz"
    with gzip.open(packed, "wt", encoding="utf-8") as stream:
        stream.write(json.dumps({"text": "三つ目", "source": "x"}) + "\n")
    assert list(read_texts([plain, packed])) == ["一つ目", "二つ目", "三つ目"]
    assert len(list(read_texts([sample_library]))) >= 10


def test_pairs(tmp_path: Path) -> None:
    file = tmp_path / "pairs.tsv"
    file.write_text("問\t答\n", encoding="utf-8")
    assert list(read_pairs([file])) == [("問", "答")]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", b"x", "texts come from .txt, .jsonl"),
        ("a.jsonl", b'{"text": "a"}\n{"txt": "b"}\n', "line 2: expected an object with text"),
        ("a.jsonl", b'{"text": 3}\n', "line 1: text should be text"),
        ("a.txt", "病".encode("cp932"), "not UTF-8"),
        ("a.txt.gz", b"plain", "cannot be read"),
    ],
)
def test_texts_that_cannot_be_read(name: str, content: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(TrainingDataError, match=message):
        list(read_texts([tmp_path / name]))


def test_a_line_that_is_no_pair(tmp_path: Path) -> None:
    (tmp_path / "pairs.tsv").write_text("問\t答\n問だけ\n", encoding="utf-8")
    with pytest.raises(TrainingDataError, match=r"line 2: expected two texts"):
        list(read_pairs([tmp_path / "pairs.tsv"]))


def test_a_configuration_survives_writing(tmp_path: Path) -> None:
    config = DistillConfig(texts=(tmp_path / "a.txt",), layers=(0, 2), learning_rate=1e-4)
    write_config(config, tmp_path / "config.yaml")
    assert read_config(tmp_path / "config.yaml", DistillConfig) == config


def test_paths_are_taken_from_the_configuration_and_numbers_as_written(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text("texts: [a.txt]\nlearning_rate: 3e-4\n", encoding="utf-8")
    config = read_config(file, DistillConfig)
    assert config.texts == (tmp_path / "a.txt",)
    assert config.learning_rate == 3e-4


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("task: tokens\ntrain: a\nepoch: 3\n", "unknown key 'epoch'; known are task, train"),
        ("task: ner\ntrain: a\n", "one of classification, tokens, retrieval"),
        ("task: tokens\n", "the key 'train' is missing"),
        ("task: tokens\ntrain: a\nepochs: many\n", "epochs is 'many'; it should be int"),
        ("task: tokens\ntrain: a\nlearning_rate: fast\n", "it should be float"),
        ("- task\n", "expected keys and values"),
        ("a: [", "cannot be read"),
    ],
)
def test_configurations_that_cannot_be_used(content: str, message: str, tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(ConfigError, match=message):
        read_config(file, FinetuneConfig)


def test_what_is_trained_from_jmedroberta_keeps_its_licence(tmp_path: Path) -> None:
    published = tmp_path / "jmedroberta-base-sentencepiece-vocab50000"
    published.mkdir()
    assert inherited_licence(published, "mit") == JMEDROBERTA_LICENCE
    child = tmp_path / "child"
    child.mkdir()
    (child / "README.md").write_text(f"---\nlicense: {JMEDROBERTA_LICENCE}\n---\n# child\n")
    assert inherited_licence(child, "mit") == JMEDROBERTA_LICENCE
    other = tmp_path / "other"
    other.mkdir()
    (other / "README.md").write_text("---\nlicense: mit\n---\n# It is not JMedRoBERTa\n")
    assert inherited_licence(other, "mit") == "mit"
    assert inherited_licence(None, "") == "unknown"
