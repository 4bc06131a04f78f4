"""The documentation says what the commands say."""

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from web.cli import main

ROOT = Path(__file__).parents[1]
MARKDOWN = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("search/**/*.md")])


def _commands(group: click.Group, before: str = "") -> Iterator[tuple[str, click.Command]]:
    """All commands in order, those of groups after their group."""
    for name, command in sorted(group.commands.items()):
        yield before + name, command
        if isinstance(command, click.Group):
            yield from _commands(command, f"{before}{name} ")


COMMANDS = dict(_commands(main))


def reference() -> str:
    """The command-line reference, from the commands themselves."""
    parts = [
        "# Command line\n",
        "Written by `python -m tests.test_docs` from the commands' own help; a test holds it to"
        " them.\n",
    ]
    for name, command in COMMANDS.items():
        context = click.Context(command, info_name=f"jmedsearch {name}", max_content_width=88)
        text = command.get_help(context)
        parts.append(f"{'#' * (2 + name.count(' '))} {name}\n\n```\n{text}\n```\n")
    return "\n".join(parts)


def test_the_command_line_reference_is_current() -> None:
    written = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    assert written == reference(), "run: python -m tests.test_docs"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_and_option_has_help(name: str) -> None:
    command = COMMANDS[name]
    assert command.help
    assert all(p.help for p in command.params if isinstance(p, click.Option))


@pytest.mark.parametrize("file", MARKDOWN, ids=lambda f: f.name)
def test_links_between_documents_lead_somewhere(file: Path) -> None:
    for target in re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)", file.read_text("utf-8")):
        assert (file.parent / target).exists(), f"{file.name} links to {target}"


def test_the_readme_names_the_commands_that_ci_runs() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "make demo" in readme
    assert "make test" in readme
    assert re.search(r"^make test$", (ROOT / ".ci" / "run").read_text(), re.MULTILINE)


if __name__ == "__main__":
    (ROOT / "docs" / "cli.md").write_text(reference(), encoding="utf-8")
