"""The result of a screening as files, read again by other programs' parsers."""

import csv
import io
import json
from typing import get_args

import nbib
import openpyxl
import pytest
import rispy
from click.testing import CliRunner
from docx import Document as WordDocument

from search.formats import read_stream
from search.records import Author, Record
from tests.web.desk.conftest import Growing
from web.cli.screening import screened_command
from web.desk import items, shelf, tags
from web.desk.desk import Desk
from web.desk.export import write
from web.desk.screening.deciding import decide, resolve
from web.desk.screening.outcomes import State
from web.desk.screening.plan import Plan, set_plan
from web.desk.screening.screened_files import SCREENED_FORMATS, ScreenedFormat, write_screened
from web.desk.store import Store

TA, FT = "title-abstract", "full-text"


@pytest.fixture
def screened(desk: Desk) -> tuple[Store, int]:
    """Six records: two included, one at full text too, one excluded, one maybe, two left."""
    store, number = desk.store, shelf.create(desk.store, "mori", "夜勤")
    records = [
        Record(
            f"pmid:{i}",
            title=f"Ward {i}",
            abstract="We asked.",
            language="en",
            authors=(Author("Sato", "Jun"),),
            journal="J Wards",
            date="2020-03",
            pmid=str(i),
        )
        for i in range(1, 7)
    ]
    items.add(store, "mori", number, [(r, "a.ris") for r in records], "a.ris")
    tags.tag_records(store, "mori", number, "RCT", ["pmid:1"])
    items.annotate(store, "mori", number, "pmid:1", "seen at the congress")
    decide(store, "mori", number, TA, "pmid:1", "include")
    decide(store, "mori", number, TA, "pmid:2", "include")
    decide(store, "mori", number, TA, "pmid:3", "exclude", "動物")
    decide(store, "mori", number, TA, "pmid:4", "maybe")
    decide(store, "mori", number, FT, "pmid:1", "include")
    decide(store, "mori", number, FT, "pmid:2", "exclude", "no control")
    return store, number


def saved(
    store: Store, number: int, stage: str, state: State | str, name: ScreenedFormat, who: str = ""
) -> bytes:
    stream = io.BytesIO()
    write_screened(store, number, stage, state, name, stream, who or None)  # type: ignore[arg-type]
    return stream.getvalue()


def test_ris_tells_the_decision_to_every_program(screened: tuple[Store, int]) -> None:
    found = rispy.loads(saved(*screened, TA, "include", "ris").decode("utf-8-sig"))
    assert [entry["title"] for entry in found] == ["Ward 1", "Ward 2"]
    notes = found[0]["notes"]
    assert notes[:3] == [
        "seen at the congress",
        "Tags: RCT",
        "Decision: included; stage: title and abstract",
    ]
    assert "Reviewer: mori: included" in notes
    assert "ASReview_relevant" in notes
    assert 'RAYYAN-INCLUSION: {"mori"=>"Included"} | RAYYAN-LABELS: RCT' in notes
    (excluded,) = rispy.loads(saved(*screened, TA, "exclude", "ris").decode("utf-8-sig"))
    assert "Decision: excluded; stage: title and abstract; reason: 動物" in excluded["notes"]
    assert "ASReview_irrelevant" in excluded["notes"]
    assert any("RAYYAN-EXCLUSION-REASONS: 動物" in note for note in excluded["notes"])
    left = rispy.loads(saved(*screened, TA, "open", "ris").decode("utf-8-sig"))
    assert [entry["notes"][-1] for entry in left] == ["ASReview_not_seen"] * 2


def test_tables_have_columns(screened: tuple[Store, int]) -> None:
    text = saved(*screened, FT, "", "csv").decode("utf-8-sig")
    rows = {row["record_id"]: row for row in csv.DictReader(io.StringIO(text))}
    assert list(rows) == ["pmid:1", "pmid:2", "pmid:4"]
    second = rows["pmid:2"]
    assert second["screening_decision"] == "excluded"
    assert second["screening_stage"] == "full text"
    assert second["screening_reason"] == "no control"
    assert second["screening_reviewers"] == "mori: excluded (no control)"
    assert [rows[i]["label_included"] for i in rows] == ["1", "0", ""]
    assert rows["pmid:1"]["collection_tags"] == "RCT"
    sheet = openpyxl.load_workbook(io.BytesIO(saved(*screened, FT, "", "xlsx"))).active
    assert sheet is not None
    table = list(sheet.iter_rows(values_only=True))
    assert table[1][table[0].index("screening_decision")] == "included"


