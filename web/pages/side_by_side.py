"""Records side by side, field by field, with what differs marked."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Protocol

from markupsafe import Markup, escape

from search.records import Record
from web.http.language import gettext
from web.pages.restricted_abstracts import seen

# Texts that are longer, or share less, are not compared character by character.
_LONGEST = 600
_ALIKE = 0.6


class Comparable(Protocol):
    """What is compared: a record, and what a collection holds beside it."""

    @property
    def record(self) -> Record:
        """The record."""

    @property
    def tags(self) -> tuple[str, ...]:
        """Its tags."""

    @property
    def note(self) -> str:
        """The note on it."""


@dataclass(frozen=True)
class Row:
    """A field of several records: a cell for each, with what the first has not in ``<mark>``.
    ``differs`` where not all say the same."""

    name: str
    cells: tuple[Markup, ...]
    differs: bool
    long: bool


def compared(items: Sequence[Comparable]) -> list[Row]:
    """The fields that any of some records has, those of the first as the measure."""
    fields: list[tuple[str, Callable[[Comparable], str]]] = [
        (gettext("Title"), lambda i: _versions(i.record, "title")),
        (gettext("Author"), lambda i: "; ".join(a.display() for a in i.record.authors)),
        (gettext("Journal"), lambda i: i.record.journal),
        (gettext("Date of publication"), lambda i: i.record.date),
        (gettext("Volume, issue, pages"), lambda i: _place(i.record)),
        (gettext("Publication type"), lambda i: "; ".join(i.record.publication_types)),
        ("DOI", lambda i: i.record.doi),
        ("PMID", lambda i: i.record.pmid),
        (gettext("Ichushi ID"), lambda i: i.record.ichushi_id),
        (gettext("Abstract"), lambda i: _versions(seen(i.record), "abstract")),
        (gettext("Tags"), lambda i: "; ".join(i.tags)),
        (gettext("Note on the record"), lambda i: i.note),
    ]
    rows = []
    for name, field in fields:
        values = [field(item) for item in items]
        if any(values):
            rows.append(_row(name, values))
    return rows


def _row(name: str, values: Sequence[str]) -> Row:
    first, *others = values
    cells = (escape(first), *(_marked(value, first) for value in others))
    differs = any(value != first for value in others)
    return Row(name, cells, differs, max(map(len, values)) > _LONGEST / 2)


def _marked(text: str, measure: str) -> Markup:
    if text == measure or not measure or max(len(text), len(measure)) > _LONGEST:
        return escape(text)
    matcher = SequenceMatcher(None, measure, text, autojunk=False)
    if matcher.ratio() < _ALIKE:
        return escape(text)
    parts = [
        escape(text[start:end])
        if kind == "equal"
        else Markup('<mark class="change">%s</mark>') % text[start:end]
        for kind, _, _, start, end in matcher.get_opcodes()
        if start < end
    ]
    return Markup("").join(parts)


def _versions(record: Record, part: str) -> str:
    return "\n".join(text for v in record.versions() if (text := getattr(v, part)))


def _place(record: Record) -> str:
    issue = f"({record.issue})" if record.issue else ""
    pages = f": {record.pages}" if record.pages else ""
    return f"{record.volume}{issue}{pages}".removeprefix(": ")
