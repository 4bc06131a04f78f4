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

from web.desk.account_links import ask_to_confirm
from web.desk.accounts import (
    DIGESTS,
    LONGEST_PASSWORD,
    SCOPES,
    AccountError,
    Accounts,
    Scope,
    User,
)
from web.desk.outbox import mails, post, try_again
from web.http import services
from web.http.access import ROLE_ACCESS, identity
from web.http.desk_access import store
from web.http.installation import current_settings, outside_address
from web.http.language import LANGUAGES, chosen_language, gettext, in_language
from web.http.postman import postman
from web.http.rates import PasswordAttempt, count_forgotten
from web.pages.errors import account_message
from web.pages.sign_in import set_session
from web.pages.users import role_name, scope_name
from web.reports.letters import confirmation_letter

# Days that a token may last.
LIVES = (7, 30, 90, 365)

blueprint = Blueprint("own_account", __name__)


@blueprint.get("/account")
def show() -> str:
    """One's own account."""
    told = {
        "changed": gettext("Changed."),
        "confirm": gettext(
            "A link is on its way to the address: open it to confirm that it is yours."
        ),
    }
    return _page(done=told.get(request.args.get("done", ""), ""))


@blueprint.post("/account/password")
def change_password() -> Response:
    """A new password for whoever knows the old one; all other sessions end."""
    accounts, user = _own()
    new = request.form.get("new", "")
    if not _knows_password(accounts, user):
        return make_response(_page(message=gettext("The present password is wrong.")), 400)
    if new != request.form.get("again", ""):
        message = gettext("The new password was typed differently the second time.")
        return make_response(_page(message=message), 400)
    try:
        accounts.set_password(user.name, new, end_tokens="end_tokens" in request.form)
    except AccountError as error:
        return make_response(_page(message=account_message(error)), 400)
    return set_session(_changed(), accounts.open_session(user))


@blueprint.post("/account/mail")
def change_mail() -> Response:
    """Another address of mail, which a link confirms where mail is set up; in which language and
    how often its owner wants mails; one that could not be delivered sent after all."""
    accounts, user = _own()
    form, do = request.form, request.form.get("do", "")
    if do == "wishes":
        language, digest = form.get("language", ""), form.get("digest", "")
        if language not in LANGUAGES or digest not in DIGESTS:
            abort(400)
        accounts.set_mail_wishes(user.name, language, digest)
        return _changed()
    if do == "again":
        try_again(store(), form.get("mail_number", 0, type=int), user.id)
        postman().deliver()
        return _changed()
    mail = form.get("mail", "") if do != "confirm" else user.mail
    if do == "address":
        try:
            if mail.strip() != user.mail:
                # Whoever sits at an open session shall not have a new password sent to themselves.
                if user.has_password and not _knows_password(accounts, user):
                    message = gettext("The present password is wrong.")
                    return make_response(_page(message=message), 400)
                accounts.set_mail(user.name, mail, confirmed=False)
        except AccountError as error:
            return make_response(_page(message=account_message(error)), 400)
    elif do != "confirm":
        abort(400)
    user = accounts.user(user.name)
    if user.mail and not user.mail_confirmed and current_settings().sends_mail:
        count_forgotten(f"confirm {user.name}")
        _send_confirmation(user)
        return make_response(redirect(url_for("own_account.show", done="confirm"), 303))
    return _changed()


def _knows_password(accounts: Accounts, user: User) -> bool:
    old = request.form.get("old", "")
    # Whoever sits at an open session shall not find the password out.
    attempt = PasswordAttempt(user.name)
    if len(old) > LONGEST_PASSWORD or accounts.check_password(user.name, old) is None:
        return False
    attempt.succeeded()
    return True


def _send_confirmation(user: User) -> None:
    wanted, language = current_settings(), user.language or chosen_language()
    with store().writing() as db:
        link = outside_address("mail_links.show", secret=ask_to_confirm(store(), user.name))
        with in_language(language):
            letter = confirmation_letter(wanted, user.name, link.partition("?")[0])
        post(db, wanted, "mail", user.mail, letter, user=user.id, language=language)
    postman().deliver()


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
        sends_mail=current_settings().sends_mail,
        languages=LANGUAGES,
        mail_language=user.language or chosen_language(),
        digests=DIGESTS,
        undelivered=[one for one in mails(store(), user=user.id) if one.failed],
    )


def _own() -> tuple[Accounts, User]:
    """The accounts, and whose request this is: somebody who has signed in as a person."""
    desk, found = services.desk(), identity()
    if desk is None or found is None or found.kind not in {"session", "proxy"}:
        abort(404)
    return desk.accounts, desk.accounts.user(found.name)


def _changed() -> Response:
    return make_response(redirect(url_for("own_account.show", done="changed"), 303))
