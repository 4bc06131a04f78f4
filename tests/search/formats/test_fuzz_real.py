"""Real exports, damaged: no exception, no hang, no lost neighbour."""

import functools
import io
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search.formats import FORMATS, Deletion, Item, Rejected, recognise
from search.records import Record
from tests.search.formats.damage import damaged

SAMPLES = Path(__file__).parents[3] / ".." / "shared" / "data" / "formats"
pytestmark = pytest.mark.skipif(
    not SAMPLES.is_dir(), reason="no real samples beside the repository"
)
# One of each reader and dialect, and where its records part; None: a file of one record.
FILES: dict[str, bytes | None] = {
    "asreview_embase.ris": b"TY  - ",
    "asreview_proquest.ris": b"TY  - ",
    "asreview_pubmed_zotero.ris": b"TY  - ",
    "pubmed.nbib": b"PMID- ",
    "pmc_medlars.txt": b"PMC - ",
    "example_wos.ris": None,
    "asreview_embase.csv": None,
    "asreview_generic_tab.tsv": None,
    "pubmed-29768149.xml": None,
    "jats_6605965a.nxml": None,
    "jstage_search.xml": b"<entry>",
}
fuzzed = settings(max_examples=60, derandomize=True)
seeds = st.integers(0, 2**32)


@functools.cache
def content(name: str) -> bytes:
    """The file's beginning, some records of it; a file of one record whole."""
    data = (SAMPLES / name).read_bytes()
    mark = FILES[name]
    if mark is None:
        return data
    parts = data.split(mark)
    tail = b"</feed>" if mark == b"<entry>" else b""
    return mark.join(parts[:4]) + (tail if len(parts) > 4 else b"")


@functools.cache
def reader(name: str) -> str:
    return recognise(content(name)[:65536], name).name


def items(name: str, data: bytes) -> list[Item]:
    return list(FORMATS[reader(name)].read(io.BytesIO(data)))


@pytest.mark.parametrize("name", sorted(FILES))
@fuzzed
@given(seed=seeds, times=st.integers(1, 8))
def test_damaged_anywhere_raises_nothing(name: str, seed: int, times: int) -> None:
    for item in items(name, damaged(content(name), seed, times)):
        assert isinstance(item, Record | Rejected | Deletion)


@functools.cache
def apart(name: str) -> tuple[bytes, bytes, bytes, Item, Item]:
    """What stands before the middle record, it, and what follows; and the two neighbours."""
    mark = FILES[name]
    assert mark is not None
    head, first, middle, last = content(name).split(mark)
    before, _, after = items(name, content(name))
    return head + mark + first, mark + middle, mark + last, before, after


@pytest.mark.parametrize("name", sorted(n for n, mark in FILES.items() if mark))
@fuzzed
@given(seed=seeds, times=st.integers(1, 5))
def test_a_damaged_record_takes_no_neighbour_with_it(name: str, seed: int, times: int) -> None:
    before, middle, after, first, last = apart(name)
    # The end of the last line stays: without it, the next record would not begin a line.
    broken = damaged(middle.rstrip(b"\r\n"), seed, times) + b"\r\n\r\n"
    found = items(name, before + broken + after)
    assert first in found
    assert last in found
