"""The mean of models."""

import shutil
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner
from safetensors.torch import load_file, save_file

from indexer.train.average import average
from search.encoder import ModelError, load_encoder
from web.cli import main


@pytest.fixture
def two(published_layout: Path, tmp_path: Path) -> list[Path]:
    """A model, and the same with other weights."""
    directories = [tmp_path / name for name in ("one", "other")]
    for directory in directories:
        shutil.copytree(published_layout, directory)
        weights = torch.load(directory / "pytorch_model.bin", weights_only=True)
        (directory / "pytorch_model.bin").unlink()
        if directory.name == "other":
            weights = {name: 3 * weight for name, weight in weights.items()}
        save_file(
            {n: w.contiguous().clone() for n, w in weights.items()}, directory / "model.safetensors"
        )
    return directories


def test_every_weight_is_the_mean(two: list[Path], tmp_path: Path) -> None:
    said = CliRunner().invoke(
        main, ["train", "average", *map(str, two), "--output", str(tmp_path / "mean")]
    )
    assert said.exit_code == 0, said.output
    one, mean = (load_file(d / "model.safetensors") for d in (two[0], tmp_path / "mean"))
    name = "bert.encoder.layer.1.output.dense.weight"
    torch.testing.assert_close(mean[name].float(), 2 * one[name].float(), atol=1e-3, rtol=1e-2)
    encoder = load_encoder(str(tmp_path / "mean"))
    assert encoder.can_fill_masks
    assert encoder.encode_queries(["肺炎"]).shape == (1, 32)


def test_models_that_cut_text_otherwise_are_refused(two: list[Path], tmp_path: Path) -> None:
    with (two[1] / "spiece.model").open("ab") as stream:
        # Protocol buffers: one more name of a training file.
        stream.write(b"\x12\x03\x0a\x01x")
    with pytest.raises(ModelError, match=r"other has another tokenizer"):
        average([str(d) for d in two], tmp_path / "mean")
    assert not (tmp_path / "mean" / "model.safetensors").exists()


def test_what_descends_from_jmedroberta_keeps_its_licence(two: list[Path], tmp_path: Path) -> None:
    (two[1] / "README.md").write_text("---\nlicense: cc-by-nc-sa-4.0\n---\n")
    average([str(d) for d in two], tmp_path / "mean", licence="mit")
    assert "license: cc-by-nc-sa-4.0" in (tmp_path / "mean" / "README.md").read_text()
