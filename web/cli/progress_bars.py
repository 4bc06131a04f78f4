"""Progress on the terminal: bars with rate and time left, plain lines where there is none."""

import sys
import time
from typing import NoReturn

import click
from tqdm import tqdm

from indexer.run.intake import Progress, RejectedItem

_STAGES = {
    "harvest": ("Harvesting", " records"),
    "read": ("Reading", "B"),
    "duplicates": ("Looking for duplicates", ""),
    "embed": ("Embedding", " records"),
    "gather": ("Gathering", " records"),
    "index": ("Indexing", ""),
    "terms": ("Embedding terms", ""),
    "fusion": ("Learning the fusion weight", ""),
    "publish": ("Publishing", ""),
}
# On a terminal a bar moves; in a log file a line now and then is enough.
_LINE_SECONDS = 10.0
_SHOWN_REJECTED = 20
_RATE_EVERY = 100


class TerminalProgress(Progress):
    """Writes to standard error."""

    def __init__(self) -> None:
        self._bar: tqdm[NoReturn] | None = None
        self._rejected = 0
        self._records = 0
        self._since = 0.0

    def stage(self, name: str, total: int | None) -> None:
        """Begin a bar, or write a line for a stage without known steps."""
        self.close()
        title, unit = _STAGES[name]
        if total is None:
            click.echo(f"{title} …", err=True)
            return
        self._records = 0
        self._since = time.monotonic()
        terminal = sys.stderr.isatty()
        self._bar = tqdm(
            # Nothing says how much will come through standard input.
            total=total or None,
            desc=title,
            unit=unit,
            unit_scale=unit == "B",
            file=sys.stderr,
            dynamic_ncols=terminal,
            ncols=None if terminal else 0,
            mininterval=0.2 if terminal else _LINE_SECONDS,
            bar_format=None
            if terminal
            else "{desc}: {n_fmt} of {total_fmt}{unit}, {rate_fmt}, {remaining} left{postfix}\n",
        )

    def advance(self, steps: int, records: int = 0) -> None:
        """Move the bar; a bar of bytes also says how many records a second that is."""
        if self._bar is None:
            return
        self._records += records
        if records and self._records % _RATE_EVERY == 0:
            rate = self._records / max(time.monotonic() - self._since, 1e-9)
            self._bar.set_postfix_str(f"{rate:.0f} records/s", refresh=False)
        self._bar.update(steps)

    def rejected(self, item: RejectedItem) -> None:
        """Name the file and the place of what was left out, up to a number of times."""
        self._rejected += 1
        if self._rejected <= _SHOWN_REJECTED:
            tqdm.write(f"left out: {item}", file=sys.stderr)
        elif self._rejected == _SHOWN_REJECTED + 1:
            tqdm.write("left out: … (more; the summary counts them)", file=sys.stderr)

    def close(self) -> None:
        """End the bar that is running."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None
