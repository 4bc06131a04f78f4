"""The page on which administrators look after accounts and tokens."""

import secrets

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

from web.desk.account_links import (
    INVITATION_LIFE,
    end_invitation,
    invitations,
    invite,
    open_reset,
)
from web.desk.accounts import ROLES, Accounts, Role, Scope
from web.desk.outbox import post
from web.http import services
from web.http.desk_access import editor, store
from web.http.installation import current_settings, outside_address
from web.http.language import chosen_language, gettext
from web.http.postman import postman
from web.reports.letters import invitation_letter

blueprint = Blueprint("users", __name__)


@blueprint.get("/users")
def show() -> str:
    """All accounts and tokens."""
    told = {"changed": gettext("Changed."), "invited": gettext("The invitation is on its way.")}
    return _page(done=told.get(request.args.get("done", ""), ""))


@blueprint.post("/users")
def change() -> Response | str:
    """One thing done to an account. A password that was not typed is made up and shown once."""
    form, accounts = request.form, _accounts()
    do, name = form.get("do", ""), form.get("name", "")
    if do == "add":
        if form.get("sign_on"):
            accounts.add(name, _role(), None)
            return _changed()
        password, made = _password()
        user = accounts.add(name, _role(), password)
        return _shown_once(user.name, made) if made else _changed()
    if do == "invite":
        return _invite()
    if do == "link":
        secret = open_reset(store(), editor(), name)
        return _link_shown_once(accounts.user(name).name, "forgotten.choose", secret)
    if do == "end invitation":
        end_invitation(store(), form.get("invitation", 0, type=int))
        return _changed()
    if do == "password":
        password, made = _password()
        accounts.set_password(name, password, end_tokens="end_tokens" in form)
        return _shown_once(name, made) if made else _changed()
    if do == "role":
        accounts.set_role(name, _role())
    elif do in {"disable", "enable"}:
        accounts.set_disabled(name, do == "disable")
    elif do == "sessions":
        accounts.end_sessions(name)
    else:
        abort(400)
    return _changed()


def _invite() -> Response:
    """An invitation, which goes by mail where an address is told and mail is set up; its link is
    shown this once."""
    form, wanted, language = request.form, current_settings(), chosen_language()
    mail = form.get("mail", "").strip()
    mailed = bool(mail) and wanted.sends_mail
    with store().writing() as db:
        secret = invite(
            store(), editor(), _role(), name=form.get("name", ""), mail=mail, mailed=mailed
        )
        if mailed:
            link = outside_address("invitations.show", secret=secret).partition("?")[0]
            letter = invitation_letter(wanted, link, INVITATION_LIFE.days)
            post(db, wanted, "invitation", mail, letter, language=language)
    if mailed:
        postman().deliver()
        return make_response(redirect(url_for("users.show", done="invited"), 303))
    return _link_shown_once(form.get("name", "").strip(), "invitations.show", secret)


def _link_shown_once(name: str, endpoint: str, secret: str) -> Response:
    link = outside_address(endpoint, secret=secret).partition("?")[0]
    kind = "invitation" if endpoint == "invitations.show" else "password"
    response = make_response(_page(new_name=name, new_link=link, link_kind=kind))
    response.cache_control.no_store = True
    return response


@blueprint.post("/users/tokens")
def revoke_token() -> Response:
    """A token ended."""
    _accounts().revoke_token(request.form.get("token", 0, type=int))
    return _changed()


def role_name(role: Role) -> str:
    """What a role is called."""
    return {
        "reader": gettext("reader"),
        "librarian": gettext("librarian"),
        "administrator": gettext("administrator"),
    }[role]


def scope_name(scope: Scope) -> str:
    """What a token with this scope may do."""
    return {
        "search": gettext("search"),
        "read": gettext("search and read collections"),
        "write": gettext("search, read and change collections"),
        "administer": gettext("everything, also administer"),
    }[scope]


def _page(
    *,
    done: str = "",
    new_name: str = "",
    new_password: str = "",
    new_link: str = "",
    link_kind: str = "",
) -> str:
    accounts = _accounts()
    return render_template(
        "users.html",
        users=accounts.users(),
        sessions=accounts.open_sessions(),
        tokens=accounts.tokens(),
        roles=ROLES,
        role_name=role_name,
        scope_name=scope_name,
        done=done,
        new_name=new_name,
        new_password=new_password,
        new_link=new_link,
        link_kind=link_kind,
        invitations=invitations(store()),
        sends_mail=current_settings().sends_mail,
    )


def _shown_once(name: str, password: str) -> Response:
    response = make_response(_page(new_name=name, new_password=password))
    response.cache_control.no_store = True
    return response


def _password() -> tuple[str, str]:
    """The password to set, and the same if it was made up here."""
    typed = request.form.get("password", "")
    made = "" if typed else secrets.token_urlsafe(12)
    return typed or made, made


def _role() -> Role:
    role = request.form.get("role", "")
    if role not in ROLES:
        abort(400)
    return role


def _accounts() -> Accounts:
    desk = services.desk()
    if desk is None:
        raise NotFound
    return desk.accounts


def _changed() -> Response:
    return make_response(redirect(url_for("users.show", done="changed"), 303))
