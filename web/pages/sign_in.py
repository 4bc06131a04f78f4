"""Signing in and out."""

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for

from web.desk.accounts import LONGEST_PASSWORD, SESSION_LIFE
from web.http import services
from web.http.access import COOKIE
from web.http.rates import PasswordAttempt

blueprint = Blueprint("account", __name__)


@blueprint.get("/sign-in")
def sign_in_form() -> str:
    """The form."""
    return render_template(
        "sign_in.html",
        name="",
        next=own_address(request.args.get("next", "")),
        done=request.args.get("done") == "password",
    )


@blueprint.post("/sign-in")
def sign_in() -> Response:
    """A session for whoever knows a name and its password; one that there was ends."""
    name, password = request.form.get("name", ""), request.form.get("password", "")
    onward = own_address(request.form.get("next", ""))
    desk = services.desk()
    attempt = PasswordAttempt(name)
    user = (
        desk.accounts.check_password(name, password)
        if desk and len(password) <= LONGEST_PASSWORD
        else None
    )
    if desk is None or user is None:
        html = render_template("sign_in.html", refused=True, name=name[:200], next=onward)
        return make_response(html, 401)
    attempt.succeeded()
    _end_session()
    response = make_response(redirect(onward or url_for("pages.search"), 303))
    return set_session(response, desk.accounts.open_session(user))


def set_session(response: Response, secret: str) -> Response:
    """``response`` with the cookie of a session."""
    response.set_cookie(
        COOKIE,
        secret,
        max_age=SESSION_LIFE,
        secure=request.is_secure,
        httponly=True,
        samesite="Lax",
    )
    return response


@blueprint.post("/sign-out")
def sign_out() -> Response:
    """End the session, here and in the store."""
    _end_session()
    response = make_response(redirect(url_for("account.sign_in_form"), 303))
    response.delete_cookie(COOKIE, secure=request.is_secure, httponly=True, samesite="Lax")
    # What the browser kept of pages that only the user may see.
    response.headers["Clear-Site-Data"] = '"cache"'
    return response


def _end_session() -> None:
    desk, secret = services.desk(), request.cookies.get(COOKIE)
    if desk and secret:
        desk.accounts.close_session(secret)


def own_address(address: str) -> str:
    """An address of this site, path and query; empty for any other."""
    own = address.startswith("/") and address[1:2] not in {"/", "\\"}
    return address if own and address.isprintable() else ""
