"""The rooms: who may import whom, and file names that mean one thing."""

import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("search", "indexer", "web")
# The layers of web: a subject has the same name in each of them.
LAYERS = {"web/desk", "web/api", "web/pages", "web/cli"}

# A program of its own: the modules are read anew, and what tests have imported tells nothing.
LINT = "from importlinter.cli import lint_imports_command; lint_imports_command()"


def lint(*arguments: str, root: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """What import-linter says of the contracts in pyproject.toml."""
    command = [sys.executable, "-c", LINT, "--no-cache", *arguments]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)


def test_rooms_import_nothing_that_lies_above_them() -> None:
    done = lint()
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("module", "line", "contract"),
    [
        ("search/records.py", "import click", "no-interface"),
        ("search/library/manifest.py", "from web.http import links", "packages"),
        ("search/exact/parser.py", "from search.suggest import MAX_MASKS", "search"),
        ("web/api/problems.py", "from web.pages import facts", "web"),
        ("web/desk/tags.py", "from web.http.language import gettext", "no-interface"),
        ("search/text/fold.py", "from search.text import terms", "no-cycles"),
        ("indexer/stages/embed.py", "from indexer.run import intake", "indexer"),
    ],
)
def test_an_arrow_backwards_is_told(module: str, line: str, contract: str, tmp_path: Path) -> None:
    for package in PACKAGES:
        for file in (ROOT / package).rglob("*.py"):
            copy = tmp_path / file.relative_to(ROOT)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.symlink_to(file)
    (tmp_path / "pyproject.toml").symlink_to(ROOT / "pyproject.toml")
    changed = tmp_path / module
    text = changed.read_text(encoding="utf-8")
    changed.unlink()
    changed.write_text(f"{text}\n{line}\n", encoding="utf-8")
    done = lint("--contract", contract, root=tmp_path)
    assert done.returncode == 1, done.stdout + done.stderr
    assert line.split()[1].split(".")[0] in done.stdout


def test_a_file_name_is_used_once_or_for_one_subject_in_each_layer_of_web() -> None:
    places = defaultdict(list)
    for package in PACKAGES:
        for file in (ROOT / package).rglob("*.py"):
            if file.name != "__init__.py":
                places[file.stem].append(str(file.parent.relative_to(ROOT)))
    twice = {name: found for name, found in places.items() if len(found) > 1}
    assert {name: found for name, found in twice.items() if not LAYERS.issuperset(found)} == {}
