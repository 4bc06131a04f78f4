"""The mean of several models' weights, as one model.

Students of one run at different stages, or trained on from the same start, lie in one basin; their
mean is often better than each of them at what the others are better at (Wortsman et al., Model
Soups, ICML 2022).
"""

import shutil
from collections.abc import Sequence
from pathlib import Path

import torch

from indexer.train.card import JMEDROBERTA_LICENCE, inherited_licence
from indexer.train.model import MaskedLm, save_model
from indexer.train.tokenizer_training import TOKENIZER_FILES
from search.encoder import ModelError, open_model
from search.encoder.eight_bit import float_directory


def average(models: Sequence[str], output: Path, licence: str = "") -> Path:
    """Write the mean of ``models`` (directories, or as ``--model`` takes them) into ``output``,
    with the tokenizer that they share. What descends from JMedRoBERTa keeps its licence, whatever
    ``licence`` says.

    Raises:
        ModelError: when a model cannot be read, or two differ in more than their weights.
    """
    directories = [open_model(model) for model in models]
    first = directories[0]
    loaded = [
        MaskedLm.from_pretrained(float_directory(d), dtype=torch.float32) for d in directories
    ]
    states = [model.state_dict() for model in loaded]
    for directory, state in zip(directories[1:], states[1:], strict=True):
        if {n: w.shape for n, w in state.items()} != {n: w.shape for n, w in states[0].items()}:
            raise ModelError(
                f"{directory.path} has other layers than {first.path}: only models of one "
                "architecture can be averaged"
            )
        if _cuts(directory.path) != _cuts(first.path):
            raise ModelError(
                f"{directory.path} has another tokenizer than {first.path}: only models that cut "
                "text alike can be averaged"
            )
    loaded[0].load_state_dict(
        {name: torch.stack([s[name] for s in states]).mean(dim=0) for name in states[0]}
    )
    output.mkdir(parents=True, exist_ok=True)
    save_model(loaded[0], output)
    for name in TOKENIZER_FILES:
        if (first.path / name).exists():
            shutil.copy(first.path / name, output / name)
    licences = [inherited_licence(d.path, licence) for d in directories]
    kept = JMEDROBERTA_LICENCE if JMEDROBERTA_LICENCE in licences else licences[0]
    names = "\n".join(f"- {d.name}" for d in directories)
    front = f"---\nlanguage: ja\nlicense: {kept}\n---"
    (output / "README.md").write_text(
        f"{front}\n\n# {output.name}\n\nThe mean of the weights of these models, by `jmedsearch "
        f"train average`:\n\n{names}\n",
        encoding="utf-8",
    )
    return output


def _cuts(directory: Path) -> bytes:
    return (directory / "spiece.model").read_bytes()
