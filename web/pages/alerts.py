"""Alerts as pages and as feeds: what is new, marked as seen by hand."""

from typing import Any

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

from search.library.manifest import LibraryError
from web.desk import alerts, shelf, strategies
from web.desk.accounts import Accounts
from web.desk.alert_mails import follow, followed_searches, unfollow
from web.desk.alerts import Alert, News
from web.desk.feed import MIMETYPE, atom, entries
from web.desk.findings import shown_ids
from web.desk.history import ConflictError
from web.desk.living import is_living, living, set_living
from web.desk.outbox import mails
from web.http import services
from web.http.access import identity
from web.http.desk_access import editor, library_search, store
from web.http.installation import current_settings
from web.http.language import gettext
from web.pages.changes import done_message
from web.pages.exact import fault_message
from web.reports.prisma_s import frozen_note, syntax_name

# More than so many new records are told by their number alone.
MOST_SHOWN = 200

blueprint = Blueprint("alerts", __name__)


@blueprint.get("/alerts")
def index() -> str:
    """All alerts, and how much is new in each."""
    told = [
        (of, alerts.news(store(), of.id, one, library_search()))
        for of, one in alerts.all_alerts(store())
    ]
    found = identity()
    own = found is not None and found.kind in {"session", "proxy"}
    return render_template(
        "alerts.html",
        told=told,
        fault_message=fault_message,
        living=living(store()),
        followed=followed_searches(store(), Accounts(store()).user(found.name))
        if found and own
        else set(),
    )


@blueprint.get("/collections/<int:number>/strategy/<int:search>/alert")
def show(number: int, search: int) -> str:
    """What is new of one search, and its feeds."""
    return _page(number, search)


@blueprint.post("/collections/<int:number>/strategy/<int:search>/alert")
def change(number: int, search: int) -> Response | str:
    """An alert switched on or off, its news marked as seen or added, a feed made or ended."""
    form, do = request.form, request.form.get("do", "")
    here = {"number": number, "search": search}
    if do == "on":
        alerts.switch_on(store(), editor(), number, search)
        return _to("alerts.show", **here, done="alert on")
    if do == "off":
        alerts.switch_off(store(), editor(), number, search)
        return _to("strategies.show_search", **here, done="alert off")
    if do in {"living", "not living"}:
        set_living(store(), editor(), number, search, do == "living")
        return _to("alerts.show", **here, done="changed")
    if do == "feed":
        secret = alerts.open_feed(store(), editor(), number, search)
        return _page(number, search, url_for("alerts.feed", secret=secret, _external=True))
    if do == "end feed":
        alerts.end_feed(store(), editor(), number, search, form.get("feed", 0, type=int))
        return _to("alerts.show", **here, done="feed ended")
    if do not in {"seen", "add"}:
        abort(400)
    told = alerts.news(store(), number, alerts.alert(store(), number, search), library_search())
    if told.shown != form.get("shown"):
        raise ConflictError("the library has changed since this page was shown: look again")
    with store().writing():
        if do == "add":
            intake = strategies.add_found(
                store(),
                editor(),
                number,
                told.alert.search,
                told.new,
                services.exact().library.generation(),
            )
        seen = alerts.mark_seen(store(), editor(), number, told)
    if do == "add":
        return _to(
            "collections.show", number=number, done="added", n=intake.added, already=intake.already
        )
    return _to("alerts.show", **here, done="seen", n=seen)


@blueprint.post("/collections/<int:number>/strategy/<int:search>/alert/mail")
def change_mails(number: int, search: int) -> Response:
    """An alert followed by mail, or no more: each reader for themselves."""
    found = identity()
    if found is None or found.kind not in {"session", "proxy"}:
        abort(404)
    user = Accounts(store()).user(found.name)
    if request.form.get("do") == "follow":
        follow(store(), user, number, search)
    else:
        unfollow(store(), user, number, search)
    return _to("alerts.show", number=number, search=search, done="changed")


@blueprint.get("/feeds/<secret>")
def feed(secret: str) -> Response:
    """An alert as an Atom feed, for whoever has its address: all that came since it was switched
    on. Reading it marks nothing as seen."""
    found = alerts.followed(store(), secret)
    if found is None:
        abort(404)
    of, one = found
    told = alerts.news(store(), of.id, one, library_search())
    if told.fault is not None:
        # Somebody has deleted a part of it: that is for the desk to mend, not for readers.
        raise LibraryError(f"the search {one.search.mark} of collection {of.id}: {told.fault}")
    generation = services.exact().library.generation()
    written = atom(
        title=f"{of.name} {one.search.mark} {one.search.name}".strip(),
        subtitle=" · ".join(
            part
            for part in (
                one.search.asked.query,
                syntax_name(one.search),
                frozen_note(one.search),
            )
            if part
        ),
        own=url_for("alerts.feed", secret=secret, _external=True),
        page=url_for("alerts.show", number=of.id, search=one.search.number, _external=True),
        since=one.created,
        feed_entries=entries(
            told.come,
            generation,
            lambda i: url_for("pages.record", record_id=i, _external=True),
        ),
    )
    response = make_response(written)
    response.mimetype = MIMETYPE
    response.add_etag()
    response.make_conditional(request)
    return response


def _page(number: int, search: int, new_feed: str = "") -> str:
    one = alerts.alert(store(), number, search)
    told = alerts.news(store(), number, one, library_search())
    generation = services.exact().library.generation()
    return render_template(
        "alert.html",
        collection=shelf.collection(store(), number),
        told=told,
        said=_said(told),
        syntax=syntax_name(one.search),
        frozen=frozen_note(one.search),
        new=shown_ids(told.new[:MOST_SHOWN], generation),
        generation=generation.manifest.generation,
        fault_message=fault_message,
        feeds=alerts.feeds(store(), number, search),
        new_feed=new_feed,
        done=done_message(request.args),
        living=is_living(store(), one),
        sends_mail=current_settings().sends_mail,
        **_mails(one),
    )


def _mails(one: Alert) -> dict[str, Any]:
    """Whether whoever looks at the page is told of the alert by mail; nobody where it is no
    account."""
    found = identity()
    if found is None or found.kind not in {"session", "proxy"}:
        return {"reader": None}
    user = Accounts(store()).user(found.name)
    return {
        "reader": user,
        "follows": one.search.id in followed_searches(store(), user),
        "undelivered": [m for m in mails(store(), user=user.id) if m.failed],
    }


def _said(told: News) -> str:
    """What the head of the page says where there is nothing to list."""
    if told.fault is not None:
        return fault_message(told.fault)
    return gettext("Nothing new since then.") if not told.new else ""


def _to(endpoint: str, **values: Any) -> Response:
    return make_response(redirect(url_for(endpoint, **values), 303))
