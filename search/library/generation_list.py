"""The generations of a library, as they are listed."""

from dataclasses import dataclass
from pathlib import Path

from search.library.manifest import GENERATIONS, LibraryError, Manifest, live_folder


@dataclass(frozen=True)
class ListedGeneration:
    """A generation as it is listed; ``problem`` says why one cannot be used."""

    number: int
    created: str
    records: int
    passages: int
    live: bool
    problem: str


def listed_generations(library: Path) -> list[ListedGeneration]:
    """Every generation of ``library``, the newest first; none where nothing was published."""
    try:
        live = live_folder(library)
    except LibraryError:
        live = None
    return [_listed(folder, folder == live) for folder in reversed(generation_folders(library))]


def generation_folders(library: Path) -> list[Path]:
    """The folders of all generations, oldest first."""
    folder = library / GENERATIONS
    found = [f for f in folder.iterdir() if f.name.isdigit()] if folder.is_dir() else []
    return sorted(found, key=lambda f: int(f.name))


def _listed(folder: Path, live: bool) -> ListedGeneration:
    try:
        manifest = Manifest.read(folder)
    except LibraryError as error:
        return ListedGeneration(int(folder.name), "", 0, 0, live, str(error))
    return ListedGeneration(
        manifest.generation,
        manifest.created,
        manifest.records,
        manifest.passages,
        live,
        "",
    )
