"""What users see when something goes wrong: problem+json for programs, a page for people.

====================  ======  ==========================================
error                 status  cause
====================  ======  ==========================================
QueryError            400     a query that cannot be answered
ExactSyntaxError      400     an expression that cannot be read
TooMuchError          400     a request that asks for more work than one may
ValidationError       400     parameters that cannot be taken
CollectionError       400     an edit of a collection that cannot be made
AccountError          400     an account that cannot be made, found or changed
FormatError           400     a file that cannot be read
CursorError           400     a cursor that is none, or another search's
CursorExpiredError    410     a cursor whose place is gone
ConflictError         409     someone else has changed the same in between
UnknownError          404     a collection, or a part of one, that is not there
OverflowError         404     a number beyond all that there can be
JobError              404     a job that is not there; 409 one that stands otherwise; 503 too many
UploadError           404     files that are not there; 400 none were chosen; 413 no room for them
UnknownRecordError    404     an id that no record has
ModelError            501     a mask, and a model without MLM head
TooLongError          503     a request that could not be answered in the time that one may take
LibraryError          503     the library is missing, damaged or another encoder's, or Milvus gone
                              and a list by words alone would not do
DatabaseError         503     a database is locked, full, damaged or cannot be written, or a
                              statement was ended with the request's time
RecursionError        400     JSON that is nested too deeply
OSError (ENOSPC …)    503     a disk that is full or cannot be written
anything else         500     a mistake of ours
====================  ======  ==========================================
"""

import errno
import sqlite3
from http import HTTPStatus

