"""Damaged files, for every reader of text: no exception, no hang, no lost neighbour."""

import functools
import io
from dataclasses import dataclass

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search.formats import FORMATS, Item, Rejected
from search.records import Record
from tests.search.formats.damage import damaged

pytestmark = pytest.mark.slow

# Lines without which nothing tells a record from the end of the one before.
OPENINGS = {"refer": "%0 Journal Article\n", "refworks": "RT Journal Article\n", "ovid": "<72>\n"}
OPENINGS |= {"cochrane": "Record #72 of 73\n", "ichushi": "UI  - 2019000072\n"}


@dataclass(frozen=True)
class Case:
    """A format's three undamaged records, and what stands before and after them."""

    name: str
    records: tuple[bytes, bytes, bytes]
    head: bytes = b""

    @property
    def opening(self) -> int:
        return len(OPENINGS.get(self.name, ""))

    @property
    def data(self) -> bytes:
        return self.head + b"".join(self.records)

    def items(self, data: bytes) -> list[Item]:
        return list(FORMATS[self.name].read(io.BytesIO(data)))


def case(name: str, template: str, head: str = "", encoding: str = "utf-8") -> Case:
    titles = ("最初の肺炎", "中間の肺炎", "最後の肺炎")
    pmids = ("71", "72", "73")
    first, middle, last = (
        template.replace("TITLE", title).replace("PMID_", pmid).encode(encoding)
        for title, pmid in zip(titles, pmids, strict=True)
    )
    return Case(name, (first, middle, last), head.encode(encoding))


RIS = (
    "TY  - JOUR\r\nTI  - TITLE\r\nAU  - 山田, 太郎\r\nPY  - 2020/03//\r\nAB  - 一行目。\r\n"
    "      二行目 IL-6。\r\nKW  - 肺炎\r\nDO  - 10.9999/x.PMID_\r\nER  - \r\n\r\n"
)
CASES = (
    case("ris", RIS),
    case("ris", RIS, encoding="cp932"),
    case("ris", RIS.replace("\r\n", "\n"), encoding="euc_jp"),
    case(
        "nbib",
        "PMID- PMID_\nOWN - NLM\nDP  - 2019 Mar\nTI  - TITLE\nAB  - We treated it\n      well.\n"
        "FAU - Yamada, Taro\nAU  - Yamada T\nLA  - jpn\nMH  - *Pneumonia/therapy\n\n",
    ),
    case(
        "ciw",
        "PT J\nAU Yamada, T\n   Suzuki, H\nTI TITLE\nSO KAKU\nAB Text of\n   two lines\nPY 2020\n"
        "UT WOS:00000000000PMID_\nER\n\n",
        head="FN Clarivate Analytics Web of Science\nVR 1.0\n",
    ),
    case(
        "refer",
        "%0 Journal Article\n%A 山田, 太郎\n%T TITLE\n%J 架空内科\n%D 2020\n%X 抄録。\n続き。\n"
        "%R 10.9999/x.PMID_\n\n",
    ),
    case(
        "bibtex",
        "@article{kPMID_,\n  title = {TITLE {\\'e} \\& 50\\%},\n"
        "  author = {山田, 太郎 and Ito, J.},\n  year = 2020,\n  doi = {10.9999/x.PMID_}\n}\n",
    ),
    case(
        "csv",
        '"TITLE, 続き",山田 太郎;鈴木 花子,"一行目。\n""二""行目。",2020,PMID_\r\n',
        head="title,authors,abstract,year,pmid\r\n",
    ),
    case(
        "tsv", "TITLE\t山田 太郎\t抄録\t2020\tPMID_\n", head="タイトル\t著者\t抄録\t発行年\tPMID\n"
    ),
    case(
        "ichushi",
        "UI  - 20190000PMID_\nTI  - TITLE\nAU  - 山田 太郎(架空病院)\n"
        "SO  - 架空内科(1234-5679)12巻3号 Page45-50(2019.03)\nMH  - *肺炎/治療\nAB  - 抄録。\n\n",
    ),
    case(
        "ovid",
        "<PMID_>\nVN  - Ovid Technologies\nDB  - Ovid MEDLINE(R)\nUI  - PMID_\nTI  - TITLE\n"
        "AU  - Abe B\nSO  - Ex Med. 12(3):45-50, 2019 Mar.\nAB  - We treated it\n      well.\n\n",
    ),
    case(
        "cochrane",
        "Record #PMID_ of 73\nID: CN-000000PMID_\nAU: Abe B\nTI: TITLE\nSO: Ex Med\nYR: 2019\n"
        "PM: PUBMED PMID_\nAB: We treated it.\n\n\n",
    ),
    case(
        "refworks",
        "RT Journal Article\nA1 山田,太郎\nT1 TITLE\nJF 架空内科\nYR 2020\nAB 抄録。\n"
        "DO 10.9999/x.PMID_\nER\n\n",
    ),
    case(
        "pubmed-abstract",
        "PMID_. Ex Med. 2019 Mar;12(3):45-50. doi: 10.9999/x.PMID_.\n\nTITLE.\n\n"
        "Abe B(1), Ito K(2).\n\n"
        "Author information:\n(1)Example.\n\nAIM: We treated it.\nRESULTS: Well.\n\n"
        "DOI: 10.9999/x.PMID_\nPMID: PMID_\n\n\n",
    ),
    case(
        "pubmed-summary",
        "PMID_: Abe B, Ito K. TITLE. Ex Med. 2019 Mar;12(3):45-50. PMID: PMID_.\n\n",
    ),
    case("jsonl", '{"id": "pmid:PMID_", "title": "TITLE", "authors": [{"family": "山田"}]}\n'),
    case("beir", '{"_id": "PMID_", "title": "TITLE", "text": "a", "metadata": {"year": 2020}}\n'),
)

