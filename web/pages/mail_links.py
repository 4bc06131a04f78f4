"""Where mails lead: an address is confirmed, mails of alerts are ended. Nobody signs in for it."""

from flask import Blueprint, Response, make_response, render_template, request

from web.desk.account_links import confirm, to_confirm
from web.desk.accounts import AccountError
from web.desk.unsubscribing import unsubscribe, unsubscribing_user
from web.http.desk_access import store
from web.pages.invitations import gone

blueprint = Blueprint("mail_links", __name__)


@blueprint.get("/mail/<secret>")
def show(secret: str) -> Response:
    """A button that confirms an address: what looks into mails for viruses opens links, and
    presses none."""
    mail = to_confirm(store(), secret)
    if not mail:
        return gone()
    return make_response(render_template("confirm_mail.html", secret=secret, mail=mail))


@blueprint.post("/mail")
def confirm_address() -> Response:
    """The address is confirmed."""
    secret = request.form.get("secret", "")
    mail = to_confirm(store(), secret)
    try:
        confirm(store(), secret)
    except AccountError:
        return gone()
    return make_response(render_template("confirm_mail.html", mail=mail, done=True))


@blueprint.get("/unsubscribe/<token>")
def unsubscribe_form(token: str) -> Response:
    """A button that ends the mails."""
    user = unsubscribing_user(store(), token)
    if user is None:
        return gone()
    return make_response(render_template("unsubscribe.html", token=token, done=False))


@blueprint.post("/unsubscribe/<token>")
def end_mails(token: str) -> Response:
    """No more mails: by the button, or at once by the reader's program (RFC 8058)."""
    user = unsubscribing_user(store(), token)
    if user is None:
        return gone()
    unsubscribe(store(), user)
    return make_response(render_template("unsubscribe.html", token=token, done=True))
