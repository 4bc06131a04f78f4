"""What became of each record of a stage: decided, open, or in conflict; what is left to whom."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import combinations, pairwise
from statistics import median
from typing import Literal

from web.desk.items import mains, record_ids
from web.desk.kept_answers import Remembered
from web.desk.screening.ledger import Decision, Verdict, ledger
from web.desk.screening.plan import STAGES, Plan, Stage, plan
from web.desk.store import Store

State = Literal["include", "exclude", "maybe", "conflict", "open"]
# What of the first stage goes on to the second.
GOES_ON: tuple[State, ...] = ("include", "maybe")
# A longer pause (s) between two decisions was no reading.
_PAUSE = 300.0
_LATEST = 50


@dataclass(frozen=True)
class Outcome:
    """Where a record stands: the decisions that hold, and what they come to. ``independent`` are
    those that two reviewers had made before either could see the other's."""

    record_id: str
    state: State
    reason: str
    decisions: tuple[Decision, ...]
    resolution: Decision | None
    independent: tuple[Decision, ...] = ()

    def before_seeing(self, decision: Decision) -> Decision | None:
        """What its reviewer had decided before they could see the other's decision; None where
        they have not decided anew since."""
        found = next((d for d in self.independent if d.who == decision.who), None)
        return None if found is None or found.number == decision.number else found


@dataclass(frozen=True)
class Screened:
    """A stage as it stands. ``outcomes`` has every record that is to be screened in it, in the
    collection's order, those that are handled as one once."""

    plan: Plan
    outcomes: Mapping[str, Outcome]

    def of(self, *states: State) -> list[Outcome]:
        """The records that stand so."""
        return [o for o in self.outcomes.values() if o.state in states]

    def by(self, reviewer: str) -> dict[str, Decision]:
        """What one reviewer decided, in order."""
        own = [
            d
            for o in self.outcomes.values()
            if o.decisions
            for d in o.decisions
            if d.who == reviewer
        ]
        return {d.record_id: d for d in sorted(own, key=lambda d: d.number)}

    def left_to(self, reviewer: str) -> list[str]:
        """The records that wait for this reviewer's decision."""
        return [
            o.record_id
            for o in self.outcomes.values()
            if not o.decisions
            or (
                len(o.decisions) < self.plan.reviewers
                and all(d.who != reviewer for d in o.decisions)
            )
        ]


@dataclass(frozen=True)
class Progress:
    """How far one reviewer is: counts of their own decisions and of what waits for them, and of
    the stage as a whole. ``seconds_each`` is the median time of their latest decisions, pauses left
    out, None where nothing can be said."""

    total: int
    decided: int
    include: int
    exclude: int
    maybe: int
    left: int
    settled: int
    conflicts: int
    seconds_each: float | None

    @property
    def seconds_left(self) -> float | None:
        """How long what waits would take at that pace."""
        return None if self.seconds_each is None else self.seconds_each * self.left


@dataclass(frozen=True)
class Agreement:
    """How two reviewers agree over the records that both decided on, by what they decided before
    either could see the other's: the share of equal verdicts, and Cohen's kappa (Cohen 1960) over
    include, exclude and maybe; None where chance alone would agree always. ``changed`` is on how
    many records one of them decided otherwise afterwards."""

    reviewers: tuple[str, str]
    both: int
    agreed: int
    kappa: float | None
    changed: int


def screened(store: Store, number: int, stage: Stage) -> Screened:
    """A stage as it stands now.

    Raises:
        UnknownError: when there is no such collection.
    """
    plan_ = plan(store, number, stage)
    untouched, under = _pool.get(
        (store.path, number, *_last_change(store, number)),
        lambda: (_untouched(record_ids(store, number)), mains(store, number)),
    )
    if stage == "full-text":
        before = screened(store, number, "title-abstract").outcomes
        outcomes = {i: o for i, o in untouched.items() if before[i].state in GOES_ON}
    else:
        outcomes = dict(untouched)
    found = ledger(store, number, stage)
    decisions = _on_mains(found.decisions, under)
    resolutions = {under.get(i, i): d for i, d in found.resolutions.items()}
    # Of a large collection most wait: what becomes of these is the same after every decision.
    independent: dict[str, tuple[Decision, ...]] = {}
    for i in sorted(found.independent, key=lambda i: i in under):
        independent.setdefault(under.get(i, i), found.independent[i])
    for i in outcomes.keys() & (decisions.keys() | resolutions.keys() | independent.keys()):
        outcomes[i] = _outcome(
            i, decisions.get(i, ()), resolutions.get(i), plan_, independent.get(i, ())
        )
    return Screened(plan_, outcomes)


def _untouched(shown: Iterable[str]) -> dict[str, Outcome]:
    return {i: Outcome(i, "open", "", (), None) for i in shown}


