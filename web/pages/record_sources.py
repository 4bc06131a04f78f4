"""The page of a collection's sources: which files and searches gave it records, and of what."""

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

from web.desk import shelf
from web.desk.copies import KINDS, Kind, sources
from web.desk.record_sources import name_source, take_back_source
from web.desk.screening.file_decisions import Name, decline, take_over, told
from web.desk.screening.plan import STAGES
from web.http.access import may
from web.http.desk_access import editor, store
from web.http.language import gettext
from web.pages.changes import done_message
from web.pages.screening import stage_name, stage_of

blueprint = Blueprint("sources", __name__)


@blueprint.get("/collections/<int:number>/sources")
def show(number: int) -> str:
    """Every file and search that records came from, in their order."""
    return render_template(
        "collection_sources.html",
        collection=shelf.collection(store(), number),
        sources=sources(store(), number),
        kinds=[(kind, kind_name(kind)) for kind in KINDS],
        kind_name=kind_name,
        told=told(store(), number),
        stages=[(stage, stage_name(stage)) for stage in STAGES],
        done=done_message(request.args),
    )


@blueprint.post("/collections/<int:number>/sources")
def change(number: int) -> Response:
    """A source named, or taken back."""
    form = request.form
    source = form.get("source", 0, type=int)
    if form.get("do") == "take back":
        n = take_back_source(store(), editor(), number, source)
        return _to(number, done="source taken back", n=n)
    if form.get("do") == "decline":
        decline(store(), editor(), number, source)
        return _to(number, done="declined")
    if form.get("do") == "take over":
        name: Name = "file" if form.get("as") == "file" else "own"
        stage = stage_of(form.get("stage"))
        taken = take_over(
            store(), editor(), number, source, name, stage, may_open=may("administer")
        )
        return _to(number, done="decisions", n=taken.taken, already=taken.left)
    kind = next((k for k in KINDS if k == form.get("kind")), None)
    if form.get("do") != "name" or kind is None:
        abort(400)
    name_source(store(), editor(), number, source, form.get("label", ""), kind)
    return _to(number, done="changed")


def kind_name(kind: Kind) -> str:
    """How a source was found, as the page calls it."""
    return {
        "database": gettext("Database"),
        "register": gettext("Register"),
        "website": gettext("Website"),
        "organisation": gettext("Organisation"),
        "citation": gettext("Citation searching"),
        "other": gettext("Another method"),
    }[kind]


def _to(number: int, **values: Any) -> Response:
    return make_response(redirect(url_for("sources.show", number=number, **values), 303))
