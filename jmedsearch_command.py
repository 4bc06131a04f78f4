"""The entry point of ``jmedsearch``, under a name that no other distribution has.

The packages are called ``search``, ``indexer`` and ``web``, as others' are: pip installs one over
the other without a word. Then a command that begins in one of them is not even there to say so.
"""

import base64
import hashlib
import importlib.util
import sys
from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution, distributions
from pathlib import Path

PACKAGES = ("indexer", "search", "web")
_ROOT = Path(__file__).resolve().parent
_NAMED = 3


def main() -> None:
    """Run the command, or say what has taken the place of its packages."""
    try:
        from web.cli import main as command
    except ImportError as error:
        found = intrusions()
        if not found:
            raise
        print(f"Error: {'; '.join(found)}. {advice()}", file=sys.stderr)  # noqa: T201
        raise SystemExit(1) from error
    command()


def intrusions() -> list[str]:
    """What is not as jmedsearch was installed: packages found elsewhere, files of other
    distributions inside them, files that are missing or changed."""
    return [*_elsewhere(), *_others_files(), *_changed()]


def advice() -> str:
    """What to do about it."""
    names = sorted({other.name for other, _ in _others()})
    removed = f"Remove what was installed over it (pip uninstall {' '.join(names)}). " * bool(names)
    return (
        f"{removed}Then install jmedsearch again, into an environment of its own "
        "(python3 -m venv): pip install --force-reinstall --no-deps, as it was installed before"
    )


def _elsewhere() -> Iterator[str]:
    for name in PACKAGES:
        places = _places(name)
        if [Path(place).resolve() for place in places] != [_ROOT / name]:
            found = ", ".join(places) or "nowhere"
            yield f"the package {name} is taken from {found}, not from {_ROOT}"


def _places(package: str) -> list[str]:
    """The folders that a package is imported from."""
    spec = importlib.util.find_spec(package)
    return list((spec.submodule_search_locations if spec else None) or ())


def _others_files() -> Iterator[str]:
    for other, files in _others():
        named = ", ".join(files[:_NAMED]) + " …" * (len(files) > _NAMED)
        yield f"{other.name} {other.version} has put {len(files)} files there ({named})"


def _others() -> Iterator[tuple[Distribution, list[str]]]:
    """Other distributions with files in the packages of our names that are imported."""
    imported = {Path(place).resolve() for name in PACKAGES for place in _places(name)}
    # A folder that is on the path twice has all of its distributions twice.
    others = {other.name: other for other in distributions() if other.name != "jmedsearch"}
    for other in others.values():
        files = [
            str(file)
            for file in other.files or ()
            if len(file.parts) > 1
            and file.parts[0] in PACKAGES
            and file.suffix != ".pyc"
            and Path(str(other.locate_file(file.parts[0]))).resolve() in imported
        ]
        if files:
            yield other, files


def _changed() -> Iterator[str]:
    """Files of an installed wheel that are missing or not as it had them; a checkout may change."""
    try:
        own = distribution("jmedsearch")
    except PackageNotFoundError:
        return
    wrong = []
    # Compiled files come and go.
    for file in (file for file in own.files or () if file.suffix != ".pyc"):
        path = Path(str(own.locate_file(file)))
        if file.parts[0] not in PACKAGES or path.resolve().parents[len(file.parts) - 1] != _ROOT:
            continue
        if not path.is_file() or (file.hash and file.hash.value != _digest(path, file.hash.mode)):
            wrong.append(str(file))
    if wrong:
        named = ", ".join(wrong[:_NAMED]) + " …" * (len(wrong) > _NAMED)
        yield f"{len(wrong)} files are missing or changed since the installation ({named})"


def _digest(path: Path, algorithm: str) -> str:
    """As RECORD has it: URL-safe base64 without padding."""
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, algorithm).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
