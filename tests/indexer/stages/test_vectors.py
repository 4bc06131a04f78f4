"""The vector index: chosen by number and memory, filled, searched with filters, trained anew."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from indexer.run.pipeline import build
from indexer.stages.vector_index_writer import (
    EXACT,
    VectorSettings,
    chosen_kind,
    drifted,
    write_index,
)
from search.library.generation import Generation
from search.library.manifest import (
    LibraryError,
    Manifest,
    Segment,
    VectorIndexKind,
    VectorIndexState,
    live_folder,
)
from search.library.owners import OWNERS
from search.library.passage_set import PassageSet, SplitSet
from search.library.segments import SEGMENT_PARTS, Segments
from search.library.vector_index import VectorIndex
from tests.indexer.conftest import RECORDS

DIM = 32
TRAINED: list[VectorIndexKind] = ["ivf-sq8", "ivf-pq"]
KINDS: list[VectorIndexKind] = ["exact", *TRAINED]


def themes(count: int, seed: int, spread: float = 0.5) -> NDArray[np.float32]:
    """Unit vectors about 40 themes, the same for every seed, as passages about subjects are."""
    generator = np.random.default_rng(seed)
    centres = np.random.default_rng(0).standard_normal((40, DIM))
    vectors = centres[generator.integers(40, size=count)]
    vectors = vectors + spread * generator.standard_normal((count, DIM))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def segment(folder: Path, base: int, vectors: NDArray[np.float32]) -> Segment:
    """Write a segment of passages with one sentence each, which lies beside its passage."""
    (folder / "vectors").mkdir(parents=True, exist_ok=True)
    count = len(vectors)
    sentences = vectors + 0.05 * np.random.default_rng(base).standard_normal(vectors.shape)
    parts = {
        "passages": vectors.astype(np.float16),
        "sentences": np.rint(sentences * 100).astype(np.int8),
        "scales": np.full(count, 0.01, np.float32),
        "spans": np.zeros((count, 2), np.int32),
        "first": np.arange(count + 1),
    }
    written = Segment(f"{base + 1:06d}", base, count, count)
    for part in SEGMENT_PARTS:
        np.save(folder / "vectors" / f"{written.name}.{part}.npy", parts[part])
    return written


def written(
    folder: Path, segments: Sequence[Segment], kind: VectorIndexKind
) -> tuple[VectorIndexState, VectorIndex]:
    """The index of segments, new, and opened."""
    file = folder / "vectors.faiss"
    state = write_index(file, None, VectorSettings(kind), DIM, (), segments)
    return state, VectorIndex(file, state, Segments(folder / "vectors", segments, DIM))


def split(kept: NDArray[np.bool_], bare: NDArray[np.bool_] | None = None) -> SplitSet:
    """The passages that are kept; none is a bare title unless said so."""
    return SplitSet(
        PassageSet.where(kept), PassageSet.where(kept & False if bare is None else bare)
    )


def recall(
    index: VectorIndex,
    vectors: NDArray[np.float32],
    queries: NDArray[np.float32],
    kept: NDArray[np.bool_] | None = None,
    bare: NDArray[np.bool_] | None = None,
    handicap: float | None = None,
) -> float:
    """Recall@10 against comparing all."""
    kept = np.ones(len(vectors), bool) if kept is None else kept
    numbers = np.flatnonzero(kept)
    less = 0.0 if bare is None or handicap is None else handicap * bare[numbers]
    found = 0
    for query in queries:
        best = numbers[np.argsort(less - vectors[numbers] @ query)[:10]]
        found += len(np.intersect1d(best, index.nearest(query, 10, split(kept, bare), handicap)[1]))
    return found / (10 * len(queries))


@pytest.fixture(scope="module")
def vectors() -> NDArray[np.float32]:
    return themes(60_000, 1).astype(np.float16).astype(np.float32)


@pytest.fixture(
    scope="module", params=[pytest.param(kind, marks=pytest.mark.slow) for kind in KINDS]
)
def large(
    request: pytest.FixtureRequest,
    vectors: NDArray[np.float32],
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[VectorIndexState, VectorIndex]:
    """An index of each kind over 60 000 vectors in two segments."""
    folder = tmp_path_factory.mktemp(request.param)
    segments = [
        segment(folder, 0, vectors[:40_000]),
        segment(folder, 40_000, vectors[40_000:]),
    ]
    return written(folder, segments, request.param)


def test_recall_against_comparing_all(
    large: tuple[VectorIndexState, VectorIndex], vectors: NDArray[np.float32]
) -> None:
    state, index = large
    least = 1.0 if state.kind == "exact" else 0.95
    assert recall(index, vectors, themes(50, 2)) >= least


@pytest.mark.parametrize("share", [0.5, 0.1, 0.01, 0.0005])
def test_a_filter_costs_no_recall(
    large: tuple[VectorIndexState, VectorIndex], vectors: NDArray[np.float32], share: float
) -> None:
    kept = np.random.default_rng(3).random(len(vectors)) < share
    assert recall(large[1], vectors, themes(50, 2), kept) >= 0.95


def test_a_filter_costs_no_recall_where_it_leaves_too_many_to_compare(
    large: tuple[VectorIndexState, VectorIndex],
    vectors: NDArray[np.float32],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("search.library.vector_index.SCANNED", 0)
    kept = np.random.default_rng(3).random(len(vectors)) < 0.01
    assert recall(large[1], vectors, themes(50, 2), kept) >= 0.95


# None is nearer than another by more than 2: with that much, one kind comes before the other.
@pytest.mark.parametrize("handicap", [0.0, 0.1, -0.1, 2.0, -2.0])
@pytest.mark.parametrize("share", [0.2, 0.9, 0.001])
def test_bare_titles_have_a_handicap_and_no_less_recall(
    large: tuple[VectorIndexState, VectorIndex],
    vectors: NDArray[np.float32],
    share: float,
    handicap: float,
) -> None:
    generator = np.random.default_rng(4)
    bare = generator.random(len(vectors)) < share
    for kept in (np.ones(len(vectors), bool), generator.random(len(vectors)) < 0.5):
        assert recall(large[1], vectors, themes(20, 2), kept, bare, handicap) >= 0.95
        scores, numbers = large[1].nearest(themes(1, 5)[0], 1000, split(kept, bare), handicap)
        exact = vectors[numbers] @ themes(1, 5)[0] - handicap * bare[numbers]
        np.testing.assert_allclose(scores, exact, atol=1e-5)
        assert (np.diff(scores) <= 0).all()
        assert kept[numbers].all()
        assert len(set(numbers.tolist())) == len(numbers) == 1000


def test_scores_are_those_of_the_stored_rows(
    large: tuple[VectorIndexState, VectorIndex], vectors: NDArray[np.float32]
) -> None:
    query = themes(1, 5)[0]
    scores, numbers = large[1].nearest(query, 100, split(np.ones(len(vectors), bool)))
    np.testing.assert_allclose(scores, vectors[numbers] @ query, atol=1e-5)
    assert (np.diff(scores) <= 0).all()
    assert len(set(numbers.tolist())) == len(numbers) == 100


def test_what_is_left_out_is_never_found(
    large: tuple[VectorIndexState, VectorIndex], vectors: NDArray[np.float32]
) -> None:
    kept = np.ones(len(vectors), bool)
    query = themes(1, 5)[0]
    kept[large[1].nearest(query, 500, split(kept))[1]] = False
    _, numbers = large[1].nearest(query, 1000, split(kept))
    assert kept[numbers].all()
    assert len(large[1].nearest(query, 10, split(kept & False))[1]) == 0
    assert len(large[1].nearest(query, 10, split(kept & False), 0.1)[1]) == 0


@pytest.mark.parametrize(
    ("total", "choice", "memory", "kind"),
    [
        (100, "ivf-pq", 4000, "exact"),  # nothing can be trained
        (EXACT, "auto", 4000, "exact"),
        (EXACT + 1, "auto", 4000, "ivf-sq8"),
        (EXACT + 1, "auto", 10, "ivf-pq"),
        (10_000_000, "auto", 4000, "ivf-pq"),
        (10_000_000, "auto", 400_000, "ivf-pq"),
        (1_000_000, "exact", 1, "exact"),
        (1000, "ivf-sq8", 4000, "ivf-sq8"),
    ],
)
def test_the_kind_by_number_memory_and_choice(
    total: int, choice: VectorIndexKind, memory: int, kind: VectorIndexKind
) -> None:
    assert chosen_kind(total, 384, VectorIndexState(choice=choice, memory=memory)) == kind


def added(
    folder: Path, target: Path, state: VectorIndexState, old: Segment, more: NDArray[np.float32]
) -> tuple[VectorIndexState, VectorIndex]:
    """What an update makes of the index in ``folder``."""
    (target / "vectors").mkdir(parents=True)
    for file in (folder / "vectors").iterdir():
        (target / "vectors" / file.name).hardlink_to(file)
    new = segment(target, old.passages, more)
    file = target / "vectors.faiss"
    before = (folder / "vectors.faiss", state)
    after = write_index(file, before, VectorSettings(), DIM, (old,), (new,))
    return after, VectorIndex(file, after, Segments(target / "vectors", (old, new), DIM))


@pytest.mark.parametrize("kind", TRAINED)
@pytest.mark.slow
def test_centroids_are_kept_until_they_no_longer_fit(tmp_path: Path, kind: VectorIndexKind) -> None:
    first = themes(6000, 1)
    old = segment(tmp_path / "1", 0, first)
    state, _ = written(tmp_path / "1", [old], kind)
    assert (state.trained_on, state.added) == (6000, 0)

    alike = themes(2000, 7)
    kept, index = added(tmp_path / "1", tmp_path / "2", state, old, alike)
    assert (kept.trained_on, kept.added) == (6000, 2000)
    assert kept.added_residual == pytest.approx(state.residual, rel=0.1)
    assert recall(index, np.concatenate([first, alike]), themes(50, 2)) >= 0.95

    strange = -themes(2000, 8)
    anew, index = added(tmp_path / "1", tmp_path / "3", state, old, strange)
    assert (anew.trained_on, anew.added) == (8000, 0)
    assert recall(index, np.concatenate([first, strange]), -themes(50, 2)) >= 0.95


def test_drift() -> None:
    state = VectorIndexState("ivf-pq", "auto", 4000, 16, 10_000, 0.2, 1.2, 2000, 0.21)
    assert not drifted(state, 12_000, 1.3)
    assert drifted(replace(state, added_residual=0.24), 12_000, 1.3)
    assert drifted(state, 12_000, 1.9)
    assert drifted(replace(state, added=40_000), 50_000, 1.3)
    assert not drifted(replace(state, added=900, added_residual=0.5), 10_900, 1.3)


@pytest.mark.slow
def test_a_library_keeps_what_was_asked_of_its_index(
    tmp_path: Path, published_layout: Path, source: Callable[..., Path]
) -> None:
    many = [
        {"id": f"m{i}", "title": f"{i} 例の検討", "abstract": "転帰を調べた。"} for i in range(300)
    ]
    library = tmp_path / "library"
    settings = VectorSettings("ivf-pq", 50)
    build(
        [source(*RECORDS, *many)],
        library,
        model=str(published_layout),
        device="cpu",
        settings=settings,
    )
    first = manifest(library)
    assert (first.vectors.kind, first.vectors.choice, first.vectors.memory) == ("ivf-pq",) * 2 + (
        50,
    )
    build([source({"id": "c", "title": "喘息の管理"})], library, device="cpu")
    second = manifest(library)
    assert second.vectors == replace(
        first.vectors, added=1, added_residual=second.vectors.added_residual
    )
    # Nothing new, but another kind is asked for.
    build([source(*RECORDS)], library, device="cpu", settings=VectorSettings("exact"))
    assert manifest(library).vectors == VectorIndexState("exact", "exact", 50)


def manifest(library: Path) -> Manifest:
    live = live_folder(library)
    assert live is not None
    return Manifest.read(live)


def test_damaged_arrays_of_owners_are_told(built: Path) -> None:
    generation = live_folder(built)
    assert generation is not None
    np.save(generation / OWNERS, np.zeros(7, np.int32))
    with pytest.raises(LibraryError, match=r"damaged \(passage_records.npy"):
        Generation(generation)
    (generation / OWNERS).write_bytes((generation / OWNERS).read_bytes()[:-4])
    with pytest.raises(LibraryError, match="damaged"):
        Generation(generation)
