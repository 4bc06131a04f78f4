"""Where the parts of a chart stand: what the templates of SVG draw.

Coordinates are in the units of the chart's view box, with y downwards.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from unicodedata import east_asian_width

import numpy as np
from numpy.typing import NDArray

WIDTH, HEIGHT = 640, 300
# Room for letters of twice their size, which the style sheet gives them on a phone.
LEFT, RIGHT, TOP, BOTTOM = 72, 16, 16, 50
MAP_WIDTH, MAP_HEIGHT, MARGIN = 640, 420, 24
# Between the middles of two dots of a map; each is found by a pointer up to half of it away.
APART = 14.0
DOT = 4.5
# Of the grid on which a free place is looked for.
_STEP = 3
_LABEL_TERMS = 2
# The height of a label's letters, and on a phone (in the style sheet).
_LETTERS, _PHONE_LETTERS = 12, 21
# Nearer to an edge than this share of the width, half a label could stand beyond it.
_EDGE = 0.25


@dataclass(frozen=True)
class Tick:
    """A mark on an axis and what it says."""

    at: float
    label: str


@dataclass(frozen=True)
class Curve:
    """A line as the points of a polyline, its name, and the class that colours it."""

    name: str
    points: str
    kind: str


@dataclass(frozen=True)
class Band:
    """A horizontal band between two values."""

    top: float
    height: float


@dataclass(frozen=True)
class LineChart:
    """Lines over two axes that begin at 0."""

    lines: tuple[Curve, ...]
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    band: Band | None
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT
    top: int = TOP
    bottom: int = HEIGHT - BOTTOM


@dataclass(frozen=True)
class Dot:
    """A point of a map: where, of what group, what it stands for, and where that is read."""

    x: float
    y: float
    group: str
    record_id: str
    title: str
    address: str = ""


@dataclass(frozen=True)
class Label:
    """The terms of a theme on a map, where they stand, and on which side of that."""

    x: float
    y: float
    terms: tuple[str, ...]
    anchor: str

    @classmethod
    def at(cls, x: float, y: float, terms: Sequence[str]) -> "Label":
        """The first terms of a theme whose middle lies at these shares of a map."""
        anchor = "start" if x < _EDGE else "end" if x > 1 - _EDGE else "middle"
        return cls(across(x), down(y), tuple(terms[:_LABEL_TERMS]), anchor)

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Left, top, right and bottom of the letters, wherever they are read: on a phone the first
        term stands alone, in larger ones."""
        width = max(
            size * sum(1 if east_asian_width(c) in "WF" else 0.7 for c in text)
            for size, text in (
                (_LETTERS, " · ".join(self.terms)),
                (_PHONE_LETTERS, self.terms[0]),
            )
        )
        left = {"start": self.x, "middle": self.x - width / 2, "end": self.x - width}[self.anchor]
        above, below = 0.9 * _PHONE_LETTERS, 0.2 * _PHONE_LETTERS
        return left, self.y - above, left + width, self.y + below


def across(x: float) -> float:
    """Where on a map a share of its width lies."""
    return MARGIN + x * (MAP_WIDTH - 2 * MARGIN)


def down(y: float) -> float:
    """Where on a map a share of its height lies, counted from below."""
    return MAP_HEIGHT - MARGIN - y * (MAP_HEIGHT - 2 * MARGIN)


def side_by_side(
    places: Sequence[tuple[float, float]], labels: Sequence[Label] = ()
) -> list[tuple[float, float]]:
    """Where the dots of a map stand so that nothing covers one: at least :data:`APART` from one
    another, and beside the labels.

    A dot stands at its place where there is room, else at the nearest free one; the first have the
    first choice. A map has room for 200 at least. The same places always give the same.
    """
    across_it, down_it = (
        np.arange(MARGIN, size - MARGIN + 1, _STEP, dtype=np.float64)
        for size in (MAP_WIDTH, MAP_HEIGHT)
    )
    grid = np.stack(np.meshgrid(across_it, down_it), axis=-1).reshape(-1, 2)
    free = ~_under(labels, grid)
    taken = np.empty((0, 2))
    for place in np.array(places).reshape(-1, 2):
        at = place
        if _under(labels, at[None])[0] or (_distances(taken, at) < APART).any():
            room = grid[free]
            at = room[np.argmin(_distances(room, at))] if len(room) else at
        free &= _distances(grid, at) >= APART
        taken = np.vstack([taken, at])
    return [(float(x), float(y)) for x, y in taken]


def _distances(places: NDArray[np.float64], to: NDArray[np.float64]) -> NDArray[np.float64]:
    found: NDArray[np.float64] = np.sqrt(((places - to) ** 2).sum(axis=1))
    return found


def _under(labels: Sequence[Label], places: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether a dot at each place would lie under the letters of a label."""
    under = np.zeros(len(places), dtype=bool)
    x, y = places[:, 0], places[:, 1]
    for label in labels:
        left, top, right, bottom = label.box
        under |= (left - DOT < x) & (x < right + DOT) & (top - DOT < y) & (y < bottom + DOT)
    return under


def line_chart(
    series: Sequence[tuple[str, str, Sequence[tuple[float, float]]]],
    *,
    x_most: float,
    y_most: float,
    band: tuple[float, float] | None = None,
    percent: bool = False,
) -> LineChart:
    """A chart of ``series``: of each its name, its class and its points (x, y). ``band`` is a range
    of y that is shaded; ``percent`` says that both axes are shares."""

    def at(x: float, y: float) -> tuple[float, float]:
        return (
            LEFT + (WIDTH - LEFT - RIGHT) * x / x_most,
            HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * min(y, y_most) / y_most,
        )

    lines = tuple(
        Curve(name, " ".join("{:.1f},{:.1f}".format(*at(*p)) for p in thinned(points)), kind)
        for name, kind, points in series
    )
    shaded = None
    if band:
        low, high = (at(0, y)[1] for y in band)
        shaded = Band(round(high, 1), round(max(low - high, 1), 1))
    written = "{:.0%}" if percent else "{:g}"
    return LineChart(
        lines,
        tuple(Tick(at(x, 0)[0], written.format(x)) for x in ticks(x_most)),
        tuple(Tick(at(0, y)[1], written.format(y)) for y in ticks(y_most)),
        shaded,
    )


def ticks(most: float) -> list[float]:
    """Round values from 0 to ``most``, four to eight of them."""
    step = 10.0 ** len(str(int(most))) if most >= 1 else 1.0
    while step > most / 4:
        for divisor in (2, 5, 10):
            if step / divisor <= most / 4:
                step /= divisor
                break
        else:
            step /= 10
    count = int(most / step + 1e-9)
    return [round(step * n, 10) for n in range(count + 1)]


def thinned(points: Sequence[tuple[float, float]], most: int = 400) -> list[tuple[float, float]]:
    """At most about so many of the points of a line, its last among them."""
    step = max(1, len(points) // most)
    chosen = list(points[::step])
    if points and chosen[-1] != points[-1]:
        chosen.append(points[-1])
    return chosen
