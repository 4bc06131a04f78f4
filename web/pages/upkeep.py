"""The pages of a library that is there: what it is, its imports, its versions, records removed."""

import csv
import io
import math
from collections.abc import Sequence

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
from werkzeug.exceptions import NotFound

from search.exact import ExactSyntaxError
from search.formats.tables import as_text_cell
from search.library.generation import Generation
from search.library.generation_list import ListedGeneration, listed_generations
from search.library.import_log import (
    ids_of_import,
    left_out,
    logged_import,
    logged_imports,
)
from search.library.manifest import LibraryError
from search.records import Record
from web.http import services
from web.http.access import may
from web.http.jobs_access import begin, jobs
from web.http.language import gettext
from web.pages.exact import fault_message
from web.pages.jobs import words
from web.pages.reading_faults import reading_fault

PER_PAGE = 100
# Records that are removed at once, and of those to be removed so many are shown.
MOST_REMOVED = 5_000
_SHOWN = 20

blueprint = Blueprint("upkeep", __name__)


@blueprint.get("/library")
def index() -> str:
    """What the library is, and all that can be done with it."""
    found = jobs()
    generation = _generation()
    return render_template(
        "library.html",
        manifest=generation.manifest if generation else None,
        imports=logged_imports(generation.database)[:5] if generation else [],
        open_jobs=found.open_jobs(),
        **words(),
    )


@blueprint.get("/library/imports")
def show_imports() -> str:
    """All imports, the newest first."""
    generation = _generation()
    found = logged_imports(generation.database) if generation else []
    page = max(1, request.args.get("page", 1, type=int))
    return render_template(
        "imports.html",
        imports=found[(page - 1) * PER_PAGE : page * PER_PAGE],
        page=page,
        pages=math.ceil(len(found) / PER_PAGE),
    )


@blueprint.get("/library/imports/<int:number>")
def show_import(number: int) -> str:
    """One import, and what could not be read of it."""
    generation = _generation()
    found = logged_import(generation.database, number) if generation else None
    if generation is None or found is None:
        raise NotFound
    page = max(1, request.args.get("page", 1, type=int))
    return render_template(
        "import_done.html",
        found=found,
        left_out=left_out(generation.database, number, (page - 1) * PER_PAGE, PER_PAGE),
        own=len(ids_of_import(generation.database, number)),
        most=MOST_REMOVED,
        page=page,
        pages=math.ceil(found.counts["rejected"] / PER_PAGE),
        reading_fault=reading_fault,
    )


@blueprint.get("/library/imports/<int:number>/left-out.csv")
def save_left_out(number: int) -> Response:
    """What an import left out, as a table."""
    generation = _generation()
    if generation is None or logged_import(generation.database, number) is None:
        raise NotFound
    written = io.StringIO()
    table = csv.writer(written)
    table.writerow([gettext("File"), gettext("Place in the file"), gettext("Reason"), "reason"])
    for item in left_out(generation.database, number):
        reason = reading_fault(item.reason)
        table.writerow([as_text_cell(v) for v in (item.source, item.place, reason, item.reason)])
    response = make_response("\ufeff" + written.getvalue())
    response.mimetype = "text/csv"
    response.headers["Content-Disposition"] = f"attachment; filename=left-out-{number}.csv"
    return response


@blueprint.get("/library/versions")
def show_versions() -> str:
    """The versions of the library, the newest first."""
    found = jobs()
    listed = listed_generations(found.library)
    return render_template(
        "versions.html",
        versions=listed,
        before=_before(listed),
        open_jobs=found.open_jobs(),
        **words(),
    )


@blueprint.post("/library/versions")
def change_versions() -> Response:
    """Another version made the one that is searched, or old ones deleted."""
    number = request.form.get("version", type=int)
    do = request.form.get("do", "")
    if do == "go back" and number is not None:
        job = begin("go back", generation=number)
    elif do == "prune":
        if not may("administer"):
            abort(403)
        job = begin("prune", keep=max(1, request.form.get("keep", 3, type=int)))
    else:
        abort(400)
    return make_response(redirect(url_for("jobs.show", number=job.id), 303))


@blueprint.get("/library/remove")
def show_removal() -> Response | str:
    """Records chosen by id, by an expression or by their import, before they are removed."""
    generation = _generation()
    if generation is None:
        raise NotFound
    asked = {n: request.args.get(n, "").strip() for n in ("ids", "expression", "import")}
    ids: list[str] = []
    message = ""
    if any(asked.values()):
        try:
            ids = _chosen(generation, asked["ids"], asked["expression"], asked["import"])
        except ExactSyntaxError as error:
            message = fault_message(error)
        if not ids and not message:
            message = gettext("No record was found.")
        if len(ids) > MOST_REMOVED:
            message = gettext("These are more than are removed at once (%(n)s). Choose fewer.") % {
                "n": MOST_REMOVED
            }
            ids = []
    html = render_template(
        "remove.html",
        asked=asked,
        ids=ids,
        shown=_records(generation, ids[:_SHOWN]),
        message=message,
        imports=logged_imports(generation.database),
    )
    return make_response(html, 400 if message else 200)


@blueprint.post("/library/remove")
def remove() -> Response:
    """Records removed."""
    ids = request.form.get("ids", "").split("\n")
    ids = [one.strip() for one in ids if one.strip()]
    if not 0 < len(ids) <= MOST_REMOVED:
        abort(400)
    job = begin("remove", ids=ids)
    return make_response(redirect(url_for("jobs.show", number=job.id), 303))


def _chosen(generation: Generation, ids: str, expression: str, import_number: str) -> list[str]:
    if ids:
        return list(generation.present(ids.split()[: MOST_REMOVED + 1]))
    if expression:
        numbers = services.exact().numbers(expression, most=MOST_REMOVED + 1)
        return generation.ids([int(n) for n in numbers])
    if import_number.isdigit():
        return ids_of_import(generation.database, int(import_number))
    return []


def _records(generation: Generation, ids: Sequence[str]) -> list[Record]:
    found = (generation.record(one) for one in ids)
    return [one[1] for one in found if one is not None]


def _before(listed: Sequence[ListedGeneration]) -> ListedGeneration | None:
    """The version before the one that is searched."""
    older = False
    for version in listed:
        if older and not version.problem:
            return version
        older = older or version.live
    return None


def _generation() -> Generation | None:
    try:
        return services.engine().generation()
    except LibraryError:
        return None
