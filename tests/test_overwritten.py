"""Another distribution installed over ``search``, ``indexer`` or ``web``: noticed and named."""

import base64
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
# The tests' own environment has jmedsearch as a checkout, whose finder would step in.
ALONE = "import sys; sys.meta_path[:] = [f for f in sys.meta_path if 'Editable' not in str(f)]; "
RUN = ALONE + "from jmedsearch_command import main; main()"
LOOK = ALONE + "from jmedsearch_command import intrusions; print(*intrusions(), sep='\\n')"


def install(site: Path, name: str, files: dict[str, str]) -> None:
    """Put a distribution into a folder as pip does: over whatever lies there."""
    record = []
    for file, text in files.items():
        (site / file).parent.mkdir(parents=True, exist_ok=True)
        (site / file).write_text(text)
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=")
        record.append(f"{file},sha256={digest.decode()},{len(text)}\n")
    metadata = site / f"{name.replace('.', '_')}-0.62.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 0.62\n")
    (metadata / "RECORD").write_text("".join(record))


def python(code: str, *arguments: str, path: list[Path]) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, path))},
        cwd=path[0],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """A folder with jmedsearch as a wheel installs it, in small."""
    names = ("indexer", "search", "web")
    install(tmp_path, "jmedsearch", {f"{n}/__init__.py": f"# {n}\n" for n in names})
    shutil.copy(ROOT / "jmedsearch_command.py", tmp_path)
    return tmp_path


def test_a_whole_installation_has_nothing_to_say(installed: Path) -> None:
    assert python(LOOK, path=[installed]).stdout.strip() == ""


def test_files_of_another_distribution_inside_are_named(installed: Path) -> None:
    install(installed, "web.py", {"web/__init__.py": "# web.py\n", "web/form.py": ""})
    others, changed = python(LOOK, path=[installed]).stdout.splitlines()
    assert others == "web.py 0.62 has put 2 files there (web/__init__.py, web/form.py)"
    assert changed.startswith("1 files are missing or changed since the installation (web/__init__")


def test_what_its_removal_took_along_is_missed(installed: Path) -> None:
    (installed / "web" / "__init__.py").unlink()
    assert "web/__init__.py" in python(LOOK, path=[installed]).stdout


def test_a_distribution_that_only_begins_alike_is_left_alone(installed: Path) -> None:
    install(installed, "webtest", {"webtest/__init__.py": "", "searching.py": ""})
    assert python(LOOK, path=[installed]).stdout.strip() == ""


def test_a_package_in_the_place_of_ours_ends_the_command_with_one_line(tmp_path: Path) -> None:
    install(tmp_path, "web.py", {"web/__init__.py": "# web.py\n"})
    done = python(RUN, "--version", path=[tmp_path, ROOT])
    assert done.returncode == 1
    assert f"the package web is taken from {tmp_path / 'web'}, not from {ROOT}" in done.stderr
    assert "pip uninstall web.py" in done.stderr
    assert "Traceback" not in done.stderr


def test_doctor_calls_it_a_problem(tmp_path: Path) -> None:
    # Its modules are there beside ours: the command runs, with whichever of them came last.
    (tmp_path / "web").mkdir()
    for file in (ROOT / "web").iterdir():
        if file.name != "__init__.py":
            (tmp_path / "web" / file.name).symlink_to(file)
    install(tmp_path, "web.py", {"web/__init__.py": "# web.py\n"})
    desk = str(tmp_path / "collections.db")
    done = python(RUN, "doctor", "--collections", desk, path=[tmp_path, ROOT])
    assert done.returncode == 1
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("problem")]
    assert "packages: the package web is taken from" in line
    assert "web.py 0.62 has put 1 files there" in line
    assert "pip uninstall web.py" in line


def test_doctor_finds_this_installation_sound(tmp_path: Path) -> None:
    done = python(RUN, "doctor", "--collections", str(tmp_path / "c.db"), path=[ROOT])
    assert "indexer, search, web are as they were installed" in done.stdout