_pool: Remembered[tuple[dict[str, Outcome], dict[str, str]]] = Remembered(16)


def decisions_are_hidden(store: Store, number: int) -> bool:
    """Whether reviewers of a collection must not see one another's decisions yet: one of two has
    decided on a record, and the other has not.

    Raises:
        UnknownError: when there is no such collection.
    """
    return any(
        found.plan.reviewers > 1 and any(len(o.decisions) == 1 for o in found.outcomes.values())
        for found in (screened(store, number, stage) for stage in STAGES)
    )


def progress(found: Screened, reviewer: str) -> Progress:
    """How far a reviewer is."""
    own = list(found.by(reviewer).values())
    counts = {v: sum(d.verdict == v for d in own) for v in ("include", "exclude", "maybe")}
    conflicts = len(found.of("conflict"))
    return Progress(
        total=len(found.outcomes),
        decided=len(own),
        **counts,
        left=len(found.left_to(reviewer)),
        settled=len(found.outcomes) - conflicts - len(found.of("open")),
        conflicts=conflicts,
        seconds_each=_pace(own),
    )


def agreements(found: Screened) -> list[Agreement]:
    """How each two reviewers agree who decided on the same records."""
    from sklearn.metrics import cohen_kappa_score

    pairs: dict[tuple[str, str], list[tuple[Verdict, Verdict]]] = {}
    changed: Counter[tuple[str, str]] = Counter()
    for outcome in found.outcomes.values():
        # Of records that were handled as one later, each was decided on without the other.
        compared = outcome.independent or outcome.decisions
        for one, other in combinations(sorted(compared, key=lambda d: d.who), 2):
            both = (one.who, other.who)
            pairs.setdefault(both, []).append((one.verdict, other.verdict))
            changed[both] += any(
                (first := outcome.before_seeing(d)) is not None and first.verdict != d.verdict
                for d in outcome.decisions
                if d.who in both
            )
    told = []
    for names, verdicts in sorted(pairs.items()):
        ours, theirs = zip(*verdicts, strict=True)
        agreed = sum(a == b for a, b in verdicts)
        alone = len({*ours, *theirs}) == 1
        kappa = None if alone else float(cohen_kappa_score(ours, theirs))
        told.append(Agreement(names, len(verdicts), agreed, kappa, changed[names]))
    return told


def _on_mains(
    decisions: Mapping[str, tuple[Decision, ...]], under: Mapping[str, str]
) -> dict[str, tuple[Decision, ...]]:
    """Decisions by the record that is shown: of what was decided on records before they were
    handled as one, each reviewer's on the main record holds, else their first on another."""
    if not under:
        return dict(decisions)
    found: dict[str, dict[str, Decision]] = {}
    own_first = sorted(decisions, key=lambda i: i in under)
    for record_id in own_first:
        main = found.setdefault(under.get(record_id, record_id), {})
        for decision in decisions[record_id]:
            main.setdefault(decision.who, decision)
    return {i: tuple(sorted(d.values(), key=lambda d: d.number)) for i, d in found.items()}


def _outcome(
    record_id: str,
    decisions: tuple[Decision, ...],
    resolution: Decision | None,
    plan_: Plan,
    independent: tuple[Decision, ...],
) -> Outcome:
    state, reason = _state(decisions, resolution, plan_)
    return Outcome(record_id, state, reason, decisions, resolution, independent)


def _state(
    decisions: tuple[Decision, ...], resolution: Decision | None, plan_: Plan
) -> tuple[State, str]:
    if resolution is not None:
        return resolution.verdict, resolution.reason
    if len(decisions) < plan_.reviewers:
        return "open", ""
    verdicts = {d.verdict for d in decisions}
    last_stage = plan_.stage == "full-text"
    if verdicts == {"exclude"}:
        reasons = {d.reason for d in decisions}
        # The flow diagram counts the reasons of the full texts: each record has one.
        return ("conflict", "") if last_stage and len(reasons) > 1 else ("exclude", min(reasons))
    if "exclude" in verdicts:
        return "conflict", ""
    if verdicts == {"include"}:
        return "include", ""
    # Nothing comes after the full texts: a maybe has to be settled there.
    return ("conflict" if last_stage else "maybe"), ""


def _pace(own: list[Decision]) -> float | None:
    moments = [datetime.fromisoformat(d.at) for d in own[-_LATEST:]]
    gaps = [(b - a).total_seconds() for a, b in pairwise(moments)]
    read = [gap for gap in gaps if 0 <= gap <= _PAUSE]
    return median(read) if read else None


def _last_change(store: Store, number: int) -> Iterable[object]:
    row = store.connection.execute(
        "select max(id), at from changes where collection = ?", [number]
    ).fetchone()
    return tuple(row)
