"""Imports: what is kept of a run, dry runs, and the commands that a librarian types."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from indexer.run.imports import Export, imports, rejected
from indexer.run.pipeline import build
from indexer.stages.staging import BuildError
from search.library.library import Library
from search.library.manifest import live_folder
from tests.indexer.conftest import RECORDS
from web.cli.index import index
from web.cli.upkeep import imports as imports_command

RIS = """TY  - JOUR
T1  - 架空の薬物療法
A1  - 架空, 太郎
PY  - 2020
ID  - x1
ER  -
"""


def run(*arguments: str | Path, text: bytes | None = None) -> Result:
    return CliRunner().invoke(index, [str(a) for a in arguments], input=text)


def test_an_import_is_kept_with_what_the_librarian_says(
    built: Path, source: Callable[..., Path]
) -> None:
    file = source({"id": "c", "title": "喘息"}, {"title": "id なし"}, RECORDS[0])
    done = run(
        file, "--library", built, "--database", "医中誌Web", "--searched", "2024-05-01",
        "--note", "喘息/AL", "--device", "cpu",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    kept = imports(built)[1]
    assert (kept.database, kept.searched, kept.note) == ("医中誌Web", "2024-05-01", "喘息/AL")
    assert kept.sources == (str(file),)
    assert (kept.read, kept.new, kept.rejected) == (3, 1, 1)
    assert [(r.source, r.place) for r in rejected(built, 2)] == [(str(file), "line 2")]
    listed = CliRunner().invoke(imports_command, ["--library", str(built)]).output
    assert "医中誌Web, searched 2024-05-01" in listed
    assert "喘息/AL" in listed
    as_json = CliRunner().invoke(imports_command, ["--library", str(built), "--json"]).output
    assert [i["number"] for i in json.loads(as_json)] == [1, 2]
    left_out = CliRunner().invoke(imports_command, ["--library", str(built), "--rejected", "2"])
    assert "line 2: id is missing" in left_out.output


def test_the_same_from_another_database_is_a_duplicate_not_a_change(
    built: Path, source: Callable[..., Path]
) -> None:
    again = {**RECORDS[1], "journal": "", "keywords": ["スタチン"]}
    report = build([source(again)], built, export=Export("CiNii"), device="cpu")
    assert (report.duplicate, report.replaced) == (1, 0)
    found = Library(built).generation().record("b")
    assert found is not None
    assert (found[1].journal, found[1].keywords) == ("架空循環器", ("スタチン",))


def test_a_dry_run_reports_and_writes_nothing(built: Path, source: Callable[..., Path]) -> None:
    before = sorted(built.rglob("*"))
    file = source({**RECORDS[0], "title": "別"}, {"id": "c", "title": "新"}, {})
    done = run(file, "--library", built, "--dry-run")
    assert "1 new, 1 replaced, 0 unchanged, 0 duplicate, 0 deleted, 1 rejected" in done.output
    assert "nothing was written" in done.output
    assert sorted(built.rglob("*")) == before
    done = run(file, "--library", built.parent / "none", "--dry-run")
    assert "2 new" in done.output
    assert not (built.parent / "none").exists()


def test_standard_input_and_folders_with_other_files(
    built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = run("-", "--library", built, "--dry-run", text=RIS.encode())
    assert "1 new" in done.output
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "x.ris.gz").write_bytes(gzip.compress(RIS.encode()))
    (tmp_path / "in" / "photo.jpg").write_bytes(b"\xff\xd8\xff\xe0" + bytes(100))
    done = run(tmp_path / "in", tmp_path / "nothing*", "--library", built, "--dry-run")
    assert "1 new" in done.output
    assert "2 rejected" in done.output
    assert f"left out: {tmp_path / 'in' / 'photo.jpg'}: no known format" in done.output
    assert "no such file, folder or pattern" in done.output


def test_columns_of_a_table_can_be_named(built: Path, tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    table.write_text("だい,識別子\n架空の研究,7\n", encoding="utf-8")
    mapped = ("--format", "csv", "--mapping", "だい=title", "--mapping", "識別子=record_id")
    assert "1 new" in run(table, *mapped, "--library", built, "--dry-run").output
    done = run(table, "--mapping", "title", "--library", built)
    assert done.exit_code == 2
    assert "should be COLUMN=FIELD" in done.output


def test_a_run_that_can_use_nothing_fails_and_publishes_nothing(
    built: Path, source: Callable[..., Path]
) -> None:
    file = source({"title": "id なし"}, {"id": "c"}, name="bad.jsonl")
    for option in ([], ["--dry-run"]):
        done = run(file, "--library", built, "--device", "cpu", *option)
        assert done.exit_code == 1
        assert f"{file}: no usable record (2 left out), nothing was changed" in done.output
        assert "line 1: id is missing" in done.output
    assert live_folder(built) == built / "generations" / "000001"
    assert len(imports(built)) == 1


def test_what_the_library_has_already_is_no_failure(
    built: Path, source: Callable[..., Path]
) -> None:
    done = run(source(*RECORDS), "--library", built, "--device", "cpu")
    assert done.exit_code == 0
    assert "0 new, 0 replaced, 2 unchanged" in done.output


def test_a_run_that_reads_nothing_publishes_nothing(built: Path, tmp_path: Path) -> None:
    with pytest.raises(BuildError, match="no such file"):
        build([tmp_path / "nothing"], built)
    assert live_folder(built) == built / "generations" / "000001"
    assert not (built / "staging" / "generation").exists()


def test_the_same_id_twice_in_one_export_is_one_record(
    built: Path, source: Callable[..., Path]
) -> None:
    twice = [{"id": "c", "title": "喘息"}, {"id": "c", "title": "喘息", "journal": "架空"}]
    for outcome in (("new", "duplicate"), ("unchanged", "unchanged")):
        report = build([source(*twice)], built, device="cpu")
        assert {name: getattr(report, name) for name in set(outcome)} == {
            name: outcome.count(name) for name in outcome
        }
    found = Library(built).generation().record("c")
    assert found is not None
    assert found[1].journal == "架空"


def test_the_same_id_in_two_files_of_one_run_is_one_record_whatever_file_changes(
    built: Path, source: Callable[..., Path]
) -> None:
    first = source({"id": "c", "title": "喘息", "journal": "架空"}, name="1.jsonl")
    second = source({"id": "c", "title": "喘息", "abstract": "長い抄録"}, name="2.jsonl")

    def merged(*files: Path) -> tuple[int, int, int]:
        report = build(files, built, device="cpu")
        found = Library(built).generation().record("c")
        assert found is not None
        assert found[1].journal == "架空"
        return report.new, report.duplicate, report.unchanged

    assert merged(first, second) == (1, 1, 0)
    assert merged(first, second) == (0, 0, 2)
    assert merged(second) == (0, 0, 1)
    changed = source({"id": "c", "title": "喘息", "abstract": "短い"}, name="2.jsonl")
    assert build([changed], built, device="cpu").replaced == 1
    assert Library(built).generation().record("c")[1].abstract == "短い"


def test_progress_reaches_the_size_of_all_sources(source: Callable[..., Path]) -> None:
    from indexer.run.intake import Progress, Reading, take
    from indexer.run.sources import find_sources
    from indexer.store.record_store import RecordStore

    class Counting(Progress):
        total: int | None = 0
        done = records = 0

        def stage(self, name: str, total: int | None) -> None:
            if name == "read":
                self.total = total

        def advance(self, steps: int, records: int = 0) -> None:
            self.done += steps
            self.records += records

    files = [source(RECORDS[0], name="1.jsonl"), source(RECORDS[1], name="2.jsonl")]
    counting = Counting()
    store = RecordStore(files[0].with_name("records.db"), None)
    take(store, list(find_sources([str(f) for f in files])), 1, "", Reading(), counting)
    store.close()
    assert counting.total == counting.done == sum(f.stat().st_size for f in files)
    assert counting.records == 2
