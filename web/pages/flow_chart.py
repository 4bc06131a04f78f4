"""The PRISMA 2020 flow diagram: its boxes, their words, and where they stand."""

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

from web.desk.copies import FROM_LIBRARY
from web.desk.screening.flow import BoxName, Column, Counts, Flow
from web.http.language import gettext

WIDTH = 760
# How far to the right the column of other methods stands, where there is one.
_OTHER = 740
_LEFT, _RIGHT = 48, 420
_BOX, _SIDE = 320, 330
_LINE, _PAD, _GAP = 18, 22, 34
# A phase's name, which stands upright, needs so much.
_PHASE = 96
# A line of so many columns (a Japanese character takes two) fits into a box.
_COLUMNS = 44


@dataclass(frozen=True)
class Entry:
    """What a box says: words with a count, and where the records counted are listed (empty where
    the words count nothing)."""

    text: str
    address: str = ""


# What stands in a box, from the top.
Cell = tuple[Entry, ...]
# Where the records of a box, or of a part of one, are listed.
Listed = Callable[[BoxName, str, Column], str]


@dataclass(frozen=True)
class Box:
    """A box of the diagram and its lines, each with where it leads to."""

    x: float
    y: float
    width: float
    height: float
    lines: tuple[Entry, ...]


@dataclass(frozen=True)
class Phase:
    """A band at the side: identification, screening, included."""

    name: str
    y: float
    height: float


@dataclass(frozen=True)
class FlowChart:
    """The placed diagram; ``arrows`` are path data."""

    boxes: tuple[Box, ...]
    arrows: tuple[str, ...]
    phases: tuple[Phase, ...]
    width: int
    height: int


def nowhere(_box: BoxName, _part: str, _column: Column) -> str:
    """The address of a box in a file, where nothing leads anywhere."""
    return ""


def flow_chart(flow: Flow, listed: Listed = nowhere) -> FlowChart:
    """The diagram of a flow, in the language of the page."""
    rows = flow_rows(flow, listed)
    boxes: list[Box] = []
    arrows: list[str] = []
    tops = []
    y = 12.0
    for number, cells in enumerate(rows):
        lines = [_lines(cell) for cell in cells]
        height = max(map(_height, lines))
        tops.append((y, height))
        foot = y + height + _GAP
        for column in range(0, len(lines), 2):
            shift = _OTHER * column / 2
            left, right = lines[column], lines[column + 1]
            if not left:
                # Both columns end in the box of what is included.
                continue
            boxes.append(Box(_LEFT + shift, y, _BOX, _height(left), left))
            if right:
                boxes.append(Box(_RIGHT + shift, y, _SIDE, _height(right), right))
                middle = y + min(_height(left), _height(right)) / 2
                arrows.append(f"M{_LEFT + _BOX + shift:g} {middle:g}H{_RIGHT - 2 + shift:g}")
            if number + 1 < len(rows):
                x, bottom = _LEFT + _BOX / 2 + shift, y + _height(left)
                if column and number + 2 == len(rows):
                    # At the height of the last box's only line.
                    arrows.append(f"M{x:g} {bottom:g}V{foot + 16:g}H{_LEFT + _BOX + 2}")
                else:
                    arrows.append(f"M{x:g} {bottom:g}V{foot - 2:g}")
        y = foot
    last = len(rows) - 1
    phases = [
        Phase(name, tops[first][0], max(tops[end][0] + tops[end][1] - tops[first][0], _PHASE))
        for name, first, end in (
            (gettext("Identification"), 0, 0),
            (gettext("Screening"), 1, last - 1),
            (gettext("Included"), last, last),
        )
    ]
    height = max(y - _GAP, phases[-1].y + phases[-1].height) + 12
    width = WIDTH + (_OTHER if flow.other_methods else 0)
    return FlowChart(tuple(boxes), tuple(arrows), tuple(phases), width, round(height))


def flow_told(flow: Flow) -> str:
    """The whole diagram in words, for those who do not see it."""
    rows = flow_rows(flow)
    return "; ".join(" ".join(e.text for e in cell) for row in rows for cell in row if cell)


def flow_rows(flow: Flow, listed: Listed = nowhere) -> list[tuple[Cell, ...]]:
    """The boxes from the top: in each row that of the way through and what leaves beside it, then,
    where there are other methods, the same of theirs."""
    columns: list[tuple[Column, Counts]] = [("databases", flow)]
    if flow.other_methods:
        columns.append(("others", flow.other_methods))
    several = len(columns) > 1
    parts = [_column_rows(column, counts, listed, several) for column, counts in columns]
    included = said(gettext("Reports included in the review"), flow.in_review)
    last: tuple[Cell, ...] = (
        (Entry(included, listed("included", "", "databases") if not several else ""),),
        (),
    )
    if several:
        both = [
            Entry(
                said(name, counts.included),
                listed("included", "", column),
            )
            for name, (column, counts) in zip(
                (gettext("of databases and registers"), gettext("of other methods")),
                columns,
                strict=True,
            )
        ]
        last = ((*last[0], *both), (), (), ())
    return [*(sum(cells, ()) for cells in zip(*parts, strict=True)), last]


