"""Notes, labels and decisions that come with a file into a collection."""

import io

from search.formats.fields.remarks import Remarks, ToldDecision, remarks_in
from web.desk.additions import add_file
from web.desk.desk import Desk
from web.desk.items import items
from web.desk.shelf import create

RIS = """TY  - JOUR
TI  - Ward rounds at night
N1  - seen at the congress
N1  - Tags: included; 要確認
N1  - RAYYAN-INCLUSION: {"Sato"=>"Excluded"} | RAYYAN-LABELS: RCT
ER  -
"""


def test_what_stands_in_notes() -> None:
    assert remarks_in(["doi: 10.5555/x", "PMID: 1"]) == Remarks()
    told = (ToldDecision("exclude"),)
    found = remarks_in(["ASReview_irrelevant", "my note"])
    assert found == Remarks("my note", ("irrelevant",), told)
    assert remarks_in(["Tags: a; b"], ["b", " c "]) == Remarks("", ("b", "c", "a"))


def test_a_file_brings_notes_and_labels(desk: Desk) -> None:
    store = desk.store
    number = create(store, "test", "Night")
    intake = add_file(store, "test", number, io.BytesIO(RIS.encode()), "a.ris", None)
    assert (intake.added, intake.noted, intake.labelled) == (1, 1, 4)
    _, (item,) = items(store, number)
    assert item.note == "seen at the congress"
    assert set(item.tags) == {"included", "要確認", "excluded: Sato", "RCT"}
    # Once more: a note that is there stays, and labels are not doubled.
    again = add_file(store, "test", number, io.BytesIO(RIS.encode()), "a.ris", None)
    assert (again.added, again.noted, again.labelled) == (0, 0, 0)


def test_different_works_of_one_id_are_two(desk: Desk) -> None:
    store = desk.store
    text = "TY  - JOUR\nTI  - {}\nSP  - {}\nDO  - 10.5555/s\nER  - \n"
    content = (text.format("Falls", 1) + text.format("Cats", 9)).encode()
    number = create(store, "test", "Supplement")
    assert add_file(store, "test", number, io.BytesIO(content), "a.ris", None).added == 2
