"""The PRISMA-S report of a collection as a page with blanks to fill in, and as a file."""

from typing import BinaryIO, cast

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

from web.desk.report import Item, answer
from web.desk.shelf import collection
from web.http import services
from web.http.desk_access import editor, file_name, store
from web.http.exports import saved
from web.pages.changes import done_message
from web.reports.prisma_s import CITATION, Report, as_markdown, report_over

# Markdown is plain text with marks that hardly show: both files hold the same.
_FILES = {"md": "text/markdown; charset=utf-8", "txt": "text/plain; charset=utf-8"}

blueprint = Blueprint("report", __name__)


@blueprint.get("/collections/<int:number>/report")
def show(number: int) -> str:
    """The report, its blanks as fields."""
    return render_template(
        "strategy_report.html",
        collection=collection(store(), number),
        report=_report(number),
        citation=CITATION,
        done=done_message(request.args),
    )


@blueprint.post("/collections/<int:number>/report")
def fill_in(number: int) -> Response:
    """What was written to the items of the report."""
    form = request.form
    with store().writing():
        for name, text in form.items():
            if name.startswith("item "):
                item = cast("Item", name.removeprefix("item "))
                answer(store(), editor(), number, item, text, form.get(f"seen {item}"))
    return make_response(redirect(url_for("report.show", number=number, done="changed"), 303))


@blueprint.get("/collections/<int:number>/report/file")
def file(number: int) -> Response:
    """The report as a file, in the language of the page."""
    ending = request.args.get("format", "md")
    if ending not in _FILES:
        abort(400)
    written = as_markdown(_report(number)).encode()
    name = file_name(collection(store(), number), f"-prisma-s.{ending}")

    def write(stream: BinaryIO) -> None:
        stream.write(written)

    return saved(write, _FILES[ending], name)


def _report(number: int) -> Report:
    return report_over(services.engine().library, store(), number)
