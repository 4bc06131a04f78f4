"""What users do to their own account: password, sessions, API tokens.

A token cannot: it would outlive itself by making others.
"""

from datetime import timedelta

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

from web.desk.accounts import LONGEST_PASSWORD, SCOPES, AccountError, Accounts, Scope, User
from web.http import services
from web.http.access import ROLE_ACCESS, identity
from web.http.language import gettext
from web.http.rates import PasswordAttempt
from web.pages.errors import account_message
from web.pages.sign_in import set_session
from web.pages.users import role_name, scope_name

# Days that a token may last.
LIVES = (7, 30, 90, 365)

blueprint = Blueprint("own_account", __name__)


@blueprint.get("/account")
def show() -> str:
    """One's own account."""
    return _page(done=gettext("Changed.") if request.args.get("done") == "changed" else "")


@blueprint.post("/account/password")
def change_password() -> Response:
    """A new password for whoever knows the old one; all other sessions end."""
    accounts, user = _own()
    old, new = request.form.get("old", ""), request.form.get("new", "")
    # Whoever sits at an open session shall not find the password out.
    attempt = PasswordAttempt(user.name)
    if len(old) > LONGEST_PASSWORD or accounts.check_password(user.name, old) is None:
        return make_response(_page(message=gettext("The present password is wrong.")), 400)
    attempt.succeeded()
    if new != request.form.get("again", ""):
        message = gettext("The new password was typed differently the second time.")
        return make_response(_page(message=message), 400)
    try:
        accounts.set_password(user.name, new, end_tokens="end_tokens" in request.form)
    except AccountError as error:
        return make_response(_page(message=account_message(error)), 400)
    return set_session(_changed(), accounts.open_session(user))


@blueprint.post("/account/sessions")
def end_sessions() -> Response:
    """All sessions but this one ended."""
    accounts, user = _own()
    accounts.end_sessions(user.name)
    found = identity()
    response = _changed()
    if found is not None and found.kind == "session":
        return set_session(response, accounts.open_session(user))
    return response


@blueprint.post("/account/tokens")
def change_tokens() -> Response:
    """A token made, which is shown this once, or ended."""
    accounts, user = _own()
    form = request.form
    if form.get("do") == "revoke":
        accounts.revoke_token(form.get("token", 0, type=int), user.name)
        return _changed()
    scope, days = form.get("scope", ""), form.get("days", 0, type=int)
    if scope not in _scopes(user) or days not in LIVES:
        abort(400)
    secret = accounts.add_token(user.name, form.get("name", ""), scope, timedelta(days=days))
    response = make_response(_page(new_token=secret))
    response.cache_control.no_store = True
    return response


def _scopes(user: User) -> tuple[Scope, ...]:
    """What a user's token can be allowed: no more than the user."""
    return SCOPES[: SCOPES.index(ROLE_ACCESS[user.role]) + 1]


def _page(*, done: str = "", message: str = "", new_token: str = "") -> str:
    accounts, user = _own()
    return render_template(
        "own_account.html",
        user=user,
        sessions=accounts.open_sessions().get(user.name, 0),
        tokens=accounts.tokens(user.name),
        scopes=_scopes(user),
        scope_name=scope_name,
        role_name=role_name,
        lives=LIVES,
        done=done,
        message=message,
        new_token=new_token,
    )


def _own() -> tuple[Accounts, User]:
    """The accounts, and whose request this is: somebody who has signed in as a person."""
    desk, found = services.desk(), identity()
    if desk is None or found is None or found.kind not in {"session", "proxy"}:
        abort(404)
    return desk.accounts, desk.accounts.user(found.name)


def _changed() -> Response:
    return make_response(redirect(url_for("own_account.show", done="changed"), 303))
