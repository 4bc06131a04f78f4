"""The page with the map of a ranked list."""

from collections.abc import Sequence

from flask import Response, make_response, render_template, request, url_for
from pydantic import ValidationError

from search.ranked.engine import MAX_PER_PAGE, QueryError
from web.desk.result_map import ResultMap, result_map
from web.http import services
from web.http.language import chosen_language
from web.http.search_parameters import SearchParameters
from web.pages.charts import APART, MAP_HEIGHT, MAP_WIDTH, Dot, Label, across, down, side_by_side
from web.pages.errors import query_message
from web.pages.page_parameters import asked, field_messages, typed_values
from web.pages.record import carried


def page() -> Response | str:
    """The first records of the list on a map, and by theme as lists."""
    typed = typed_values(SearchParameters, request.args)
    try:
        parameters = asked(SearchParameters, request.args)
    except ValidationError as error:
        return _bad(typed, field_messages(error))
    engine = services.engine()
    try:
        found = engine.search(
            parameters.q,
            parameters.filters(),
            per_page=MAX_PER_PAGE,
            language=chosen_language(),
            other_names=parameters.other_names,
        )
    except QueryError as error:
        return _bad(typed, [query_message(error)])
    drawn = result_map(found, engine.generation())
    labels = [
        Label.at(theme.x, theme.y, theme.terms)
        for theme in (drawn.themes if drawn else ())
        if theme.terms
    ]
    return render_template(
        "map.html",
        typed=typed,
        parameters=parameters,
        found=found,
        drawn=drawn,
        dots=_dots(drawn, labels, carried(parameters)) if drawn else (),
        labels=labels,
        carried=carried(parameters),
        width=MAP_WIDTH,
        height=MAP_HEIGHT,
        apart=APART,
    )


def _bad(typed: dict[str, str], messages: list[str]) -> Response:
    return make_response(render_template("map.html", typed=typed, messages=messages), 400)


def _dots(drawn: ResultMap, labels: Sequence[Label], search: dict[str, str | int]) -> list[Dot]:
    """A dot of each record, none covered; the best have the first choice of where they stand."""
    language = chosen_language()
    free = side_by_side([(across(place.x), down(place.y)) for place in drawn.places], labels)
    return [
        Dot(
            x,
            y,
            f"theme{place.theme}" if place.close else "around",
            place.record.id,
            place.record.version(language).title,
            # Flask's own arguments are no part of an address.
            url_for("pages.record", **{**search, "record_id": place.record.id}),  # type: ignore[arg-type]
        )
        for (x, y), place in zip(free, drawn.places, strict=True)
    ]
