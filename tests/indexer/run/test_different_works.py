"""Different works stay apart, whatever ids they quote; what was merged is listed, and parted."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from indexer.run.imports import merges
from indexer.run.intake import Progress, Reading, Report, take
from indexer.run.sources import find_sources
from indexer.stages.staging import BuildError
from indexer.store.record_store import RecordStore
from indexer.upkeep.curation import part
from search.matching import sameness, suspicion
from search.records import Author, Record

ABSTRACT = (
    "TY  - JOUR\nTI  - {}\nAU  - {}\nPY  - 2019\nJO  - Fict Suppl\nVL  - 7\nSP  - {}\n"
    "M3  - Conference Abstract\nDO  - 10.5555/suppl.7\nER  - \n"
)
NIGHT = "Falls of the elderly at night in wards"
PAPER = f"TY  - JOUR\nTI  - {NIGHT}\nAU  - Ito K\nPY  - 2019\nSP  - 4\n{{}}ER  - \n"
TALKS = [
    ("Falls at night", "Ito K", 11),
    ("Sleep of nurses", "Abe B", 12),
    ("Ward cats", "Ito K", 13),
]
SICI = "10.1002/(SICI)1097-0142(19960115)77:2&lt;{0}::AID-EX{0}&gt;3.0.CO;2-F"
ARTICLE = (
    "<PubmedArticle><MedlineCitation><PMID>{0}</PMID><Article><Journal><Title>Fict</Title>"
    "<JournalIssue><Volume>77</Volume><PubDate><Year>1996</Year></PubDate></JournalIssue></Journal>"
    "<ArticleTitle>{1}</ArticleTitle><Pagination><MedlinePgn>{0}</MedlinePgn></Pagination></Article>"
    "</MedlineCitation><PubmedData><ArticleIdList><ArticleId IdType='doi'>" + SICI + "</ArticleId>"
    "</ArticleIdList></PubmedData></PubmedArticle>"
)  # fmt: skip


def indexed(folder: Path, *runs: Sequence[str]) -> tuple[RecordStore, list[Report]]:
    """A store into which texts were read, each run of them from one file."""
    store = RecordStore(folder / "records.db", None)
    reports = []
    for number, texts in enumerate(runs, 1):
        content = "".join(texts)
        name = "a.xml" if content.startswith("<") else f"run{number}.ris"
        file = folder / name
        file.write_text(content, encoding="utf-8")
        reports.append(
            take(store, list(find_sources([str(file)])), number, "", Reading(), Progress())
        )
    return store, reports


def titles(store: RecordStore) -> list[str]:
    return sorted(row[0] for row in store.db.execute("select title from records"))


@pytest.mark.parametrize("runs", [[[0, 1, 2]], [[0], [1], [2]], [[2, 0], [1, 0]]])
def test_abstracts_of_a_supplement_that_share_its_doi(
    tmp_path: Path, runs: list[list[int]]
) -> None:
    texts = [ABSTRACT.format(*talk) for talk in TALKS]
    store, reports = indexed(tmp_path, *([texts[i] for i in run] for run in runs))
    assert titles(store) == sorted(title for title, _, _ in TALKS)
    assert sum(report.new for report in reports) == 3
    assert sum(report.replaced for report in reports) == 0
    # Again, in another order: nothing new, and nothing is another's.
    again = take(
        store, list(find_sources([str(tmp_path / "run1.ris")])), 9, "", Reading(), Progress()
    )
    assert (again.new, again.replaced) == (0, 0)
    assert again.unchanged == len(runs[0])
    store.close()


def test_articles_of_an_issue_whose_dois_are_sicis(tmp_path: Path) -> None:
    names = ["Reply", "Reply", "Thyroid nodules", "Gastric polyps", "Reply"]
    articles = [ARTICLE.format(400 + n, name) for n, name in enumerate(names)]
    store, (report,) = indexed(tmp_path, ["<PubmedArticleSet>", *articles, "</PubmedArticleSet>"])
    assert (report.new, report.duplicate) == (5, 0)
    assert store.db.table("proposals").count == 0
    store.close()


def test_each_run_lists_what_it_merged_and_why(tmp_path: Path) -> None:
    first = PAPER.format("")
    second = first.replace("ER", "DO  - 10.5555/x.1\nER").replace("AU  - Ito K", "AU  - Ito, Ken")
    store, reports = indexed(tmp_path, [first, second])
    assert [(r.new, r.duplicate) for r in reports] == [(1, 1)]
    ((number, kept, own, reason),) = store.db.execute(
        'select "import", record, id, reason from merges'
    ).fetchall()
    assert (number, own, reason) == (1, "doi:10.5555/x.1", "place")
    assert kept.startswith("hash:")
    store.close()


def record(record_id: str, title: str = "Reply", **values: object) -> Record:
    fields = {"language": "en", "authors": (Author("Ito", "K"),), "date": "2019"}
    return Record(record_id, title, **{**fields, **values})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("left", "right", "why"),
    [
        (record("a", volume="1", pages="5-6"), record("b", volume="1", pages="5-6"), "place"),
        (record("a", volume="1", pages="5-6"), record("b", volume="1"), "place"),
        (record("a", pages="5-6"), record("b", pages="7"), None),
        (record("a", journal="Lung J", pages="5"), record("b", journal="Heart J", pages="5"), None),
        (record("a", journal="Am J Ex Med", pages="5"),
         record("b", journal="American Journal of Example Medicine", pages="5"), "place"),
        (record("a", "Falls at night [Japanese]", pages="5"),
         record("b", "Falls at night", pages="5"), "place"),
        (record("a", pmid="1", pages="5"), record("b", pmid="2", pages="5"), None),
        (record("embase:L1", pages="5"), record("embase:L2", pages="5"), None),
        (record("a", "病棟の転倒 第1報", doi="10.5555/x"),
         record("b", "病棟の転倒 第2報", doi="10.5555/x"), None),
        (record("a", "Falls", pmid="1", pages="3"), record("b", "Cats", pmid="1", pages="9"), None),
        (record("a", date="", pages="5"), record("b", date="", pages="5"), None),
    ],
)  # fmt: skip
def test_when_records_are_the_same(left: Record, right: Record, why: str | None) -> None:
    assert sameness(left, right) == why
    assert sameness(right, left) == why


def test_one_doi_with_other_titles_and_pages_is_no_proposal() -> None:
    one = record("a", "Falls at night", doi="10.5555/s", pages="3")
    assert suspicion([one], [record("b", "Ward cats", doi="10.5555/s", pages="9")]) is None
    assert suspicion([one], [record("b", "Ward cats", doi="10.5555/s")]) == "doi"


def test_a_third_record_makes_no_one_of_two_with_their_own_numbers(tmp_path: Path) -> None:
    numbered = [PAPER.format(f"N1  - PMID: {n}\n") for n in (31000001, 31000002)]
    store, _ = indexed(tmp_path, [*numbered, PAPER.format("DO  - 10.5555/x.1\n")])
    pmids = [row[0] for row in store.db.execute("select pmid from records order by pmid")]
    assert pmids == ["31000001", "31000002"]
    store.close()


def test_what_was_merged_is_parted_and_stays_so(tmp_path: Path) -> None:
    store, _ = indexed(tmp_path, [ABSTRACT.format("Falls of the elderly at night", "Ito K", 11)])
    text = ABSTRACT.format("Falls of the elderly at night", "Ito K", 11)
    other = text.replace("DO  - 10.5555/suppl.7", "UR  - https://www.proquest.com/docview/7")
    file = tmp_path / "other.ris"
    file.write_text(other)
    sources = list(find_sources([str(file)]))
    assert take(store, sources, 2, "", Reading(), Progress()).duplicate == 1
    with store.db.atomic():
        number = store.record_of("doi:10.5555/suppl.7")
        assert number is not None
        store.open(number)
        new = store.part(number, "proquest:7")
    assert (store.record_id(number), store.record_id(new)) == ("doi:10.5555/suppl.7", "proquest:7")
    assert take(store, sources, 3, "", Reading(), Progress()).unchanged == 1
    assert len(titles(store)) == 2
    assert store.pair_state("doi:10.5555/suppl.7", "proquest:7") == "distinct"
    store.close()


def test_nothing_to_part(built: Path) -> None:
    with pytest.raises(BuildError, match="no record has the id"):
        part(built, "x", "y")
    with pytest.raises(BuildError, match="are not one record"):
        part(built, "a", "b")
    assert list(merges(built, 1)) == []


VERSION = (
    "<PubmedArticle><MedlineCitation><PMID Version='{0}'>1</PMID><Article><ArticleTitle>Dose, "
    "version {0}{1}</ArticleTitle></Article></MedlineCitation></PubmedArticle>"
)
GONE = "<DeleteCitation><PMID Version='{}'>1</PMID></DeleteCitation>"


@pytest.mark.parametrize("together", [True, False])
@pytest.mark.parametrize("order", [(1, 2), (2, 1), (2, 10, 1), (1, 10, 2, 10)])
def test_the_newest_version_of_a_pmid_stands(
    tmp_path: Path, order: tuple[int, ...], together: bool
) -> None:
    texts = [VERSION.format(version, "") for version in order]
    runs = [texts] if together else [[text] for text in texts]
    store, _ = indexed(
        tmp_path, *(["<PubmedArticleSet>", *run, "</PubmedArticleSet>"] for run in runs)
    )
    assert titles(store) == [f"Dose, version {max(order)}"]
    store.close()


def test_a_version_can_be_corrected_and_withdrawn(tmp_path: Path) -> None:
    def read(number: int, *texts: str) -> Report:
        file = tmp_path / f"{number}.xml"
        file.write_text("<PubmedArticleSet>" + "".join(texts) + "</PubmedArticleSet>")
        sources = list(find_sources([str(file)]))
        return take(store, sources, number, "", Reading(), Progress())

    store = RecordStore(tmp_path / "records.db", None)
    read(1, VERSION.format(2, ""))
    assert read(2, VERSION.format(2, ", mended"), GONE.format(1)).deleted == 0
    assert titles(store) == ["Dose, version 2, mended"]
    assert read(3, GONE.format(2)).deleted == 1
    # What is gone stands in no older version's way.
    read(4, VERSION.format(1, ""))
    assert titles(store) == ["Dose, version 1"]
    store.close()
