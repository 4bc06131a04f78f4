"""The model card that every training run leaves beside its model."""

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from indexer.train.curves import read_curves

JMEDROBERTA_LICENCE = "cc-by-nc-sa-4.0"
_UNKNOWN = "unknown"


def inherited_licence(model: Path | None, stated: str) -> str:
    """The licence of what is trained from the model in ``model``: the one ``stated``, unless that
    model descends from JMedRoBERTa, whose licence (CC BY-NC-SA 4.0) whatever derives from it
    keeps."""
    if model is not None and _descends_from_jmedroberta(model):
        return JMEDROBERTA_LICENCE
    return stated or _UNKNOWN


def _descends_from_jmedroberta(model: Path) -> bool:
    if "jmedroberta" in str(model).lower():
        return True
    names = []
    if (model / "config.json").exists():
        config = json.loads((model / "config.json").read_text(encoding="utf-8"))
        names.append(str(config.get("_name_or_path", "")))
    if (model / "README.md").exists():
        # Front matter only: a card may name JMedRoBERTa in its text to say that it is not one.
        text = (model / "README.md").read_text(encoding="utf-8")
        names.append(text.split("\n---", 1)[0] if text.startswith("---") else "")
    return any("jmedroberta" in name.lower() or JMEDROBERTA_LICENCE in name for name in names)


def write_card(
    output: Path,
    how: str,
    config: Any,
    figures: Mapping[str, float],
    licence: str,
    origin: Path | str | None,
) -> None:
    """Write ``README.md`` into ``output``: what it was made from and how, its licence, its
    hyperparameters (all of ``config``), its curves, and ``figures`` on held-out data."""
    start = origin if isinstance(origin, Path) else None
    front = {
        "language": "ja",
        "license": inherited_licence(start, licence),
        "base_model": Path(origin).name if origin else None,
    }
    lines = [
        "---",
        *(f"{k}: {v}" for k, v in front.items() if v),
        "---",
        "",
        f"# {output.name}",
        "",
    ]
    lines += [f"Made by {how} with jmedsearch; `training.yaml` and its seed make it again.", ""]
    if front["license"] == JMEDROBERTA_LICENCE:
        lines += [
            "Trained from JMedRoBERTa, whose licence it inherits: **CC BY-NC-SA 4.0** (no "
            "commercial use, share alike).",
            "",
        ]
    elif front["license"] == _UNKNOWN:
        lines += ["No licence was stated: name one (`licence` in the configuration).", ""]
    fields = {f.name: getattr(config, f.name) for f in dataclasses.fields(config)}
    data = {k: v for k, v in fields.items() if _is_data(v)}
    if data:
        lines += ["## Data", ""]
        lines += [f"- {k}: {', '.join(p.name for p in _paths(v))}" for k, v in data.items()]
        lines += [""]
    lines += ["## Hyperparameters", "", "| | |", "|---|---|"]
    lines += [f"| {k} | {_shown(v)} |" for k, v in fields.items() if k not in data]
    lines += [""]
    if figures:
        lines += ["## Figures", "", "On held-out data:", "", "| | |", "|---|---|"]
        lines += [f"| {name} | {value:.4g} |" for name, value in figures.items()]
        lines += [""]
    rows = [row for row in read_curves(output / "curves.csv") if "loss" in row]
    if rows:
        first, last = rows[0], rows[-1]
        lines += [
            "## Curves",
            "",
            f"Loss {first['loss']:.4g} at step {first['step']:.0f}, {last['loss']:.4g} at step "
            f"{last['step']:.0f}; all of it in `curves.csv`.",
            "",
            "![Curves](curves.png)",
            "",
        ]
    (output / "README.md").write_text("\n".join(lines), encoding="utf-8")


def _paths(value: Any) -> tuple[Path, ...]:
    return value if isinstance(value, tuple) else (value,)


def _is_data(value: Any) -> bool:
    return bool(_paths(value)) and all(isinstance(v, Path) for v in _paths(value))


def _shown(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
