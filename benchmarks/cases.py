"""The given cases of files that were read or written wrongly, and whether they are right now.

    python benchmarks/cases.py ../shared/cases/formats

Prints a line for each file of ``EXPECTED.tsv`` and ends with 1 where one is wrong. What is right is
written here once more as a check on the records that are read, on a library that is built of them,
or on an export that other programs read.
"""

import argparse
import csv
import io
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

from indexer.run.intake import Progress, Reading, Report, propose, take
from indexer.run.sources import Source, find_sources
from indexer.store.record_store import RecordStore
from search.formats import FORMATS, read_records, read_stream
from search.formats.fields.remarks import Remarks
from search.records import Record

Check = Callable[[Path, list[Record]], object]


def library(folder: Path, *runs: Sequence[str]) -> tuple[list[Report], int, int]:
    """The report of each run of an indexing, each of some files, then the records and the pairs
    proposed."""
    with tempfile.TemporaryDirectory() as scratch:
        store = RecordStore(Path(scratch) / "records.db", None)
        reports = []
        for number, names in enumerate(runs, 1):
            sources = list(find_sources([str(folder / n) for n in names]))
            assert all(isinstance(s, Source) for s in sources)
            reports.append(take(store, sources, number, "", Reading(), Progress()))
        with store.db.atomic():
            propose(store)
        counts = store.counts()[0], store.db.table("proposals").count
        store.close()
    return reports, *counts


def names(record: Record) -> list[tuple[str, str]]:
    """The authors as pairs."""
    return [(a.family, a.given) for a in record.authors]


def _nbib(_: Path, records: list[Record]) -> bool:
    stream = io.BytesIO()
    write = FORMATS["nbib"].write
    assert write
    write(records, stream)
    lines = stream.getvalue().decode().splitlines()
    return (
        lines[0].startswith("PMID- ")
        and "AID - 10.5555/ja.1 [doi]" in lines
        and "IS  - 0000-0019 (Print)" in lines
        and "AU  - 山田 太郎" in lines
    )


def _labels(folder: Path, _: list[Record]) -> bool:
    beside: dict[str, Remarks] = {}
    with (folder / "ris_notes_labels.ris").open("rb") as stream:
        list(read_stream(stream, "case", remarked=beside.setdefault))
    (found,) = beside.values()
    return found.note == "my own note from Zotero" and set(found.tags) == {
        *("RCT", "adult", "included: Sato", "relevant")
    }


def _one(**fields: object) -> Check:
    """The only record, or the first, has these fields."""

    def check(_: Path, records: list[Record]) -> bool:
        return all(getattr(records[0], name) == value for name, value in fields.items())

    return check


SICI = "10.1002/(sici)1096-9861(19971020)387:2<167::aid-ex1>3.0.co;2-z"
WARDS = [("Ito", "Ken"), ("Abe", "Bun")]

