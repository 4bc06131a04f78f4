"""Who may use which route: one table, and the check that every request passes before its view.

A request acts as an :class:`Identity`: by an API token, by the name that a trusted proxy vouches
for, by the session of its cookie, or, where there are no accounts, by where the server listens.
"""

import re
from dataclasses import dataclass
from typing import Literal, get_args
from urllib.parse import urlsplit

from flask import Flask, Response, current_app, g, redirect, request, url_for
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import BadHost, Forbidden, Unauthorized

from web.desk.accounts import Role, Scope, User
from web.http import services
from web.http.clients import came_through
from web.http.installation import current_settings
from web.http.setup_code import COOKIE as SETUP_COOKIE
from web.http.setup_code import SetupCode

Access = Literal["anyone", "search", "read", "write", "administer"]
# Each may do what those before it may.
_ORDER: tuple[Access, ...] = get_args(Access)
ROLE_ACCESS: dict[Role, Scope] = {
    "reader": "read",
    "librarian": "write",
    "administrator": "administer",
}
COOKIE = "session"
# Pages that are handed on, whoever looks at them first.
_FOR_OTHERS = {"collections.shared"}
_SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
# What a reader's mail program sends by itself, from whatever site it is (RFC 8058): the address
# says whose mails end, and nothing else can be done with it.
_FROM_ANYWHERE = {"mail_links.end_mails"}
# What proxies add to a request, beside all that begins with X-Forwarded-.
# A name or an address, of IPv6 in brackets, and perhaps a port; HTTP/1.0 sends none.
_HOST = re.compile(r"(?:[\w.-]+|\[[0-9A-Fa-f:.]+\])?(?::\d{1,5})?")
_PROXIES_HEADERS = ("Forwarded", "Via", "X-Real-IP")

