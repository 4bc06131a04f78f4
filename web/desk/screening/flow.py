"""The boxes of a PRISMA 2020 flow diagram: which copies and records stand in each.

Page MJ et al., The PRISMA 2020 statement, BMJ 2021;372:n71; the form for databases, registers and
other sources. Every number is that of a list, so each can be looked at.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Literal, get_args

from web.desk.copies import FROM_LIBRARY, Copy, Source, copies, sources
from web.desk.items import mains
from web.desk.screening.outcomes import GOES_ON, Outcome, screened
from web.desk.shelf import collection
from web.desk.store import Store

# The reason under which a full text that could not be had is excluded: PRISMA counts it apart.
NOT_RETRIEVED = "not retrieved"

# The two columns of the form, and the kinds of sources that belong to the first.
Column = Literal["databases", "others"]
COLUMNS: tuple[Column, ...] = get_args(Column)
_DATABASES = ("database", "register")
BoxName = Literal[
    "identified",
    "duplicates",
    "automation",
    "removed",
    "screened",
    "excluded",
    "waiting",
    "sought",
    "not_retrieved",
    "assessed",
    "reasons",
    "waiting_full_text",
    "included",
]
BOXES: tuple[BoxName, ...] = get_args(BoxName)
# Boxes that hold copies; the others hold records.
OF_COPIES: tuple[BoxName, ...] = ("identified", "duplicates")
# Boxes that are parted, by source or by reason.
PARTED: tuple[BoxName, ...] = ("identified", "reasons")


@dataclass(frozen=True)
class Boxes:
    """What stands in the boxes of a column: copies in the first two, ids of records in the others.

    ``unlisted`` are copies by source of which only the number is known, each a duplicate: what came
    in before copies were written down.
    """

    identified: Mapping[str, tuple[Copy, ...]]
    duplicates: tuple[Copy, ...]
    unlisted: Mapping[str, int]
    automation: tuple[str, ...]
    removed: tuple[str, ...]
    screened: tuple[str, ...]
    excluded: tuple[str, ...]
    waiting: tuple[str, ...]
    sought: tuple[str, ...]
    not_retrieved: tuple[str, ...]
    assessed: tuple[str, ...]
    reasons: Mapping[str, tuple[str, ...]]
    waiting_full_text: tuple[str, ...]
    included: tuple[str, ...]

    def box(self, name: BoxName, part: str = "") -> tuple[Copy, ...] | tuple[str, ...]:
        """What stands in a box, or in that part of it; in all of it where no part is named."""
        found = getattr(self, name)
        if name not in PARTED:
            return tuple(found)
        if part:
            return tuple(found.get(part, ()))
        return tuple(one for few in found.values() for one in few)


@dataclass(frozen=True)
class Counts:
    """Counts of a column in the order of the diagram.

    ``identified`` are copies by the source that held them (a file's name or what it was called,
    ``library``); of what searches of the library found, each record counts once. ``duplicates``
    are copies of a record that another copy stands for: in the same file, in another one, or
    handled as one. ``automation`` and ``removed`` were taken out before screening, by an automation
    tool or for other reasons. ``waiting`` is not decided on yet, or in conflict, at either stage:
    it is 0 where screening is done.
    """

    identified: Mapping[str, int]
    duplicates: int
    automation: int
    removed: int
    screened: int
    excluded: int
    waiting: int
    sought: int
    not_retrieved: int
    assessed: int
    reasons: Mapping[str, int]
    waiting_full_text: int
    included: int

    @property
    def total(self) -> int:
        """All copies identified."""
        return sum(self.identified.values())

    @property
    def adds_up(self) -> bool:
        """Whether each number is what comes in less what goes out."""
        before = self.duplicates + self.automation + self.removed
        return (
            self.total == before + self.screened + self.waiting
            and self.screened == self.excluded + self.sought
            and self.sought == self.not_retrieved + self.assessed + self.waiting_full_text
            and self.assessed == sum(self.reasons.values()) + self.included
        )


@dataclass(frozen=True)
class Flow(Counts):
    """The counts of databases and registers, and of other methods where there are any: a record
    that both gave is one of the databases, and a duplicate in the other column."""

    other_methods: Counts | None = None

    @property
    def in_review(self) -> int:
        """All reports included, of both columns."""
        return self.included + (self.other_methods.included if self.other_methods else 0)

    @property
    def adds_up(self) -> bool:
        """Whether both columns do."""
        others = self.other_methods is None or self.other_methods.adds_up
        return super().adds_up and others


def flow(store: Store, number: int) -> Flow:
    """The flow of a collection's records as it stands.

    Raises:
        UnknownError: when there is no such collection.
    """
    found = boxes(store, number)
    first = _counts(found["databases"])
    other = found["others"]
    return Flow(
        **{f.name: getattr(first, f.name) for f in fields(Counts)},
        other_methods=_counts(other) if other.identified else None,
    )


def boxes(store: Store, number: int) -> dict[Column, Boxes]:
    """What stands in each box of each column.

    Raises:
        UnknownError: when there is no such collection.
    """
    collection(store, number)
    known = sources(store, number)
    counted = _once_of_library(copies(store, number))
    removals = _removals(store, number)
    under = mains(store, number)
    above = {**{i: main for i, (_, main) in removals.items() if main}, **under}
    work = {i: _topmost(i, above) for i in above}
    columns = _columns(counted, work)
    # The copy that stands for a work: the first of the record that is shown.
    stands: dict[str, Copy] = {}
    for copy in counted:
        main = work.get(copy.record_id, copy.record_id)
        own = stands.get(main)
        if _column(copy.kind) == columns[main] and (
            own is None or (own.record_id != main and copy.record_id == main)
        ):
            stands[main] = copy
    kept = {copy.id for copy in stands.values()}
    stages = [screened(store, number, stage) for stage in ("title-abstract", "full-text")]
    outcomes = [stage.outcomes.values() for stage in stages]
    gone = [(i, why) for i, (why, main) in removals.items() if not main]
    return {
        column: _boxes(
            _by_source(known, counted, column),
            tuple(c for c in counted if _column(c.kind) == column and c.id not in kept),
            _unlisted(known, column),
            [(i, why) for i, why in gone if columns[i] == column],
            *([o for o in few if columns[o.record_id] == column] for few in outcomes),
        )
        for column in COLUMNS
    }


def _topmost(record_id: str, above: Mapping[str, str]) -> str:
    """The record that stands for one: what was taken out under another may be there again under a
    third."""
    seen = {record_id}
    while (upper := above.get(record_id)) is not None and upper not in seen:
        seen.add(upper)
        record_id = upper
    return record_id


def _column(kind: str) -> Column:
    return "databases" if kind in _DATABASES else "others"


def _columns(counted: Iterable[Copy], work: Mapping[str, str]) -> dict[str, Column]:
    """The column of each work: that of databases where one of them held any copy of it."""
    found: dict[str, Column] = {}
    for copy in counted:
        main = work.get(copy.record_id, copy.record_id)
        if found.get(main) != "databases":
            found[main] = _column(copy.kind)
    return found


def _once_of_library(every: Iterable[Copy]) -> list[Copy]:
    """The copies that count: the library is one source, however many searches of it found the
    same."""
    seen: set[str] = set()
    counted = []
    for copy in every:
        if copy.name == FROM_LIBRARY:
            if copy.record_id in seen:
                continue
            seen.add(copy.record_id)
        counted.append(copy)
    return counted


def _by_source(
    known: Iterable[Source], counted: Iterable[Copy], column: Column
) -> dict[str, tuple[Copy, ...]]:
    names = sorted({source.shown for source in known if _column(source.kind) == column})
    found: dict[str, list[Copy]] = {name: [] for name in names}
    for copy in counted:
        if _column(copy.kind) == column:
            found[copy.name].append(copy)
    return {name: tuple(few) for name, few in found.items()}


def _unlisted(known: Iterable[Source], column: Column) -> dict[str, int]:
    found: Counter[str] = Counter()
    for source in known:
        if source.unlisted and _column(source.kind) == column:
            found[source.shown] += source.unlisted
    return dict(found)


def _removals(store: Store, number: int) -> dict[str, tuple[str, str]]:
    """Why each record was taken out, and the one that it was handled as one with."""
    rows = store.connection.execute(
        "select record_id, why, under from removals where collection = ? order by id", [number]
    )
    return {row["record_id"]: (row["why"], row["under"]) for row in rows}


def _boxes(
    identified: Mapping[str, tuple[Copy, ...]],
    duplicates: tuple[Copy, ...],
    unlisted: Mapping[str, int],
    gone: list[tuple[str, str]],
    first: list[Outcome],
    second: list[Outcome],
) -> Boxes:
    def ids(of: Iterable[Outcome], *states: str) -> tuple[str, ...]:
        return tuple(o.record_id for o in of if o.state in states)

    excluded = [o for o in second if o.state == "exclude"]
    reasons: dict[str, list[str]] = {}
    for outcome in excluded:
        if outcome.reason != NOT_RETRIEVED:
            reasons.setdefault(outcome.reason, []).append(outcome.record_id)
    not_retrieved = {o.record_id for o in excluded if o.reason == NOT_RETRIEVED}
    return Boxes(
        identified=identified,
        duplicates=duplicates,
        unlisted=unlisted,
        automation=tuple(i for i, why in gone if why == "automation"),
        removed=tuple(i for i, why in gone if why != "automation"),
        screened=ids(first, "exclude", *GOES_ON),
        excluded=ids(first, "exclude"),
        waiting=ids(first, "open", "conflict"),
        sought=tuple(o.record_id for o in second),
        not_retrieved=tuple(o.record_id for o in second if o.record_id in not_retrieved),
        assessed=tuple(
            o.record_id
            for o in second
            if o.state in ("exclude", "include") and o.record_id not in not_retrieved
        ),
        reasons={
            reason: tuple(few)
            for reason, few in sorted(reasons.items(), key=lambda item: (-len(item[1]), item[0]))
        },
        waiting_full_text=ids(second, "open", "conflict", "maybe"),
        included=ids(second, "include"),
    )


def _counts(of: Boxes) -> Counts:
    identified = {name: len(few) + of.unlisted.get(name, 0) for name, few in of.identified.items()}
    return Counts(
        identified=identified,
        duplicates=len(of.duplicates) + sum(of.unlisted.values()),
        reasons={reason: len(few) for reason, few in of.reasons.items()},
        **{
            name: len(getattr(of, name))
            for name in BOXES
            if name not in ("identified", "duplicates", "reasons")
        },
    )
