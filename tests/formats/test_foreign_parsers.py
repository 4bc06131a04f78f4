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
from search.records import Record, record_from_dict

JAPANESE = record_from_dict(
    {
        "id": "ichushi:2020123456", "title": "高齢者の転倒", "language": "ja",
        "translations": [{"language": "en", "title": "Falls", "abstract": "We counted falls."}],
        "authors": [{"family": "山田", "given": "太郎"}], "journal": "架空看護", "date": "2020-03",
        "volume": "12", "issue": "3", "pages": "45-50", "doi": "10.5555/ja.1", "issn": "0000-0019",
        "ichushi_id": "2020123456", "keywords": ["転倒", "看護"],
    }
)  # fmt: skip
ENGLISH = record_from_dict(
    {
        "id": "pmid:31000001", "pmid": "31000001", "title": "Sets {a, b of x_1 & 50% of wards",
        "abstract": "One brace } too many, @article{x, and p < 0.05.", "language": "en",
        "authors": [{"family": "van Abe", "given": "Bun"}, {"family": "Example Study Group"}],
        "journal": "J Ex", "date": "2019-03-05", "doi": "10.1002/(SICI)1:2<3::AID-X4>3.0.CO;2-Z",
    }
)  # fmt: skip
RECORDS = [JAPANESE, ENGLISH]


def written(name: str, records: list[Record] | None = None) -> bytes:
    stream = io.BytesIO()
    write = FORMATS[name].write
    assert write
    write(records or RECORDS, stream)
    return stream.getvalue()


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
        table = pandas.read_excel(content, dtype=str)
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
