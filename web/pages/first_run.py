"""The guide through a first run: the institution's name, who may search, an account, an import.

Each step is kept when it is taken; one can leave, and come back to the next one.
"""

from dataclasses import replace

from flask import (
    Blueprint,
    Response,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from werkzeug.exceptions import NotFound

from web.desk.accounts import LONGEST_NAME, AccountError
from web.desk.settings import WHO_MAY_SEARCH, SettingsError, keep_settings, settings
from web.http import services
from web.http.access import accounts_exist, admission, identity, waits_for_code
from web.http.desk_access import editor, store
from web.http.jobs_access import jobs
from web.http.language import gettext
from web.http.setup_code import COOKIE
from web.pages.errors import account_message
from web.pages.jobs import words
from web.pages.settings import fault_text
from web.pages.sign_in import set_session

blueprint = Blueprint("first_run", __name__)


@blueprint.get("/start")
def show() -> str:
    """The steps."""
    return _page()


@blueprint.get("/start/code")
def ask() -> str:
    """The question for the code, where one is needed."""
    if not waits_for_code():
        raise NotFound
    return render_template("first_run_code.html")


@blueprint.post("/start/code")
def enter() -> Response:
    """The code typed: this browser may take the steps."""
    if not waits_for_code():
        raise NotFound
    setup = admission().setup
    secret = setup.enter(request.form.get("code", "")) if setup else None
    if secret is None:
        message = (
            gettext("The code was used already. Start the server again for a new one.")
            if setup and setup.is_used
            else gettext("This is not the code.")
        )
        return make_response(render_template("first_run_code.html", message=message), 403)
    response = make_response(redirect(url_for("first_run.show"), 303))
    response.set_cookie(COOKIE, secret, secure=request.is_secure, httponly=True, samesite="Strict")
    return response


@blueprint.post("/start")
def change() -> Response:
    """The name, or who may search."""
    form = request.form
    before = settings(store())
    wanted = replace(
        before,
        name_ja=form.get("name_ja", before.name_ja),
        name_en=form.get("name_en", before.name_en),
    )
    if (who := form.get("who_may_search", "")) in WHO_MAY_SEARCH:
        wanted = replace(wanted, who_may_search=who)
    try:
        keep_settings(store(), editor(), wanted, before)
    except SettingsError as error:
        faults = {fault.field: fault_text(fault.fault) for fault in error.faults}
        return make_response(_page(faults=faults), 400)
    return make_response(redirect(url_for("first_run.show"), 303))


@blueprint.post("/start/account")
def add_account() -> Response:
    """The first account, an administrator's, who is signed in with it."""
    desk = services.desk()
    if desk is None:
        raise NotFound
    # It is for whoever sets the installation up; further ones are made on the page of users.
    if desk.accounts.exist():
        return make_response(redirect(url_for("users.show"), 303))
    form = request.form
    name, password = form.get("name", ""), form.get("password", "")
    try:
        if password != form.get("again", ""):
            fault = gettext("The password was typed differently the second time.")
            return make_response(_page(faults={"account": fault}, name=name), 400)
        user = desk.accounts.add(name, "administrator", password)
    except AccountError as error:
        fault = account_message(error)
        return make_response(_page(faults={"account": fault}, name=name[:LONGEST_NAME]), 400)
    response = make_response(redirect(url_for("first_run.show"), 303))
    response.delete_cookie(COOKIE, secure=request.is_secure, httponly=True, samesite="Strict")
    return set_session(response, desk.accounts.open_session(user))


def _page(*, faults: dict[str, str] | None = None, name: str = "") -> str:
    found = jobs()
    shown = settings(store())
    importing = found.listed(0, 1, ("import",))
    who = identity()
    return render_template(
        "first_run.html",
        shown=shown,
        named=bool(shown.name_ja or shown.name_en),
        has_library=services.engine().library.published is not None,
        has_account=accounts_exist(),
        importing=importing[0] if importing and importing[0].is_open else None,
        by_code=who is not None and who.kind == "setup",
        who_may_search=WHO_MAY_SEARCH,
        faults=faults or {},
        name=name,
        **words(),
    )
