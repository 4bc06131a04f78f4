"""How optional parts are installed: as it is typed where jmedsearch runs."""

import shlex
import sys
import tomllib
from pathlib import Path
from typing import get_args

import pytest

from search.extras import Extra, how_to_install

ROOT = Path(__file__).parents[2]


def test_extras_are_those_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    # test is for those who work on jmedsearch.
    assert set(project["optional-dependencies"]) - {"test"} <= set(get_args(Extra))


def test_the_command_names_this_python_and_the_checkout(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(sys, "executable", str(ROOT / ".venv" / "bin" / "python"))
    assert how_to_install("mcp") == ".venv/bin/python -m pip install -e '.[mcp]'"
    monkeypatch.chdir(tmp_path)
    command = shlex.split(how_to_install("mcp"))
    assert command[-1] == f"{ROOT}[mcp]"
    assert Path(command[0]).is_absolute()


def test_without_a_checkout_wheels_are_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("search.extras._HOME", tmp_path)
    assert "--find-links FOLDER_OF_WHEELS 'jmedsearch[ray]'" in how_to_install("ray")
