"""The bundled, fictional sample, as a library.

Its records come with their vectors and those of its terms, so that the demo starts in seconds. They
are used as what an earlier run had embedded is: a text that differs, or another model, is embedded
anew. After a change of the records or of the embedded model,

    python -m indexer.sample

writes them again.
"""

import json
import shutil
import tempfile
from contextlib import closing
from importlib import resources
from pathlib import Path

from indexer.run.imports import open_records
from indexer.run.intake import Progress
from indexer.run.pipeline import EMBEDDED_CHUNKS, build
from indexer.stages.staging import BuildError
from search.encoder import EMBEDDED, open_model
from search.formats import read_records
from search.library.manifest import FORMAT_VERSION, MANIFEST, SAMPLE_NOTE, live_folder
from search.records import Record


def sample_files() -> tuple[Path, Path]:
    """The bundled sample: its records and its listed queries."""
    folder = _folder()
    return folder / "records.jsonl", folder / "queries.jsonl"


def _folder() -> Path:
    return Path(str(resources.files("search") / "sample"))


def _vectors_folder() -> Path:
    return _folder() / "vectors"


def build_sample(directory: Path, progress: Progress | None = None) -> None:
    """Build the library of the bundled, fictional sample records with the embedded model.

    Does nothing where it is there already; one made with another model, or of the sample of
    another version, is replaced.

    Raises:
        BuildError: when ``directory`` holds a library that is not the sample's.
    """
    live = live_folder(directory)
    if live is not None:
        # Not by Manifest.read: the sample of an older format version is replaced, not refused.
        manifest = json.loads((live / MANIFEST).read_text(encoding="utf-8"))
        if SAMPLE_NOTE not in manifest["notes"]:
            raise BuildError(f"{directory}: holds another library; choose an empty folder")
        current = (FORMAT_VERSION, open_model(EMBEDDED).fingerprint)
        made_with = (manifest["format_version"], manifest["encoder_fingerprint"])
        if made_with == current and _holds_the_sample(directory):
            return
        shutil.rmtree(directory)
    kept = directory / EMBEDDED_CHUNKS
    kept.mkdir(parents=True, exist_ok=True)
    for file in _vectors_folder().glob("*.npz"):
        shutil.copy(file, kept)
    build([sample_files()[0]], directory, notes=(SAMPLE_NOTE,), progress=progress)


def _holds_the_sample(library: Path) -> bool:
    """Whether what was imported is what the sample of this version says."""
    hashes = {
        item.content_hash()
        for item, _ in read_records(sample_files()[0], "jsonl")
        if isinstance(item, Record)
    }
    with closing(open_records(library)) as db:
        return hashes == {row[0] for row in db.execute("select content_hash from origins")}


class _Keeping(Progress):
    """Keeps what a run has embedded before it is published, when that is thrown away."""

    def __init__(self, chunks: Path, folder: Path) -> None:
        self._chunks = chunks
        self._folder = folder

    def stage(self, name: str, total: int | None) -> None:  # noqa: ARG002 - of the base
        """Keep what there is once all is embedded."""
        if name == "fusion":
            shutil.copytree(self._chunks, self._folder, dirs_exist_ok=True)


def write_vectors() -> None:
    """Embed the sample and its terms, and keep the vectors in the package."""
    shutil.rmtree(_vectors_folder(), ignore_errors=True)
    with tempfile.TemporaryDirectory() as name:
        library = Path(name) / "library"
        keeping = _Keeping(library / EMBEDDED_CHUNKS, _vectors_folder())
        build([sample_files()[0]], library, notes=(SAMPLE_NOTE,), progress=keeping, device="cpu")


if __name__ == "__main__":
    write_vectors()
