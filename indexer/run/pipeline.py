"""Records to a published generation: read, embed, index, publish.

What an update costs grows with the update for vectors, lexical index and vocabulary counts;
``records.db``, ``terms.db`` and the FAISS index are copied whole where they change, and linked
where they don't.
"""

import functools
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from indexer.learning.fusion_weight import FusionChoice, learn_fusion
from indexer.learning.relevance_line import learn_relevance_line
from indexer.run.imports import Export, keep_import, made_before
from indexer.run.intake import Progress, Reading, Report, take
from indexer.run.sources import find_sources
from indexer.run.storage_errors import check_whole, told_of_damage, told_of_storage
from indexer.stages.embed import embed_records
from indexer.stages.lexical_writer import write_lexical
from indexer.stages.preparation import record_chunks
from indexer.stages.ray_embedding import Cluster, embed_on_ray
from indexer.stages.staging import (
    STAGING,
    BuildError,
    fresh_generation,
    link_files,
    locked,
    next_number,
    publish,
)
from indexer.stages.term_vector_writer import write_term_vectors
from indexer.stages.vector_index_writer import VectorSettings, write_index
from indexer.stages.vocabulary_writer import write_vocabulary
from indexer.store.record_store import RecordStore
from search.encoder import EMBEDDED, Encoder, ModelDirectory, load_encoder, open_model
from search.encoder.encoder import Device
from search.library.generation import Generation
from search.library.manifest import (
    FORMAT_VERSION,
    MANIFEST,
    Manifest,
    Segment,
    check_sizes,
    live_folder,
)
from search.library.owners import BARE, OWNERS, owners_in
from search.library.relevance import RelevanceLine

# What is embedded before it is published, in a library: another run takes it from there.
EMBEDDED_CHUNKS = Path(STAGING) / "embedded"
# The fusion weight is learnt anew once the library has grown or changed by this share.
_RELEARN = 0.2


@dataclass(frozen=True)
class Edit:
    """A generation being made: its folder and records, the one it is made from, its model."""

    library: Path
    staged: Path
    store: RecordStore
    live: Path | None
    previous: Manifest | None
    model: ModelDirectory


def build(
    sources: Sequence[str | Path],
    library: Path,
    *,
    model: str | None = None,
    device: Device = "auto",
    reading: Reading | None = None,
    export: Export | None = None,
    notes: tuple[str, ...] = (),
    progress: Progress | None = None,
    settings: VectorSettings | None = None,
    ray: str | None = None,
) -> Report:
    """Add the records of ``sources`` to ``library`` and publish a new generation.

    Sources are files, folders, patterns, archives, or ``-`` for standard input. What a database
    gives under an id that it gave before replaces that; what is the same as another record is
    merged with it. Without ``model`` an existing library keeps its own and a new one gets the
    embedded model. A run that can read anything is kept in the library, whatever it changes.
    ``ray`` is the address of a Ray cluster that embeds (:mod:`indexer.stages.ray_embedding`).

    Raises:
        BuildError, LibraryError, ModelError: with what to do.
    """
    progress = progress or Progress()
    names = [str(s) for s in sources]
    started = _now()
    with edit(library, model) as edited:
        store = edited.store
        number = store.next_import()
        export = export or Export()
        if (before := made_before(store, export.key)) is not None:
            before.generation = edited.live
            return before
        found = list(find_sources(names))
        report = take(store, found, number, export.database, reading or Reading(), progress)
        if not report.usable or (edited.live is None and not store.touched_count()):
            raise BuildError(_nothing(names, report))
        with store.db.atomic():
            keep_import(store, number, started, export, names, report)
        report.generation = finish(edited, notes, device, progress, model, settings, ray)
        return report


