"""Two reviewers blind to each other: nothing lets one look and decide as if they had not."""

import json

import pytest
from flask.testing import FlaskClient

from search.records import Record
from tests.web.desk.conftest import PASSWORD, app_without_library
from web.desk import items, shelf
from web.desk.desk import Desk
from web.desk.history import CollectionError, ConflictError, history, restore_to, undo
from web.desk.screening import plan
from web.desk.screening.deciding import decide, resolve, take_back
from web.desk.screening.outcomes import agreements, decisions_are_hidden, screened
from web.desk.screening.plan import Plan
from web.desk.store import Store

pytestmark = pytest.mark.slow

TA = plan.STAGES[0]


@pytest.fixture
def store(staffed: Desk) -> Store:
    """Three records, two reviewers, one of whom has decided on the first."""
    store = staffed.store
    number = shelf.create(store, "librarian", "肺炎の予防")
    records = ((Record(f"r{i}", title=f"文献 {i}", language="ja"), "a.ris") for i in range(3))
    items.add(store, "librarian", number, records, "a.ris")
    plan.set_plan(store, "librarian", number, Plan(TA, reviewers=2))
    decide(store, "ann", number, TA, "r0", "include")
    return store


def client_of(desk: Desk, name: str) -> FlaskClient:
    client = app_without_library(desk).test_client()
    client.post("/sign-in", data={"name": name, "password": PASSWORD})
    return client


def test_two_reviewers_do_not_become_one_while_one_of_them_waits(store: Store) -> None:
    with pytest.raises(CollectionError, match="decided on by one of two"):
        plan.set_plan(store, "ben", 1, Plan(TA, reviewers=1))
    # What else the plan says can be changed.
    plan.set_plan(store, "ben", 1, Plan(TA, "成人", reviewers=2))
    # Nor by the history.
    changes = {c.action: c.id for c in history(store, 1)[1]}
    first = min(c.id for c in history(store, 1)[1] if c.action == "plan screening")
    with pytest.raises(ConflictError, match=r"would be seen|changed since"):
        undo(store, "ben", first)
    with pytest.raises(ConflictError, match="would be seen"):
        restore_to(store, "ben", 1, changes["add records"])
    assert plan.plan(store, 1, TA).reviewers == 2
    decide(store, "ben", 1, TA, "r0", "exclude")
    plan.set_plan(store, "ben", 1, Plan(TA, reviewers=1))


def test_what_was_opened_stays_open(store: Store) -> None:
    plan.set_plan(store, "administrator", 1, Plan(TA, reviewers=1), may_open=True)
    assert screened(store, 1, TA).outcomes["r0"].state == "include"
    with pytest.raises(CollectionError, match="have been seen already"):
        plan.set_plan(store, "ben", 1, Plan(TA, reviewers=2))
    with pytest.raises(ConflictError, match="have been seen"):
        undo(store, "ben", history(store, 1)[1][0].id)


def test_an_earlier_state_can_be_left_again_where_nothing_is_hidden(store: Store) -> None:
    decide(store, "ben", 1, TA, "r0", "exclude")
    added = next(c.id for c in history(store, 1)[1] if c.action == "add records")
    restore_to(store, "ben", 1, added)
    assert plan.plan(store, 1, TA).reviewers == 1
    undo(store, "ben", history(store, 1)[1][0].id)
    assert plan.plan(store, 1, TA).reviewers == 2


def test_a_stage_without_decisions_can_be_planned_anew(store: Store) -> None:
    full_text = plan.STAGES[1]
    for reviewers in (2, 1, 2):
        plan.set_plan(store, "ben", 1, Plan(full_text, reviewers=reviewers))
    assert plan.plan(store, 1, full_text).reviewers == 2


def test_only_an_administrator_opens_decisions(staffed: Desk, store: Store) -> None:
    here = "/api/v1/collections/1/screening/plan"
    body = {"stage": TA, "criteria": "", "reasons": [], "reviewers": 1}
    refused = client_of(staffed, "librarian").put(here, json=body)
    assert refused.status_code == 400
    assert "an administrator open the decisions" in refused.json["detail"]
    assert client_of(staffed, "administrator").put(here, json=body).status_code == 200


def test_json_with_decisions_is_saved_by_an_administrator_while_they_are_hidden(
    staffed: Desk, store: Store
) -> None:
    addresses = ("/collections/1/export?format=json", "/api/v1/collections/1/export?format=json")
    clients = {n: client_of(staffed, n) for n in ("reader", "librarian", "administrator")}
    statuses = {
        n: [c.get(a, buffered=True).status_code for a in addresses] for n, c in clients.items()
    }
    assert statuses == {"reader": [403, 403], "librarian": [403, 403], "administrator": [200, 200]}
    assert (
        clients["reader"].get("/collections/1/export?format=ris", buffered=True).status_code == 200
    )
    decide(store, "ben", 1, TA, "r0", "include")
    assert not decisions_are_hidden(store, 1)
    assert clients["reader"].get(addresses[0], buffered=True).status_code == 200


def test_who_changes_after_both_have_decided_is_seen_and_kappa_is_of_before(
    staffed: Desk, store: Store
) -> None:
    # Before the other decides, a slip is corrected unseen.
    decide(store, "ann", 1, TA, "r0", "maybe")
    decide(store, "ann", 1, TA, "r0", "include")
    decide(store, "ben", 1, TA, "r0", "exclude")
    for who, verdict in (("ann", "include"), ("ben", "include")):
        decide(store, who, 1, TA, "r1", verdict)
    for who, verdict in (("ann", "exclude"), ("ben", "exclude")):
        decide(store, who, 1, TA, "r2", verdict)
    (before,) = agreements(screened(store, 1, TA))
    assert (before.both, before.agreed, before.changed) == (3, 2, 0)
    # Ben looks, takes back and decides as ann did.
    take_back(store, "ben", 1, TA, "r0")
    decide(store, "ben", 1, TA, "r0", "include")
    found = screened(store, 1, TA)
    (after,) = agreements(found)
    assert (after.both, after.agreed, after.kappa) == (3, 2, before.kappa)
    assert after.changed == 1
    outcome = found.outcomes["r0"]
    earlier = {d.who: outcome.before_seeing(d) for d in outcome.decisions}
    assert earlier["ann"] is None
    assert earlier["ben"] is not None
    assert earlier["ben"].verdict == "exclude"
    # It is written down where conflicts and what was settled are listed, and in the API.
    decide(store, "ann", 1, TA, "r0", "exclude")
    resolve(store, "administrator", 1, TA, "r0", "include")
    page = client_of(staffed, "reader").get("/collections/1/screening/conflicts?lang=en").text
    assert page.count("decided anew after both had decided") == 2
    told = client_of(staffed, "reader").get(f"/api/v1/collections/1/screening/conflicts?stage={TA}")
    (agreement,) = told.json["agreements"]
    assert agreement["changed"] == 1
    assert "independent" in json.dumps(
        client_of(staffed, "reader")
        .get(f"/api/v1/collections/1/screening/outcomes?stage={TA}")
        .json
    )