CHECKS: dict[str, Check] = {
    "ris_ab_after_er.ris": lambda _, r: len(r) == 2 and all(x.title for x in r),
    "ris_ty_not_first.ris": lambda _, r: (
        len(r) == 2 and all(x.title and x.authors and x.journal for x in r)
    ),
    "ris_two_abstracts_y2.ris": lambda _, r: (
        r[0].date == "2016-10-19" and bool(r[0].abstract) and not r[0].translations
    ),
    "ris_doi_in_n1.ris": _one(doi="10.5555/maps.2016.10.006"),
    "ris_doi_in_m3.ris": _one(doi="10.5555/valve.2016.1", publication_types=()),
    "ris_na_values.ris": _one(abstract="", volume="", issue="", pages=""),
    "ris_untitled_editorials.ris": lambda _, r: len({x.id for x in r}) == 3,
    "ris_no_type.ris": lambda _, r: len(r) == 2,
    "ris_html_entities.ris": lambda _, r: (
        r[0].journal == "Environmental Science & Technology"
        and names(r[0]) == [("Zhéng", "L.")]
        and r[0].keywords == ("X & Y",)
    ),
    "nbib_book_only_bti.nbib": lambda _, r: (
        len(r) == 2 and r[0].title == "Gene Tables of Rare Disease"
    ),
    "pubmed_double_escaped.xml": _one(title="The TERT gene & more."),
    "bib_empty_key.bib": lambda _, r: len(r) == 2,
    "bib_repeated_keywords.bib": lambda _, r: len(r[0].keywords) == 3,
    "bib_ifmmode.bib": lambda _, r: names(r[0])[0] == ("Čermacík", "Ondřej"),
    "wos_early_access.txt": lambda _, r: (
        [(x.date, x.pages) for x in r] == [("2019-01", "1203475418818073"), ("2021-01", "104501")]
    ),
    "refer_japanese_article.enw": _one(language="en"),
    "csv_unescaped_quotes.csv": lambda _, r: len(r) == 3,
    "csv_dimensions.csv": lambda _, r: (
        r[0].date == "2021"
        and len(r[0].authors) == 2
        and r[0].keywords == ("Humans", "Aged")
        and r[0].pages == "45-50"
    ),
    "wos_tab_extra_tab_utf16.txt": lambda _, r: (
        len(r) == 1 and (r[0].date, r[0].pages) == ("2019-03-05", "104501")
    ),
    "csv_pubmed.csv": lambda _, r: (
        names(r[0]) == [("Ito", "K"), ("Abe", "B"), ("EXAMPLE Study Group", "")]
        and r[0].date[:4] == "2019"
        and r[0].journal == "J Ex"
    ),
    "csv_lens.csv": lambda _, r: names(r[0]) == WARDS and r[0].issn == "0000-0019",
    "csv_openalex.csv": lambda _, r: (
        names(r[0]) == WARDS and (r[0].journal, r[0].volume, r[0].pages) == ("J Ex", "12", "45-50")
    ),
    "csv_ctgov.csv": _one(trial_ids=("NCT00000001",), title="Wards trial of the north"),
    "xlsx_mangled_pages.xlsx": lambda _, r: all(
        not x.startswith("20") for record in r for x in (record.issue, record.pages)
    ),
    "xlsx_errors.xlsx": lambda _, r: not any(x.abstract for x in r) and not r[1].authors,
    "ris_escaped_tags.ris": _one(title="The TERT gene", abstract="p < 0.05 in CO2 groups"),
    "ris_kampo_english.ris": lambda _, r: (
        r[0].language == "en" and bool(r[0].abstract) and not r[0].translations
    ),
    "bib_keyword_mesh_commas.bib": lambda _, r: len(r[0].keywords) == 3,
    "csv_mesh_commas.csv": lambda _, r: len(r[0].keywords) == 1,
    "nbib_html_entities.nbib": _one(title="Fe0 particles & wards.", abstract="p < 0.05 in CO2."),
    "wos_html.txt": _one(
        title="Fe-0 particles & in vivo wards",
        abstract="p < 0.05",
        journal="ENVIRON SCI & TECHNOL",
    ),
    "bib_html.bib": _one(
        title="Fe0 particles & in vivo wards", abstract="p < 0.05", journal="Sci & Tech"
    ),
    "csv_jats_abstract.csv": lambda _, r: "Aim one. Result two." in r[0].abstract,
    "ris_jats_abstract.ris": lambda _, r: (
        "<" not in r[0].abstract and "Background Falls" in r[0].abstract
    ),
    "pubmed_sici.xml": lambda _, r: r[0].doi.lower() == SICI,
    "nbib_sici.nbib": lambda _, r: r[0].doi.lower() == SICI,
    "ris_doi_url_query.ris": _one(doi="10.5555/abc.def"),
    "ris_none_words.ris": _one(volume="", pages=""),
    "ris_y1_da_conflict.ris": lambda _, r: r[0].date in ("2014-04-01", "2013-05-28"),
    "bib_extended_names.bib": lambda _, r: (
        names(r[0]) == [("Zhong", "Ming-fei"), ("van der Berg", "Anna")]
    ),
    "csv_authors_commas.csv": lambda _, r: len(r[0].authors) == 4,
    "csv_ieee.csv": lambda _, r: names(r[0]) == [("Ito", "K."), ("van Abe", "B.")],
    "csv_springer.csv": lambda _, r: (
        (r[0].title, r[0].journal, r[0].doi) == ("Wards of the north", "J Ex", "10.5555/spr.1")
    ),
    "ris_hash_same_title_pages.ris": lambda _, r: r[0].id != r[1].id,
    "pubmed_sici_issue.xml": lambda folder, _: (
        library(folder, ["pubmed_sici_issue.xml"])[1:] == (5, 0)
    ),
    "export_nbib.jsonl": _nbib,
    "ris_notes_labels.ris": _labels,
    "supp1.ris + supp2.ris (one after the other)": lambda folder, _: (
        library(folder, ["supp1.ris"], ["supp2.ris"])[1] == 2
    ),
    "csv_jdream_like.csv": _one(volume="12", issue="3", pages="45-50"),
    "ris_fullwidth_tags.ris": lambda _, r: (
        (r[0].volume, r[0].issue, r[0].pages) == ("12", "3", "45-50")
        and ("鈴木", "花子") in names(r[0])
    ),
}


def outcome(folder: Path, name: str) -> tuple[bool, str]:
    """Whether a case is right, and what went wrong where something was raised."""
    try:
        first = folder / name.split(" + ")[0]
        records = [item for item, _ in read_records(first) if isinstance(item, Record)]
        return bool(CHECKS[name](folder, records)), ""
    except Exception as error:  # noqa: BLE001 - a case that raises is wrong, and the rest goes on
        return False, repr(error)


def main() -> int:
    """Print the table; 1 where a case is wrong."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    with (folder / "EXPECTED.tsv").open(encoding="utf-8", newline="") as stream, closing(stream):
        cases = list(csv.DictReader(stream, delimiter="\t", quoting=csv.QUOTE_NONE))
    right = 0
    for case in cases:
        is_right, why = outcome(folder, case["file"])
        right += is_right
        print(f"{'right' if is_right else 'WRONG':<6}{case['file']:<46}{case['expected']}  {why}")
    print(f"{right} of {len(cases)} right")
    return 0 if right == len(cases) else 1


if __name__ == "__main__":
    sys.exit(main())
