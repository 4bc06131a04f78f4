"""What a newcomer reads when the demo answers."""

import sys
from pathlib import Path

import pytest

from web.cli.welcome import typed_command, welcome

ADDRESS = "http://127.0.0.1:8000/"


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A virtual environment in a folder that is the current one, as `make demo` leaves it."""
    script = tmp_path / ".venv" / "bin" / "jmedsearch"
    script.parent.mkdir(parents=True)
    script.write_text("#!/bin/sh\n")
    script.chmod(0o755)
    monkeypatch.setattr(sys, "prefix", str(tmp_path / ".venv"))
    monkeypatch.delenv("UV", raising=False)
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.chdir(tmp_path)
    return script


def test_the_command_is_typed_as_the_shell_knows_it(
    environment: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert typed_command() == ".venv/bin/jmedsearch"
    (tmp_path / "a folder").mkdir()
    monkeypatch.chdir(tmp_path / "a folder")
    assert typed_command() == str(environment)
    monkeypatch.setenv("PATH", str(environment.parent))
    assert typed_command() == "jmedsearch"
    # uvx has its environment on the PATH for as long as it runs.
    monkeypatch.setenv("UV", "/usr/bin/uv")
    assert typed_command() == str(environment)


@pytest.mark.parametrize(
    ("variables", "first"),
    [
        ({"LANG": "ja_JP.UTF-8"}, "検索画面 / the search page"),
        ({"LANG": "ja_JP.UTF-8", "LC_ALL": "C"}, "the search page / 検索画面"),
        ({"LANG": "de_DE.UTF-8", "LC_MESSAGES": "ja_JP"}, "検索画面 / the search page"),
        ({}, "the search page / 検索画面"),
    ],
)
def test_both_languages_are_there_and_the_locale_puts_one_first(
    environment: Path, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], first: str
) -> None:
    for name in ("LANG", "LC_ALL", "LC_MESSAGES"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    page, own, guide = welcome(ADDRESS).splitlines()
    assert page == f"jmedsearch: {ADDRESS}  {first}"
    assert own.endswith(".venv/bin/jmedsearch index FILE.ris --library my-library")
    assert "docs/ja/guide.md" in guide


def test_the_guide_is_where_it_says(environment: Path) -> None:
    guide = welcome(ADDRESS).splitlines()[2]
    named = [Path(part) for part in guide.split() if part.endswith(".md")]
    assert len(named) == 2
    assert all(file.is_file() for file in named)


def test_an_installed_package_has_no_documents_but_a_page(
    environment: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("web.cli.welcome._CHECKOUT", tmp_path)
    assert welcome(ADDRESS).splitlines()[2].endswith(f": {ADDRESS}about")
