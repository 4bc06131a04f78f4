"""How a decision is told in files: columns of tables, and lines of notes (N1 in RIS).

Each program looks for its own words. A line of ours says everything; beside it stand ASReview's
label and Rayyan's, so that those programs take the decision over.
"""

from collections.abc import Mapping

from web.desk.screening.ledger import Decision, Verdict
from web.desk.screening.outcomes import Outcome, State
from web.desk.screening.plan import Stage

# What a state is called in a file.
STATES: Mapping[State, str] = {
    "include": "included",
    "exclude": "excluded",
    "maybe": "maybe",
    "conflict": "conflict",
    "open": "undecided",
}
STAGE_NAMES: Mapping[Stage, str] = {
    "title-abstract": "title and abstract",
    "full-text": "full text",
}
_ASREVIEW: Mapping[State, str] = {
    "include": "ASReview_relevant",
    "exclude": "ASReview_irrelevant",
    "open": "ASReview_not_seen",
}
_RAYYAN: Mapping[Verdict, str] = {"include": "Included", "exclude": "Excluded", "maybe": "Maybe"}
# What ASReview takes for a label in tables.
_LABEL: Mapping[State, str] = {"include": "1", "exclude": "0"}
COLUMNS = (
    "screening_decision",
    "screening_stage",
    "screening_reason",
    "screening_reviewers",
    "label_included",
)


def columns_of(stage: Stage, outcome: Outcome, shown: tuple[Decision, ...]) -> dict[str, str]:
    """The columns of a record; ``shown`` are the decisions that the reader may see."""
    return dict(
        zip(
            COLUMNS,
            (
                STATES[outcome.state],
                STAGE_NAMES[stage],
                outcome.reason,
                "; ".join(_told(decision) for decision in shown),
                _LABEL.get(outcome.state, ""),
            ),
            strict=True,
        )
    )


def lines_of(
    stage: Stage, outcome: Outcome, shown: tuple[Decision, ...], tags: tuple[str, ...]
) -> list[str]:
    """The lines of a record's notes: ours, ASReview's, Rayyan's."""
    reason = f"; reason: {outcome.reason}" if outcome.reason else ""
    ours = f"Decision: {STATES[outcome.state]}; stage: {STAGE_NAMES[stage]}{reason}"
    lines = [ours, *(f"Reviewer: {_told(decision)}" for decision in shown)]
    if label := _ASREVIEW.get(outcome.state):
        lines.append(label)
    if rayyan := _rayyan(shown, tags):
        lines.append(rayyan)
    return lines


def _told(decision: Decision) -> str:
    reason = f" ({decision.reason})" if decision.reason else ""
    return f"{decision.who}: {STATES[decision.verdict]}{reason}"


def _rayyan(shown: tuple[Decision, ...], tags: tuple[str, ...]) -> str:
    """Rayyan's own line: its inclusions by reviewer, labels and reasons."""
    decided = ", ".join(f'"{_plain(d.who)}"=>"{_RAYYAN[d.verdict]}"' for d in shown)
    parts = [f"RAYYAN-INCLUSION: {{{decided}}}"] if decided else []
    labels = ",".join(_plain(tag) for tag in tags)
    reasons = ",".join(dict.fromkeys(_plain(d.reason) for d in shown if d.reason))
    parts += [f"RAYYAN-LABELS: {labels}"] if labels else []
    parts += [f"RAYYAN-EXCLUSION-REASONS: {reasons}"] if reasons else []
    return " | ".join(parts) if decided else ""


def _plain(text: str) -> str:
    """Text without the signs that part Rayyan's entries."""
    return " ".join("".join(" " if c in '"{}|,' else c for c in text).split())