# The least that one must be allowed, for every endpoint of the application.
ACCESS: dict[str, Access] = {
    "account.sign_in": "anyone",
    "account.sign_in_form": "anyone",
    "account.sign_out": "anyone",
    "alerts.change": "write",
    "alerts.change_mails": "read",
    "alerts.feed": "anyone",
    "alerts.index": "read",
    "alerts.show": "read",
    "api.exact": "search",
    "api.export_exact": "search",
    "api.export_search": "search",
    "api.openapi_document": "search",
    "api.record": "search",
    "api.search": "search",
    "api.search_batch": "search",
    "api.similar": "search",
    # A backup holds the hashes of passwords.
    "backups.ask": "administer",
    "backups.make": "administer",
    "backups.restore": "administer",
    "backups.save": "administer",
    "backups.show": "administer",
    "collections.add_by_identifier": "write",
    "collections.add_from_file": "write",
    "collections.add_results": "write",
    "collections.change": "write",
    "collections.change_folders": "write",
    "collections.change_record": "write",
    "collections.change_records": "write",
    "collections.change_shares": "write",
    "collections.change_tags": "write",
    "collections.create": "write",
    "collections.export": "read",
    "collections.go_back": "write",
    "collections.import_collection": "write",
    "collections.index": "read",
    "collections.record": "read",
    "collections.shared": "anyone",
    "collections.show": "read",
    "collections.show_history": "read",
    "collections.show_shares": "read",
    "collections.show_tags": "read",
    "collections_api.add_file_to_collection": "write",
    "collections_api.add_folder": "write",
    "collections_api.add_to_collection": "write",
    "collections_api.annotate_record": "write",
    "collections_api.change_collection": "write",
    "collections_api.change_folder": "write",
    "collections_api.change_tag": "write",
    "collections_api.create_collection": "write",
    "collections_api.delete_collection": "write",
    "collections_api.delete_folder": "write",
    "collections_api.end_share": "write",
    "collections_api.export_collection": "read",
    "collections_api.import_collection": "write",
    "collections_api.list_collections": "read",
    "collections_api.list_folders": "read",
    "collections_api.list_records": "read",
    "collections_api.list_shares": "read",
    "collections_api.list_sources": "read",
    "collections_api.name_source_of_records": "write",
    "collections_api.take_back_source_of_records": "write",
    "collections_api.take_over_decisions": "write",
    "collections_api.move_record": "write",
    "collections_api.remove_from_collection": "write",
    "collections_api.restore_collection": "write",
    "collections_api.share_collection": "write",
    "collections_api.show_collection": "read",
    "collections_api.show_history": "read",
    "collections_api.tag_in_collection": "write",
    "collections_api.undo_change": "write",
    "collections_api.untag_in_collection": "write",
    "crawlers.favicon": "anyone",
    "crawlers.robots": "anyone",
    "crawlers.sitemap": "search",
    "crawlers.sitemap_index": "search",
    "duplicates.change": "write",
    "duplicates.show": "read",
    "duplicates_api.declare_distinct": "write",
    "duplicates_api.handle_as_one": "write",
    "duplicates_api.handle_certain": "write",
    "duplicates_api.list_duplicates": "read",
    "duplicates_api.take_apart": "write",
    "first_run.add_account": "administer",
    "first_run.change": "administer",
    # For the code, where one is needed.
    "first_run.ask": "anyone",
    "first_run.enter": "anyone",
    "first_run.show": "administer",
    "forgotten.ask": "anyone",
    "forgotten.change": "anyone",
    "forgotten.choose": "anyone",
    "forgotten.show": "anyone",
    "growing.add": "write",
    "growing.show": "read",
    "health.healthz": "anyone",
    "health.readyz": "anyone",
    "invitations.show": "anyone",
    "invitations.use": "anyone",
    # What these allow is written into the link itself.
    "mail_links.confirm_address": "anyone",
    "mail_links.end_mails": "anyone",
    "mail_links.show": "anyone",
    "mail_links.unsubscribe_form": "anyone",
    # Not for guests: it says how much is used.
    "metrics.show": "read",
    "jobs.change": "write",
    "jobs.index": "write",
    "jobs.show": "write",
    "measure.begin": "write",
    "measure.show": "write",
    "merges.change": "write",
    "merges.show": "read",
    "names.add": "write",
    "names.remove": "write",
    "names.show": "write",
    "opensearch.answer": "search",
    "opensearch.description": "anyone",
    "overview.show": "read",
    "own_account.change_mail": "read",
    "own_account.change_password": "read",
    "own_account.change_tokens": "read",
    "own_account.end_sessions": "read",
    "own_account.show": "read",
    "pages.about": "search",
    "pages.build": "search",
    "pages.exact": "search",
    "pages.gallery": "search",
    "pages.headings": "search",
    "pages.map": "search",
    "pages.model_card": "search",
    "pages.record": "search",
    "pages.search": "search",
    "pages.static": "anyone",
    "pages.thesaurus": "search",
    "progress.flow_document": "read",
    "progress.flow_file": "read",
    "progress.flow_records": "read",
    "progress.show": "read",
    "progress.test_set": "read",
    "reference.show": "search",
    "report.file": "read",
    "report.fill_in": "write",
    "report.show": "read",
    "screening.act": "write",
    "screening.change_plan": "write",
    "screening.resolve": "write",
    "screening.save_records": "read",
    "screening.show": "read",
    "screening.show_conflicts": "read",
    "screening.show_decisions": "read",
    "screening.show_plan": "read",
    "screening_api.annotate_numbers": "write",
    "screening_api.change_plan": "write",
    "screening_api.change_words": "write",
    "screening_api.decide": "write",
    "screening_api.fill_in_abstract": "write",
    "screening_api.list_conflicts": "read",
    "screening_api.list_decisions": "read",
    "screening_api.list_flow_records": "read",
    "screening_api.list_growth": "read",
    "screening_api.list_outcomes": "read",
    "screening_api.next_record": "read",
    "screening_api.resolve_conflict": "write",
    "screening_api.save_records": "read",
    "screening_api.save_test_set": "read",
    "screening_api.show_flow": "read",
    "screening_api.show_overview": "read",
    "screening_api.show_plan": "read",
    "screening_api.show_progress": "read",
    "screening_api.take_back": "write",
    "sections.guide": "search",
    "sections.screening": "read",
    "sections.strategies": "read",
    "selection.file": "search",
    "selection.show": "search",
    "selection.star": "write",
    "settings.change": "administer",
    "settings.change_logo": "administer",
    "settings.send_trial": "administer",
    "settings.show": "administer",
    # On the page for signing in, too.
    "settings.show_logo": "anyone",
    "sources.change": "write",
    "sources.show": "read",
    "strategies.change_search": "write",
    "strategies.keep": "write",
    "strategies.rerun": "write",
    "strategies.run": "write",
    "strategies.show": "read",
    "strategies.show_changes": "read",
    "strategies.show_search": "read",
    "strategies_api.add_found": "write",
    "strategies_api.change_search": "write",
    "strategies_api.delete_search": "write",
    "strategies_api.end_feed": "write",
    "strategies_api.fill_in_report": "write",
    "strategies_api.list_alerts": "read",
    "strategies_api.list_feeds": "read",
    "strategies_api.list_found": "read",
    "strategies_api.list_searches": "read",
    "strategies_api.mark_alert_seen": "write",
    "strategies_api.open_feed": "write",
    "strategies_api.rerun_searches": "write",
    "strategies_api.run_search": "write",
    "strategies_api.show_alert": "read",
    "strategies_api.show_changes": "read",
    "strategies_api.show_report": "read",
    "strategies_api.show_search": "read",
    "strategies_api.switch_off_alert": "write",
    "strategies_api.switch_on_alert": "write",
    "suggestions.decline": "search",
    "suggestions.draft": "search",
    "suggestions_api.complete": "search",
    "suggestions_api.draft_strategies": "search",
    "suggestions_api.fill_mask": "search",
    "suggestions_api.suggest": "search",
    "thesaurus_api.find_concepts": "search",
    "thesaurus_api.show_concept": "search",
    "printing.show": "read",
    "upkeep.change_versions": "write",
    "upkeep.index": "write",
    "upkeep.remove": "write",
    "upkeep.save_left_out": "write",
    "upkeep.show_import": "write",
    "upkeep.show_imports": "write",
    "upkeep.show_removal": "write",
    "upkeep.show_versions": "write",
    "uploads.decide": "write",
    "uploads.hand_in": "write",
    "uploads.hand_in_more": "write",
    "uploads.look": "write",
    "uploads.show": "write",
    "usage.show": "write",
    "users.change": "administer",
    "users.revoke_token": "administer",
    "users.show": "administer",
}


