"""The commands themselves: what they need, what they say."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from search.extras import how_to_install
from web.cli import main
from web.cli import train as training


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, list(arguments))
    return result.exit_code, result.output


def test_tokenizer_pretrain_and_cloze(texts_file: Path, tmp_path: Path) -> None:
    tokenizer = tmp_path / "tokenizer"
    code, said = run(
        "train", "tokenizer", str(texts_file), "--output", str(tokenizer), "--vocabulary", "80"
    )
    assert (code, said) == (0, f"{tokenizer}: 80 pieces\n")
    config = tmp_path / "pretrain.yaml"
    config.write_text(
        f"texts: [{texts_file}]\ntokenizer: tokenizer\nlayers: 1\nhidden: 16\nheads: 2\n"
        "intermediate: 32\nmax_tokens: 32\nsteps: 3\nbatch: 2\nsave_every: 2\nlog_every: 1\n"
        "warmup_steps: 1\nheld_out_share: 0.1\n"
    )
    model = tmp_path / "model"
    code, said = run("train", "pretrain", str(config), "--output", str(model), "--stop-after", "2")
    assert code == 0
    assert "stopped; run the same command to go on" in said
    code, said = run("train", "pretrain", str(config), "--output", str(model))
    assert code == 0
    assert f"use it with --model {model}" in said
    code, said = run("train", "cloze", str(model), str(texts_file), "--held-out-share", "0")
    assert code == 1
    assert "nothing is held out" in said
    code, said = run("train", "cloze", str(model), str(texts_file), "--held-out-share", "0.1")
    assert code == 0
    assert "top10: " in said
    assert "perplexity: " in said


def test_missing_packages_are_named(
    texts_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training, "_TRAINING", ("accelerate", "no_such_package"))
    (tmp_path / "config.yaml").write_text(f"texts: [{texts_file}]\n")
    code, said = run(
        "train", "distill", str(tmp_path / "config.yaml"), "--output", str(tmp_path / "model")
    )
    assert code == 1
    assert "(no_such_package)" in said
    assert how_to_install("train") in said


def test_errors_are_one_line(texts_file: Path, tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    config.write_text(f"texts: [{texts_file}]\nstepz: 3\n")
    code, said = run("train", "pretrain", str(config), "--output", str(tmp_path / "model"))
    assert code == 1
    assert said.startswith(f"Error: {config}: unknown key 'stepz'")
    config.write_text(f"texts: [{texts_file}]\nteacher: ./nowhere\n")
    code, said = run("train", "distill", str(config), "--output", str(tmp_path / "model"))
    assert code == 1
    assert "no such directory" in said
