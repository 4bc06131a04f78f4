"""The PRISMA 2020 flow diagram: its boxes, their words, and where they stand."""

import unicodedata
from dataclasses import dataclass

from web.desk.items import FROM_LIBRARY
from web.desk.screening.flow import Flow
from web.http.language import gettext

WIDTH = 760
_LEFT, _RIGHT = 48, 420
_BOX, _SIDE = 320, 330
_LINE, _PAD, _GAP = 18, 22, 34
# A phase's name, which stands upright, needs so much.
_PHASE = 96
# A line of so many columns (a Japanese character takes two) fits into a box.
_COLUMNS = 44


@dataclass(frozen=True)
class Box:
    """A box of the diagram and its lines."""

    x: float
    y: float
    width: float
    height: float
    lines: tuple[str, ...]


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


def flow_chart(flow: Flow) -> FlowChart:
    """The diagram of a flow, in the language of the page."""
    rows = _rows(flow)
    boxes: list[Box] = []
    arrows: list[str] = []
    tops = []
    y = 12.0
    for number, (left, right) in enumerate(rows):
        height = max(_height(left), _height(right))
        tops.append((y, height))
        boxes.append(Box(_LEFT, y, _BOX, _height(left), left))
        if right:
            boxes.append(Box(_RIGHT, y, _SIDE, _height(right), right))
            middle = y + min(_height(left), _height(right)) / 2
            arrows.append(f"M{_LEFT + _BOX} {middle:g}H{_RIGHT - 2}")
        if number + 1 < len(rows):
            foot = y + height + _GAP
            arrows.append(f"M{_LEFT + _BOX / 2:g} {y + _height(left):g}V{foot - 2:g}")
        y += height + _GAP
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
    return FlowChart(tuple(boxes), tuple(arrows), tuple(phases), WIDTH, round(height))


def flow_told(flow: Flow) -> str:
    """The whole diagram in words, for those who do not see it."""
    return "; ".join(" ".join(line) for row in _rows(flow) for line in row if line)


def _rows(flow: Flow) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    """The boxes of the middle and what leaves beside them, from the top."""
    n = gettext("%(what)s (n = %(n)s)")

    def said(what: str, count: int) -> list[str]:
        return _wrapped(n % {"what": what, "n": count})

    identified = said(gettext("Records identified"), flow.total)
    for source, count in flow.identified.items():
        name = gettext("Library") if source == FROM_LIBRARY else source
        identified += said(name, count)
    before = _wrapped(gettext("Records removed before screening:"))
    before += said(gettext("Duplicates"), flow.duplicates)
    before += said(gettext("Other reasons"), flow.removed)
    screened = said(gettext("Records screened"), flow.screened)
    if flow.waiting:
        screened += said(gettext("not decided on yet"), flow.waiting)
    excluded = _wrapped(gettext("Reports excluded:"))
    for reason, count in flow.reasons.items():
        excluded += said(reason, count)
    assessed = said(gettext("Reports assessed for eligibility"), flow.assessed)
    if flow.waiting_full_text:
        assessed += said(gettext("not decided on yet"), flow.waiting_full_text)
    return [
        (tuple(identified), tuple(before)),
        (tuple(screened), tuple(said(gettext("Records excluded"), flow.excluded))),
        (
            tuple(said(gettext("Reports sought for retrieval"), flow.sought)),
            tuple(said(gettext("Reports not retrieved"), flow.not_retrieved)),
        ),
        (tuple(assessed), tuple(excluded)),
        (tuple(said(gettext("Reports included in the review"), flow.included)), ()),
    ]


def _height(lines: tuple[str, ...]) -> float:
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
