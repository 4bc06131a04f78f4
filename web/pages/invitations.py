"""Where an invitation leads: whoever has it chooses a name and a password."""

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for

from web.desk.account_links import Invitation, accept, invitation
from web.desk.accounts import AccountError, Accounts
from web.http.access import accounts_exist
from web.http.desk_access import store
from web.http.language import chosen_language
from web.pages.errors import account_message
from web.pages.sign_in import set_session
from web.pages.users import role_name

blueprint = Blueprint("invitations", __name__)


@blueprint.get("/invitations/<secret>")
def show(secret: str) -> Response:
    """The form, or that the link leads nowhere."""
    found = invitation(store(), secret)
    return _form(secret, found, found.name) if found else gone()


@blueprint.post("/invitation")
def use() -> Response:
    """An account for whoever has the invitation, who is signed in with it."""
    form, accounts = request.form, Accounts(store())
    secret, name, password = form.get("secret", ""), form.get("name", ""), form.get("password", "")
    found = invitation(store(), secret)
    if found is None:
        return gone()
    if password != form.get("again", ""):
        return _form(secret, found, name, again=True)
    try:
        user = accept(accounts, store(), secret, name, password)
    except AccountError as error:
        if error.fault == "link":
            return gone()
        return _form(secret, found, name, account_message(error))
    accounts.set_mail_wishes(user.name, chosen_language(), user.digest)
    response = make_response(redirect(url_for("pages.search"), 303))
    return set_session(response, accounts.open_session(user))


def gone() -> Response:
    """A link that was used, has expired, was ended or never was: which one is not told."""
    return make_response(render_template("link_gone.html"), 404)


def _form(
    secret: str, found: Invitation, name: str, message: str = "", *, again: bool = False
) -> Response:
    html = render_template(
        "invitation.html",
        secret=secret,
        name=name[:200],
        role=role_name(found.role),
        message=message,
        differs=again,
        first=not accounts_exist(),
    )
    response = make_response(html, 400 if message or again else 200)
    response.cache_control.no_store = True
    return response
