"""Harvests into a library: each run that it has not yet, in order, as an import of its own."""

from pathlib import Path

from indexer.harvest.harvest_folder import Harvest, HarvestFolder, Run
from indexer.run.imports import Export, imports
from indexer.run.intake import Progress, Report
from indexer.run.pipeline import build
from search.encoder.encoder import Device
from search.library.manifest import live_folder


def runs_to_index(folder: HarvestFolder, library: Path) -> list[Run]:
    """The finished runs of a harvest that the library has not imported. A run without records is
    none.

    Raises:
        HarvestError: when there is no such harvest. LibraryError: when the library is damaged.
    """
    known: set[Path] = set()
    if live_folder(library):
        known = {Path(source).resolve() for found in imports(library) for source in found.sources}
    return [
        run
        for run in folder.read().runs
        if run.finished
        and folder.files(run)
        and (folder.path / run.folder_name).resolve() not in known
    ]


def index_run(
    folder: HarvestFolder,
    harvest: Harvest,
    run: Run,
    library: Path,
    *,
    model: str | None = None,
    device: Device = "auto",
    progress: Progress | None = None,
) -> Report:
    """Index one run, named in the library by its database, its day and the query.

    Raises:
        BuildError, LibraryError, ModelError: with what to do.
    """
    return build(
        [(folder.path / run.folder_name).resolve()],
        library,
        model=model,
        device=device,
        export=Export(harvest.database, run.started[:10], harvest.query),
        progress=progress,
    )
