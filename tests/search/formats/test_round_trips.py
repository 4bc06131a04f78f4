"""What is written and read again is the same, but for what a format declares to drop."""

import io

import pytest
import rispy
from hypothesis import given, settings
from hypothesis import strategies as st

from search.formats import FORMATS, Item, recognise
from search.records import Record, record_from_dict
from tests.search.formats.literature import records

pytestmark = pytest.mark.slow

WRITERS = sorted(name for name, known in FORMATS.items() if known.write)
by_writer = pytest.mark.parametrize("name", WRITERS)


def written(name: str, items: list[Record]) -> bytes:
    stream = io.BytesIO()
    write = FORMATS[name].write
    assert write
    write(items, stream)
    return stream.getvalue()


def again(name: str, items: list[Record]) -> list[Item]:
    return list(FORMATS[name].read(io.BytesIO(written(name, items))))


@by_writer
@settings(deadline=None, max_examples=40)
@given(data=st.data())
def test_records_come_back_as_they_were(name: str, data: st.DataObject) -> None:
    line_breaks = "abstract" not in FORMATS[name].drops or name != "nbib"
    items = data.draw(st.lists(records(line_breaks=line_breaks), max_size=3))
    assert again(name, items) == items


@by_writer
@settings(deadline=None, max_examples=30)
@given(data=st.data())
def test_what_is_written_is_recognised(name: str, data: st.DataObject) -> None:
    content = written(name, [data.draw(records())])
    assert recognise(content, "export").name == name


@by_writer
def test_a_third_language_is_dropped_only_where_the_format_says_so(name: str) -> None:
    record = record_from_dict(
        {
            "id": "pmid:1",
            "title": "肺炎",
            "translations": [
                {"language": "en", "title": "Pneumonia"},
                {"language": "fr", "title": "Pneumonie"},
            ],
        }
    )
    (read,) = again(name, [record])
    assert isinstance(read, Record)
    languages = [t.language for t in read.translations]
    assert languages == (["en"] if "translations" in FORMATS[name].drops else ["en", "fr"])


@by_writer
def test_line_breaks_are_dropped_only_where_the_format_says_so(name: str) -> None:
    record = record_from_dict({"id": "pmid:1", "title": "T", "abstract": "one\ntwo"})
    (read,) = again(name, [record])
    assert isinstance(read, Record)
    kept = read.abstract == "one\ntwo"
    assert kept or "abstract" in FORMATS[name].drops
    assert read.abstract in ("one\ntwo", "one two")


@settings(deadline=None, max_examples=50)
@given(record=records())
def test_another_library_reads_our_ris(record: Record) -> None:
    (entry,) = rispy.loads(written("ris", [record]).decode())
    assert entry["type_of_reference"] == "JOUR"
    assert entry["title"] == record.title
    assert len(entry.get("authors", [])) == len(record.authors)
    assert entry.get("keywords", []) == list(record.keywords)
    assert entry.get("doi", "") == record.doi


@pytest.mark.parametrize("name", ["csv", "tsv"])
@pytest.mark.parametrize(
    "title", ["=HYPERLINK(1)", "+1", "-1", "@SUM(A1)", "'=1", "＝1+1", "＋1", "－1", "＠SUM(A1)"]
)
def test_no_cell_is_a_formula(name: str, title: str) -> None:
    record = record_from_dict({"id": "pmid:1", "title": title, "abstract": title})
    content = written(name, [record]).decode("utf-8-sig")
    assert not any(
        cell.strip('"')[:1] in "=+-@＝＋－＠" for cell in content.split("\n")[1].split(",") if cell
    )
    assert again(name, [record]) == [record]
