"""The page with the map of a ranked list."""

from flask import Response, make_response, render_template, request, url_for
from pydantic import ValidationError

from search.engine import MAX_PER_PAGE, QueryError
from web import services
from web.errors import query_message
from web.language import chosen_language
from web.pages.asked import asked, field_messages, typed_values
from web.pages.charts import MAP_HEIGHT, MAP_WIDTH, Dot, Label, across, down
from web.pages.record import carried
from web.parameters import SearchParameters
from web.result_map import ResultMap, result_map


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
        )
    except QueryError as error:
        return _bad(typed, [query_message(error)])
    drawn = result_map(found, engine.generation())
    return render_template(
        "map.html",
        typed=typed,
        parameters=parameters,
        found=found,
        drawn=drawn,
        dots=_dots(drawn, carried(parameters)) if drawn else (),
        labels=[
            Label.at(theme.x, theme.y, theme.terms)
            for theme in (drawn.themes if drawn else ())
            if theme.terms
        ],
        carried=carried(parameters),
        width=MAP_WIDTH,
        height=MAP_HEIGHT,
    )


def _bad(typed: dict[str, str], messages: list[str]) -> Response:
    return make_response(render_template("map.html", typed=typed, messages=messages), 400)


def _dots(drawn: ResultMap, search: dict[str, str | int]) -> list[Dot]:
    language = chosen_language()
    return [
        Dot(
            across(place.x),
            down(place.y),
            f"theme{place.theme}" if place.close else "around",
            place.record.id,
            place.record.version(language).title,
            # Flask's own arguments are no part of an address.
            url_for("pages.record", **{**search, "record_id": place.record.id}),  # type: ignore[arg-type]
        )
        # What is less close first, so that the best lie over it.
        for place in sorted(drawn.places, key=lambda p: p.close)
    ]