@dataclass(frozen=True)
class Admission:
    """How requests without an account are seen, and who may vouch for those with one.

    ``local``: only this machine reaches the server, so whoever is here is its single user.
    ``guests``: where there are no accounts, others are let in to search. Where anyone may search by
    the settings, they are with accounts, too.
    ``remote_user_header``: the header in which ``trusted_proxy`` (an address) names the user whom
    it has signed in.
    ``setup``: where there are no accounts and others reach the server, what whoever makes the first
    one has to know.
    """

    local: bool = True
    guests: bool = False
    trusted_proxy: str = ""
    remote_user_header: str = ""
    setup: SetupCode | None = None


@dataclass(frozen=True)
class Identity:
    """As whom a request acts: a name for the history, and what it may do."""

    name: str
    access: Access
    kind: Literal["local", "guest", "session", "token", "proxy", "setup"]

    def may(self, access: Access) -> bool:
        """Whether this allows what ``access`` asks for."""
        return _ORDER.index(self.access) >= _ORDER.index(access)


# Whoever sits at the machine, where there are no accounts.
LOCAL = Identity("local", "administer", "local")
_GUEST = Identity("guest", "search", "guest")
# Whoever knows the code of a new installation: may take its first steps, and nothing else.
_SETUP = Identity("setup", "administer", "setup")
_FIRST_STEPS = {"first_run.add_account", "first_run.change", "first_run.show"}


class ForwardedError(Forbidden):
    """A request that a proxy has brought to where everybody is administrator."""


def install(app: Flask) -> None:
    """Check every request of ``app`` before its view."""
    app.before_request(_check)


def identity() -> Identity | None:
    """As whom this request acts; None for nobody who is known."""
    if "identity" not in g:
        g.identity = _identify()
    found: Identity | None = g.identity
    return found


def may(access: Access) -> bool:
    """Whether this request is allowed what ``access`` asks for."""
    found = identity()
    return access == "anyone" or (found is not None and found.may(access))


def sees_restricted() -> bool:
    """Whether this request shows a person of the installation what must not be passed on: one who
    is signed in, or the single user of a machine without accounts; no guest, program or link."""
    found = identity()
    return (
        found is not None
        and found.kind in ("local", "session", "proxy")
        and request.endpoint not in _FOR_OTHERS
    )


def accounts_exist() -> bool:
    """Whether one signs in here."""
    desk = services.desk()
    return desk is not None and desk.accounts.exist()


def admission() -> Admission:
    """How requests without an account are seen."""
    found: Admission = current_app.config["ADMISSION"]
    return found


def waits_for_code() -> bool:
    """Whether this is a new installation that opens to whoever knows its code."""
    return admission().setup is not None and not accounts_exist()


