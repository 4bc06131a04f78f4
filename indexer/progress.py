"""Progress on the terminal: bars with rate and time left, plain lines where there is none."""

import sys
from typing import NoReturn

import click
from tqdm import tqdm

from indexer.build import Progress, RejectedItem

_STAGES = {
    "read": ("Reading", "B"),
    "embed": ("Embedding", " records"),
    "index": ("Indexing", ""),
    "fusion": ("Learning the fusion weight", ""),
    "publish": ("Publishing", ""),
}
# On a terminal a bar moves; in a log file a line now and then is enough.
_LINE_SECONDS = 10.0
_SHOWN_REJECTED = 20


class TerminalProgress(Progress):
    """Writes to standard error."""

    def __init__(self) -> None:
        self._bar: tqdm[NoReturn] | None = None
        self._rejected = 0

    def stage(self, name: str, total: int | None) -> None:
        """Begin a bar, or write a line for a stage without known steps."""
        self.close()
        title, unit = _STAGES[name]
        if total is None:
            click.echo(f"{title} …", err=True)
            return
        terminal = sys.stderr.isatty()
        self._bar = tqdm(
            total=total,
            desc=title,
            unit=unit,
            unit_scale=unit == "B",
            file=sys.stderr,
            dynamic_ncols=terminal,
            ncols=None if terminal else 0,
            mininterval=0.2 if terminal else _LINE_SECONDS,
            bar_format=None
            if terminal
            else "{desc}: {n_fmt} of {total_fmt}{unit}, {rate_fmt}, {remaining} left\n",
        )

    def advance(self, steps: int) -> None:
        """Move the bar."""
        if self._bar is not None:
            self._bar.update(steps)

    def rejected(self, item: RejectedItem) -> None:
        """Name the file and the place of what was left out, up to a number of times."""
        self._rejected += 1
        if self._rejected <= _SHOWN_REJECTED:
            where = f"{item.source}, {item.place}" if item.place else item.source
            tqdm.write(f"left out: {where}: {item.reason}", file=sys.stderr)
        elif self._rejected == _SHOWN_REJECTED + 1:
            tqdm.write("left out: … (more; the summary counts them)", file=sys.stderr)

    def close(self) -> None:
        """End the bar that is running."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None
