"""What ``jmedsearch demo`` says when it answers: the address, the next command, the guide."""

import locale
import os
import shlex
import shutil
import sys
from pathlib import Path

_CHECKOUT = Path(__file__).parents[2]


def welcome(address: str) -> str:
    """Three lines in Japanese and English, the language of the user's locale first.

    The first begins as the line of ``serve`` does, for programs that wait for the address.
    """
    command = f"{typed_command()} index FILE.ris --library my-library"
    guide, readme = (_document(address, name) for name in ("docs/ja/guide.md", "README.md"))
    return "\n".join(
        (
            f"jmedsearch: {address}  {_both('検索画面', 'the search page')}",
            f"{_both('ご自分の文献を登録する', 'Index your own file')}: {command}",
            _both(f"使い方の手引き: {guide}", f"Guide: {readme}")
            if guide != readme
            else f"{_both('使い方の手引き', 'Guide')}: {guide}",
        )
    )


def typed_command() -> str:
    """How the command that runs is typed in this folder: the shell may not know its name."""
    script = Path(sys.prefix) / "bin" / "jmedsearch"
    found = shutil.which("jmedsearch")
    # uvx and pipx run put their passing environment on the PATH of what they run, not on the
    # shell's; uv names itself to what it runs.
    passing = "UV" in os.environ or ".cache" in script.parts
    if found and Path(found).resolve() == script.resolve() and not passing:
        return "jmedsearch"
    if script.is_relative_to(Path.cwd()):
        script = script.relative_to(Path.cwd())
    return shlex.quote(str(script))


def _both(japanese: str, english: str) -> str:
    first, second = (japanese, english) if _reads_japanese() else (english, japanese)
    return f"{first} / {second}"


def _reads_japanese() -> bool:
    # Not by locale.getlocale: it says "C" until a program has set its locale.
    names = (os.environ.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
    chosen = next((name for name in names if name), "")
    return locale.normalize(chosen).startswith("ja")


def _document(address: str, name: str) -> str:
    """A document of the checkout, or the page that tells about the service where there is none."""
    file = _CHECKOUT / name
    if not file.is_file():
        return f"{address}about"
    return str(file.relative_to(Path.cwd()) if file.is_relative_to(Path.cwd()) else file)
