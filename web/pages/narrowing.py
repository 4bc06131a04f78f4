"""What stands beside a result list: what each filter takes away, and the years as a chart."""

from collections.abc import Sequence
from dataclasses import dataclass

from web.http import services
from web.http.search_parameters import Query
from web.reports.filter_labels import ActiveFilter, active_filters

CHART_HEIGHT = 40
# Units of the chart's own coordinates; it is drawn as wide as there is room.
_STEP = 10
_GAP = 2
# Three years would be three planks.
_FEWEST_YEARS = 19


@dataclass(frozen=True)
class Bar:
    """A year's bar."""

    year: int
    count: int
    x: int
    width: int
    height: int


@dataclass(frozen=True)
class YearChart:
    """Bars of all years from the first to the last, and the year with most records."""

    first: int
    last: int
    width: int
    bars: tuple[Bar, ...]
    most: tuple[int, int]


def widened(query: Query) -> tuple[tuple[ActiveFilter, int], ...]:
    """For each filter that is on, how many records of the library meet the others: which one leaves
    nothing."""
    lexical = services.engine().generation().lexical
    return tuple(
        (chosen, lexical.size(query.model_copy(update=chosen.without).filters()))
        for chosen in active_filters(query)
    )


def year_chart(years: Sequence[tuple[int, int]]) -> YearChart:
    """A bar for every year between the first and the last of (year, number of records)."""
    last = years[-1][0]
    first = min(years[0][0], last - _FEWEST_YEARS)
    most = max(years, key=lambda item: (item[1], item[0]))
    bars = tuple(
        Bar(
            year=year,
            count=count,
            x=(year - first) * _STEP,
            width=_STEP - _GAP,
            # The fewest still show.
            height=max(1, round(CHART_HEIGHT * count / most[1])),
        )
        for year, count in years
    )
    return YearChart(first, last, (last - first + 1) * _STEP - _GAP, bars, most)
