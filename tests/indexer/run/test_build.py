"""Generations: what an indexing run publishes, and what it leaves alone."""

import gzip
import json
import shutil
from collections.abc import Callable, Iterable, Iterator
from functools import partialmethod
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from indexer.run.imports import imports
from indexer.run.pipeline import build
from indexer.sample import build_sample
from indexer.stages.staging import BuildError, locked
from search.encoder import Encoder
from search.library.generation import Generation
from search.library.library import Library
from search.library.manifest import LibraryError, live_folder, verify
from search.ranked.engine import Engine
from tests.indexer.conftest import RECORDS, index
from web.cli.index import index as index_command


def opened(library: Path) -> Generation:
    return Library(library).generation()


def test_a_first_build(built: Path) -> None:
    generation = opened(built)
    assert generation.name == "000001"
    # Of each record title and abstract, and the title by itself.
    assert (generation.manifest.records, generation.manifest.passages) == (2, 4)
    assert verify(generation.path) == []
    found = generation.record("b")
    assert found is not None
    assert found[1].journal == "架空循環器"
    assert generation.journals() == [("架空循環器", 1)]
    assert generation.languages() == [("ja", 2)]
    assert generation.years() == (2019, 2019)
    assert not (built / "staging").exists()


def test_a_run_that_changes_nothing_is_kept_and_shares_every_file(
    built: Path, source: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("indexer.run.pipeline.load_encoder", None)  # not loaded for that
    before = opened(built).path
    report = index(source(*RECORDS), built)
    assert (report.read, report.unchanged) == (2, 2)
    after = opened(built).path
    assert (after.name, report.generation) == ("000002", after)
    assert verify(after) == []
    files = [f.relative_to(before) for f in before.rglob("*") if f.is_file()]
    copied = {str(f) for f in files if not _is_lock(f) and not (before / f).samefile(after / f)}
    assert copied == {"MANIFEST.json", "MANIFEST.sha256", "records.db"}
    assert [(i.number, i.new, i.unchanged) for i in imports(built)] == [(1, 2, 0), (2, 0, 2)]


def test_an_update_embeds_only_what_changed(
    built: Path, source: Callable[..., Path], tiny_encoder: Encoder
) -> None:
    before = opened(built)
    old_row = before.vectors([0])[0]
    changed = {**RECORDS[1], "abstract": "まったく別の要旨である。"}
    added = {"id": "c", "title": "喘息の管理", "abstract": "吸入ステロイドを用いた。"}
    report = index(source(RECORDS[0], changed, added), built)
    assert (report.new, report.replaced, report.unchanged) == (1, 1, 1)
    after = opened(built)
    assert after.name == "000002"
    assert (after.manifest.records, after.manifest.passages) == (3, 6)
    assert verify(after.path) == []
    # The first segment is the same file; the second holds what is new of two records.
    assert [s.passages for s in after.manifest.segments] == [4, 4]
    first = "vectors/000001.passages.npy"
    assert (before.path / first).samefile(after.path / first)
    np.testing.assert_array_equal(after.vectors([0])[0], old_row)
    # The replaced passage is reachable no more, by either leg.
    engine = Engine(Library(built), tiny_encoder)
    dense = engine.search("スタチン", leg="dense").hits
    assert sorted(h.record.id for h in dense) == ["a", "b", "c"]
    assert [h.record.id for h in engine.search("スタチン", leg="lexical").hits] == []
    assert [h.record.id for h in engine.search("喘息", leg="lexical").hits] == ["c"]
    # And the old generation still answers as it did.
    assert verify(before.path) == []


def test_new_metadata_needs_no_new_vector(built: Path, source: Callable[..., Path]) -> None:
    index(source({**RECORDS[1], "journal": "別の雑誌"}), built)
    after = opened(built)
    assert [s.passages for s in after.manifest.segments] == [4]
    assert after.journals() == [("別の雑誌", 1)]


def test_updates_end_where_one_build_ends(
    built: Path,
    tmp_path: Path,
    published_layout: Path,
    source: Callable[..., Path],
    tiny_encoder: Encoder,
) -> None:
    final = [
        {**RECORDS[0], "title": "肺炎の新しい治療"},
        RECORDS[1],
        {"id": "c", "title": "喘息の管理", "abstract": "吸入ステロイドを用いた。咳が減った。"},
    ]
    index(source(final[2]), built)
    index(source(final[0]), built)
    index(source(*final, name="all.jsonl"), tmp_path / "peace", published_layout)
    by_steps, at_once = (Engine(Library(d), tiny_encoder) for d in (built, tmp_path / "peace"))
    for query in ("肺炎", "ステロイドの吸入", "予後"):
        left, right = (e.search(query, leg="dense").hits for e in (by_steps, at_once))
        assert [h.record for h in left] == [h.record for h in right]
        np.testing.assert_allclose(
            [h.dense_score for h in left], [h.dense_score for h in right], atol=1e-5
        )
        left, right = (e.search(query, leg="lexical").hits for e in (by_steps, at_once))
        assert [h.record.id for h in left] == [h.record.id for h in right]
    counts = []
    for library in (built, tmp_path / "peace"):
        from sqlite_utils import Database

        db = Database(opened(library).path / "terms.db")
        counts.append(
            dict(db.execute("select term, records from terms where records > 0").fetchall())
        )
        db.close()
    assert counts[0] == counts[1]


def test_bad_lines_are_counted_and_the_rest_goes_on(tmp_path: Path, published_layout: Path) -> None:
    file = tmp_path / "corpus.jsonl.gz"
    lines = [
        '{"_id": "1", "title": "", "text": "肺炎の患者。", "metadata": {"year": 2001}}',
        "not json",
        '{"_id": "2", "title": "", "text": ""}',
        '{"_id": "3", "title": "喘息", "text": "", "metadata": {"journal": "J"}}',
    ]
    file.write_bytes(gzip.compress("\n".join(lines).encode()))
    report = index(file, tmp_path / "library", published_layout)
    assert (report.read, report.new) == (4, 2)
    assert report.rejected == 2
    assert [(r.place, r.reason.split(":")[0]) for r in report.problems] == [
        ("line 2", "not JSON"),
        ("line 3", "title and abstract are both empty; there is nothing to search"),
    ]
    found = opened(tmp_path / "library").record("1")
    assert found is not None
    assert found[1].year == 2001


def test_nothing_usable_is_an_error_that_names_the_problem(
    tmp_path: Path, source: Callable[..., Path]
) -> None:
    with pytest.raises(BuildError, match=r"records\.jsonl, line 1: id is missing"):
        index(source({"title": "x"}), tmp_path / "library")
    assert live_folder(tmp_path / "library") is None


def test_two_writers_at_once(built: Path, source: Callable[..., Path]) -> None:
    with locked(built), pytest.raises(BuildError, match="another jmedsearch process"):
        index(source(*RECORDS), built)


def test_another_encoder_is_refused(built: Path, source: Callable[..., Path]) -> None:
    with pytest.raises(LibraryError, match=r"built with tiny.*jmedsearch index"):
        build([source(*RECORDS)], built, model="embedded")


def test_an_unknown_format_version_is_refused(built: Path) -> None:
    manifest = opened(built).path / "MANIFEST.json"
    manifest.with_name("MANIFEST.sha256").unlink()
    manifest.write_text(json.dumps({**json.loads(manifest.read_text()), "format_version": 99}))
    with pytest.raises(LibraryError, match=r"format version 99.*Build the library anew"):
        Library(built).generation()


@pytest.mark.slow
def test_a_run_that_was_killed_is_resumed_without_embedding_again(
    built: Path, tmp_path: Path, published_layout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    records = [{"id": f"{i}", "title": f"題{i}", "abstract": f"肺炎{i}例。"} for i in range(600)]
    file = tmp_path / "many.jsonl"
    file.write_text("".join(json.dumps(r) + "\n" for r in records))
    counted: list[int] = []
    original = Encoder.encode_prepared

    def counting(self: Encoder, chunks: Iterable, last: int | None) -> Iterator:
        for encoded in original(self, chunks):
            counted.append(len(encoded))
            if len(counted) == last:
                raise KeyboardInterrupt
            yield encoded

    monkeypatch.setattr(Encoder, "encode_prepared", partialmethod(counting, last=3))
    with pytest.raises(KeyboardInterrupt):
        index(file, built)
    # Of each record title and abstract, and the title by itself.
    assert counted == [512, 512, 176]
    assert opened(built).name == "000001"
    counted.clear()
    monkeypatch.setattr(Encoder, "encode_prepared", partialmethod(counting, last=None))
    index(file, built)
    assert counted[0] == 1200 - 2 * 512  # the rest are the fusion weight's own
    assert opened(built).manifest.records == 602


@pytest.mark.parametrize("damage", ["vectors.faiss", "records.db", "lexical/meta.json"])
def test_verify_names_what_is_damaged(built: Path, damage: str) -> None:
    file = opened(built).path / damage
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 0xFF
    file.write_bytes(content)
    assert verify(opened_path(built)) == [f"{damage}: content differs from its checksum"]
    file.unlink()
    assert verify(opened_path(built)) == [f"{damage}: missing"]


@pytest.mark.parametrize("dry", [True, False])
@pytest.mark.parametrize(
    ("damage", "said"),
    [("torn", "vectors.faiss: 40 bytes, should be"), ("flipped", "content differs")],
)
def test_nothing_is_built_on_a_damaged_generation(
    built: Path, source: Callable[..., Path], damage: str, said: str, dry: bool
) -> None:
    live = opened(built).path
    # A dry run reads the records alone.
    file = live / ("records.db" if dry and damage == "flipped" else "vectors.faiss")
    content = file.read_bytes()
    file.write_bytes(content[:40] if damage == "torn" else bytes(16) + content[16:])
    new = source({"id": "c", "title": "骨折の治療"}, name="new.jsonl")
    told = CliRunner().invoke(
        index_command, [str(new), "--library", str(built), *(["--dry-run"] if dry else [])]
    )
    assert told.exit_code == 1
    (error,) = (x for x in told.output.splitlines() if x.startswith("Error: "))
    assert said in error
    assert "--rollback NUMBER" in error
    assert opened_path(built) == live


def opened_path(library: Path) -> Path:
    path = live_folder(library)
    assert path is not None
    return path


def test_current_that_points_nowhere(built: Path) -> None:
    (built / "CURRENT").write_text("000009\n")
    with pytest.raises(LibraryError, match="'000009', which is not there"):
        Library(built).generation()


def test_the_sample_is_built_once(sample_library: Path) -> None:
    before = opened_path(sample_library)
    build_sample(sample_library)
    assert opened_path(sample_library) == before
    assert Generation(before).is_sample


def test_the_sample_of_another_version_is_replaced(
    tmp_path: Path, source: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    library = tmp_path / "sample"
    for records in (RECORDS, [*RECORDS, {"id": "c", "title": "喘息"}], RECORDS[1:]):
        file = source(*records)
        monkeypatch.setattr("indexer.sample.sample_files", lambda file=file: (file, file))
        build_sample(library)
        generation = Library(library).generation()
        assert generation.manifest.records == len(records)
        assert generation.is_sample
        assert generation.name == "000001"


def test_the_sample_does_not_take_over_another_library(built: Path) -> None:
    with pytest.raises(BuildError, match="holds another library"):
        build_sample(built)


def test_a_moved_library_still_opens(built: Path, tmp_path: Path) -> None:
    shutil.move(built, tmp_path / "moved")
    assert opened(tmp_path / "moved").manifest.records == 2


def _is_lock(file: Path) -> bool:
    """tantivy leaves these where an index was opened; no generation owns them."""
    return file.name.endswith(".lock")