def dry_run(
    sources: Sequence[str | Path],
    library: Path,
    *,
    reading: Reading | None = None,
    export: Export | None = None,
    progress: Progress | None = None,
    empty: bool = False,
) -> Report:
    """What :func:`build` would report; the library is only read.

    Raises:
        BuildError, LibraryError: with what to do; also where nothing can be read, unless an
            ``empty`` report is wanted for that.
    """
    live = live_folder(library)
    names = [str(s) for s in sources]
    if live:
        check_whole(live, check_sizes(live))
    with (
        tempfile.TemporaryDirectory(prefix="jmedsearch-dry-run-") as folder,
        told_of_storage(folder),
        told_of_damage(live),
    ):
        store = RecordStore(Path(folder) / "records.db", live / "records.db" if live else None)
        try:
            report = take(
                store,
                list(find_sources(names)),
                store.next_import(),
                (export or Export()).database,
                reading or Reading(),
                progress or Progress(),
            )
        finally:
            store.close()
    if not report.usable and not empty:
        raise BuildError(_nothing(names, report))
    return report


@contextmanager
def edit(library: Path, model: str | None = None) -> Iterator[Edit]:
    """Hold the library for writing, with a copy of its records to change; :func:`finish` publishes.

    What was staged is dropped on the way out, but for vectors that the next run can use.

    Raises:
        BuildError: when another process writes the library, or the disk fails.
        LibraryError, ModelError: when the library or its model cannot be opened.
    """
    with locked(library), told_of_storage(library):
        live = live_folder(library)
        previous = Manifest.read(live) if live else None
        if live:
            check_whole(live, check_sizes(live))
        chosen = open_model(model or (previous.model_source if previous else EMBEDDED))
        if previous:
            previous.check_encoder(chosen, library)
        staged = fresh_generation(library)
        try:
            with told_of_damage(live):
                store = RecordStore(staged / "records.db", live / "records.db" if live else None)
                try:
                    yield Edit(library, staged, store, live, previous, chosen)
                finally:
                    store.db.close()
        finally:
            shutil.rmtree(staged, ignore_errors=True)


def finish(
    edited: Edit,
    notes: tuple[str, ...] = (),
    device: Device = "auto",
    progress: Progress | None = None,
    model: str | None = None,
    settings: VectorSettings | None = None,
    ray: str | None = None,
) -> Path:
    """Embed and index what the store says has changed, and publish the generation.

    ``notes`` and ``model`` are those of a first generation. ``settings`` of the vector index
    hold from now on. The encoder is loaded only if needed.
    """
    progress = progress or Progress()
    store, staged, live, previous = edited.store, edited.staged, edited.live, edited.previous
    encoder = functools.cache(lambda: load_encoder(edited.model, device))
    old_segments = previous.segments if previous else ()
    with store.db.atomic():
        store.forget_old_passages()
    (staged / "vectors").mkdir()
    if live:
        _link_segments(live, staged, old_segments)
    cluster = Cluster(ray, _model_source(edited, model), device) if ray else None
    new_segments = (
        _embed(edited, old_segments, encoder, progress, cluster) if store.to_embed_count() else []
    )
    progress.stage("index", None)
    segments = (*old_segments, *new_segments)
    vectors = write_index(
        staged / "vectors.faiss",
        (live / "vectors.faiss", previous.vectors) if live and previous else None,
        settings or VectorSettings(),
        edited.model.dim,
        old_segments,
        new_segments,
    )
    if live and not store.changed():
        for name in (OWNERS, BARE):
            (staged / name).hardlink_to(live / name)
    else:
        write_owners(staged, store.db.conn, sum(s.passages for s in segments))
    if live and not store.changed():
        link_files(live / "lexical", staged / "lexical")
        (staged / "terms.db").hardlink_to(live / "terms.db")
    else:
        write_lexical(
            staged / "lexical",
            live / "lexical" if live else None,
            store.outdated(),
            store.touched(),
        )
        write_vocabulary(
            staged / "terms.db",
            live / "terms.db" if live else None,
            store.outdated(),
            store.touched(),
        )
        progress.stage("terms", None)
        write_term_vectors(staged / "terms.db", encoder, edited.library / EMBEDDED_CHUNKS)
    fusion = _fusion(edited, segments, encoder, progress)
    records, live_passages = store.counts()
    store.close()
    manifest = Manifest(
        format_version=FORMAT_VERSION,
        generation=next_number(edited.library),
        created=_now(),
        model=edited.model.name,
        model_source=_model_source(edited, model),
        encoder_fingerprint=edited.model.fingerprint,
        dim=edited.model.dim,
        pooling=edited.model.pooling,
        profile=edited.model.profile,
        fusion=fusion.fusion,
        dense_weight=fusion.dense_weight,
        latin_weight=fusion.latin_weight,
        fusion_learnt_on=fusion.records,
        records=records,
        passages=live_passages,
        segments=segments,
        notes=previous.notes if previous else notes,
        files={},
        vectors=vectors,
    )
    manifest = replace(manifest, relevance=_relevance(edited, manifest, encoder))
    progress.stage("publish", None)
    return publish(edited.library, staged, manifest, previous)


