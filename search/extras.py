"""The optional parts of jmedsearch, and how one is installed from where this one runs."""

import shlex
import sys
from pathlib import Path
from typing import Literal

# As pyproject.toml names them; jmedsearch is on no package index.
Extra = Literal["mcp", "milvus", "models", "ray", "skos", "train"]
_HOME = Path(__file__).parents[1]


def how_to_install(extra: Extra) -> str:
    """The command that adds an extra to the environment that runs, as it is typed here."""
    python = shlex.quote(_shown(Path(sys.executable)))
    if not (_HOME / "pyproject.toml").is_file():
        return f"{python} -m pip install --find-links FOLDER_OF_WHEELS 'jmedsearch[{extra}]'"
    checkout = shlex.quote(f"{_shown(_HOME)}[{extra}]")
    return f"{python} -m pip install -e {checkout}"


def _shown(path: Path) -> str:
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)
