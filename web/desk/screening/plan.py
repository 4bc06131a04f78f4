"""What a collection is screened by: the criteria of each stage, reasons, words to be marked."""

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from web.desk.history import CollectionError, ConflictError, change
from web.desk.schema import DECISIONS_SEEN, OPENS_DECISIONS
from web.desk.shelf import checked_name, checked_text, collection
from web.desk.store import Store

Stage = Literal["title-abstract", "full-text"]
STAGES: tuple[Stage, ...] = get_args(Stage)
# More than nine have no key of their own.
MOST_REASONS = 50
MOST_WORDS = 500


@dataclass(frozen=True)
class Plan:
    """How a stage is screened: its criteria as they are read beside a record, the reasons for which
    records are excluded, in order, and how many reviewers decide on each record (1 or 2)."""

    stage: Stage
    criteria: str = ""
    reasons: tuple[str, ...] = ()
    reviewers: int = 1


@dataclass(frozen=True)
class Words:
    """The reviewers' own words that speak for a record, and those that speak against it."""

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()


def plan(store: Store, number: int, stage: Stage) -> Plan:
    """The plan of a stage; one that nobody has written has one reviewer and no criteria.

    Raises:
        UnknownError: when there is no such collection.
    """
    collection(store, number)
    row = store.connection.execute(
        "select criteria, reasons, reviewers from screening_stages "
        "where collection = ? and stage = ?",
        [number, stage],
    ).fetchone()
    if row is None:
        return Plan(stage)
    return Plan(stage, row["criteria"], tuple(json.loads(row["reasons"])), row["reviewers"])


def set_plan(
    store: Store,
    who: str,
    number: int,
    wanted: Plan,
    seen: Plan | None = None,
    *,
    may_open: bool = False,
) -> None:
    """Write the plan of a stage; ``seen`` is the plan that the editor had before them.

    Two reviewers become one, while records wait for the second, only where ``may_open`` allows that
    decisions are seen; one does not become two while records have been decided on by one alone,
    whose decisions have been seen.

    Raises:
        UnknownError: when there is no such collection.
        CollectionError: for reasons or a number of reviewers that cannot be.
        ConflictError: when someone else has changed it since.
    """
    criteria = checked_text(wanted.criteria)
    reasons = tuple(dict.fromkeys(checked_name(r) for r in wanted.reasons if r.strip()))
    if len(reasons) > MOST_REASONS:
        raise CollectionError(f"a stage has at most {MOST_REASONS} reasons, not {len(reasons)}")
    if wanted.reviewers not in (1, 2):
        raise CollectionError(f"one or two reviewers decide on a record, not {wanted.reviewers}")
    wanted = Plan(wanted.stage, criteria, reasons, wanted.reviewers)
    try:
        _write(store, who, number, wanted, seen, may_open)
    except sqlite3.IntegrityError as error:
        if OPENS_DECISIONS in str(error):
            raise CollectionError(
                "some records have been decided on by one of two reviewers: have the second decide "
                "on them, or an administrator open the decisions; there is no way back from that"
            ) from error
        if DECISIONS_SEEN in str(error):
            raise CollectionError(
                "decisions of this stage have been seen already: two reviewers can be asked for "
                "only while no record has been decided on by one alone"
            ) from error
        raise


def _write(
    store: Store, who: str, number: int, wanted: Plan, seen: Plan | None, may_open: bool
) -> None:
    with change(store, who, "plan screening", number, stage=wanted.stage) as opened:
        current = plan(store, number, wanted.stage)
        if seen is not None and seen != current:
            raise ConflictError("someone else has changed the plan in between", current.criteria)
        if current == wanted:
            return
        if may_open:
            opened.db.execute("insert into opening_change values (?)", [opened.id])
        opened.db.execute(
            "insert into screening_stages (collection, stage, criteria, reasons, reviewers) "
            "values (?, ?, ?, ?, ?) on conflict (collection, stage) do update set "
            "criteria = excluded.criteria, reasons = excluded.reasons, "
            "reviewers = excluded.reviewers",
            [
                *(number, wanted.stage, wanted.criteria),
                *(json.dumps(wanted.reasons, ensure_ascii=False), wanted.reviewers),
            ],
        )
        opened.db.execute("delete from opening_change")


def words(store: Store, number: int) -> Words:
    """The words of a collection.

    Raises:
        UnknownError: when there is no such collection.
    """
    collection(store, number)
    rows = store.connection.execute(
        "select kind, word from screening_words where collection = ? order by id", [number]
    ).fetchall()
    include, exclude = (
        tuple(row["word"] for row in rows if row["kind"] == kind) for kind in ("include", "exclude")
    )
    return Words(include, exclude)


def set_words(
    store: Store, who: str, number: int, include: Sequence[str], exclude: Sequence[str]
) -> None:
    """Write the words of a collection anew.

    Raises:
        UnknownError: when there is no such collection.
        CollectionError: for a word that is none, or that speaks both for and against.
    """
    wanted = {
        kind: dict.fromkeys(checked_name(w) for w in given if w.strip())
        for kind, given in (("include", include), ("exclude", exclude))
    }
    if both := wanted["include"].keys() & wanted["exclude"].keys():
        raise CollectionError(f"{min(both)!r} stands on both sides: take it off one")
    if sum(map(len, wanted.values())) > MOST_WORDS:
        raise CollectionError(f"at most {MOST_WORDS} words can be marked")
    with change(store, who, "mark words", number) as opened:
        current = words(store, number)
        for kind, had in (("include", current.include), ("exclude", current.exclude)):
            for word in had:
                if word not in wanted[kind]:
                    opened.db.execute(
                        "delete from screening_words where collection = ? and word = ?",
                        [number, word],
                    )
        for kind, had in (("include", current.include), ("exclude", current.exclude)):
            for word in wanted[kind]:
                if word not in had:
                    opened.db.execute(
                        "insert into screening_words (collection, kind, word) values (?, ?, ?)",
                        [number, kind, word],
                    )
