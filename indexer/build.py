"""Records to a published generation: plan, embed, index, publish.

What an update costs grows with the update for vectors, lexical index and vocabulary counts;
``records.db``, ``terms.db`` and the exact FAISS index are copied whole.
"""

import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path

from indexer.embed import embed_records, segment_vectors
from indexer.fusion_weight import FusionChoice, learn_fusion
from indexer.lexical import write_lexical
from indexer.staging import STAGING, BuildError, fresh_generation, locked, next_number, publish
from indexer.store import RecordStore
from indexer.vectors import write_index
from indexer.vocabulary import write_vocabulary
from search.encoder import EMBEDDED, Encoder, load_encoder, open_model
from search.encoder.encoder import Device
from search.formats import FormatError, Rejected, read_records
from search.library import (
    FORMAT_VERSION,
    SAMPLE_NOTE,
    Generation,
    Manifest,
    Segment,
    live_generation,
)
from search.records import Record

# The fusion weight is learnt anew once the library has grown or changed by this share.
_RELEARN = 0.2


@dataclass(frozen=True)
class RejectedItem:
    """An item that was left out: its file, its place there, and why."""

    source: str
    place: str
    reason: str


@dataclass
class Report:
    """What an indexing run did, in records."""

    read: int = 0
    new: int = 0
    replaced: int = 0
    unchanged: int = 0
    rejected: list[RejectedItem] = field(default_factory=list)
    generation: Path | None = None


class Progress:
    """Told what happens; this one is silent. ``stage`` names, ``advance`` counts."""

    def stage(self, name: str, total: int | None) -> None:
        """A stage begins, with its number of steps where it is known."""

    def advance(self, steps: int) -> None:
        """Some steps of the stage are done."""

    def rejected(self, item: RejectedItem) -> None:
        """An item was left out."""


def build(
    sources: Sequence[Path],
    library: Path,
    *,
    model: str | None = None,
    device: Device = "auto",
    format_name: str | None = None,
    notes: tuple[str, ...] = (),
    progress: Progress | None = None,
) -> Report:
    """Add the records of ``sources`` to ``library`` and publish a new generation.

    A record whose id the library knows is replaced if it differs. Without ``model`` an existing
    library keeps its own and a new one gets the embedded model. Nothing is published when nothing
    changed.

    Raises:
        BuildError, LibraryError, ModelError, FormatError: with what to do.
    """
    progress = progress or Progress()
    with locked(library):
        live = live_generation(library)
        previous = Generation(live) if live else None
        chosen = open_model(model or (previous.manifest.model_source if previous else EMBEDDED))
        if previous:
            previous.check_encoder(chosen)
        staged = fresh_generation(library)
        report = Report()
        store = RecordStore(staged / "records.db", live / "records.db" if live else None)
        changes = _take(store, sources, format_name, report, progress)
        if not changes.any():
            store.close()
            shutil.rmtree(library / STAGING, ignore_errors=True)
            if previous is None:
                raise BuildError(_nothing(sources, report))
            return report
        encoder = load_encoder(chosen, device)
        base = sum(s.passages for s in previous.manifest.segments) if previous else 0
        old_segments = previous.manifest.segments if previous else ()
        with store.db.atomic():
            store.forget_passages(changes.reembed)
        progress.stage("embed", len(changes.embed))
        new_segments, passages = embed_records(
            encoder,
            store.records(changes.embed),
            staged / "vectors",
            library / STAGING / "embedded",
            base,
            next_segment(old_segments),
            progress.advance,
        )
        with store.db.atomic():
            store.add_passages((p.number, p.record, p.language, p.start, p.end) for p in passages)
        progress.stage("index", None)
        if live:
            _link_segments(live, staged, old_segments)
        segments = (*old_segments, *new_segments)
        write_index(
            staged / "vectors.faiss",
            live / "vectors.faiss" if live else None,
            chosen.dim,
            segment_vectors(staged / "vectors", new_segments),
        )
        write_lexical(
            staged / "lexical",
            live / "lexical" if live else None,
            changes.known,
            store.records(changes.touched),
        )
        write_vocabulary(
            staged / "terms.db",
            live / "terms.db" if live else None,
            changes.known,
            store.records(changes.touched),
        )
        fusion = _fusion(previous, store, encoder, staged, segments, len(changes.touched), progress)
        records, live_passages = store.counts()
        store.close()
        manifest = Manifest(
            format_version=FORMAT_VERSION,
            generation=next_number(library),
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            model=chosen.name,
            model_source=previous.manifest.model_source if previous else _source(model),
            encoder_fingerprint=chosen.fingerprint,
            dim=chosen.dim,
            pooling=chosen.pooling,
            profile=chosen.profile,
            fusion=fusion.fusion,
            dense_weight=fusion.dense_weight,
            fusion_learnt_on=fusion.records,
            records=records,
            passages=live_passages,
            segments=segments,
            notes=previous.manifest.notes if previous else notes,
            files={},
        )
        progress.stage("publish", None)
        report.generation = publish(
            library, staged, manifest, previous.manifest if previous else None
        )
        return report


