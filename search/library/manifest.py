"""What a library on disk is: a folder with immutable generations, one pointer, ``CURRENT``, that
names the live one, and in each generation a manifest of all that it is made of."""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from search.encoder.model_directory import ModelDirectory
from search.library.relevance import RelevanceLine
from search.text.profile import TextProfile

FORMAT_VERSION = 7
CURRENT = "CURRENT"
GENERATIONS = "generations"
MANIFEST = "MANIFEST.json"
# SHA-256 of the manifest, beside it; libraries of before have none.
SEAL = "MANIFEST.sha256"
SAMPLE_NOTE = "sample"

_NOT_LISTED = {MANIFEST, SEAL, ".tantivy-writer.lock", ".tantivy-meta.lock"}
# Bytes of a file that is read whole when a generation is opened, and of all of these together: with
# processors that have instructions for SHA-256 a fifth of a second.
_SMALL = 16 * 1024 * 1024
_READ_AT_OPENING = 256 * 1024 * 1024

Fusion = Literal["weighted", "rrf"]
VectorIndexKind = Literal["exact", "ivf-sq8", "ivf-pq"]
VectorIndexChoice = Literal["auto", "exact", "ivf-sq8", "ivf-pq"]


class LibraryError(ValueError):
    """A library that cannot be read or used: names the folder, the reason and what to run."""


@dataclass(frozen=True)
class Segment:
    """An immutable run of vectors: passages ``base`` to ``base + passages - 1``."""

    name: str
    base: int
    passages: int
    sentences: int


@dataclass(frozen=True)
class VectorIndexState:
    """What ``vectors.faiss`` is, what was asked for, and how well it still fits its vectors.

    ``choice`` and ``memory`` (MB that codes may take) hold for updates too. ``nprobe`` is how many
    inverted lists a query without filters reads. A residual is one less the cosine of a vector and
    its nearest centroid, averaged: over the vectors that the centroids were trained for, and over
    those ``added`` since. ``imbalance`` is n·Σ(list/total)² over n lists, 1 where all are equal,
    right after training.
    """

    kind: VectorIndexKind = "exact"
    choice: VectorIndexChoice = "auto"
    memory: int = 4000
    nprobe: int = 0
    trained_on: int = 0
    residual: float = 0.0
    imbalance: float = 1.0
    added: int = 0
    added_residual: float = 0.0


@dataclass(frozen=True)
class Manifest:
    """What a generation is made of; ``files`` maps paths to SHA-256 and size in bytes.

    ``relevance`` is None where nothing could be calibrated. ``latin_weight`` is the dense weight
    for queries in Latin letters alone, ``dense_weight`` for all others.
    """

    format_version: int
    generation: int
    created: str
    model: str
    model_source: str
    encoder_fingerprint: str
    dim: int
    pooling: str
    profile: TextProfile
    fusion: Fusion
    dense_weight: float
    fusion_learnt_on: int
    records: int
    passages: int
    segments: tuple[Segment, ...]
    notes: tuple[str, ...]
    files: dict[str, tuple[str, int]]
    relevance: RelevanceLine | None = None
    vectors: VectorIndexState = VectorIndexState()
    latin_weight: float = 0.5

    def to_json(self) -> str:
        """The manifest as written to ``MANIFEST.json``."""
        return json.dumps(asdict(self), ensure_ascii=False, indent=1)

    @classmethod
    def read(cls, generation: Path) -> "Manifest":
        """The manifest of a generation's folder.

        Raises:
            LibraryError: when it is missing, damaged or of another format version.
        """
        file, seal = generation / MANIFEST, generation / SEAL
        try:
            written = file.read_bytes()
            whole = not seal.is_file() or seal.read_bytes() == sealed(written).encode()
            data = json.loads(written)
        except (OSError, ValueError) as error:
            raise LibraryError(f"{file}: cannot be read ({error}); rebuild the library") from error
        if not whole:
            raise LibraryError(
                f"{file}: damaged (it differs from {SEAL} beside it); rebuild the library"
            )
        if data.get("format_version") != FORMAT_VERSION:
            raise LibraryError(
                f"{generation}: format version {data.get('format_version')!r}, this jmedsearch "
                f"reads {FORMAT_VERSION}. Build the library anew from its sources, which "
                f"jmedsearch imports --library {generation.parents[1]} lists: "
                "jmedsearch index SOURCE --library NEW_DIR. Collections stay as they are"
            )
        data["profile"] = TextProfile.from_dict(data["profile"])
        data["segments"] = tuple(Segment(**s) for s in data["segments"])
        data["notes"] = tuple(data["notes"])
        data["files"] = {name: (sha, size) for name, (sha, size) in data["files"].items()}
        if data.get("relevance"):
            data["relevance"] = RelevanceLine.from_dict(data["relevance"])
        data["vectors"] = VectorIndexState(**data.get("vectors", {}))
        return cls(**data)

    def check_encoder(self, model: ModelDirectory, library: Path) -> None:
        """Refuse an encoder other than the one that ``library`` was built with.

        Raises:
            LibraryError: naming both models and the command that rebuilds.
        """
        if model.fingerprint != self.encoder_fingerprint:
            raise LibraryError(
                f"{library} was built with {self.model} ({self.encoder_fingerprint[:12]}), not "
                f"with {model.name} ({model.fingerprint[:12]}). Search it with its own model, or "
                f"build another: jmedsearch index SOURCE --library NEW_DIR --model {model.name}"
            )


