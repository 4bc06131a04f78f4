"""What an import would bring, told file by file before it is made."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from indexer.run.imports import Export
from indexer.run.intake import Outcome, Progress, Reading, RejectedItem
from indexer.run.pipeline import dry_run
from search.records import Record

# What is shown of a run, however much it reads.
MOST_FILES = 300
MOST_REJECTED = 200
MOST_SAMPLES = 3
_LONGEST = 300


@dataclass
class PreviewedFile:
    """What one source holds: the format it was recognised as (empty: it was not), how many records
    are new, changed, the same as before, copies of records of the library or of the same run, and
    how many could not be read."""

    name: str
    format: str = ""
    new: int = 0
    replaced: int = 0
    unchanged: int = 0
    duplicate: int = 0
    inside: int = 0
    rejected: int = 0
    samples: list[dict[str, str]] = field(default_factory=list)


@dataclass
class Preview:
    """A whole run: its files, as far as they are listed, the sums over all, and what was left out
    first."""

    files: list[PreviewedFile] = field(default_factory=list)
    unlisted: int = 0
    read: int = 0
    new: int = 0
    replaced: int = 0
    unchanged: int = 0
    duplicate: int = 0
    inside: int = 0
    deleted: int = 0
    rejected: int = 0
    usable: int = 0
    to_complete: int = 0
    problems: list[dict[str, str]] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """The preview as JSON holds it."""
        return asdict(self)


class _Watched(Progress):
    """Hands progress on, and takes down what becomes of each file."""

    def __init__(self, progress: Progress) -> None:
        self.told = progress
        self.preview = Preview()
        self._files: dict[str, PreviewedFile] = {}

    def stage(self, name: str, total: int | None) -> None:
        self.told.stage(name, total)

    def advance(self, steps: int, records: int = 0) -> None:
        self.told.advance(steps, records)

    def recognised(self, source: str, format_name: str) -> None:
        self._file(source).format = format_name

    def taken(self, source: str, record: Record, outcome: Outcome, inside: bool) -> None:
        file = self._file(source)
        name = "inside" if inside else outcome
        setattr(file, name, getattr(file, name) + 1)
        self.preview.inside += inside
        if len(file.samples) < MOST_SAMPLES:
            file.samples.append(_sample(record, name))

    def rejected(self, item: RejectedItem) -> None:
        # A name that leads to nothing has no source.
        self._file(item.source or item.reason).rejected += 1
        if len(self.preview.problems) < MOST_REJECTED:
            self.preview.problems.append(asdict(item))

    def _file(self, name: str) -> PreviewedFile:
        known = self._files.get(name)
        if known is None:
            known = self._files[name] = PreviewedFile(name[:_LONGEST])
            if len(self.preview.files) < MOST_FILES:
                self.preview.files.append(known)
            else:
                self.preview.unlisted += 1
        return known


def preview(
    sources: Sequence[str | Path],
    library: Path,
    *,
    reading: Reading | None = None,
    export: Export | None = None,
    progress: Progress | None = None,
) -> Preview:
    """What :func:`indexer.run.pipeline.build` would do with ``sources``; the library is only read.

    Raises:
        BuildError, LibraryError: with what to do.
    """
    watched = _Watched(progress or Progress())
    report = dry_run(sources, library, reading=reading, export=export, progress=watched, empty=True)
    found = watched.preview
    for name in ("read", "new", "replaced", "unchanged", "deleted", "rejected", "usable"):
        setattr(found, name, getattr(report, name))
    found.duplicate = report.duplicate - found.inside
    found.to_complete = report.to_complete
    return found


def _sample(record: Record, outcome: str) -> dict[str, str]:
    author = record.authors[0].display() if record.authors else ""
    values = {
        "outcome": outcome,
        "title": record.title or record.id,
        "author": author,
        "journal": record.journal,
        "date": record.date,
    }
    return {name: value[:_LONGEST] for name, value in values.items()}
