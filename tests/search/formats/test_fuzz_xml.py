"""Damaged files, for every reader of XML and JSON-LD: no exception, no hang, no lost neighbour."""

import functools
import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search.formats import FORMATS, Deletion, Item, Rejected
from search.records import Record
from tests.search.formats.damage import damaged

pytestmark = pytest.mark.slow

SAMPLES = Path(__file__).parent / "samples"


@dataclass(frozen=True)
class Case:
    """A reader and three undamaged records; the middle one lies from ``start`` to ``end``."""

    name: str
    data: bytes
    start: int
    end: int

    @property
    def read(self) -> Callable[[BinaryIO], Iterator[Item]]:
        return FORMATS[self.name].read

    def items(self, data: bytes) -> list[Item]:
        return list(self.read(io.BytesIO(data)))


def case(name: str, sample: str, record: str, *, count: int = 3) -> Case:
    """The sample, its first record put before and after another of its records."""
    text = (SAMPLES / sample).read_text()
    found = re.findall(record, text, re.DOTALL)
    middle = found[min(1, len(found) - 1)]
    first, last = found[0].replace("9999/", "9999/first."), found[0].replace("9999/", "9999/last.")
    first, last = (
        one.replace("90000001", number)
        .replace("1390000000000000001", number)
        .replace("jRCT1031200001", f"jRCT{number}")
        for one, number in ((first, "71"), (last, "73"))
    )
    head, tail = text.split(found[0])[0], text.rsplit(found[-1])[-1]
    comma = "," if name == "cinii" else ""
    before = f"{head}{first}{comma}\n".encode()
    data = before + middle.encode() + f"{comma}\n{last}{tail}".encode()
    return Case(name, data, len(before), len(before) + len(middle.encode()))


CASES = (
    case("pubmed-xml", "pubmed.xml", r"<PubmedArticle>.*?</PubmedArticle>"),
    case("jats", "jats_japanese.xml", r"<article .*?</article>"),
    case("jstage", "jstage.xml", r"<entry>.*?</entry>"),
    case("esummary-xml", "esummary.xml", r"<DocSum>.*?</DocSum>"),
    case("ictrp", "ictrp.xml", r"<Trial>.*?</Trial>"),
    case("oai-dc", "oai_dc.xml", r"<record>.*?</record>"),
    case("mods", "mods.xml", r"<mods:mods>.*?</mods:mods>"),
    case("zotero-rdf", "zotero.rdf", r"<bib:Article .*?</bib:Article>"),
    case("endnote-xml", "endnote.xml", r"<record>.*?</record>"),
    case(
        "cinii", "cinii_search.json", r'\{\s*"@id": "[^"]*/crid/\d+",\s*"@type": "item".*?\n    \}'
    ),
)


fuzzed = settings(max_examples=80, derandomize=True)
by_case = pytest.mark.parametrize("case", CASES, ids=lambda c: c.name)


@functools.cache
def undamaged(case: Case) -> list[Item]:
    return case.items(case.data)


@by_case
def test_the_cases_are_whole(case: Case) -> None:
    items = [item for item in case.items(case.data) if not isinstance(item, Deletion)]
    assert len({item.id for item in items if isinstance(item, Record)}) >= 3
    assert not [item for item in items if isinstance(item, Rejected)]


@by_case
@fuzzed
@given(seed=st.integers(0, 2**32), times=st.integers(1, 5))
def test_a_damaged_record_takes_no_neighbour_with_it(case: Case, seed: int, times: int) -> None:
    middle = damaged(case.data[case.start : case.end], seed, times)
    whole = undamaged(case)
    items = case.items(case.data[: case.start] + middle + case.data[case.end :])
    assert whole[0] in items
    assert whole[2] in items


@by_case
@fuzzed
@given(seed=st.integers(0, 2**32), times=st.integers(1, 8))
def test_a_file_damaged_anywhere_raises_nothing(case: Case, seed: int, times: int) -> None:
    data = damaged(case.data, seed, times)
    for item in case.items(data):
        assert isinstance(item, Record | Rejected | Deletion)
        if isinstance(item, Rejected):
            assert item.place
            assert item.reason
    for known in FORMATS.values():
        assert known.recognises(data[:65536]) in (True, False)


@by_case
@fuzzed
@given(data=st.binary(max_size=2000))
def test_noise_raises_nothing(case: Case, data: bytes) -> None:
    at = len(data) // 2
    for item in case.items(data[:at] + case.data[: case.end] + data[at:]):
        assert isinstance(item, Record | Rejected | Deletion)
