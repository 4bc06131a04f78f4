"""Numbers without a text: looked up in the library, kept where it has them not, completed later."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from indexer.run.intake import Progress, Reading, Report, take
from indexer.run.sources import find_sources
from indexer.store.merging import merge
from indexer.store.record_store import RecordStore
from search.records import Heading, Record, Translation

PAPER = (
    "TY  - JOUR\nTI  - Falls at night\nAU  - Ito K\nPY  - 2019\nDO  - 10.5555/f.1\n"
    "AN  - 31000001\nDB  - PubMed\nER  - \n"
)
TALK = (
    "TY  - JOUR\nTI  - {}\nAU  - {}\nPY  - 2019\nSP  - {}\nM3  - Conference Abstract\n"
    "DO  - 10.5555/s.7\nER  - \n"
)
TALKS = TALK.format("Sleep of nurses", "Abe B", 12) + TALK.format("Ward cats", "Ito K", 13)
XML = (
    "<PubmedArticleSet><PubmedArticle><MedlineCitation><PMID>31000002</PMID><Article>"
    "<ArticleTitle>Slippers.</ArticleTitle><Abstract><AbstractText>We saw slippers.</AbstractText>"
    "</Abstract></Article></MedlineCitation></PubmedArticle></PubmedArticleSet>"
)


def indexed(folder: Path, *texts: str) -> tuple[RecordStore, list[Report]]:
    """A store into which texts were read, each as a run of its own."""
    store = RecordStore(folder / "records.db", None)
    reports = []
    for number, content in enumerate(texts, 1):
        file = folder / f"run{number}.txt"
        file.write_text(content, encoding="utf-8")
        reports.append(
            take(store, list(find_sources([str(file)])), number, "", Reading(), Progress())
        )
    return store, reports


def stored(store: RecordStore) -> list[Record]:
    numbers = [row[0] for row in store.db.execute("select number from records order by number")]
    return [record for _, record in store.records(numbers)]


def test_what_the_library_has_is_found_and_the_rest_is_kept(tmp_path: Path) -> None:
    store, (_, report) = indexed(tmp_path, PAPER, "31000001\n10.5555/F.1\n31000002\n")
    assert (report.new, report.duplicate, report.to_complete) == (1, 2, 1)
    paper, kept = stored(store)
    assert paper.title == "Falls at night"
    assert not paper.to_complete
    assert kept == Record("pmid:31000002", pmid="31000002", to_complete=True)


def test_the_same_list_again_changes_nothing(tmp_path: Path) -> None:
    store, reports = indexed(tmp_path, "31000002\n31000003\n", "31000003\n31000002\n")
    assert [r.to_complete for r in reports] == [2, 0]
    assert reports[1].unchanged == 2
    assert len(stored(store)) == 2


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_an_export_completes_what_is_known_by_its_number(
    tmp_path: Path, order: Sequence[int]
) -> None:
    texts = ("31000002\n", XML)
    store, _ = indexed(tmp_path, *(texts[i] for i in order))
    (record,) = stored(store)
    assert record.id == "pmid:31000002"
    assert (record.title, record.abstract) == ("Slippers.", "We saw slippers.")
    assert record.language == "en"
    assert not record.to_complete
    assert not record.translations


@pytest.mark.parametrize("texts", [("10.5555/s.7\n", TALKS), (TALKS, "10.5555/s.7\n")])
def test_a_doi_of_a_supplement_makes_its_contributions_no_one_work(
    tmp_path: Path, texts: tuple[str, str]
) -> None:
    store, _ = indexed(tmp_path, *texts)
    titles = sorted(record.title for record in stored(store))
    assert titles == ["Sleep of nurses", "Ward cats"]


def test_an_abstract_that_may_be_passed_on_goes_first() -> None:
    long = Record(
        "cinii:1", "喘息", "とても長い抄録。", "ja", doi="10.5555/1", abstract_license="disallow"
    )
    free = Record("ichushi:1", "喘息", "抄録。", "ja", doi="10.5555/1")
    for one, other in ((long, free), (free, long)):
        merged = merge([one, other])
        assert (merged.abstract, merged.abstract_license) == ("抄録。", "")
    bare = Record("ichushi:1", "喘息", "", "ja", doi="10.5555/1")
    for one, other in ((long, bare), (bare, long)):
        merged = merge([one, other])
        assert (merged.abstract, merged.abstract_license) == ("とても長い抄録。", "disallow")


def test_each_language_keeps_its_own_licence() -> None:
    own = Record("pmid:1", "Asthma", "Seen.", "en", doi="10.5555/1")
    other = Translation("ja", "喘息", "見た。", "disallow")
    merged = merge([own, Record("cinii:1", "喘息", "見た。", "ja", abstract_license="disallow")])
    assert merged.translations == (other,)
    assert merged.shareable().abstract == "Seen."
    assert merged.shareable().translations[0].abstract == ""


def test_headings_of_all_copies_are_kept_with_the_star_of_any() -> None:
    therapy = Heading("Asthma", "drug therapy")
    one = Record("a", "Asthma", headings=(Heading("Asthma"),), keywords=("Asthma", "wheeze"))
    other = Record(
        "b", "Asthma", headings=(therapy, Heading("Child")), keywords=("Asthma", "Child")
    )
    starred = Record("c", "Asthma", headings=(Heading("Asthma", "drug therapy", major=True),))
    merged = merge([one, other, starred])
    assert merged.headings == (Heading("Asthma", "drug therapy", major=True), Heading("Child"))
    assert merged.keywords == ("Asthma", "Child", "wheeze")
