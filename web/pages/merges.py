"""The page of what the library has merged: what each copy said, parted and merged again."""

from dataclasses import dataclass

from flask import Blueprint, Response, abort, make_response, redirect, render_template, request
from flask import url_for as address

from search.library.merged_records import merged_records, parted_records
from search.records import Record
from web.desk import library_command
from web.http import services
from web.http.language import gettext
from web.pages.side_by_side import compared

PER_PAGE = 20

blueprint = Blueprint("merges", __name__)


@dataclass(frozen=True)
class Compared:
    """A copy as records are compared: without tags and a note."""

    record: Record
    tags: tuple[str, ...] = ()
    note: str = ""


@blueprint.get("/library/merges")
def show() -> str:
    """The records that several copies were merged into, and those that were parted."""
    return _page()


@blueprint.post("/library/merges")
def change() -> Response:
    """Part a record's copies, or merge two records that were parted."""
    pair = request.form.getlist("id")
    do = request.form.get("do", "")
    if do not in ("part", "merge") or len(pair) != len(("one", "other")):
        abort(400)
    outcome = library_command.run(services.engine().library.path, "duplicates", f"--{do}", *pair)
    if outcome.state == "done":
        return make_response(redirect(address("merges.show", done=do), 303))
    told = {
        "refused": gettext("The library was not changed: %(reason)s") % {"reason": outcome.told},
        "running": gettext("The library is being built anew. This page shows it once it is done."),
        "busy": gettext("The library is being written already. Try again when that is done."),
    }[outcome.state]
    return make_response(_page(told), 202 if outcome.state == "running" else 409)


def _page(told: str = "") -> str:
    generation = services.engine().generation()
    page = max(1, request.args.get("page", 1, type=int))
    record_id = request.args.get("record", "")
    first = (page - 1) * PER_PAGE
    total, found = merged_records(generation, first, PER_PAGE, record_id)
    done = {
        "part": gettext("They are two records again, and stay so."),
        "merge": gettext("They are one record again."),
    }.get(request.args.get("done", ""), "")
    return render_template(
        "merges.html",
        merged=found,
        compared=[compared([Compared(copy.record) for copy in one.copies]) for one in found],
        parted=parted_records(generation),
        total=total,
        record_id=record_id,
        page=page,
        pages=(total + PER_PAGE - 1) // PER_PAGE,
        told=told,
        done=done,
    )
