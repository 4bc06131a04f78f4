"""What librarians wrote beside a record: notes, labels and decisions, as programs export them."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

_TAGS = re.compile(r"Tags:\s*(.*)", re.DOTALL)
_RAYYAN = re.compile(r"RAYYAN-([A-Z-]+):\s*(\{[^{}]*\}|[^|{}]*)")
_DECISION = re.compile(r'"([^"]*)"\s*=>\s*"([^"]*)"')
_ASREVIEW = re.compile(r"ASReview_(relevant|irrelevant|prior|not_seen)\b", re.IGNORECASE)
# Our own lines, as a screening writes them.
_OURS = re.compile(
    r"Decision: (?P<verdict>included|excluded|maybe|undecided|conflict)"
    r"; stage: (?P<stage>title and abstract|full text)(?:; reason: (?P<reason>.*))?",
    re.DOTALL,
)
_REVIEWER = re.compile(r"Reviewer: (.+?): (included|excluded|maybe)(?: \((.*)\))?", re.DOTALL)
_STAGES = {"title and abstract": "title-abstract", "full text": "full-text"}
# What programs write for a decision: 1 and 0 are ASReview's and most data sets', I and E EPPI's.
_VERDICTS: dict[str, "Verdict"] = {
    **dict.fromkeys(
        (
            "1",
            "1.0",
            "true",
            "yes",
            "y",
            "i",
            "include",
            "included",
            "relevant",
            "採用",
            "組み入れ",
        ),
        "include",
    ),
    **dict.fromkeys(
        ("0", "0.0", "false", "no", "n", "e", "exclude", "excluded", "irrelevant", "除外"),
        "exclude",
    ),
    **dict.fromkeys(("maybe", "unsure", "uncertain", "保留"), "maybe"),
}
# Identifiers and what programs write of themselves are no notes.
_NO_NOTE = re.compile(
    r"\W*(?:doi\W|10\.\d{4,9}/|https?://|PMID\b|PMCID\b|export date\b|cited by\b|"
    r"accession number\b)",
    re.IGNORECASE,
)


Verdict = Literal["include", "exclude", "maybe"]


@dataclass(frozen=True)
class ToldDecision:
    """A decision on a record that a file tells of; ``who`` and ``stage`` (``title-abstract``,
    ``full-text``) are empty where it does not say."""

    verdict: Verdict
    who: str = ""
    reason: str = ""
    stage: str = ""


@dataclass(frozen=True)
class Remarks:
    """The note beside a record, its labels (tags, and decisions in words), and its decisions."""

    note: str = ""
    tags: tuple[str, ...] = ()
    decisions: tuple[ToldDecision, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.note or self.tags or self.decisions)

    def __add__(self, other: "Remarks") -> "Remarks":
        """What both say, each thing once."""
        notes = [self.note] + ([other.note] if other.note not in self.note else [])
        return Remarks(
            "\n".join(filter(None, notes)),
            tuple(dict.fromkeys((*self.tags, *other.tags))),
            tuple(dict.fromkeys((*self.decisions, *other.decisions))),
        )


# Told of a record's id, and of the remarks beside it.
Remarked = Callable[[str, Remarks], object]


def remarks_in(notes: Iterable[str], tags: Iterable[str] = ()) -> Remarks:
    """The remarks that stand in the notes of a record: our own ``Tags: …``, Rayyan's inclusions
    and labels, ASReview's labels, and other text."""
    kept, labels = [], list(tags)
    own: list[ToldDecision] = []
    others: list[ToldDecision] = []
    notes = list(map(str.strip, notes))
    ours = next(filter(None, map(_OURS.fullmatch, notes)), None)
    by_reviewers = any(map(_REVIEWER.fullmatch, notes))
    for note in notes:
        if ours and (note == ours.group() or _REVIEWER.fullmatch(note)):
            own += _own(note, ours, by_reviewers=by_reviewers)
        elif found := _TAGS.fullmatch(note):
            labels += found.group(1).split(";")
        elif "RAYYAN-" in note:
            others += _rayyan_decisions(note)
            for name, value in _RAYYAN.findall(note):
                if not ours or name == "LABELS":
                    labels += _rayyan(name, value)
            if rest := _RAYYAN.sub("", note).strip(" |"):
                kept.append(rest)
        elif seen := _ASREVIEW.findall(note):
            if not ours:
                labels += [word.lower() for word in seen if word.lower() != "not_seen"]
            others += [told for word in seen if (told := told_decision(word))]
            if rest := _ASREVIEW.sub("", note).strip(" ;,|"):
                kept.append(rest)
        elif note and not _NO_NOTE.match(note):
            kept.append(note)
    named = tuple(dict.fromkeys(label for tag in labels if (label := tag.strip())))
    return Remarks("\n".join(kept), named, tuple(own or _of_people(others)))


def told_decision(
    word: str, who: str = "", reason: str = "", stage: str = ""
) -> ToldDecision | None:
    """A decision from the word or number that a program has for it; None where it is none."""
    verdict = _VERDICTS.get(word.strip().casefold())
    return ToldDecision(verdict, who, reason, stage) if verdict else None


def _own(note: str, ours: re.Match[str], *, by_reviewers: bool) -> list[ToldDecision]:
    """What our own lines tell: a line for each reviewer, or, without any, that of the decision."""
    stage = _STAGES.get(ours.group("stage"), "")
    if reviewer := _REVIEWER.fullmatch(note):
        who, verdict, reason = reviewer.groups(default="")
        told = told_decision(verdict, who, reason, stage)
    elif by_reviewers:
        told = None
    else:
        told = told_decision(ours.group("verdict"), "", ours.group("reason") or "", stage)
    return [told] if told else []


def _rayyan_decisions(note: str) -> list[ToldDecision]:
    parts = dict(_RAYYAN.findall(note))
    reason = parts.get("EXCLUSION-REASONS", "").strip()
    return [
        told
        for who, word in _DECISION.findall(parts.get("INCLUSION", ""))
        if (told := told_decision(word, who, reason if word == "Excluded" else ""))
    ]


def _of_people(found: list[ToldDecision]) -> list[ToldDecision]:
    """Decisions of named people where there are any, else what a program has as the label."""
    named = [told for told in found if told.who]
    return named or found[:1]


def _rayyan(name: str, value: str) -> list[str]:
    if name == "INCLUSION":
        return [f"{decision.lower()}: {who}" for who, decision in _DECISION.findall(value)]
    words = [word.strip() for word in value.split(",")]
    if name == "EXCLUSION-REASONS":
        return [f"reason: {word}" for word in words if word]
    return words if name == "LABELS" else [f"{name.lower()}: {value.strip()}"]
