"""A collection as a page to print: citations, notes, and abstracts where they are wished for."""

from dataclasses import replace

from flask import Blueprint, render_template, request

from search.formats.citations import CITATION_STYLES, CitationStyle, citation
from web.desk import items, shelf
from web.http.desk_access import store
from web.pages.restricted_abstracts import seen

# Formatting a citation takes milliseconds the first time.
PER_PAGE = 100

blueprint = Blueprint("printing", __name__)


@blueprint.get("/collections/<int:number>/print")
def show(number: int) -> str:
    """The citations of a collection in its order, numbered."""
    asked = request.args.get("style", "")
    style: CitationStyle = next((s for s in CITATION_STYLES if s == asked), CITATION_STYLES[0])
    page = max(1, request.args.get("page", 1, type=int))
    first = (page - 1) * PER_PAGE
    total, found = items.items(store(), number, first=first, count=PER_PAGE)
    return render_template(
        "collection_print.html",
        collection=shelf.collection(store(), number),
        cited=[
            (replace(item, record=seen(item.record)), citation(item.record, style, "html"))
            for item in found
        ],
        total=total,
        first=first,
        style=style,
        styles=CITATION_STYLES,
        abstracts=bool(request.args.get("abstracts")),
        page=page,
        pages=(total + PER_PAGE - 1) // PER_PAGE,
    )