def _check() -> Response | None:
    if not _HOST.fullmatch(request.headers.get("Host", "")):
        raise BadHost
    # No such route: 404 or 405 follow. OPTIONS says what a route takes, and carries no sign-in.
    if request.endpoint is None or request.method == "OPTIONS":
        return None
    needed = ACCESS[request.endpoint]
    if request.method not in _SAFE_METHODS and request.endpoint not in _FROM_ANYWHERE:
        _refuse_other_sites()
    if identity() is LOCAL and needed != "anyone":
        _refuse_forwarded()
    found = identity()
    if found is _SETUP and needed != "anyone" and request.endpoint not in _FIRST_STEPS:
        response = redirect(url_for("first_run.show"), 303)
        assert isinstance(response, Response)
        return response
    if may(needed):
        return None
    if found is not None and (found.kind != "guest" or not accounts_exist()):
        raise Forbidden(f"this needs the right to {needed}")
    if _is_program():
        given = request.headers.get("Authorization", "")
        raise Unauthorized(
            "this token is none, or was revoked: make a new one on the page of the account"
            if given
            else "sign in, or send an API token as Authorization: Bearer",
            www_authenticate=WWWAuthenticate("bearer"),
        )
    if waits_for_code():
        response = redirect(url_for("first_run.ask"), 303)
        assert isinstance(response, Response)
        return response
    asked = request.full_path.removesuffix("?") if request.method == "GET" else None
    response = redirect(url_for("account.sign_in_form", next=asked), 303)
    assert isinstance(response, Response)
    return response


def _is_program() -> bool:
    """Whether a program asks, which would take the sign-in page for an answer: browsers say that
    they want HTML."""
    return request.path.startswith("/api/") or "text/html" not in request.accept_mimetypes.values()


def _refuse_forwarded() -> None:
    """Refuse what a proxy has forwarded: whoever is behind it would be this machine's user."""
    names = [name for name, _ in request.headers if name.startswith("X-Forwarded-")]
    names += [name for name in _PROXIES_HEADERS if name in request.headers]
    if names:
        raise ForwardedError(
            f"this request came through a proxy (it has the header {names[0]}), and there are no "
            "accounts: everybody behind the proxy would be administrator. Make an account with "
            "jmedsearch user add NAME --role administrator, and name the proxy with "
            "--trusted-proxy ADDRESS"
        )


def _refuse_other_sites() -> None:
    """Refuse what a page of another site makes a browser send with our cookie, with what it signs
    in to a proxy with, or to a server that needs none. A token is never sent by itself, and
    programs send neither header."""
    found = identity()
    if found is not None and found.kind == "token":
        return
    site = request.headers.get("Sec-Fetch-Site")
    origin = request.headers.get("Origin")
    if site is not None:
        foreign = site not in {"same-origin", "none"}
    elif origin is not None:
        parts = urlsplit(origin)
        foreign = (parts.scheme, parts.netloc) != (request.scheme, request.host)
    else:
        foreign = False
    if foreign:
        raise Forbidden("this request comes from a page of another site")


def _identify() -> Identity | None:
    desk = services.desk()
    seen = admission()
    if desk is None or not desk.accounts.exist():
        if seen.local:
            return LOCAL
        if seen.setup and seen.setup.holds(request.cookies.get(SETUP_COOKIE, "")):
            return _SETUP
        return _GUEST if seen.guests or _anyone_may_search() else None
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        # A token that is none is told so, also where none is needed.
        found = desk.accounts.token_user(token.strip())
        return _by_token(*found) if found else None
    user: User | None = None
    kind: Literal["proxy", "session"] = "session"
    if name := _vouched_name(seen):
        user, kind = desk.accounts.enabled_user(name), "proxy"
    elif secret := request.cookies.get(COOKIE):
        user = desk.accounts.session_user(secret)
    if user is not None:
        return Identity(user.name, ROLE_ACCESS[user.role], kind)
    return _GUEST if _anyone_may_search() else None


def _anyone_may_search() -> bool:
    return current_settings().who_may_search == "anyone"


def _by_token(user: User, scope: Scope) -> Identity:
    allowed = min(ROLE_ACCESS[user.role], scope, key=_ORDER.index)
    return Identity(user.name, allowed, "token")


def _vouched_name(admission: Admission) -> str:
    """The user whom the trusted proxy names; what anyone else says there is nothing."""
    if not admission.remote_user_header or not came_through(admission.trusted_proxy):
        return ""
    # WSGI hands headers on as latin-1; proxies write names in UTF-8.
    raw = request.headers.get(admission.remote_user_header, "")
    return raw.encode("latin-1", "replace").decode("utf-8", "replace").strip()
