"""The page of a collection's duplicates: what is proposed, what was decided."""

from typing import Any

from flask import (
    Blueprint,
    Response,
    abort,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)

from web.desk import duplicates, shelf
from web.desk.likeness import Likeness
from web.http.desk_access import editor, store
from web.http.language import gettext
from web.pages.changes import done_message
from web.pages.side_by_side import compared

PER_PAGE = 20
# Of what is handled as one; the others are taken apart on the record's own page.
GROUPS_SHOWN = 100

blueprint = Blueprint("duplicates", __name__)


@blueprint.get("/collections/<int:number>/duplicates")
def show(number: int) -> str:
    """Records that may be one, side by side; what is handled as one; what was declared distinct."""
    page = max(1, request.args.get("page", 1, type=int))
    first = (page - 1) * PER_PAGE
    total, proposed = duplicates.proposals(store(), number, first, PER_PAGE)
    handled, groups = duplicates.groups(store(), number, GROUPS_SHOWN)
    return render_template(
        "collection_duplicates.html",
        collection=shelf.collection(store(), number),
        proposed=proposed,
        total=total,
        certain=duplicates.certain_groups(store(), number),
        groups=groups,
        handled=handled,
        distinct=duplicates.distinct_pairs(store(), number),
        compared=compared,
        likeness_message=likeness_message,
        first=first,
        page=page,
        pages=(total + PER_PAGE - 1) // PER_PAGE,
        done=done_message(request.args),
    )


@blueprint.post("/collections/<int:number>/duplicates")
def change(number: int) -> Response:
    """A decision, or one taken back."""
    form, do = request.form, request.form.get("do", "")
    chosen, main = form.getlist("record"), form.get("main", "")
    n = 0
    if do == "one":
        n = 1 + duplicates.handle_as_one(store(), editor(), number, main, chosen)
    elif do == "distinct":
        duplicates.declare_distinct(store(), editor(), number, chosen)
    elif do == "certain":
        n = duplicates.handle_certain(store(), editor(), number)
    elif do == "apart":
        n = duplicates.take_apart(store(), editor(), number, main)
    elif do == "again" and len(chosen) == len(("one", "other")):
        duplicates.propose_again(store(), editor(), number, *chosen)
    else:
        abort(400)
    return _back(number, done=do, n=n)


def likeness_message(likeness: Likeness) -> str:
    """Why records may be one."""
    return {
        "same": gettext(
            "the same PMID or Ichushi ID, DOI and title, or title, year, first author and page"
            " or volume"
        ),
        "doi": gettext("the same DOI, different titles"),
        "version": gettext("preprint or conference abstract, and article"),
        "title": gettext("the same title, year and first author"),
        "near": gettext("nearly the same title"),
    }[likeness]


def _back(number: int, **values: Any) -> Response:
    page = request.form.get("page", 1, type=int)
    if page > 1:
        values["page"] = page
    return make_response(redirect(url_for("duplicates.show", number=number, **values), 303))