def said(what: str, count: int) -> str:
    """Words with their count, as PRISMA writes them."""
    return gettext("%(what)s (n = %(n)s)") % {"what": what, "n": count}


def box_name(box: BoxName, part: str = "") -> str:
    """What a box holds, or that part of it, as a heading."""
    name = {
        "identified": gettext("Records identified"),
        "duplicates": gettext("Duplicates"),
        "automation": gettext("Marked as ineligible by automation tools"),
        "removed": gettext("Removed before screening for other reasons"),
        "screened": gettext("Records screened"),
        "excluded": gettext("Records excluded"),
        "waiting": gettext("Records not decided on yet"),
        "sought": gettext("Reports sought for retrieval"),
        "not_retrieved": gettext("Reports not retrieved"),
        "assessed": gettext("Reports assessed for eligibility"),
        "reasons": gettext("Reports excluded"),
        "waiting_full_text": gettext("Full texts not decided on yet"),
        "included": gettext("Reports included in the review"),
    }[box]
    if not part:
        return name
    part = gettext("Library") if box == "identified" and part == FROM_LIBRARY else part
    return name + gettext(": ") + part


def _column_rows(
    column: Column, counts: Counts, listed: Listed, several: bool
) -> list[tuple[Cell, Cell]]:
    """The boxes of a column, but for that of what is included."""

    def entry(what: str, count: int, box: BoxName, part: str = "") -> Entry:
        return Entry(said(what, count), listed(box, part, column))

    heading = gettext("Records identified")
    if several:
        heading = {
            "databases": gettext("Records identified from databases and registers"),
            "others": gettext("Records identified by other methods"),
        }[column]
    identified = [entry(heading, counts.total, "identified")]
    for source, count in counts.identified.items():
        name = gettext("Library") if source == FROM_LIBRARY else source
        identified.append(entry(name, count, "identified", source))
    before = [
        Entry(gettext("Records removed before screening:")),
        entry(gettext("Duplicates"), counts.duplicates, "duplicates"),
        entry(gettext("Marked as ineligible by automation tools"), counts.automation, "automation"),
        entry(gettext("Other reasons"), counts.removed, "removed"),
    ]
    screened = [entry(gettext("Records screened"), counts.screened, "screened")]
    if counts.waiting:
        screened.append(entry(gettext("not decided on yet"), counts.waiting, "waiting"))
    reasons = [Entry(gettext("Reports excluded:"))]
    reasons += [entry(reason, n, "reasons", reason) for reason, n in counts.reasons.items()]
    assessed = [entry(gettext("Reports assessed for eligibility"), counts.assessed, "assessed")]
    if counts.waiting_full_text:
        assessed.append(
            entry(gettext("not decided on yet"), counts.waiting_full_text, "waiting_full_text")
        )
    return [
        (tuple(identified), tuple(before)),
        (
            tuple(screened),
            (entry(gettext("Records excluded"), counts.excluded, "excluded"),),
        ),
        (
            (entry(gettext("Reports sought for retrieval"), counts.sought, "sought"),),
            (entry(gettext("Reports not retrieved"), counts.not_retrieved, "not_retrieved"),),
        ),
        (tuple(assessed), tuple(reasons)),
    ]


def _lines(cell: Cell) -> Cell:
    return tuple(Entry(line, e.address) for e in cell for line in _wrapped(e.text))


def _height(lines: Cell) -> float:
    return _LINE * len(lines) + _PAD - 8 if lines else 0


def _wrapped(text: str) -> list[str]:
    """Text cut into lines that fit, at blanks where there are any."""
    lines, line, width = [], "", 0
    for word in _pieces(text):
        size = sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in word)
        if line and width + size > _COLUMNS:
            lines.append(line.rstrip())
            line, width = "", 0
        line += word
        width += size
    return [*lines, line.rstrip()]


def _pieces(text: str) -> list[str]:
    """Words with the blank after them; each wide character is one."""
    pieces = [""]
    for character in text:
        pieces[-1] += character
        if character == " " or unicodedata.east_asian_width(character) in "WF":
            pieces.append("")
    # A count is not parted from its brackets.
    joined: list[str] = []
    for piece in pieces:
        if joined and (piece.startswith(("=", ")")) or joined[-1].endswith(("= ", "(n "))):
            joined[-1] += piece
        else:
            joined.append(piece)
    return joined