def write_owners(staged: Path, database: sqlite3.Connection, count: int) -> None:
    """Write the arrays that :func:`search.library.owners.read_owners` reads."""
    owners = owners_in(database, count)
    np.save(staged / OWNERS, owners.record_of)
    np.save(staged / BARE, owners.bare.bits)


def _embed(
    edited: Edit,
    old_segments: Sequence[Segment],
    encoder: Callable[[], Encoder],
    progress: Progress,
    cluster: Cluster | None,
) -> list[Segment]:
    store = edited.store
    checkpoints = edited.library / EMBEDDED_CHUNKS
    progress.stage("embed", store.to_embed_count())
    if cluster:
        chunks = record_chunks(store.to_embed(), encoder().backend.chunk_records)
        embed_on_ray(cluster, encoder(), chunks, checkpoints, progress.advance)
        progress.stage("gather", store.to_embed_count())
    with store.db.atomic():
        return embed_records(
            encoder(),
            store.to_embed(),
            edited.staged / "vectors",
            checkpoints,
            sum(s.passages for s in old_segments),
            next_segment(old_segments),
            store.add_passages,
            progress.advance,
        )


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def next_segment(segments: Sequence[Segment]) -> int:
    """The number after the last segment's."""
    return int(segments[-1].name) + 1 if segments else 1


def _nothing(names: Iterable[str], report: Report) -> str:
    listed = ", ".join(names)
    if report.problems:
        return (
            f"{listed}: no usable record ({report.rejected} left out), nothing was changed; the "
            f"first problem is {report.problems[0]}"
        )
    return f"{listed}: no records in there"


def _link_segments(live: Path, staged: Path, segments: Iterable[Segment]) -> None:
    names = {s.name for s in segments}
    for file in (live / "vectors").iterdir():
        if file.name.split(".")[0] in names:
            (staged / "vectors" / file.name).hardlink_to(file)


def _model_source(edited: Edit, model: str | None) -> str:
    """What to open the model by later: a path is made absolute."""
    if edited.previous:
        return edited.previous.model_source
    if model and Path(model).expanduser().is_dir():
        return str(Path(model).expanduser().resolve())
    return model or EMBEDDED


def _relevance(
    edited: Edit, manifest: Manifest, encoder: Callable[[], Encoder]
) -> RelevanceLine | None:
    """Learnt anew whenever the fusion weight is: from the staged generation, opened as it will be
    searched."""
    previous = edited.previous
    if previous and previous.fusion_learnt_on == manifest.fusion_learnt_on:
        return previous.relevance
    file = edited.staged / MANIFEST
    file.write_text(manifest.to_json(), encoding="utf-8")
    try:
        return learn_relevance_line(Generation(edited.staged), encoder())
    finally:
        file.unlink()


def _fusion(
    edited: Edit,
    segments: Sequence[Segment],
    encoder: Callable[[], Encoder],
    progress: Progress,
) -> FusionChoice:
    store, previous = edited.store, edited.previous
    records, _ = store.counts()
    if previous:
        changed = abs(records - previous.fusion_learnt_on) + store.touched_count()
        if changed < _RELEARN * max(records, 1):
            return FusionChoice(
                previous.fusion,
                previous.dense_weight,
                previous.latin_weight,
                previous.fusion_learnt_on,
            )
    progress.stage("fusion", None)
    return learn_fusion(store, encoder(), edited.staged / "vectors", segments)
