"""The generations of a library: listed, gone back to, and those no longer wanted deleted."""

import shutil
from pathlib import Path

from indexer.stages.staging import STAGING, BuildError, locked, point_to, withdraw_pointer
from search.library.generation_list import (
    ListedGeneration,
    generation_folders,
    listed_generations,
)
from search.library.manifest import GENERATIONS, LibraryError, live_folder, verify


def list_generations(library: Path) -> list[ListedGeneration]:
    """Every generation of ``library``, oldest first.

    Raises:
        LibraryError: when there is no library.
    """
    if live_folder(library) is None:
        raise LibraryError(f"{library}: no library here")
    return listed_generations(library)[::-1]


def roll_back(library: Path, number: int) -> Path:
    """Make generation ``number`` the live one again, once its files are verified.

    Later generations stay; the next one made gets a number of its own.

    Raises:
        BuildError: when there is no such generation, or it is damaged.
    """
    with locked(library):
        folder = library / GENERATIONS / f"{number:06d}"
        if folder not in generation_folders(library):
            numbers = ", ".join(str(int(f.name)) for f in generation_folders(library))
            raise BuildError(f"{library}: no generation {number}; there are {numbers or 'none'}")
        if problems := verify(folder):
            raise BuildError(f"generation {number} is damaged ({problems[0]}); choose another")
        point_to(library, folder)
    return folder


def unpublish(library: Path) -> None:
    """Go back to before the first generation: none is live, and all stay to be gone back to.

    Raises:
        BuildError: when another process writes the library.
    """
    with locked(library):
        withdraw_pointer(library)


def prune(library: Path, keep: int) -> list[int]:
    """Delete all generations but the newest ``keep`` and the live one; gives their numbers.

    Files that another generation shares stay with it.

    Raises:
        BuildError: when another process writes the library.
    """
    with locked(library):
        live = live_folder(library)
        folders = generation_folders(library)
        gone = [f for f in folders[: max(len(folders) - keep, 0)] if f != live]
        for folder in gone:
            # Out of sight in one step: a kill leaves no generation with half its files.
            bin_ = library / STAGING / f"pruned-{folder.name}"
            bin_.parent.mkdir(exist_ok=True)
            folder.rename(bin_)
            shutil.rmtree(bin_)
    return [int(f.name) for f in gone]
