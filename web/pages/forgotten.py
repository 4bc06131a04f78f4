"""Passwords that were forgotten: a link is asked for by mail, and sets a new one."""

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

from web.desk.account_links import (
    ASKED_RESET_LIFE,
    forgetful,
    open_reset,
    reset_password,
    reset_user,
)
from web.desk.accounts import AccountError, Accounts
from web.desk.outbox import post
from web.desk.settings import settings
from web.desk.store import Store
from web.http.desk_access import store
from web.http.installation import current_settings
from web.http.language import LANGUAGES, chosen_language, gettext, in_language
from web.http.postman import postman
from web.http.rates import count_forgotten
from web.pages.errors import account_message
from web.pages.invitations import gone
from web.reports.letters import reset_letter

_LONGEST_TOLD = 300

blueprint = Blueprint("forgotten", __name__)


@blueprint.get("/forgotten")
def show() -> str:
    """The form; where no mail is set up, that an administrator has to help."""
    return render_template("forgotten.html", sends=current_settings().sends_mail, done=False)


@blueprint.post("/forgotten")
def ask() -> str:
    """Send a link to whom the name or address means, if it means anybody. The answer is the same
    and comes as soon, whether it does or not."""
    told = request.form.get("name", "").strip()[:_LONGEST_TOLD]
    if not told or not current_settings().sends_mail:
        abort(400)
    count_forgotten(told)
    found, language = store(), chosen_language()
    # The path as it is routed; the rest is the address that is set.
    path = url_for("forgotten.choose", secret="SECRET").removeprefix(request.script_root)  # noqa: S106
    postman().later(lambda: _send(found, told, path.partition("?")[0], language))
    return render_template("forgotten.html", sends=True, done=True)


@blueprint.get("/password/<secret>")
def choose(secret: str) -> Response:
    """The form for a new password, or that the link leads nowhere."""
    user = reset_user(store(), secret)
    return _form(secret, user.name) if user else gone()


@blueprint.post("/password")
def change() -> Response:
    """The new password; one signs in with it."""
    form = request.form
    secret, password = form.get("secret", ""), form.get("password", "")
    user = reset_user(store(), secret)
    if user is None:
        return gone()
    if password != form.get("again", ""):
        message = gettext("The new password was typed differently the second time.")
        return _form(secret, user.name, message)
    try:
        reset_password(
            Accounts(store()), store(), secret, password, end_tokens="end_tokens" in form
        )
    except AccountError as error:
        if error.fault == "link":
            return gone()
        return _form(secret, user.name, account_message(error))
    return make_response(redirect(url_for("account.sign_in_form", done="password"), 303))


def _send(found: Store, told: str, path: str, language: str) -> None:
    """Write to each user who is meant; on the postman's thread, so that nobody can tell by the time
    whether there was one."""
    wanted = settings(found)
    for user in forgetful(found, told):
        read_in = user.language if user.language in LANGUAGES else language
        with in_language(read_in), found.writing() as db:
            secret = open_reset(found, user.name, user.name, ASKED_RESET_LIFE)
            link = wanted.address + path.replace("SECRET", secret)
            letter = reset_letter(wanted, user.name, link)
            post(db, wanted, "password", user.mail, letter, user=user.id, language=read_in)


def _form(secret: str, name: str, message: str = "") -> Response:
    tokens = any(t.revoked is None for t in Accounts(store()).tokens(name))
    html = render_template(
        "new_password.html", secret=secret, name=name, message=message, tokens=tokens
    )
    response = make_response(html, 400 if message else 200)
    response.cache_control.no_store = True
    return response
