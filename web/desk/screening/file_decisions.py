"""Decisions that files told of: kept beside their source until they are taken over or declined.

Whoever takes them over says in whose name: their own, or that which the file has, marked as
imported. So no file decides anything by itself.
"""

import sqlite3
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from search.formats.fields.remarks import ToldDecision
from web.desk.history import CollectionError, UnknownError, change
from web.desk.items import mains
from web.desk.screening.ledger import append
from web.desk.screening.outcomes import screened
from web.desk.screening.plan import STAGES, Stage, plan
from web.desk.shelf import LONGEST_NAME, checked_name
from web.desk.signatures import as_imported
from web.desk.store import Store, now

# A full text cannot be excluded without a reason: what stands where a file has none.
NO_REASON = "no reason given"
# In whose name decisions are taken over: one's own, or the names in the file.
Name = Literal["own", "file"]


@dataclass(frozen=True)
class Told:
    """What a source tells: how many decisions of each verdict, by whom (empty where it does not
    say), of which stages; ``answer`` is what was done with them, empty where nothing yet."""

    source: int
    verdicts: Mapping[str, int]
    people: tuple[str, ...]
    stages: tuple[str, ...]
    answer: str


@dataclass(frozen=True)
class Taken:
    """What became of told decisions: taken over, and left because the record is not to be screened
    in that stage, or as many reviewers as are needed have decided."""

    taken: int
    left: int


def keep_told(
    db: sqlite3.Connection,
    collection: int,
    decisions: Mapping[str, Sequence[ToldDecision]],
) -> None:
    """Keep what the latest source of a collection told, by record id, inside the change that adds
    its records."""
    (source,) = db.execute(
        "select max(id) from intakes where collection = ?", [collection]
    ).fetchone()
    db.executemany(
        "insert into told_decisions (intake, record_id, verdict, who, reason, stage) "
        "values (?, ?, ?, ?, ?, ?)",
        [
            (source, i, d.verdict, d.who[:LONGEST_NAME], d.reason[:LONGEST_NAME], d.stage)
            for i, few in decisions.items()
            for d in few
        ],
    )


def told(store: Store, collection: int) -> dict[int, Told]:
    """What the sources of a collection tell, by their numbers; those that tell nothing are left
    out."""
    rows = store.connection.execute(
        "select intakes.id intake, verdict, told_decisions.who, stage, coalesce(answer, '') answer "
        "from told_decisions join intakes on intakes.id = told_decisions.intake "
        "left join told_answers on told_answers.intake = intakes.id where collection = ? "
        "order by told_decisions.id",
        [collection],
    ).fetchall()
    by_source: dict[int, list[sqlite3.Row]] = {}
    for row in rows:
        by_source.setdefault(row["intake"], []).append(row)
    return {
        source: Told(
            source,
            Counter(row["verdict"] for row in few),
            tuple(dict.fromkeys(row["who"] for row in few)),
            tuple(dict.fromkeys(row["stage"] for row in few)),
            few[0]["answer"],
        )
        for source, few in by_source.items()
    }


def take_over(
    store: Store,
    who: str,
    collection: int,
    source: int,
    name: Name,
    stage: Stage,
    *,
    may_open: bool = False,
) -> Taken:
    """Take over what a source tells, those decisions of no stage as of ``stage``. In the names of
    the file (marked as imported; its own name where it has none), or in one's own: then of several
    people's decisions on a record the first counts.

    Raises:
        UnknownError: when the source tells nothing.
        CollectionError: when two reviewers decide blind to each other, and decisions of others
            would open theirs; ``may_open`` says that the person may do that.
    """
    with store.writing():
        rows = _rows(store, collection, source)
        taken = left = 0
        with change(store, who, "take over decisions", collection, without_rows=True) as opened:
            for at in STAGES:
                wanted = [row for row in rows if (row["stage"] or stage) == at]
                if not wanted:
                    continue
                if name == "file" and plan(store, collection, at).reviewers > 1 and not may_open:
                    raise CollectionError(
                        "two reviewers decide blind to each other: take the decisions over as your "
                        "own, or ask an administrator to take them over in other names"
                    )
                some, others = _append(store, opened.db, who, collection, at, wanted, name)
                taken += some
                left += others
            _answer(opened.db, source, "taken")
            opened.says(records=taken, **{"from": rows[0]["source"]})
    return Taken(taken, left)


def decline(store: Store, who: str, collection: int, source: int) -> None:
    """Decide that what a source tells is not taken over.

    Raises:
        UnknownError: when the source tells nothing.
    """
    with store.writing():
        rows = _rows(store, collection, source)
        with change(store, who, "decline decisions", collection, without_rows=True) as opened:
            _answer(opened.db, source, "declined")
            opened.says(**{"from": rows[0]["source"]})


def _rows(store: Store, collection: int, source: int) -> list[sqlite3.Row]:
    rows = store.connection.execute(
        "select record_id, verdict, told_decisions.who, reason, stage, "
        "iif(label = '', name, label) source from told_decisions "
        "join intakes on intakes.id = intake where collection = ? and intake = ? "
        "order by told_decisions.id",
        [collection, source],
    ).fetchall()
    if not rows:
        raise UnknownError(f"source {source} of collection {collection} tells no decisions")
    return rows


def _append(
    store: Store,
    db: sqlite3.Connection,
    who: str,
    collection: int,
    stage: Stage,
    rows: Sequence[sqlite3.Row],
    name: Name,
) -> tuple[int, int]:
    """How many decisions were taken over, and how many not."""
    found = screened(store, collection, stage)
    under = mains(store, collection)
    people: dict[str, set[str]] = {}
    taken = left = 0
    for row in rows:
        record_id = under.get(row["record_id"], row["record_id"])
        outcome = found.outcomes.get(record_id)
        person = who if name == "own" else as_imported(checked_name(row["who"] or row["source"]))
        if outcome is None:
            left += 1
            continue
        others = people.setdefault(record_id, {d.who for d in outcome.decisions})
        if person in others or len(others) >= found.plan.reviewers:
            left += 1
            continue
        excluded = row["verdict"] == "exclude"
        reason = row["reason"] or (NO_REASON if stage == "full-text" else "")
        append(
            db,
            collection,
            stage,
            record_id=record_id,
            kind="review",
            who=person,
            verdict=row["verdict"],
            reason=" ".join(reason.split()) if excluded else "",
            at=now(),
        )
        others.add(person)
        taken += 1
    return taken, left


def _answer(db: sqlite3.Connection, source: int, answer: str) -> None:
    db.execute(
        "insert into told_answers (intake, answer) values (?, ?) "
        "on conflict (intake) do update set answer = excluded.answer",
        [source, answer],
    )
