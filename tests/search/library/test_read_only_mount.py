"""A library on a file system that is mounted for reading only, as containers mount it."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from search.encoder import Encoder
from search.library.library import Library
from search.ranked.engine import Engine
from tests.web.running import COMMAND

_MOUNT = 'mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" && shift && exec "$@"'


def mounted(library: Path, *command: str) -> "subprocess.CompletedProcess[str]":
    """The run of a command that sees ``library`` mounted for reading only; nobody else does."""
    return subprocess.run(
        ["unshare", "--mount", "bash", "-c", _MOUNT, "bash", str(library), *command],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def read_only(sample_library: Path, tmp_path: Path) -> Path:
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        pytest.skip("only root can mount a folder for reading only")
    library = tmp_path / "library"
    shutil.copytree(sample_library, library)
    touched = mounted(library, "touch", str(library / "x"))
    if "Read-only" not in touched.stderr:
        pytest.skip(f"no mount of its own can be made here: {touched.stderr}")
    return library


@pytest.mark.parametrize("opened_before", [True, False])
def test_it_answers(read_only: Path, encoder: Encoder, opened_before: bool) -> None:
    if opened_before:
        # Where it could be written, tantivy has left its lock file.
        assert Engine(Library(read_only), encoder).search("心房細動").hits
        assert list(read_only.glob("generations/*/**/*.lock"))
    done = mounted(read_only, *COMMAND, "search", "心房細動", "--library", str(read_only))
    assert done.returncode == 0, done.stderr
    assert "心房細動" in done.stdout
