"""What other programs read of our exports: every record, and where they look for each field.

bibtexparser 1 and 2 can't be installed side by side; pybtex, which stops at the first fault of a
file, stands for the older parsers.
"""

import io

import nbib
import pandas
import pybtex.database
import pytest
import rispy

from search.formats import FORMATS
from search.records import Record
from tests.search.formats import round_trip_table
from tests.search.formats.round_trip_table import ENGLISH, JAPANESE

RECORDS = [JAPANESE, ENGLISH]


def written(name: str) -> bytes:
    return round_trip_table.written(name, RECORDS)


def test_rispy_finds_the_only_abstract_where_it_looks_for_one() -> None:
    first, second = rispy.loads(written("ris").decode())
    assert (first["title"], first["abstract"]) == ("高齢者の転倒", "We counted falls.")
    assert first["authors"] == ["山田, 太郎"]
    assert second["doi"] == ENGLISH.doi


def test_nbib_reads_every_record_with_doi_and_issn() -> None:
    first, second = nbib.read(written("nbib").decode().replace("\r\n", "\n"))
    assert first["doi"] == "10.5555/ja.1"
    assert first["print_issn"] == "0000-0019"
    assert first["abstract"] == "We counted falls."
    assert first["authors"][0]["author_abbreviated"] == "山田 太郎"
    assert (second["pubmed_id"], second["title"]) == (31000001, ENGLISH.title)


def test_every_nbib_record_begins_with_a_pmid_as_importers_ask() -> None:
    parts = written("nbib").decode().strip().split("\r\n\r\n")
    assert [part.split("\r\n")[0].strip() for part in parts] == ["PMID- 0", "PMID- 31000001"]
    # Zotero takes a DOI from AID alone.
    assert all("\r\nAID - 10." in part for part in parts)


def test_pybtex_reads_a_file_with_unbalanced_braces() -> None:
    found = pybtex.database.parse_bytes(written("bibtex"), "bibtex")
    assert len(found.entries) == len(RECORDS)
    first = found.entries["ichushi:2020123456"]
    assert first.fields["abstract"] == "We counted falls."
    assert [str(person) for person in first.persons["author"]] == ["山田, 太郎"]


@pytest.mark.parametrize("name", ["csv", "tsv", "xlsx"])
def test_pandas_reads_the_tables(name: str) -> None:
    content = io.BytesIO(written(name))
    if name == "xlsx":
        table = pandas.read_excel(content, dtype=str, engine="openpyxl")
    else:
        table = pandas.read_csv(content, dtype=str, sep="\t" if name == "tsv" else ",")
    assert list(table["title"]) == [record.title for record in RECORDS]
    assert table["abstract"][0] == "We counted falls."
    assert table["doi"][1] == ENGLISH.doi


@pytest.mark.parametrize("name", sorted(n for n, f in FORMATS.items() if f.write))
def test_what_was_moved_for_others_comes_back_to_its_place(name: str) -> None:
    first, second = FORMATS[name].read(io.BytesIO(written(name)))
    assert isinstance(first, Record)
    assert isinstance(second, Record)
    assert (first.title, first.abstract) == (JAPANESE.title, "")
    assert first.translations == JAPANESE.translations
    assert (second.title, second.abstract) == (ENGLISH.title, ENGLISH.abstract)


def test_the_documentation_has_the_table_of_what_others_read() -> None:
    made = round_trip_table.table()
    assert round_trip_table.documented() == made, (
        "run: python -m tests.search.formats.round_trip_table"
    )


@pytest.mark.parametrize("name", round_trip_table.PARSERS)
def test_others_read_every_field_of_every_record(name: str) -> None:
    for field, (right, all_) in round_trip_table.counted(name).items():
        assert right == all_, field