def live_folder(library: Path) -> Path | None:
    """The folder of the live generation; None where nothing has been published yet.

    Raises:
        LibraryError: when CURRENT names a generation that is not there.
    """
    try:
        name = (library / CURRENT).read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise LibraryError(f"{library}: cannot be read ({error.strerror})") from error
    generation = library / GENERATIONS / name
    if "/" in name or not generation.is_dir():
        raise LibraryError(f"{library}: CURRENT names generation {name!r}, which is not there")
    return generation


def file_checksum(file: Path) -> tuple[str, int]:
    """SHA-256 and size in bytes of a file."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest(), file.stat().st_size


def sealed(written: bytes) -> str:
    """What stands in the seal of a manifest."""
    return hashlib.sha256(written).hexdigest() + "\n"


def check_readily(generation: Path, manifest: Manifest, *, without: str = "") -> list[str]:
    """What can be seen to be wrong with a generation in the time that opening it takes: files that
    are missing (but for ``without``) or have another size, and small ones with another content."""
    problems = []
    left = _READ_AT_OPENING
    for name, (checksum, size) in sorted(manifest.files.items(), key=lambda item: item[1][1]):
        file = generation / name
        if not file.is_file():
            if name != without:
                problems.append(f"{name}: missing")
            continue
        left -= size
        if file.stat().st_size != size:
            problems.append(f"{name}: {file.stat().st_size} bytes, should be {size}")
        elif size <= _SMALL and left >= 0 and file_checksum(file)[0] != checksum:
            problems.append(f"{name}: content differs from its checksum")
    return problems


def check_sizes(generation: Path) -> list[str]:
    """What is missing of a generation's files or has another size than its manifest says: what can
    be seen of damage without reading them."""
    problems = []
    for name, (_, size) in sorted(Manifest.read(generation).files.items()):
        file = generation / name
        if not file.is_file():
            problems.append(f"{name}: missing")
        elif file.stat().st_size != size:
            problems.append(f"{name}: {file.stat().st_size} bytes, should be {size}")
    return problems


def verify(generation: Path) -> list[str]:
    """What is wrong with a generation's files against its manifest; empty when all is well."""
    manifest = Manifest.read(generation)
    problems = check_sizes(generation)
    for name, stated in sorted(manifest.files.items()):
        file = generation / name
        if file.is_file() and file.stat().st_size == stated[1] and file_checksum(file) != stated:
            problems.append(f"{name}: content differs from its checksum")
    present = {
        str(f.relative_to(generation))
        for f in generation.rglob("*")
        if f.is_file() and f.name not in _NOT_LISTED
    }
    return problems + [
        f"{name}: not in the manifest" for name in sorted(present - set(manifest.files))
    ]