def test_other_formats_hold_the_same_records(screened: tuple[Store, int]) -> None:
    found = nbib.read(saved(*screened, FT, "include", "nbib").decode())
    assert [entry["title"] for entry in found] == ["Ward 1"]
    assert b"Ward 1" in saved(*screened, FT, "include", "bibtex")
    told = saved(*screened, FT, "include", "csl-json")
    (item,) = json.loads(told)
    assert (item["issued"], item["PMID"]) == ({"date-parts": [[2020, 3]]}, "1")
    assert "Decision: included; stage: full text" in item["note"].splitlines()
    (again,) = [record for record, _ in read_stream(io.BytesIO(told), "a.json")]
    assert isinstance(again, Record)
    assert (again.title, again.date, again.authors) == (
        "Ward 1",
        "2020-03",
        (Author("Sato", "Jun"),),
    )
    document = WordDocument(io.BytesIO(saved(*screened, FT, "include", "docx")))
    texts = [p.text for p in document.paragraphs]
    assert texts[0] == "夜勤: included, full text"
    assert texts[1].startswith("Sato J. Ward 1.")
    assert "seen at the congress" in texts


@pytest.mark.parametrize("name", SCREENED_FORMATS)
def test_every_state_can_be_taken_away(screened: tuple[Store, int], name: ScreenedFormat) -> None:
    counts = {
        state: write_screened(*screened, TA, state, name, io.BytesIO())  # type: ignore[arg-type]
        for state in ("", *get_args(State))
    }
    assert counts == {"": 6, "include": 2, "exclude": 1, "maybe": 1, "open": 2, "conflict": 0}


def test_two_reviewers_stay_blind_in_files(desk: Desk) -> None:
    store, number = desk.store, shelf.create(desk.store, "mori", "夜勤")
    set_plan(store, "mori", number, Plan(TA, "", (), 2))
    items.add(store, "mori", number, [(Record(i, title=i, language="en"), "a") for i in "pq"], "a")
    decide(store, "ann", number, TA, "p", "include")
    assert b"ann" not in saved(store, number, TA, "", "ris", "ben")
    assert b"ann: included" in saved(store, number, TA, "", "ris", "ann")
    decide(store, "ben", number, TA, "p", "exclude")
    conflict = saved(store, number, TA, "conflict", "csv", "ben").decode()
    assert "ann: included; ben: excluded" in conflict
    resolve(store, "mori", number, TA, "p", "include")
    assert b"Ward" not in saved(store, number, TA, "conflict", "ris")
    assert b"Decision: included" in saved(store, number, TA, "include", "ris")


def test_the_whole_collection_tells_the_last_decision(screened: tuple[Store, int]) -> None:
    stream = io.BytesIO()
    write(*screened, "csv", stream)
    rows = list(csv.DictReader(io.StringIO(stream.getvalue().decode("utf-8-sig"))))
    told = [(row["screening_decision"], row["screening_stage"]) for row in rows]
    assert told[:4] == [
        ("included", "full text"),
        ("excluded", "full text"),
        ("excluded", "title and abstract"),
        ("maybe", "title and abstract"),
    ]
    stream = io.BytesIO()
    write(*screened, "ris", stream)
    assert "Decision: excluded; stage: full text; reason: no control" in stream.getvalue().decode()


def test_every_page_of_screening_has_the_link(growing: Growing) -> None:
    client = growing.app.test_client()
    number = client.post("/api/v1/collections", json={"name": "c"}).json["id"]
    text = "TY  - JOUR\nTI  - Night shifts\nER  - \n"
    client.post(f"/api/v1/collections/{number}/files?name=a.ris", data=text.encode())
    here = f"/collections/{number}/screening"
    for page in ("", "/plan", "/conflicts", "/decisions", "/progress"):
        assert f'action="{here}/export"' in client.get(here + page).text
    file = client.get(f"{here}/export?format=ris&state=open", buffered=True)
    assert file.headers["Content-Disposition"].endswith("c-title-abstract-undecided.ris")
    assert b"Night shifts" in file.data
    api = client.get(f"/api/v1{here}/export?format=docx&state=include", buffered=True)
    assert (api.status_code, api.data[:2]) == (200, b"PK")
    assert client.get(f"{here}/export?format=pdf").status_code == 400


def test_the_command_writes_a_file(screened: tuple[Store, int], desk: Desk) -> None:
    store, number = screened
    file = store.path.with_name("included.ris")
    arguments = [str(number), "--state", "include", "--output", str(file)]
    told = CliRunner().invoke(screened_command, [*arguments, "--collections", str(store.path)])
    assert told.exit_code == 0, told.output
    assert len(rispy.loads(file.read_text(encoding="utf-8-sig"))) == 2
