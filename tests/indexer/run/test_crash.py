"""Killed, or out of disk: the live generation is untouched and the next run ends as in peace."""

import json
import re
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from indexer.run.intake import Progress
from indexer.run.pipeline import build
from indexer.stages.staging import BuildError
from search.library.library import Library
from search.library.manifest import live_folder, verify
from tests.indexer.conftest import RECORDS, index

# Each is a process, or several.
pytestmark = pytest.mark.slow

KILLS = Path(__file__).parents[3] / "benchmarks" / "kills.py"


class Filling(Progress):
    """No file may grow beyond a size from a stage on, as on a disk that is full."""

    def __init__(self, stage: str, size: int) -> None:
        self._stage = stage
        self._size = size

    def stage(self, name: str, total: int | None) -> None:
        if name == self._stage:
            _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
            resource.setrlimit(resource.RLIMIT_FSIZE, (self._size, most))


@pytest.fixture
def room_again() -> Iterator[Callable[[], None]]:
    """Gives files their room again."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)

    def restore() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)

    yield restore
    restore()


def test_killed_and_resumed_as_in_peace(published_layout: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(KILLS), "--kills", "3", "--records", "15", "--seed", "1",
         "--model", str(published_layout)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stdout, done.stderr
    verdict = json.loads(done.stdout)
    assert verdict["kills"] == 3
    assert (verdict["verdict"], verdict["differences"], verdict["damaged"]) == ("OK", [], [])


@pytest.mark.parametrize(
    ("stage", "size"),
    [
        ("read", 0),  # records.db
        ("read", 60_000),
        ("embed", 100),  # the kept vectors
        ("index", 100),  # FAISS
        ("index", 8_000),  # tantivy
        ("index", 60_000),  # terms.db
        ("publish", 10),  # the manifest
    ],
)
def test_a_full_disk_is_a_clear_error_and_no_harm(
    built: Path,
    source: Callable[..., Path],
    room_again: Callable[[], None],
    stage: str,
    size: int,
) -> None:
    before = live_folder(built)
    words = [f"q{i:x}" for i in range(10**6, 10**6 + 4_000)]
    added = [
        {"id": f"n{i}", "title": f"架空{i}", "abstract": " ".join(words[i * 100 : i * 100 + 100])}
        for i in range(40)
    ]
    file = source(*RECORDS, *added)
    try:
        with pytest.raises(BuildError) as told:
            build([file], built, device="cpu", progress=Filling(stage, size))
    finally:
        room_again()
    assert re.search(
        r"library: cannot be written \(.*\); the live generation is as it", str(told.value)
    )
    assert live_folder(built) == before
    assert before is not None
    assert verify(before) == []
    assert not (built / "staging" / "generation").exists()
    index(file, built)
    generation = Library(built).generation()
    assert generation.manifest.records == 42
    assert verify(generation.path) == []