def sample_files() -> tuple[Path, Path]:
    """The bundled sample: its records and its listed queries."""
    folder = Path(str(resources.files("search") / "sample"))
    return folder / "records.jsonl", folder / "queries.jsonl"


def build_sample(directory: Path, progress: Progress | None = None) -> None:
    """Build the library of the bundled, fictional sample records with the embedded model.

    Does nothing where it is there already; a library made with another model is replaced.

    Raises:
        BuildError: when ``directory`` holds a library that is not the sample's.
    """
    live = live_generation(directory)
    if live is not None:
        manifest = Manifest.read(live)
        if SAMPLE_NOTE not in manifest.notes:
            raise BuildError(f"{directory}: holds another library; choose an empty folder")
        if manifest.encoder_fingerprint != open_model(EMBEDDED).fingerprint:
            shutil.rmtree(directory)
    build([sample_files()[0]], directory, notes=(SAMPLE_NOTE,), progress=progress)


def next_segment(segments: Sequence[Segment]) -> int:
    """The number after the last segment's."""
    return int(segments[-1].name) + 1 if segments else 1


@dataclass
class _Changes:
    """Numbers of records that this run touched, in order of first appearance."""

    new: dict[int, None] = field(default_factory=dict)
    replaced: dict[int, None] = field(default_factory=dict)
    metadata: dict[int, None] = field(default_factory=dict)

    def any(self) -> bool:
        return bool(self.new or self.replaced or self.metadata)

    @property
    def embed(self) -> list[int]:
        """Need vectors."""
        return sorted({*self.new, *self.replaced})

    @property
    def reembed(self) -> list[int]:
        """Have vectors that no longer hold."""
        return sorted(self.replaced)

    @property
    def known(self) -> list[int]:
        """Are in the previous generation in another form."""
        return sorted({*self.replaced, *self.metadata})

    @property
    def touched(self) -> list[int]:
        """All of them."""
        return sorted({*self.new, *self.replaced, *self.metadata})


def _take(
    store: RecordStore,
    sources: Sequence[Path],
    format_name: str | None,
    report: Report,
    progress: Progress,
) -> _Changes:
    """Read every source into the staged store."""
    changes = _Changes()
    progress.stage("read", sum(s.stat().st_size for s in sources if s.is_file()))
    with store.db.atomic():
        for source in sources:
            before = 0
            try:
                for item, position in read_records(source, format_name):
                    progress.advance(position - before)
                    before = position
                    report.read += 1
                    if isinstance(item, Rejected):
                        _reject(
                            RejectedItem(str(source), item.place, item.reason), report, progress
                        )
                    elif isinstance(item, Record):
                        _put(store, item, changes, report)
            except FormatError as error:
                _reject(RejectedItem(str(source), "", str(error)), report, progress)
    return changes


def _put(store: RecordStore, record: Record, changes: _Changes, report: Report) -> None:
    number, change = store.put(record)
    if change == "unchanged":
        report.unchanged += 1
    elif change == "new":
        report.new += 1
        changes.new[number] = None
    else:
        report.replaced += 1
        # A record that came twice in this run is still new to the library.
        if number not in changes.new:
            (changes.replaced if change == "replaced" else changes.metadata)[number] = None


def _reject(item: RejectedItem, report: Report, progress: Progress) -> None:
    report.rejected.append(item)
    progress.rejected(item)


def _nothing(sources: Iterable[Path], report: Report) -> str:
    names = ", ".join(str(s) for s in sources)
    if report.rejected:
        first = report.rejected[0]
        where = f"{first.source}, {first.place}" if first.place else first.source
        return f"{names}: no usable record; the first problem is in {where}: {first.reason}"
    return f"{names}: no records in there"


def _link_segments(live: Path, staged: Path, segments: Iterable[Segment]) -> None:
    names = {s.name for s in segments}
    (staged / "vectors").mkdir(exist_ok=True)
    for file in (live / "vectors").iterdir():
        if file.name.split(".")[0] in names:
            (staged / "vectors" / file.name).hardlink_to(file)


def _source(model: str | None) -> str:
    """What to open the model by later: a path is made absolute."""
    if model and Path(model).expanduser().is_dir():
        return str(Path(model).expanduser().resolve())
    return model or EMBEDDED


def _fusion(
    previous: Generation | None,
    store: RecordStore,
    encoder: Encoder,
    staged: Path,
    segments: Sequence[Segment],
    touched: int,
    progress: Progress,
) -> FusionChoice:
    records, _ = store.counts()
    if previous:
        manifest = previous.manifest
        if abs(records - manifest.fusion_learnt_on) + touched < _RELEARN * max(records, 1):
            return FusionChoice(manifest.fusion, manifest.dense_weight, manifest.fusion_learnt_on)
    progress.stage("fusion", None)
    return learn_fusion(store, encoder, staged / "vectors", segments)
