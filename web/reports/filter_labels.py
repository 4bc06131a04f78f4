"""The filters of a search in words: on its page, and in the report of a strategy."""

from dataclasses import dataclass
from typing import Any

from search.filters import Filters
from web.http.language import gettext, language_name
from web.http.search_parameters import Query


@dataclass(frozen=True)
class ActiveFilter:
    """A filter that is on, in words, and the parameters that take it off."""

    label: str
    without: dict[str, Any]


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


def _active(label: str, value: str, **without: Any) -> ActiveFilter:
    colon = gettext(": ")
    return ActiveFilter(f"{label}{colon}{value}", without)
