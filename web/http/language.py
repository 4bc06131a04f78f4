"""The language of the page: by address, then cookie, then browser."""

import datetime
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import babel
import babel.dates
import flask_babel  # type: ignore[import-untyped]
from babel.support import Translations
from flask import Flask, Response, g, has_request_context, request

LANGUAGES = ("ja", "en")
COOKIE = "lang"
# The blueprints of pages, whose addresses can name a language.
PAGES = {
    *("account", "alerts", "collections", "duplicates", "merges", "own_account", "pages"),
    "printing",
    *("reference", "report", "settings", "strategies", "suggestions", "users"),
    *("screening", "progress", "overview", "growing", "sections", "selection"),
    *("jobs", "uploads", "upkeep", "first_run", "names", "measure", "usage", "backups"),
    *("forgotten", "invitations", "mail_links"),
}
_YEAR = 365 * 24 * 3600


def install(app: Flask) -> None:
    """Translate the templates of ``app``; English is the source language."""
    flask_babel.Babel(app, default_locale="en", locale_selector=chosen_language)
    # A list says some 300 messages. Flask-Babel would look for the language anew for each of them.
    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined] # of the i18n extension
        gettext=lambda message: _translations().ugettext(message),
        ngettext=lambda one, more, n: _translations().ungettext(one, more, n),
        newstyle=True,
    )
    app.after_request(_remember)
    app.url_defaults(_keep_in_address)


def chosen_language() -> str:
    """``ja`` or ``en`` for this request. A client that states no wish gets Japanese."""
    asked = _asked_by_address()
    if asked:
        return asked
    remembered = request.cookies.get(COOKIE, "")
    if remembered in LANGUAGES:
        return remembered
    wishes = [tag.replace("-", "_") for tag, quality in request.accept_languages if quality > 0]
    if not wishes:
        return "ja"
    # Not werkzeug's best_match: for "ja-JP, en;q=0.8" it answers en.
    return babel.negotiate_locale(wishes, LANGUAGES) or "en"


@contextmanager
def spoken(language: str) -> Iterator[None]:
    """Messages in ``language`` where no request says which: on the command line."""
    app = Flask("web", static_folder=None)
    install(app)
    with app.test_request_context(f"/?lang={language}"):
        yield


@contextmanager
def in_language(language: str) -> Iterator[None]:
    """Messages in ``language``, whatever that of the page is: for who reads them elsewhere."""
    if has_request_context():
        with flask_babel.force_locale(language):
            yield
    else:
        with spoken(language):
            yield


def spoken_language() -> str:
    """The language in which messages are now: that of the page, unless :func:`in_language` says
    otherwise."""
    locale = flask_babel.get_locale()
    return str(locale.language) if locale else "en"


def gettext(message: str) -> str:
    """``message`` in the language of the page."""
    return str(flask_babel.gettext(message))


def ngettext(singular: str, plural: str, n: int) -> str:
    """The message for ``n`` things, with ``n`` written as the language does."""
    return str(flask_babel.ngettext(singular, plural, n, n=flask_babel.format_decimal(n)))


def language_name(code: str) -> str:
    """The language with this code, as the language of the page calls it."""
    locale = flask_babel.get_locale()
    names = locale.languages if locale else {}
    return str(names.get(code.lower().replace("-", "_"), code))


def written_date(date: str) -> str:
    """A record's date (YYYY, YYYY-MM, YYYY-MM-DD) as the language of the page writes it."""
    parts = [int(part) for part in date.split("-")]
    try:
        day = datetime.date(*[*parts, 1, 1][:3])
    except ValueError:  # 31 February: shown as the source has it
        return date
    skeleton = ("y", "yMMMM", "yMMMMd")[len(parts) - 1]
    return str(babel.dates.format_skeleton(skeleton, day, locale=flask_babel.get_locale()))


def written_moment(moment: str) -> str:
    """A moment as it is stored (ISO 8601, UTC), in the server's time, as the language writes it."""
    local = datetime.datetime.fromisoformat(moment).astimezone()
    return str(babel.dates.format_datetime(local, "medium", locale=flask_babel.get_locale()))


def _translations() -> Translations:
    """The messages in the language of the request, looked for once."""
    if "translations" not in g:
        g.translations = flask_babel.get_translations()
    found: Translations = g.translations
    return found


def _asked_by_address() -> str:
    asked = request.args.get("lang", "")
    return asked if asked in LANGUAGES else ""


def _keep_in_address(endpoint: str, values: dict[str, Any]) -> None:
    """Links of a page whose address names a language name it too: it works without cookies."""
    pages = endpoint.partition(".")[0] in PAGES and endpoint != "pages.static"
    if pages and _asked_by_address():
        values.setdefault("lang", _asked_by_address())


def _remember(response: Response) -> Response:
    if response.mimetype == "text/html":
        response.vary.update(("Accept-Language", "Cookie"))
        response.content_language = (chosen_language(),)
    asked = _asked_by_address()
    if asked and request.cookies.get(COOKIE) != asked:
        response.set_cookie(
            COOKIE,
            asked,
            max_age=_YEAR,
            secure=request.is_secure,
            httponly=True,
            samesite="Lax",
        )
    return response
