"""A collection at a glance, and what it could grow by."""

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for

from web.desk import items, shelf
from web.desk.additions import add_records, library_records
from web.desk.growing import growth
from web.desk.members import live_generation, members
from web.desk.overview import Map, collection_map, counts
from web.http import services
from web.http.desk_access import editor, store
from web.http.language import chosen_language
from web.pages.changes import done_message
from web.pages.charts import MAP_HEIGHT, MAP_WIDTH, Dot, Label, across, down
from web.pages.narrowing import year_chart

blueprint = Blueprint("overview", __name__)
growing = Blueprint("growing", __name__)


@blueprint.get("/collections/<int:number>/overview")
def show(number: int) -> str:
    """Years, journals, keywords and the map."""
    found = counts(store(), number)
    generation = live_generation(services.engine().library)
    drawn = collection_map(store(), number, generation) if generation else None
    return render_template(
        "collection_overview.html",
        collection=shelf.collection(store(), number),
        counts=found,
        years=year_chart(found.years) if len(found.years) > 1 else None,
        drawn=drawn,
        dots=_dots(number, drawn) if drawn else (),
        themes=[
            Label.at(theme.x, theme.y, theme.terms)
            for theme in (drawn.themes if drawn else ())
            if theme.terms
        ],
        width=MAP_WIDTH,
        height=MAP_HEIGHT,
    )


@growing.get("/collections/<int:number>/growing", endpoint="show")
def show_growth(number: int) -> str:
    """Records of the library that are near, each with its reason, and those that lie apart."""
    collection = shelf.collection(store(), number)
    generation = live_generation(services.engine().library)
    found = growth(store(), number, generation) if generation else None
    named = {p.nearest for p in found.proposals} if found else set()
    named |= {o.record_id for o in found.outliers} if found else set()
    _, kept = items.items(store(), number, record_ids=named)
    return render_template(
        "collection_growing.html",
        collection=collection,
        found=found,
        by_id={m.item.record.id: m for m in members(kept, generation)},
        done=done_message(request.args),
    )


@growing.post("/collections/<int:number>/growing")
def add(number: int) -> Response:
    """The proposals that were ticked, taken in."""
    chosen = library_records(request.form.getlist("record"), services.engine().generation())
    intake = add_records(store(), editor(), number, chosen, "more like this")
    values = {"done": "added", "n": intake.added} if chosen else {"done": "none"}
    return make_response(redirect(url_for("growing.show", number=number, **values), 303))


def _dots(number: int, drawn: Map) -> list[Dot]:
    _, found = items.items(store(), number, record_ids=[p.record_id for p in drawn.points])
    language = chosen_language()
    titles = {r.id: r.version(language).title for r in drawn.around}
    titles |= {item.record.id: item.record.version(language).title for item in found}
    return [
        Dot(across(p.x), down(p.y), p.kind, p.record_id, titles.get(p.record_id, p.record_id))
        # What lies around first, so that the collection's own lie over it.
        for p in sorted(drawn.points, key=lambda p: p.kind != "around")
    ]
