"""What stands beside a result list: which filters are on, and the years as a chart."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from search.filters import Filters
from web.http import services
from web.http.language import gettext, language_name
from web.http.search_parameters import Query

CHART_HEIGHT = 40
# Units of the chart's own coordinates; it is drawn as wide as there is room.
_STEP = 10
_GAP = 2
# Three years would be three planks.
_FEWEST_YEARS = 19


@dataclass(frozen=True)
class ActiveFilter:
    """A filter that is on, in words, and the parameters that take it off."""

    label: str
    without: dict[str, Any]


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


def active_filters(query: Query | Filters) -> tuple[ActiveFilter, ...]:
    """The filters of ``query`` in the language of the page."""
    found = []
    if query.year_from is not None or query.year_to is not None:
        years = f"{query.year_from or ''}–{query.year_to or ''}"
        if query.year_from == query.year_to:
            years = str(query.year_from)
        found.append(_active(gettext("Year"), years, year_from=None, year_to=None))
    for name, label in (
        ("journal", gettext("Journal")),
        ("publication_type", gettext("Publication type")),
        ("keyword", gettext("Keywords")),
    ):
        if value := getattr(query, name):
            found.append(_active(label, value, **{name: ""}))
    if query.language:
        found.append(_active(gettext("Language"), language_name(query.language), language=""))
    if query.words:
        found.append(_active(gettext("Words within"), query.words, words=""))
    if query.has_abstract:
        found.append(ActiveFilter(gettext("Only with abstract"), {"has_abstract": False}))
    if query.retraction:
        states = {"exclude": gettext("Hide them"), "only": gettext("Show only these")}
        label = gettext("Retractions and concerns")
        found.append(_active(label, states[query.retraction], retraction=""))
    return tuple(found)


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


def _active(label: str, value: str, **without: Any) -> ActiveFilter:
    colon = gettext(": ")
    return ActiveFilter(f"{label}{colon}{value}", without)
