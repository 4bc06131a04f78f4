"""What commands write of stored text: control characters are seen, not obeyed."""

import json
import os
import pty
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from search.records import Record
from tests.web.running import COMMAND
from web.cli import main
from web.cli.terminal import visible
from web.desk import items, shelf, tags
from web.desk.desk import open_desk

pytestmark = pytest.mark.slow

ESCAPE = "\x1b]0;owned\x07\x1b[2J\x9b31m\u202e"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Collections in which everything that can hold an escape sequence does."""
    desk = open_desk(tmp_path / "c.db")
    number = shelf.create(desk.store, "a", "名前", f"説明{ESCAPE}")
    record = Record("r", title=f"題{ESCAPE}名", language="ja", retraction="retracted")
    items.add(desk.store, "a", number, [(record, f"{ESCAPE}.ris")], f"{ESCAPE}.ris")
    items.annotate(desk.store, "a", number, "r", f"覚え{ESCAPE}書き\n二行目")
    tags.tag_records(desk.store, "a", number, "採用", ["r"])
    desk.store.close()
    return tmp_path / "c.db"


@pytest.mark.parametrize(
    "command",
    [
        ("list",),
        ("show", "1"),
        ("show", "1", "--json"),
        ("history", "1"),
        ("history", "1", "--json"),
        ("screening", "1"),
        ("screening", "1", "--json"),
        ("duplicates", "1"),
        ("searches", "1"),
        ("flow", "1"),
        ("add-file", "1", "FILE"),
        ("import", "FILE"),
    ],
)
def test_no_command_lets_a_terminal_obey_what_is_stored(
    file: Path, tmp_path: Path, command: tuple[str, ...]
) -> None:
    odd = tmp_path / f"{ESCAPE.replace('/', '')}.ris"
    odd.write_text(f"TY  - JOUR\nAB  - {ESCAPE}\nER  - \n")
    arguments = [str(odd) if word == "FILE" else word for word in command]
    result = CliRunner().invoke(
        main, ["collection", *arguments, "--collections", str(file)], color=True
    )
    assert result.exception is None or isinstance(result.exception, SystemExit)
    assert not {c for c in result.output if ord(c) < 32} - {"\n"}
    assert not set("\x7f\x9b\u202e") & set(result.output)
    if "--json" in command:
        assert json.loads(result.stdout)
    elif command[0] == "show":
        assert "覚え\\u001b]0;owned\\u0007" in result.stdout


def test_an_export_is_written_as_it_is_into_a_file_and_visibly_onto_a_terminal(file: Path) -> None:
    arguments = ["collection", "export", "1", "--format", "ris", "--collections", str(file)]
    piped = CliRunner().invoke(main, arguments)
    assert f"覚え{ESCAPE}書き".encode() in piped.stdout_bytes
    command = [*COMMAND, *arguments]
    here, there = pty.openpty()
    with subprocess.Popen(command, stdout=there, stderr=subprocess.DEVNULL) as process:
        os.close(there)
        shown = b""
        try:
            while block := os.read(here, 65536):
                shown += block
        except OSError:
            pass  # the other end is closed
        assert process.wait() == 0
    os.close(here)
    assert b"\x1b" not in shown
    assert "覚え\\u001b]0;owned\\u0007".encode() in shown


def test_what_is_no_control_character_stays() -> None:
    text = "肺炎\tβ遮断薬\n〜 😀 café"
    assert visible(text) == text