from flask import (
    Flask,
    Response,
    current_app,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from werkzeug.exceptions import BadHost, HTTPException, SecurityError

from search import budget
from search.budget import BudgetError, TooLongError
from search.encoder import ModelError
from search.exact import ExactSyntaxError
from search.formats import FormatError, UnknownFormatError
from search.library.manifest import LibraryError
from search.ranked.engine import QueryError, UnknownRecordError
from search.storage_faults import fault_of
from search.suggest import MAX_MASKS
from web.api.cursors import CursorError, CursorExpiredError
from web.api.models import ProblemField
from web.api.problems import budget_problem, expression_problem, problem, query_problem
from web.desk.accounts import AccountError
from web.desk.history import CollectionError, ConflictError, UnknownError
from web.desk.jobs import JobError
from web.desk.uploads import MOST_FILES, UploadError
from web.http import access, services
from web.http.access import ForwardedError
from web.http.language import gettext
from web.http.overload import PROBES

# A disk that is full, over its quota, or mounted for reading only.
_STORAGE = {errno.ENOSPC, errno.EDQUOT, errno.EROFS}
_UNWRITABLE = (
    "collections cannot be read or written at present; nothing that was stored is lost, and the "
    "server's log says why"
)
_UNAVAILABLE = "the library cannot be used at present; the server's log says why and what to do"


def install(app: Flask) -> None:
    """Answer every error of ``app`` in the form that its client reads."""
    app.register_error_handler(QueryError, _query_error)
    app.register_error_handler(ExactSyntaxError, expression_problem)
    app.register_error_handler(BudgetError, _budget_error)
    app.register_error_handler(CollectionError, _collection_error)
    app.register_error_handler(CursorError, _cursor_error)
    app.register_error_handler(CursorExpiredError, _cursor_expired)
    app.register_error_handler(FormatError, _collection_error)
    app.register_error_handler(AccountError, _account_error)
    app.register_error_handler(ConflictError, _conflict)
    app.register_error_handler(UnknownError, _unknown)
    app.register_error_handler(JobError, _job_error)
    app.register_error_handler(UploadError, _upload_error)
    app.register_error_handler(OverflowError, _overflow)
    app.register_error_handler(UnknownRecordError, _unknown_record)
    app.register_error_handler(ModelError, _model_error)
    app.register_error_handler(LibraryError, _library_error)
    app.register_error_handler(sqlite3.DatabaseError, _database_error)
    app.register_error_handler(OSError, _os_error)
    app.register_error_handler(RecursionError, _recursion_error)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(500, _internal_error)


def _for_programs() -> bool:
    return request.path in ("/api", "/opensearch", *PROBES) or request.path.startswith("/api/")


def _query_error(error: QueryError) -> Response:
    if _for_programs():
        return query_problem(error)
    return _page(400, gettext("This query cannot be answered"), query_message(error))


def query_message(error: QueryError) -> str:
    """Why a query cannot be answered, in the language of the page."""
    return {
        "empty": gettext("Type a word, a phrase or a question."),
        "too long": gettext("The query is too long. Shorten it to the part that matters."),
        "bad page": gettext("This page of the list does not exist."),
        "no mask": gettext("Write [MASK] or ＿＿ where a word is missing."),
        "too many masks": gettext("At most %(most)s blanks are filled at once.")
        % {"most": MAX_MASKS},
    }[error.reason]


def _budget_error(error: BudgetError) -> Response:
    if _for_programs():
        return budget_problem(error)
    heading = gettext("This asks for too much")
    return _page(budget_status(error), heading, budget_message(error))


def budget_status(error: BudgetError) -> int:
    """The HTTP status of a request that costs too much."""
    return 503 if isinstance(error, TooLongError) else 400


def budget_message(error: BudgetError) -> str:
    """What of a request costs too much and how to ask less, in the language of the page."""
    how = {
        "search": gettext("Ask for less at once."),
        "words": gettext(
            "The words of this expression stand in too many records together. Ask for rarer or "
            "fewer words."
        ),
        "headings": gettext(
            "Too many narrower headings lie under those of this expression. Take narrower ones, or "
            "leave them out ([mh:noexp])."
        ),
        "texts": gettext(
            "The index cannot tell where so frequent words stand close together, and too many "
            "texts would have to be read. Ask for rarer words or more letters before the asterisk, "
            "for a smaller distance, or for AND in the place of NEAR."
        ),
        "set": gettext(
            "The set is too large to be listed whole. Narrow it down, by years for instance."
        ),
        "suggestions": gettext("Ask for terms for a shorter query with fewer blanks."),
        "batch": gettext("Ask for fewer or shorter queries at once."),
        "file": gettext(
            "The file would be too large. Divide the set, by years for instance, or write the file "
            "with a command: jmedsearch search --exact --format."
        ),
        "upload": gettext("Divide the file into smaller ones."),
        "collection": gettext(
            "The collection is too large for this at once. Divide it, or use the command "
            "jmedsearch collection."
        ),
    }[error.work]
    if isinstance(error, TooLongError):
        took = gettext("This was ended after %(seconds)s seconds.")
        return f"{took % {'seconds': f'{error.seconds:g}'}} {how}"
    return how


def _collection_error(error: CollectionError | FormatError) -> Response:
    if _for_programs():
        return problem(400, str(error), "bad-edit")
    told = unknown_file_message(error) if isinstance(error, UnknownFormatError) else str(error)
    return _page(400, gettext("This cannot be done"), told)


def unknown_file_message(error: UnknownFormatError) -> str:
    """What an unknown file seems to be, and what to do, in the language of the page."""
    export = gettext(
        "Export the records themselves. PubMed: Save > Format: PubMed. Embase, Scopus, Ovid, Web "
        "of Science: Export > RIS. Ichushi-Web: Download > RIS. Zotero, EndNote: File > Export > "
        "RIS."
    )
    seems, what = {
        "PDF": (gettext("This seems to be a PDF."), export),
        "RTF": (gettext("This seems to be a text with formatting (RTF)."), export),
        "Word": (
            gettext("This seems to be a Word document."),
            export + " " + gettext("A table in it can be saved as CSV by way of Excel."),
        ),
        "OpenDocument": (gettext("This seems to be an OpenDocument text."), export),
        "EndNote library": (
            gettext("This seems to be an EndNote library (.enl)."),
            gettext("Open it in EndNote: File > Export > RefMan (RIS) or XML."),
        ),
        "SQLite": (gettext("This seems to be an SQLite database."), export),
        "web page": (
            gettext("This seems to be a web page. A page that was saved holds no records."),
            export,
        ),
        "image": (gettext("This seems to be an image."), export),
        "": (gettext("No known format begins like this file."), export),
    }[error.seems]
    return f"{error.source}: {seems} {what}"


def _account_error(error: AccountError) -> Response:
    if _for_programs():
        return problem(400, str(error), "bad-edit")
    return _page(400, gettext("This cannot be done"), account_message(error))


def account_message(error: AccountError) -> str:
    """What is wrong with an account, in the language of the page."""
    return {
        "unknown": gettext("There is no such user."),
        "name": gettext(
            "A name has 1 to 100 printable characters, and ends in no mark of the history."
        ),
        "taken": gettext("There is a user of this name already."),
        "password": gettext("A password has at least 10 characters."),
        "guessable": gettext(
            "This password is easy to guess. Take several words that have nothing to do with one "
            "another."
        ),
        "administrator": gettext(
            "Somebody must be able to administer: make another user an administrator first."
        ),
        "token": gettext("There is no such token."),
        "link": gettext("This link leads nowhere any more"),
        "mail": gettext("This is no e-mail address."),
    }[error.fault]


def _cursor_error(error: CursorError) -> Response:
    fields = [ProblemField(field="cursor", message=str(error))]
    return problem(400, str(error), "bad-parameter", fields)


def _cursor_expired(error: CursorExpiredError) -> Response:
    return problem(410, str(error), "cursor-expired")


def _conflict(error: ConflictError) -> Response:
    if _for_programs():
        return problem(409, str(error), "conflict")
    message = gettext("Someone else has changed the same in between. Nothing of it was lost.")
    return _page(409, gettext("Not changed"), message, error.current)


def _unknown(error: UnknownError) -> Response:
    if _for_programs():
        return problem(404, str(error), "unknown-item")
    return _page(
        404,
        gettext("There is no such collection, or no such thing in it"),
        gettext("It may have been deleted or renamed in the meantime."),
    )


def _job_error(error: JobError) -> Response:
    message = {
        "unknown": gettext("There is no such job."),
        "over": gettext("It is over already."),
        "open": gettext("It is under way or done already."),
        "many": gettext("Too much work waits already. Let some of it end first."),
    }[error.fault]
    status = {"unknown": 404, "over": 409, "open": 409, "many": 503}[error.fault]
    return _page(status, gettext("This cannot be done"), message)


def _upload_error(error: UploadError) -> Response:
    message = {
        "unknown": gettext("These files are not here any more. Hand them in again."),
        "none": gettext("No file was chosen."),
        "many": gettext("These are more than %(n)s files. Pack them into an archive.")
        % {"n": MOST_FILES},
        "large": gettext(
            "There is no room for these files. Import or throw away what was handed in before."
        ),
    }[error.fault]
    status = {"unknown": 404, "none": 400, "many": 413, "large": 413}[error.fault]
    return _page(status, gettext("This cannot be done"), message)


def _overflow(error: OverflowError) -> Response:
    if "SQLite" in str(error):
        # A number that no database can hold is that of nothing.
        return _unknown(UnknownError("there is nothing of this number"))
    raise error  # a mistake of ours


def _unknown_record(error: UnknownRecordError) -> Response:
    if _for_programs():
        return problem(404, str(error), "unknown-record")
    return _page(
        404,
        gettext("There is no such record"),
        gettext("The library may have been rebuilt without it, or the address is incomplete."),
    )


def _model_error(error: ModelError) -> Response:
    if _for_programs():
        return problem(501, str(error), "no-mlm-head")
    return _page(501, gettext("This model cannot fill blanks"), str(error))


def _library_error(error: LibraryError) -> Response:
    # Where nothing was published yet, that is no fault, but a beginning.
    is_new = services.jobs() is not None and services.engine().library.published is None
    if is_new and request.method == "GET" and not _for_programs():
        return _no_library_yet()
    # Names folders of this machine: for the operator's log, not for the client.
    current_app.logger.error("%s", error)
    if _for_programs():
        response = problem(503, _UNAVAILABLE, "library-unavailable")
    else:
        response = _page(
            503,
            gettext("The library cannot be used at present"),
            gettext("Please try again later. The server’s log says why and what to do."),
        )
    response.headers["Retry-After"] = "60"
    return response


def _no_library_yet() -> Response:
    if access.may("administer"):
        return make_response(redirect(url_for("first_run.show"), 303))
    message = gettext("Nothing was imported yet.")
    return _page(503, gettext("There are no records here yet"), message)


def _database_error(error: sqlite3.DatabaseError) -> Response:
    if (ended := budget.ended(error, "collection")) is not None:
        return _budget_error(ended)
    if fault_of(error) is not None:
        return _storage_error(error)
    raise error  # a mistake of ours


def _storage_error(error: sqlite3.DatabaseError | OSError) -> Response:
    # "database is locked", "database or disk is full": no user's words are in it, but paths may be.
    current_app.logger.error("cannot read or write: %s", error)
    if _for_programs():
        response = problem(503, _UNWRITABLE, "storage-unavailable")
    else:
        response = _page(
            503,
            gettext("Collections cannot be used at present"),
            gettext(
                "Nothing of what was stored is lost, but this change was not made. Please try "
                "again later; the server’s log says why."
            ),
        )
    response.headers["Retry-After"] = "60"
    return response


def _os_error(error: OSError) -> Response:
    if error.errno in _STORAGE:
        return _storage_error(error)
    raise error  # a mistake of ours


def _recursion_error(error: RecursionError) -> Response:
    if request.is_json:
        return problem(400, "the JSON is nested too deeply", "bad-parameter")
    raise error  # a mistake of ours


def _http_error(error: HTTPException) -> Response:
    if error.code is None or error.code < 400:  # a redirect is no error
        return make_response(error.get_response())
    if isinstance(error, SecurityError | BadHost):
        # A Host header that is foreign, or none: no address can be built for it, so no page either.
        return make_response((f"{error.description}\n", error.code, {"Content-Type": "text/plain"}))
    # Who is told to sign in, and not shown how, is a program.
    if _for_programs() or error.code == 401:
        response = problem(error.code, error.description or HTTPStatus(error.code).phrase)
    elif isinstance(error, ForwardedError):
        response = _page(
            403,
            gettext("There are no accounts here"),
            gettext(
                "This request came through a proxy, and everybody behind it would be "
                "administrator. Make accounts, and name the proxy with --trusted-proxy."
            ),
        )
    elif error.code == 404:
        response = _page(
            404, gettext("Page not found"), gettext("There is nothing at this address.")
        )
    elif error.code == 403:
        response = _page(
            403,
            gettext("You may not do this"),
            gettext("Your account does not allow it, or the request came from another site."),
        )
    elif error.code == 405:
        response = _page(
            405, gettext("Not possible here"), gettext("This address can only be read.")
        )
    elif error.code in {429, 503}:
        response = _page(
            error.code,
            gettext("Too much at once"),
            gettext("Please wait a moment, then try again."),
        )
    elif error.code == 413:
        response = _page(
            413, gettext("Too large"), gettext("What was sent is more than this server takes.")
        )
    else:
        response = _page(
            error.code,
            gettext("The request cannot be answered"),
            f"{error.code} {HTTPStatus(error.code).phrase}",
        )
    for name, value in error.get_headers():
        if name not in {"Content-Type", "Content-Length"}:
            response.headers[name] = value
    return response


def _internal_error(_: Exception) -> Response:
    if _for_programs():
        return problem(500, "an error of the server; its log says more")
    return _page(
        500,
        gettext("Something went wrong here"),
        gettext("The mistake is ours, and it has been logged. Please try again."),
    )


def _page(status: int, heading: str, message: str, current: str = "") -> Response:
    html = render_template("error.html", heading=heading, message=message, current=current)
    return make_response(html, status)
