"""Files as tools emitted them; what is in them was read by eye."""

import gzip
from collections import Counter
from pathlib import Path

import pytest

from search.formats import Rejected, read_records
from search.records import Author, Record, record_to_dict

FORMATS = Path(__file__).parents[3].parent / "shared" / "data" / "formats"
DUPLICATES = FORMATS.parent / "duplicates"

pytestmark = pytest.mark.skipif(
    not FORMATS.is_dir(), reason="no real samples beside the repository (../shared/data/formats)"
)


def only(name: str) -> Record:
    ((record, _),) = read_records(FORMATS / name)
    assert isinstance(record, Record), record
    return record


def test_pubmed() -> None:
    record = only("pubmed-29768149.xml")
    assert record.id == "pmid:29768149"
    assert record.title.startswith("Inhaled Combined Budesonide-Formoterol as Needed")
    assert [line.split(":")[0] for line in record.abstract.splitlines()] == [
        "BACKGROUND",
        "METHODS",
        "RESULTS",
        "CONCLUSIONS",
    ]
    assert "fast-acting β 2-agonist" in record.abstract
    assert len(record.authors) == 10
    assert record.authors[1] == Author("FitzGerald", "J Mark")
    assert (record.journal, record.date) == ("The New England journal of medicine", "2018-05-17")
    assert (record.volume, record.issue, record.pages) == ("378", "20", "1865-1876")
    assert (record.doi, record.issn) == ("10.1056/NEJMoa1715274", "1533-4406")
    assert len(record.keywords) == 23
    assert "Randomized Controlled Trial" in record.publication_types
    assert record.trial_ids == ("NCT02149199",)
    assert (record.retraction, record.notices, record.language) == ("", (), "en")


def test_pubmed_in_the_clothes_of_a_baseline_file(tmp_path: Path) -> None:
    """Thousands of records in one .xml.gz, as NLM distributes them."""
    text = (FORMATS / "pubmed-29768149.xml").read_text()
    begin, end = text.index("<PubmedArticle>"), text.index("</PubmedArticleSet>")
    article = text[begin:end]
    numbered = (article.replace("29768149", str(50_000_000 + n)) for n in range(200))
    path = tmp_path / "pubmed25n0001.xml.gz"
    path.write_bytes(gzip.compress((text[:begin] + "".join(numbered) + text[end:]).encode(), 1))
    read = list(read_records(path))
    assert [item.pmid for item, _ in read if isinstance(item, Record)] == [
        str(50_000_000 + n) for n in range(200)
    ]
    assert read[-1][1] <= path.stat().st_size


# file: id, beginning of the title, first and number of authors, journal, date, pages, beginning of
# the abstract, number of keywords
ARTICLES = {
    "jats_1471-2180-11-174.nxml": (
        "pmid:21810267",
        "Factors influencing lysis time stochasticity in bacteriophage λ",
        (Author("Dennehy", "John J"), 2),
        "BMC Microbiology",
        ("2011-08-02", "11", "", "174"),
        "Background: Despite identical genotypes",
        0,
    ),
    "jats_6605965a.nxml": (
        "pmid:21045829",
        "Oral contraceptives, reproductive history and risk of colorectal cancer",
        (Author("Tsilidis", "K K"), 46),
        "British Journal of Cancer",
        ("2010-11", "103", "11", "1755-1759"),
        "Background: Oral contraceptive use",
        4,
    ),
    "jats_ehp-116-1694.nxml": (
        "pmid:19079722",
        "Dietary Exposure to 2,2′,4,4′-Tetrabromodiphenyl Ether (PBDE-47)",
        (Author("Lema", "Sean C."), 4),
        "Environmental Health Perspectives",
        ("2008-12", "116", "12", "1694-1699"),
        "Background: Polybrominated diphenyl ether",
        9,
    ),
    "jats_pone.0000217.nxml": (
        "pmid:17299597",
        "Quantifying Organismal Complexity using a Population Genetic Approach",
        (Author("Tenaillon", "Olivier"), 4),
        "PLoS ONE",
        ("2007-02-14", "2", "2", "e217"),
        "Background: Various definitions",
        0,
    ),
    "pntd.0002065.nxml": (
        "pmid:23469300",
        "Serological Evidence of Rift Valley Fever Virus Circulation in Sheep and Goats",
        (Author("Fafetine", "José"), 6),
        "PLoS Neglected Tropical Diseases",
        ("2013-02", "7", "2", "e2065"),
        "Rift Valley fever (RVF) is endemic",
        0,
    ),
    "pone.0046493.nxml": (
        "pmid:23029536",
        "MmPPOX Inhibits Mycobacterium tuberculosis Lipolytic Enzymes",
        (Author("Delorme", "Vincent"), 9),
        "PLoS ONE",
        ("2012-09-28", "7", "9", "e46493"),
        "Lipid metabolism plays an important role",
        0,
    ),
}


@pytest.mark.parametrize("name", ARTICLES)
def test_jats(name: str) -> None:
    record = only(name)
    id_, title, (first, count), journal, place, abstract, keywords = ARTICLES[name]
    assert record.id == id_
    assert record.title.startswith(title)
    assert (record.authors[0], len(record.authors)) == (first, count)
    assert record.journal == journal
    assert (record.date, record.volume, record.issue, record.pages) == place
    assert record.abstract.startswith(abstract)
    assert len(record.keywords) == keywords
    assert record.publication_types == ("Journal Article",)
    assert (record.language, record.translations, record.retraction) == ("en", (), "")


def test_jstage_search() -> None:
    records = [item for item, _ in read_records(FORMATS / "jstage_search.xml")]
    assert all(isinstance(record, Record) for record in records)
    assert [record.id for record in records if isinstance(record, Record)] == [
        "doi:10.11249/jsbpjjpp.23.1_53",
        "doi:10.11249/jsbpjjpp.25.2_109",
        "doi:10.4264/numa.70.125",
    ]
    last = records[2]
    assert isinstance(last, Record)
    assert last.title == "統合失調症のゲノムワイド相関研究"
    assert last.translations[0].title == "Genome-wide association study:(GWAS) of Schizophrenia"
    assert last.authors == (Author("高橋", "栄"), Author("内山", "真"))
    assert (last.journal, last.date, last.pages) == ("日大医学雑誌", "2011", "125-127")


def test_jstage_list_of_issues_holds_no_literature() -> None:
    ((item, _),) = read_records(FORMATS / "jstage_list.xml")
    assert isinstance(item, Rejected)
    assert "service=3" in item.reason


@pytest.mark.parametrize(("name", "count"), [("copper", 505), ("tafenoquine", 179)])
def test_endnote_libraries(name: str, count: int) -> None:
    items = [item for item, _ in read_records(DUPLICATES / f"{name}.xml.gz")]
    records = [item for item in items if isinstance(item, Record)]
    assert len(records) == count
    filled = Counter(name for record in records for name in record_to_dict(record))
    assert filled["title"] == filled["date"] == filled["publication_types"] == count
    most = ("abstract", "authors", "journal", "keywords", "volume", "pages", "doi", "issn")
    assert all(filled[field] > 0.7 * count for field in most), filled
    assert filled["pmid"] > 0
    assert not any("<" in a.family or "&" in a.family for record in records for a in record.authors)
