"""Real exports that can't be part of this repository: counts, and what was read off by eye."""
# ruff: noqa: E501 - a table

from pathlib import Path
from typing import Any

import pytest

from search.formats import Rejected, read_records, recognise
from search.records import Record
from tests.search.formats.test_registry import documented

SAMPLES = Path(__file__).parents[3] / ".." / "shared" / "data" / "formats"
pytestmark = pytest.mark.skipif(
    not SAMPLES.is_dir(), reason="no real samples beside the repository"
)

# File: format, records, rejected, and fields of some records by their number.
TRUTH: dict[str, tuple[str, int, int, dict[int, dict[str, Any]]]] = {
    "asreview_baseline_tag-notes_labels.ris": ("ris", 32, 0, {0: {"title": 'Record which is labeled "relevant" by the researcher using ASReview.'}}),
    "asreview_baseline_zotero.ris": ("ris", 100, 0, {
        0: {"id": "doi:10.1038/s42256-020-00287-7", "date": "2021-02-01", "volume": "3", "issue": "2", "pages": "125-133", "issn": "2522-5839", "journal": "Nature Machine Intelligence", "authors": 17},
        99: {"pmid": "29267302", "pages": "e0188810", "doi": "10.1371/journal.pone.0188810", "date": "2017-12-21"},
    }),
    "asreview_embase.ris": ("ris", 6, 0, {
        0: {"doi": "10.4103/2303-9027.138783", "pages": "152-160", "keywords": 22, "language": "en", "publication_types": ("Article",)},
        1: {"id": "pmid:15368318", "pmid": "15368318", "journal": "Cancer"},
    }),
    "asreview_proquest.ris": ("ris", 6, 0, {0: {"doi": "10.1002/jts.22387", "authors": 7, "keywords": 18, "issn": "0894-9867", "date": "2019"}}),
    "asreview_pubmed_zotero.ris": ("ris", 6, 0, {0: {"doi": "10.5114/pg.2018.81081", "journal": "Przeglad gastroenterologiczny", "issn": "1895-5770"}}),
    "example_basic.ris": ("ris", 1, 0, {0: {"date": "1948-07", "pages": "379-423"}}),
    "example_bom.ris": ("ris", 0, 1, {}),
    "example_custom_list_tags.ris": ("ris", 0, 1, {}),
    "example_empty_tag.ris": ("ris", 1, 0, {0: {"doi": "10.1177/2325967120950040", "keywords": ("athlete", "biomechanics", "bone remodeling"), "issn": "2325-9671"}}),
    "example_extraneous_data.ris": ("ris", 2, 0, {1: {"title": "The title of the reference", "keywords": ("Pippi Langstrumpf", "Nordwind", "Piraten")}}),
    "example_full.ris": ("ris", 2, 0, {0: {"journal": "Lorem", "pages": "e0815", "date": "2014"}}),
    "example_full_without_whitespace.ris": ("ris", 2, 0, {0: {"journal": "Lorem", "pages": "e0815"}}),
    "example_full_write.ris": ("ris", 2, 0, {0: {"journal": "lorem"}}),
    "example_multi_unknown_tags.ris": ("ris", 1, 0, {0: {"pages": "423"}}),
    "example_multiline.ris": ("ris", 3, 0, {n: {"abstract": "first line, ER then second line and at the end the last line"} for n in range(3)}),
    "example_single_unknown_tag.ris": ("ris", 1, 0, {}),
    "example_starting_newlines.ris": ("ris", 1, 0, {}),
    "example_urls.ris": ("ris", 4, 0, {n: {"url": "http://example.com"} for n in range(4)}),
    "example_utf_chars.ris": ("ris", 1, 0, {0: {"authors": 5, "volume": "8", "pages": "52-57"}}),
    "example_wos.ris": ("ciw", 2, 0, {
        0: {"id": "pmid:15170338", "date": "2004-06-08", "pages": "7003-7016", "authors": 4},
        1: {"id": "pmid:15170339", "doi": "10.1021/bi0497291"},
    }),
    "pubmed.nbib": ("nbib", 75, 0, {
        0: {"id": "pmid:30776994", "date": "2019-03", "trial_ids": ("NCT02239640",), "pages": "697-704", "doi": "10.1161/STROKEAHA.118.021126"},
    }),
    "pubmed_set.nbib": ("nbib", 75, 0, {}),
    "pmc_medlars.txt": ("nbib", 5, 0, {
        0: {"id": "pmid:30042925", "pages": "283-298", "abstract": "", "authors": 6, "doi": "10.1016/j.mex.2018.03.007"},
    }),
    "asreview_embase.csv": ("csv", 6, 0, {1: {"doi": "10.1002/cncr.20369", "date": "2004-08-25", "volume": "102", "issue": "4", "pages": "253-258", "journal": "Cancer"}}),
    "asreview_generic_labels.csv": ("csv", 6, 0, {0: {"authors": 2, "keywords": ("Pippi", "Nordwind", "Piraten")}}),
    "asreview_generic_semicolon.csv": ("csv", 2, 0, {0: {"authors": 2, "date": "2014"}}),
    "asreview_generic_tab.tsv": ("tsv", 2, 0, {0: {"authors": 2, "date": "2014"}}),
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(TRUTH))
def test_a_real_export(name: str) -> None:
    known, count, rejected, fields = TRUTH[name]
    path = SAMPLES / name
    assert recognise(path.read_bytes()[:65536], name).name == known
    items = [item for item, _ in read_records(path)]
    records = [item for item in items if isinstance(item, Record)]
    assert (len(records), sum(isinstance(item, Rejected) for item in items)) == (count, rejected)
    for number, expected in fields.items():
        for field, value in expected.items():
            found = getattr(records[number], field)
            assert (len(found) if isinstance(value, int) else found) == value, (number, field)


def test_nearly_every_record_of_a_database_has_its_fields() -> None:
    records = [item for item, _ in read_records(SAMPLES / "pubmed.nbib")]
    for field, least in (("title", 75), ("abstract", 70), ("authors", 75), ("date", 75),
                         ("journal", 75), ("pmid", 75), ("keywords", 60), ("pages", 69)):  # fmt: skip
        assert sum(bool(getattr(record, field)) for record in records) >= least, field


def test_the_documentation_says_what_was_read() -> None:
    read: dict[str, list[object]] = {}
    for path in sorted(SAMPLES.iterdir()):
        items = [item for item, _ in read_records(path)]
        read.setdefault(recognise(path.read_bytes()[:65536], path.name).name, []).extend(items)
    for name, items in read.items():
        records = [item for item in items if isinstance(item, Record)]
        filled = [
            shown
            for field, shown in SHOWN.items()
            if any(getattr(record, field) for record in records)
        ]
        _, _, counted, fields, *_ = documented()[name]
        assert counted.startswith(f"{len(records)} of {len(items)}"), name
        assert fields == ", ".join(filled), name


SHOWN = {
    **{name: name for name in ("id", "title", "abstract", "language", "translations", "authors")},
    **{name: name for name in ("journal", "date", "volume", "issue", "pages")},
    **{name: name.upper() for name in ("doi", "pmid", "url")},
    **{name: name.replace("_", " ") for name in ("keywords", "publication_types", "retraction")},
    "issn": "ISSN",
    "trial_ids": "trial ids",
    "notices": "notices",
}
