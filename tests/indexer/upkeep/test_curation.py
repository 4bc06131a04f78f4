"""Removing records, deciding on duplicates, and what PubMed's update files delete."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from indexer.run.pipeline import build
from indexer.stages.staging import BuildError
from indexer.upkeep.curation import decide, proposals
from indexer.upkeep.curation import remove as remove_records
from search.encoder import Encoder
from search.library.generation import Generation
from search.library.library import Library
from search.library.manifest import LibraryError, verify
from search.ranked.engine import Engine
from tests.indexer.conftest import RECORDS, index
from web.cli.upkeep import duplicates, remove

TWINS = [
    {"id": "c", "title": "高齢者における誤嚥性肺炎の再発予防", "abstract": "口腔ケアを行った。"},
    {"id": "d", "title": "高齢者における誤嚥性肺炎の再発予防―続報", "journal": "架空"},
]


def opened(library: Path) -> Generation:
    return Library(library).generation()


def terms_of(library: Path) -> dict[str, int]:
    from sqlite_utils import Database

    db = Database(opened(library).path / "terms.db")
    found = dict(db.execute("select term, records from terms where records != 0").fetchall())
    db.close()
    return found


def run(command: object, *arguments: str | Path) -> Result:
    return CliRunner().invoke(command, [str(a) for a in arguments])


def test_a_removed_record_is_gone_everywhere(
    built: Path,
    tmp_path: Path,
    published_layout: Path,
    tiny_encoder: Encoder,
    source: Callable[..., Path],
) -> None:
    done = run(remove, "b", "nobody", "--library", built)
    assert done.exit_code == 0, done.output
    assert "not there: nobody" in done.output
    assert "1 removed; generation 000002 is live" in done.output
    generation = opened(built)
    assert (generation.manifest.records, generation.manifest.passages) == (1, 2)
    assert verify(generation.path) == []
    assert generation.record("b") is None
    engine = Engine(Library(built), tiny_encoder)
    assert [h.record.id for h in engine.search("スタチン", leg="dense").hits] == ["a"]
    assert engine.search("スタチン", leg="lexical").hits == ()
    index(source(RECORDS[0], name="one.jsonl"), tmp_path / "peace", published_layout)
    assert terms_of(built) == terms_of(tmp_path / "peace")
    # Again: nothing to do, no generation. And it can come back.
    assert "nothing to remove" in run(remove, "b", "--library", built).output
    assert opened(built).name == "000002"
    assert index(source(*RECORDS), built).new == 1


def test_the_last_record_can_go_too(built: Path, tiny_encoder: Encoder) -> None:
    assert remove_records(built, ["a", "b"]) == ([], built / "generations" / "000002")
    assert opened(built).manifest.records == 0
    engine = Engine(Library(built), tiny_encoder)
    assert engine.search("スタチン").hits == ()


def test_there_must_be_a_library(tmp_path: Path) -> None:
    with pytest.raises(LibraryError, match="no library here"):
        remove_records(tmp_path / "none", ["a"])
    assert not (tmp_path / "none").exists()


def test_deciding_on_a_proposed_pair(
    built: Path, tiny_encoder: Encoder, source: Callable[..., Path]
) -> None:
    index(source(*TWINS), built)
    listed = run(duplicates, "--library", built).output
    assert "nearly the same title" in listed
    assert "d  高齢者における誤嚥性肺炎の再発予防―続報 / 架空" in listed
    as_json = json.loads(run(duplicates, "--library", built, "--json").output)
    assert [p["ids"] for p in as_json] == [["c", "d"]]
    assert as_json[0]["records"][1]["journal"] == "架空"

    done = run(duplicates, "--library", built, "--merge", "d", "c")
    assert done.exit_code == 0, done.output
    generation = opened(built)
    assert generation.manifest.records == 3
    number, merged = generation.record("d") or (0, None)
    assert merged is not None
    assert (merged.id, merged.journal) == ("c", "架空")
    assert merged.abstract == "口腔ケアを行った。"
    assert {p.record for p in generation.passages_of(number)} == {number}
    engine = Engine(Library(built), tiny_encoder)
    found = [h.record.id for h in engine.search("誤嚥性肺炎", leg="lexical").hits]
    assert found.count("c") == 1
    assert "d" not in found
    assert proposals(built) == []
    [decided] = proposals(built, "merged")
    assert (decided.ids, decided.records[1]) == (("c", "d"), None)
    assert "(merged or removed)" in run(duplicates, "--library", built, "--state", "merged").output
    with pytest.raises(BuildError, match="are one record: c"):
        decide(built, "c", "d", "merged")


def test_a_pair_that_is_two_is_never_proposed_again(
    built: Path, source: Callable[..., Path]
) -> None:
    index(source(*TWINS), built)
    done = run(duplicates, "--library", built, "--distinct", "c", "d")
    assert "c and d: distinct; generation 000003 is live" in done.output
    index(source(TWINS[0], {**TWINS[1], "volume": "7"}), built)
    assert "no pair is open" in run(duplicates, "--library", built).output
    done = run(duplicates, "--library", built, "--distinct", "c", "nobody")
    assert done.exit_code == 1
    assert "no record has the id 'nobody'" in done.output
    assert (
        run(duplicates, "--library", built, "--merge", "a", "b", "--distinct", "a", "b").exit_code
        == 2
    )


ARTICLE = """<PubmedArticle><MedlineCitation><PMID>{pmid}</PMID><Article>
<Journal><JournalIssue><PubDate><Year>2020</Year></PubDate></JournalIssue><Title>J</Title></Journal>
<ArticleTitle>{title}</ArticleTitle></Article></MedlineCitation></PubmedArticle>"""


def pubmed(file: Path, *items: str) -> Path:
    file.write_text(f"<PubmedArticleSet>{''.join(items)}</PubmedArticleSet>")
    return file


def test_update_files_apply_in_order_and_again(tmp_path: Path, published_layout: Path) -> None:
    folder = tmp_path / "pubmed"
    folder.mkdir()
    first = [ARTICLE.format(pmid=n, title=f"Fictional study {n}") for n in (1, 2, 3)]
    pubmed(folder / "pubmed26n0001.xml", *first)
    update = ARTICLE.format(pmid=2, title="Fictional study, corrected")
    pubmed(folder / "pubmed26n0002.xml", update, "<DeleteCitation><PMID>3</PMID></DeleteCitation>")
    library = tmp_path / "library"
    report = build([folder], library, model=str(published_layout), device="cpu")
    assert (report.new, report.replaced, report.deleted) == (3, 1, 1)
    for number in (1, 2):
        generation = opened(library)
        assert [r.title for _, r in generation.all_records()] == [
            "Fictional study 1",
            "Fictional study, corrected",
        ]
        assert generation.record("pmid:3") is None
        assert generation.manifest.passages == 2
        assert len(generation.manifest.segments) == 1  # what is as before is not embedded again
        if number == 1:
            build([folder], library, device="cpu")
    # One file alone, once more: the older brings back neither a text nor what was deleted.
    for name, outcome in (("pubmed26n0002.xml", (1, 0)), ("pubmed26n0001.xml", (3, 0))):
        report = build([folder / name], library, device="cpu")
        assert (report.unchanged, report.deleted) == outcome
        assert opened(library).record("pmid:3") is None
        found = opened(library).record("pmid:2")
        assert found is not None
        assert found[1].title == "Fictional study, corrected"
    # Another name says nothing of the order.
    report = build([pubmed(folder / "export.xml", first[2])], library, device="cpu")
    assert report.new == 1


def test_what_was_merged_is_parted_by_command(built: Path, source: Callable[..., Path]) -> None:
    index(source(*TWINS), built)
    assert run(duplicates, "--library", built, "--merge", "c", "d").exit_code == 0
    done = run(duplicates, "--library", built, "--part", "d", "c")
    assert done.exit_code == 0, done.output
    assert "c and d are two; generation 000004 is live" in done.output
    generation = opened(built)
    titles = {}
    for record_id in ("c", "d"):
        found = generation.record(record_id)
        assert found is not None
        titles[record_id] = found[1].title
    assert titles == {str(twin["id"]): twin["title"] for twin in TWINS}
    # The files that they came from, read again, leave them two.
    index(source(*TWINS), built)
    assert opened(built).manifest.records == 4
    [pair] = proposals(built, "distinct")
    assert pair.ids == ("c", "d")
