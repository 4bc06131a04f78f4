"""Killed, or out of disk: the live generation is untouched and the next run ends as in peace."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from search.library.library import Library
from search.library.manifest import live_folder, verify
from tests.indexer.conftest import RECORDS, index

# Each is a process, or several.
pytestmark = pytest.mark.slow

KILLS = Path(__file__).parents[3] / "benchmarks" / "kills.py"

LIMITED = """
import resource, sys
from pathlib import Path
from indexer.run.pipeline import build
from indexer.run.intake import Progress
from indexer.stages.staging import BuildError
class Filling(Progress):
    def stage(self, name, total):
        if name == sys.argv[3]:
            resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[4]), int(sys.argv[4])))
try:
    build([sys.argv[1]], Path(sys.argv[2]), device="cpu", progress=Filling())
except BuildError as error:
    print(error)
    sys.exit(7)
"""


def test_killed_and_resumed_as_in_peace(published_layout: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(KILLS), "--kills", "3", "--records", "40", "--seed", "1",
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
    built: Path, source: Callable[..., Path], stage: str, size: int
) -> None:
    before = live_folder(built)
    words = [f"q{i:x}" for i in range(10**6, 10**6 + 4_000)]
    added = [
        {"id": f"n{i}", "title": f"架空{i}", "abstract": " ".join(words[i * 100 : i * 100 + 100])}
        for i in range(40)
    ]
    file = source(*RECORDS, *added)
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(file), str(built), stage, str(size)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 7, done.stdout + done.stderr
    assert re.search(
        r"library: cannot be written \(.*\); the live generation is as it", done.stdout
    )
    assert live_folder(built) == before
    assert before is not None
    assert verify(before) == []
    assert not (built / "staging" / "generation").exists()
    index(file, built)
    generation = Library(built).generation()
    assert generation.manifest.records == 42
    assert verify(generation.path) == []
