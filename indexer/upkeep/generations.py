"""The generations of a library: listed, gone back to, and those no longer wanted deleted."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from indexer.stages.staging import STAGING, BuildError, locked, point_to
from search.library.manifest import GENERATIONS, LibraryError, Manifest, live_folder, verify


@dataclass(frozen=True)
class Listed:
    """A generation as it is listed; ``problem`` says why one cannot be used."""

    number: int
    created: str
    records: int
    passages: int
    live: bool
    problem: str


def list_generations(library: Path) -> list[Listed]:
    """Every generation of ``library``, oldest first.

    Raises:
        LibraryError: when there is no library.
    """
    live = live_folder(library)
    if live is None:
        raise LibraryError(f"{library}: no library here")
    found = []
    for folder in _folders(library):
        try:
            manifest = Manifest.read(folder)
        except LibraryError as error:
            found.append(Listed(int(folder.name), "", 0, 0, folder == live, str(error)))
            continue
        found.append(
            Listed(
                manifest.generation,
                manifest.created,
                manifest.records,
                manifest.passages,
                folder == live,
                "",
            )
        )
    return found


def roll_back(library: Path, number: int) -> Path:
    """Make generation ``number`` the live one again, once its files are verified.

    Later generations stay; the next one made gets a number of its own.

    Raises:
        BuildError: when there is no such generation, or it is damaged.
    """
    with locked(library):
        folder = library / GENERATIONS / f"{number:06d}"
        if folder not in _folders(library):
            numbers = ", ".join(str(int(f.name)) for f in _folders(library))
            raise BuildError(f"{library}: no generation {number}; there are {numbers or 'none'}")
        if problems := verify(folder):
            raise BuildError(f"generation {number} is damaged ({problems[0]}); choose another")
        point_to(library, folder)
    return folder


def prune(library: Path, keep: int) -> list[int]:
    """Delete all generations but the newest ``keep`` and the live one; gives their numbers.

    Files that another generation shares stay with it.

    Raises:
        BuildError: when another process writes the library.
    """
    with locked(library):
        live = live_folder(library)
        folders = _folders(library)
        gone = [f for f in folders[: max(len(folders) - keep, 0)] if f != live]
        for folder in gone:
            # Out of sight in one step: a kill leaves no generation with half its files.
            bin_ = library / STAGING / f"pruned-{folder.name}"
            bin_.parent.mkdir(exist_ok=True)
            folder.rename(bin_)
            shutil.rmtree(bin_)
    return [int(f.name) for f in gone]


def _folders(library: Path) -> list[Path]:
    folder = library / GENERATIONS
    found = [f for f in folder.iterdir() if f.name.isdigit()] if folder.is_dir() else []
    return sorted(found, key=lambda f: int(f.name))
