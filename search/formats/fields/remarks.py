"""What librarians wrote beside a record: notes, labels and decisions, as programs export them."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

_TAGS = re.compile(r"Tags:\s*(.*)", re.DOTALL)
_RAYYAN = re.compile(r"RAYYAN-([A-Z-]+):\s*(\{[^{}]*\}|[^|{}]*)")
_DECISION = re.compile(r'"([^"]*)"\s*=>\s*"([^"]*)"')
_ASREVIEW = re.compile(r"ASReview_(relevant|irrelevant|prior|not_seen)\b", re.IGNORECASE)
# Identifiers and what programs write of themselves are no notes.
_NO_NOTE = re.compile(
    r"\W*(?:doi\W|10\.\d{4,9}/|https?://|PMID\b|PMCID\b|export date\b|cited by\b|"
    r"accession number\b)",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Remarks:
    """The note beside a record, and its labels: tags and decisions."""

    note: str = ""
    tags: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.note or self.tags)


# Told of a record's id, and of the remarks beside it.
Remarked = Callable[[str, Remarks], object]


def remarks_in(notes: Iterable[str], tags: Iterable[str] = ()) -> Remarks:
    """The remarks that stand in the notes of a record: our own ``Tags: …``, Rayyan's inclusions
    and labels, ASReview's labels, and other text."""
    kept, labels = [], list(tags)
    for note in map(str.strip, notes):
        if found := _TAGS.fullmatch(note):
            labels += found.group(1).split(";")
        elif "RAYYAN-" in note:
            for name, value in _RAYYAN.findall(note):
                labels += _rayyan(name, value)
            if rest := _RAYYAN.sub("", note).strip(" |"):
                kept.append(rest)
        elif seen := _ASREVIEW.findall(note):
            labels += [word.lower() for word in seen if word.lower() != "not_seen"]
            if rest := _ASREVIEW.sub("", note).strip(" ;,|"):
                kept.append(rest)
        elif note and not _NO_NOTE.match(note):
            kept.append(note)
    named = tuple(dict.fromkeys(label for tag in labels if (label := tag.strip())))
    return Remarks("\n".join(kept), named)


def _rayyan(name: str, value: str) -> list[str]:
    if name == "INCLUSION":
        return [f"{decision.lower()}: {who}" for who, decision in _DECISION.findall(value)]
    words = [word.strip() for word in value.split(",")]
    if name == "EXCLUSION-REASONS":
        return [f"reason: {word}" for word in words if word]
    return words if name == "LABELS" else [f"{name.lower()}: {value.strip()}"]
