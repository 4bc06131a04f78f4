"""The page on which administrators say what the installation is called, who may search, and by what
it sends mail; and the logo."""

import hashlib
from dataclasses import asdict, fields

from flask import (
    Blueprint,
    Response,
    abort,
    current_app,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)

from web.desk.addresses import is_mail_address
from web.desk.history import ConflictError
from web.desk.logo import LARGEST_LOGO, LogoError, keep_logo, logo, logo_hash, remove_logo
from web.desk.mail_password import MailPasswordError, keep_mail_password, origin
from web.desk.outbox import mails, post
from web.desk.settings import (
    MAIL_SECURITY,
    WHO_MAY_SEARCH,
    Fault,
    Settings,
    SettingsError,
    keep_settings,
    settings,
)
from web.http.desk_access import editor, store
from web.http.language import chosen_language, gettext
from web.http.postman import postman
from web.reports.letters import trial_letter

# The latest mails that the page lists.
_MAILS_SHOWN = 20

blueprint = Blueprint("settings", __name__)


@blueprint.get("/settings")
def show() -> str:
    """The settings as they stand."""
    told = {
        "changed": gettext("Changed."),
        "logo": gettext("The logo was changed."),
        "trial": gettext("The mail is on its way: look below what becomes of it."),
    }
    return _page(settings(store()), done=told.get(request.args.get("done", ""), ""))


@blueprint.post("/settings")
def change() -> Response:
    """The settings as a form says them, all or nothing."""
    form = request.form
    before = settings(store())
    wanted = _typed(before)
    if form.get("seen", _mark(before)) != _mark(before):
        raise ConflictError("someone else has changed the settings in between")
    try:
        keep_settings(store(), editor(), wanted, before)
        if "forget_password" in form:
            keep_mail_password(store(), "")
        elif form.get("mail_password"):
            keep_mail_password(store(), form["mail_password"])
    except SettingsError as error:
        faults = {fault.field: fault_text(fault.fault) for fault in error.faults}
        return make_response(_page(wanted, faults=faults), 400)
    except MailPasswordError as error:
        return make_response(_page(wanted, faults={"mail_password": str(error)}), 400)
    return _to("changed")


@blueprint.post("/settings/logo")
def change_logo() -> Response:
    """Another logo, or none."""
    if request.form.get("do") == "remove":
        remove_logo(store())
        return _to("logo")
    sent = request.files.get("logo")
    content = sent.stream.read(LARGEST_LOGO + 1) if sent else b""
    try:
        keep_logo(store(), editor(), content)
    except LogoError:
        message = gettext("A logo is a PNG, JPEG or WebP file of at most %(n)s kB.") % {
            "n": LARGEST_LOGO // 1024
        }
        return make_response(_page(settings(store()), faults={"logo": message}), 400)
    return _to("logo")


@blueprint.post("/settings/trial")
def send_trial() -> Response:
    """A mail to an address, to see that mail works; what became of it stands in the list."""
    to, wanted = request.form.get("to", "").strip(), settings(store())
    if not wanted.sends_mail:
        abort(400)
    if not is_mail_address(to):
        faults = {"to": fault_text("mail address")}
        return make_response(_page(wanted, faults=faults), 400)
    with store().writing() as db:
        post(db, wanted, "test", to, trial_letter(wanted), language=chosen_language())
    postman().deliver()
    return _to("trial")


@blueprint.get("/logo")
def show_logo() -> Response:
    """The logo, for every page."""
    found = logo(store())
    if found is None:
        abort(404)
    response = make_response(found.content)
    # The type that its first bytes say, never one that whoever sent it named.
    response.content_type = found.mimetype
    response.set_etag(found.hash)
    response.cache_control.no_cache = None
    response.cache_control.public = True
    response.cache_control.max_age = 24 * 3600
    response.make_conditional(request)
    return response


def fault_text(fault: Fault) -> str:
    """Why a setting cannot be as it is wanted, in the language of the page."""
    return {
        "text": gettext("One line of at most 100 characters."),
        "choice": gettext("There is no such choice."),
        "web address": gettext("This is no http or https address."),
        "site address": gettext("This is no http or https address of a site."),
        "mail address": gettext("This is no e-mail address."),
        "host": gettext("This is no name of a server."),
        "port": gettext("A port is a number from 1 to 65535."),
        "unencrypted": gettext("Its password would be sent in the clear. Choose an encryption."),
    }[fault]


def _typed(before: Settings) -> Settings:
    """What the form says; a field that it lacks stays."""
    values = asdict(before)
    for field in fields(Settings):
        if field.name in request.form and field.name != "mail_port":
            values[field.name] = request.form[field.name]
    port = request.form.get("mail_port", "")
    if port:
        values["mail_port"] = (
            int(port) if port.isascii() and port.isdigit() and len(port) < 6 else 0
        )
    return Settings(**values)


def _page(shown: Settings, *, done: str = "", faults: dict[str, str] | None = None) -> str:
    return render_template(
        "settings.html",
        shown=shown,
        seen=_mark(settings(store())),
        faults=faults or {},
        done=done,
        who_may_search=WHO_MAY_SEARCH,
        securities=MAIL_SECURITY,
        password_from=origin(store()),
        has_logo=bool(logo_hash(store())),
        own_resolver=current_app.config["LINK_RESOLVER"],
        ready=settings(store()).sends_mail,
        outgoing=mails(store(), most=_MAILS_SHOWN),
    )


def _mark(found: Settings) -> str:
    """What settings that somebody has seen are told by."""
    return hashlib.sha256(repr(found).encode()).hexdigest()[:16]


def _to(done: str) -> Response:
    return make_response(redirect(url_for("settings.show", done=done), 303))
