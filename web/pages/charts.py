"""Where the parts of a chart stand: what the templates of SVG draw.

Coordinates are in the units of the chart's view box, with y downwards.
"""

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 640, 300
# Room for letters of twice their size, which the style sheet gives them on a phone.
LEFT, RIGHT, TOP, BOTTOM = 72, 16, 16, 50
MAP_WIDTH, MAP_HEIGHT, MARGIN = 640, 420, 24
_LABEL_TERMS = 2
# Nearer to an edge than this share of the width, half a label could stand beyond it.
_EDGE = 0.25


@dataclass(frozen=True)
class Tick:
    """A mark on an axis and what it says."""

    at: float
    label: str


@dataclass(frozen=True)
class Line:
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

    lines: tuple[Line, ...]
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


def across(x: float) -> float:
    """Where on a map a share of its width lies."""
    return MARGIN + x * (MAP_WIDTH - 2 * MARGIN)


def down(y: float) -> float:
    """Where on a map a share of its height lies, counted from below."""
    return MAP_HEIGHT - MARGIN - y * (MAP_HEIGHT - 2 * MARGIN)


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
        Line(name, " ".join("{:.1f},{:.1f}".format(*at(*p)) for p in thinned(points)), kind)
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