fuzzed = settings(max_examples=70, derandomize=True)
by_case = pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c.name}-{len(c.data)}")
seeds = st.integers(0, 2**32)


@functools.cache
def undamaged(case: Case) -> list[Item]:
    return case.items(case.data)


@by_case
def test_the_cases_are_whole(case: Case) -> None:
    items = case.items(case.data)
    assert [item.title[:2] for item in items if isinstance(item, Record)] == [
        "最初",
        "中間",
        "最後",
    ]
    assert FORMATS[case.name].recognises(case.data)


@by_case
@fuzzed
@given(seed=seeds, times=st.integers(1, 5))
def test_a_damaged_record_takes_no_neighbour_with_it(case: Case, seed: int, times: int) -> None:
    before, middle, after = case.records
    first, _, last = undamaged(case)
    # The end of the last line stays: without it, the next record would not begin a line. So do
    # the first lines of some.
    kept, middle = middle[: case.opening], middle[case.opening :]
    broken = kept + damaged(middle.rstrip(b"\r\n"), seed, times) + b"\r\n\r\n"
    items = case.items(case.head + before + broken + after)
    assert first in items
    assert last in items


@by_case
@fuzzed
@given(seed=seeds, times=st.integers(1, 8))
def test_a_file_damaged_anywhere_raises_nothing(case: Case, seed: int, times: int) -> None:
    data = damaged(case.data, seed, times)
    for item in case.items(data):
        assert isinstance(item, Record | Rejected)
        if isinstance(item, Rejected):
            assert item.place
            assert item.reason
    for known in FORMATS.values():
        assert known.recognises(data[:65536]) in (True, False)


@settings(fuzzed, max_examples=60)
@given(seed=seeds, times=st.integers(1, 8))
def test_a_damaged_workbook_raises_nothing(seed: int, times: int) -> None:
    for item in FORMATS["xlsx"].read(io.BytesIO(damaged(WORKBOOK, seed, times))):
        assert isinstance(item, Record | Rejected)


def workbook() -> bytes:
    book = openpyxl.Workbook()
    book.active.append(["タイトル", "抄録", "発行年"])
    for number in range(20):
        book.active.append([f"肺炎 {number}", "抄録", 2020])
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


WORKBOOK = workbook()
