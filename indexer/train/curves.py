"""Curves of a training run: a CSV that grows while it runs, and a plot of it at the end."""

import csv
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

_FIRST = ("step", "seconds", "loss", "learning_rate")


class Curves(TrainerCallback):
    """Writes what the Trainer logs, what ``parts`` adds to it, and, at every checkpoint, what
    ``measure`` finds. ``stop_after`` ends the run after that many steps, with a checkpoint."""

    def __init__(
        self,
        file: Path,
        parts: Callable[[], Mapping[str, float]] = dict,
        measure: Callable[[], Mapping[str, float]] | None = None,
        stop_after: int | None = None,
    ) -> None:
        self.file = file
        self.rows = list(read_curves(file))
        self._parts = parts
        self._measure = measure
        self._stop_after = stop_after
        self._start = time.monotonic()
        self._before = 0.0

    def on_train_begin(
        self, _: TrainingArguments, state: TrainerState, __: TrainerControl, **___: Any
    ) -> None:
        """Forget what came after the checkpoint that the run goes on from."""
        self.rows = [r for r in self.rows if r["step"] <= state.global_step]
        self._before = self.rows[-1]["seconds"] if self.rows else 0.0
        self._start = time.monotonic()

    def on_log(
        self,
        _: TrainingArguments,
        state: TrainerState,
        __: TrainerControl,
        logs: Mapping[str, Any] | None = None,
        **___: Any,
    ) -> None:
        """A row of losses."""
        if state.is_world_process_zero and logs and "loss" in logs:
            named = {k: float(logs[k]) for k in ("loss", "learning_rate", "grad_norm") if k in logs}
            self.add(state.global_step, {**named, **self._parts()})

    def on_step_end(
        self, _: TrainingArguments, state: TrainerState, control: TrainerControl, **__: Any
    ) -> None:
        """Stop where the run was asked to."""
        if self._stop_after is not None and state.global_step >= self._stop_after:
            control.should_save = True
            control.should_training_stop = True

    def on_save(
        self, _: TrainingArguments, state: TrainerState, __: TrainerControl, **___: Any
    ) -> None:
        """A row of measures on what is held out."""
        if self._measure is not None and state.is_world_process_zero:
            self.add(state.global_step, self._measure())

    def add(self, step: int, values: Mapping[str, float]) -> None:
        """Write a row."""
        seconds = round(self._before + time.monotonic() - self._start, 1)
        self.rows.append({"step": step, "seconds": seconds, **values})
        names = dict.fromkeys((*_FIRST, *(name for row in self.rows for name in row)))
        with self.file.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, list(names), restval="")
            writer.writeheader()
            writer.writerows(self.rows)


def read_curves(file: Path) -> list[dict[str, float]]:
    """The rows of a CSV of curves; empty cells are left out."""
    if not file.exists():
        return []
    with file.open(encoding="utf-8", newline="") as stream:
        return [
            {name: float(value) for name, value in row.items() if value}
            for row in csv.DictReader(stream)
        ]


def plot_curves(curves: Path, picture: Path) -> None:
    """Draw every column of ``curves`` over the steps into a PNG."""
    from matplotlib.figure import Figure

    rows = read_curves(curves)
    names = list(dict.fromkeys(n for row in rows for n in row if n not in {"step", "seconds"}))
    columns = 3
    height = max(1, -(-len(names) // columns))
    figure = Figure(figsize=(4 * columns, 2.6 * height), layout="constrained")
    for number, name in enumerate(names, 1):
        axes = figure.add_subplot(height, columns, number)
        points = [(row["step"], row[name]) for row in rows if name in row]
        axes.plot(*zip(*points, strict=True), marker="." if len(points) < 40 else "")
        axes.set_title(name)
        axes.set_xlabel("step")
        axes.grid(alpha=0.3)
    figure.savefig(picture, dpi=100)
