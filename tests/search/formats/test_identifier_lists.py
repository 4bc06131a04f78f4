"""Lists of PMIDs and DOIs as a file."""

import io

import pytest

from search.formats import FORMATS, FormatError, Rejected, recognise
from search.records import Record

SICI = "10.1002/(SICI)1097-0258(19980815)17:15/16<1661::AID-SIM968>3.0.CO;2-2"


def read(content: str | bytes) -> list[str]:
    """The ids that a list gives, or the reasons why it gives none."""
    data = content.encode() if isinstance(content, str) else content
    assert recognise(data[:65536], "list.txt").name == "identifiers"
    found = []
    for item in FORMATS["identifiers"].read(io.BytesIO(data)):
        assert isinstance(item, Record | Rejected)
        if isinstance(item, Record):
            assert item.to_complete
            assert not any(v.title or v.abstract for v in item.versions())
        found.append(item.id if isinstance(item, Record) else f"{item.place}: {item.reason}")
    return found


@pytest.mark.parametrize(
    ("content", "ids"),
    [
        ("30776994\n31234567\n", ["pmid:30776994", "pmid:31234567"]),
        ("\ufeffPMID\r\n30776994\r\n00123456\r\n", ["pmid:30776994", "pmid:123456"]),
        ("30776991, 30776992; 30776993\t30776994", [f"pmid:3077699{n}" for n in range(1, 5)]),
        ("３０７７６９９４、３１２３４５６７", ["pmid:30776994", "pmid:31234567"]),
        (
            "PMID: 30776991\nPMID 30776992\npmid：３０７７６９９３",
            [f"pmid:3077699{n}" for n in (1, 2, 3)],
        ),
        (
            "doi:10.1000/ABC.1\nhttps://doi.org/10.1000/abc.2\ndx.doi.org/10.1000/abc.3\n",
            [f"doi:10.1000/abc.{n}" for n in (1, 2, 3)],
        ),
        (f"{SICI}\n10.1000/x;10.1000/y", [f"doi:{SICI.lower()}", "doi:10.1000/x", "doi:10.1000/y"]),
        (
            "https://pubmed.ncbi.nlm.nih.gov/30776994/\n10.1016/S0140-6736(00)02799-9",
            ["pmid:30776994", "doi:10.1016/s0140-6736(00)02799-9"],
        ),
        ('"30776994"\n"31234567"\n# the second search\n', ["pmid:30776994", "pmid:31234567"]),
        ("30776994\nnothing\n", []),
        ("PMID- 30776994\n", []),
    ],
)  # fmt: skip
def test_numbers_are_read_as_people_write_them(content: str, ids: list[str]) -> None:
    if ids:
        assert read(content) == ids
    else:
        names = {name for name, known in FORMATS.items() if known.recognises(content.encode())}
        assert "identifiers" not in names


def test_what_is_no_number_is_told_with_its_line() -> None:
    content = "\n".join([*(str(30000000 + n) for n in range(20_000)), "sie 12", "30776994"])
    found = read(content)
    assert found[-3:] == [
        "line 20001: 'sie' is neither a PMID nor a DOI",
        "pmid:12",
        "pmid:30776994",
    ]


@pytest.mark.parametrize("content", ["2019,2020\n1,2\n", "12 13 14\n", "", "\n\n", "abc\n"])
def test_other_numbers_are_no_list(content: str) -> None:
    with pytest.raises(FormatError):
        recognise(content.encode(), "numbers")


@pytest.mark.parametrize("name", sorted(n for n, known in FORMATS.items() if known.writer))
def test_records_to_complete_come_back_as_they_were(name: str) -> None:
    numbers = FORMATS["identifiers"].read(io.BytesIO(b"30776994\n10.1000/x\n"))
    records = [item for item in numbers if isinstance(item, Record)]
    stream = io.BytesIO()
    FORMATS[name].write(records, stream)
    stream.seek(0)
    assert list(FORMATS[name].read(stream)) == records
