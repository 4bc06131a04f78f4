"""Decisions: made, taken back, resolved. What is confirmed is on the disk."""

from dataclasses import dataclass

from web.desk.history import CollectionError, ConflictError, UnknownError
from web.desk.screening.ledger import Verdict, append
from web.desk.screening.outcomes import Outcome, Screened, screened
from web.desk.screening.plan import Stage
from web.desk.shelf import checked_name
from web.desk.store import Store, now


@dataclass(frozen=True)
class Decided:
    """A decision that was made, by its place in the log."""

    number: int
    record_id: str


def decide(
    store: Store,
    who: str,
    number: int,
    stage: Stage,
    record_id: str,
    verdict: Verdict,
    reason: str = "",
) -> Decided:
    """Decide on a record, or decide anew. It is on the disk when this returns.

    Raises:
        UnknownError: when there is no such collection, or the record is not to be screened in
            this stage.
        CollectionError: when a full text is excluded without a reason.
        ConflictError: when as many others as are needed have decided on it meanwhile.
    """
    reason = _reason(stage, verdict, reason)
    with store.writing() as db:
        found = screened(store, number, stage)
        outcome = _outcome(found, record_id)
        others = [d for d in outcome.decisions if d.who != who]
        if len(others) >= found.plan.reviewers:
            raise ConflictError("as many reviewers as are needed have decided on this record")
        row = append(
            db,
            number,
            stage,
            record_id=outcome.record_id,
            kind="review",
            who=who,
            verdict=verdict,
            reason=reason,
            at=now(),
        )
    return Decided(row, outcome.record_id)


def take_back(
    store: Store, who: str, number: int, stage: Stage, record_id: str | None = None
) -> str:
    """Take back one's decision on a record, or one's latest; the record's id.

    Raises:
        UnknownError: when there is no such collection, or no decision of this reviewer.
    """
    with store.writing() as db:
        own = screened(store, number, stage).by(who)
        if record_id is None and own:
            record_id = max(own.values(), key=lambda d: d.number).record_id
        if record_id is None or record_id not in own:
            raise UnknownError(f"{who} has no decision to take back")
        append(
            db,
            number,
            stage,
            record_id=record_id,
            kind="review",
            who=who,
            verdict="undone",
            reason="",
            at=now(),
        )
    return record_id


def resolve(
    store: Store,
    who: str,
    number: int,
    stage: Stage,
    record_id: str,
    verdict: Verdict,
    reason: str = "",
) -> None:
    """Settle a conflict. It holds until one of the decisions that it resolves changes.

    Raises:
        UnknownError: when there is no such collection or record.
        CollectionError: when it is settled by a maybe, or a full text excluded without a reason.
        ConflictError: when the record is not in conflict any more.
    """
    if verdict == "maybe":
        raise CollectionError("a conflict is settled by include or exclude")
    reason = _reason(stage, verdict, reason)
    with store.writing() as db:
        outcome = _outcome(screened(store, number, stage), record_id)
        if outcome.state != "conflict" and outcome.resolution is None:
            raise ConflictError("this record is not in conflict any more")
        append(
            db,
            number,
            stage,
            record_id=outcome.record_id,
            kind="resolution",
            who=who,
            verdict=verdict,
            reason=reason,
            at=now(),
        )


def _outcome(found: Screened, record_id: str) -> Outcome:
    if record_id not in found.outcomes:
        raise UnknownError(f"{record_id!r} is not to be screened in this stage")
    return found.outcomes[record_id]


def _reason(stage: Stage, verdict: Verdict, reason: str) -> str:
    if verdict not in ("include", "exclude", "maybe"):
        raise CollectionError(f"one decides include, exclude or maybe, not {verdict!r}")
    if verdict != "exclude":
        return ""
    if reason.strip():
        return checked_name(reason)
    if stage == "full-text":
        raise CollectionError("say why a full text is excluded: the report counts the reasons")
    return ""
