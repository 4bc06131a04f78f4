"""Records ticked in a list: cited, compared, saved to a file, starred."""

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any, Literal, get_args

from flask import (
    Blueprint,
    Response,
    abort,
    jsonify,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from markupsafe import Markup
from pydantic import ValidationError

from search.formats.citations import CITATION_STYLES, CitationStyle, citation
from search.records import Record
from web.desk import items, shelf
from web.desk.additions import add_records, library_records
from web.desk.history import Change, CollectionError, history
from web.desk.items import Item
from web.desk.shelf import Collection
from web.http import access, services
from web.http.desk_access import editor, store
from web.http.exports import EXPORT_FORMATS, ExportFormat, attachment
from web.http.language import gettext
from web.http.search_parameters import ExactParameters
from web.pages.changes import done_message
from web.pages.last_collection import last_collection, last_collection_of_request, remember
from web.pages.page_parameters import asked
from web.pages.side_by_side import compared
from web.pages.sign_in import own_address

View = Literal["cite", "compare"]
# An address holds so many ids, and nobody compares more records than fit beside one another.
MOST = 100
MOST_COMPARED = 12
# What a bar of buttons sends beside what the page is about.
_OWN = {"record", "view", "style", "lang"}

blueprint = Blueprint("selection", __name__)


@blueprint.app_context_processor
def _names() -> dict[str, Any]:
    return {
        "picked": lambda: request.args.getlist("record")[:MOST],
        "most_picked": MOST,
        "starred": starred,
        "last_collection": last_collection_of_request,
        "just_added": just_added,
        "export_formats": EXPORT_FORMATS,
    }


@blueprint.get("/selected")
def show() -> Response | str:
    """The records ticked, to be cited or compared."""
    if set(request.args) - _OWN and request.args.get("what") != "exact":
        kept = {name: request.args.getlist(name) for name in _OWN if name in request.args}
        return make_response(redirect(url_for("selection.show", **kept), 302))  # type: ignore[arg-type]
    view = request.args.get("view", "cite")
    style = request.args.get("style", "vancouver")
    if view not in get_args(View) or style not in CITATION_STYLES:
        abort(404)
    records = list(islice(_chosen(request.args), MOST))
    compared_records = records[:MOST_COMPARED]
    return render_template(
        "selected.html",
        records=records,
        view=view,
        style=style,
        styles=CITATION_STYLES,
        cited=[_cited(record, style) for record in records] if view == "cite" else [],
        compared_records=compared_records,
        rows=compared([_bare(r) for r in compared_records])
        if view == "compare" and compared_records
        else [],
    )


@blueprint.route("/selected/file", methods=["GET", "POST"])
def file() -> Response:
    """The records ticked, or the whole set of an exact search, as a file."""
    name = request.values.get("format", "ris")
    if name not in EXPORT_FORMATS:
        abort(400)
    chosen: ExportFormat = name
    return attachment(_chosen(request.values), chosen, "jmedsearch-selected")


@blueprint.post("/selected/star")
def star() -> Response:
    """A record into the collection added to last, or out of it where it holds it."""
    record_id = request.form.get("star", "")
    with store().writing():
        collection = last_collection(store())
        number = (
            collection.id
            if collection
            else shelf.create(store(), editor(), gettext("Starred records"))
        )
        held = _held(number, [record_id])
        if held:
            items.remove(store(), editor(), number, [record_id])
        else:
            records = library_records([record_id], services.engine().generation())
            if not records:
                raise CollectionError(f"no record has the id {record_id!r}")
            add_records(store(), editor(), number, records, request.form.get("q", ""))
    if request.accept_mimetypes.best == "application/json":
        name = shelf.collection(store(), number).name
        return remember(jsonify(held=not held, collection=name), number)
    onward = own_address(request.form.get("next", "")) or url_for("collections.show", number=number)
    return remember(make_response(redirect(onward, 303)), number)


def starred(record_ids: Sequence[str]) -> set[str]:
    """Which of some records the collection added to last holds."""
    collection = last_collection_of_request()
    return _held(collection.id, record_ids) if collection else set()


def just_added() -> tuple[str, Collection, Change | None] | None:
    """What was just put into a collection from a list, as the address of the list says, with the
    change to undo."""
    number = request.args.get("into", type=int)
    if number is None or request.args.get("done") != "added" or not access.may("write"):
        return None
    desk = services.desk()
    there = {c.id: c for c in shelf.collections(desk.store)} if desk else {}
    if desk is None or number not in there:
        return None
    last = history(desk.store, number, 0, 1)[1]
    return done_message(request.args), there[number], last[0] if last and last[0].rows else None


def _held(number: int, record_ids: Sequence[str]) -> set[str]:
    found = items.items(store(), number, record_ids=list(record_ids))[1]
    return {item.record.id for item in found}


def _chosen(given: Any) -> Iterable[Record]:
    """The records named one by one, or all of an exact search."""
    if given.get("what") == "exact":
        try:
            exact = asked(ExactParameters, given)
        except ValidationError as error:
            raise CollectionError("the search cannot be repeated") from error
        return services.exact().records(exact.q, exact.filters(), exact.sort, exact.thesaurus)
    return library_records(given.getlist("record"), services.engine().generation())


def _cited(record: Record, style: CitationStyle) -> Markup:
    return Markup(citation(record, style, "html"))  # noqa: S704 - escaped where it is made


def _bare(record: Record) -> Item:
    """A record of the library as one of a collection, for what compares those."""
    return Item(id=0, record=record, source="library", note="", tags=(), added="", added_by="")
