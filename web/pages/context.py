"""What the templates call: record text as HTML, addresses, names of languages."""

import hashlib
from functools import cache
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, current_app, request, url_for
from markupsafe import Markup

from search.library.manifest import LibraryError
from search.ranked.highlighting import marks
from search.ranked.snippets import MatchedSentence
from search.records import Record, guess_language
from web.desk.shelf import Collection, collections
from web.http import access, installation, services
from web.http.language import (
    LANGUAGES,
    PAGES,
    chosen_language,
    gettext,
    language_name,
    written_date,
    written_moment,
)
from web.http.links import outward_links
from web.http.metadata import context_object
from web.http.search_parameters import ExactParameters, SearchParameters
from web.pages.badges import designs, is_free, languages
from web.pages.examples import EXPRESSIONS, examples
from web.pages.explanation import reasons
from web.pages.narrowing import year_chart
from web.pages.people import person
from web.pages.record_text import Excerpt, excerpt, marked_abstract, marked_terms
from web.pages.restricted_abstracts import seen, seen_sentence
from web.pages.thesaurus_browser import THESAURUS_PARAMETERS
from web.reports.filter_labels import active_filters

_YEAR = 365 * 24 * 3600
# What pages of the desk take beside a search.
_DESK_PARAMETERS = ("next", "mode", "tag", "group", "record", "run", "style", "abstracts")


def install(blueprint: Blueprint) -> None:
    """Offer the helpers to every template, error pages included."""
    blueprint.app_context_processor(_context)
    blueprint.add_app_template_filter(_language_of, "lang_of")
    blueprint.add_app_template_filter(marked_terms, "marked")
    blueprint.add_app_template_filter(person)
    blueprint.add_app_template_filter(written_date)
    blueprint.add_app_template_filter(written_moment)
    blueprint.add_app_template_global(_page_numbers, "page_numbers")
    blueprint.after_app_request(_cache_static)


def _context() -> dict[str, Any]:
    return {
        "identity": access.identity(),
        "may": access.may,
        "accounts_exist": access.accounts_exist(),
        "has_desk": services.desk() is not None,
        "is_built_here": services.jobs() is not None,
        "served": current_app.view_functions,
        "desk_collections": _desk_collections,
        "institution": installation.current_settings().name(chosen_language()),
        "logo": installation.logo_address,
        "ui_language": chosen_language(),
        "ui_languages": LANGUAGES,
        "is_sample": _is_sample(),
        "static": _static,
        "language_address": _language_address,
        "language_name": language_name,
        "outward_links": outward_links,
        "excerpt": _excerpt,
        "context_object": context_object,
        "marked_abstract": marked_abstract,
        "seen": seen,
        "seen_sentence": seen_sentence,
        "marks": marks,
        "authors": _authors,
        "examples": examples,
        "expressions": EXPRESSIONS,
        "designs": designs,
        "languages": languages,
        "is_free": is_free,
        "active_filters": active_filters,
        "reasons": reasons,
        "year_chart": year_chart,
    }


def _excerpt(
    record: Record, sentence: MatchedSentence | None, title: str, *further: bool
) -> Excerpt | None:
    return excerpt(seen(record), seen_sentence(sentence), title, *further)


def _desk_collections() -> list[Collection] | None:
    """The collections that this request may add to; None where it may add to none."""
    desk = services.desk()
    return collections(desk.store) if desk and access.may("write") else None


def _language_of(text: str) -> str:
    """The language of a bare name (author, journal, keyword), for fonts and screen readers."""
    return guess_language(text)


def _authors(record: Record, most: int = 0) -> Markup:
    """Names as their script joins them; after ``most`` of them, "and others"."""
    names = [author.display() for author in record.authors]
    shown = names[:most] if most else names
    language = guess_language("".join(shown))
    joined = ("、" if language == "ja" else ", ").join(shown)
    others = gettext("et al.") if len(shown) < len(names) else ""
    return Markup('<span lang="{}">{}</span>{}').format(
        language, joined, f" {others}" if others else ""
    )


def _is_sample() -> bool:
    try:
        return services.engine().generation().is_sample
    except LibraryError:
        return False


def _language_address(language: str) -> str:
    """This page in another language."""
    # Known names only: url_for takes names of its own (_scheme, _external) as orders.
    fields = {
        **SearchParameters.model_fields,
        **ExactParameters.model_fields,
        **dict.fromkeys(THESAURUS_PARAMETERS),
    }
    known = {n: request.args[n] for n in (*fields, *_DESK_PARAMETERS) if n in request.args}
    arguments: dict[str, Any] = {**known, **(request.view_args or {}), "lang": language}
    endpoint = request.endpoint if request.method == "GET" and request.endpoint else "pages.search"
    if endpoint.partition(".")[0] not in PAGES or endpoint == "pages.static":
        endpoint, arguments = "pages.search", {"lang": language}
    return url_for(endpoint, **arguments)


def _static(name: str) -> str:
    """A static file's address, which changes with its content."""
    return url_for("pages.static", filename=name, v=_digest(name))


@cache
def _digest(name: str) -> str:
    file = Path(__file__).parent / "static" / name
    return hashlib.sha256(file.read_bytes()).hexdigest()[:12]


def _cache_static(response: Response) -> Response:
    if request.endpoint == "pages.static" and response.status_code == 200 and request.args.get("v"):
        response.cache_control.no_cache = None
        response.cache_control.public = True
        response.cache_control.max_age = _YEAR
        response.cache_control.immutable = True
    return response


def _page_numbers(page: int, pages: int) -> list[int | None]:
    """Numbers for a pager: the ends, the neighbours, None for what is left out."""
    near = sorted({1, pages, *range(max(1, page - 2), min(pages, page + 2) + 1)})
    numbers: list[int | None] = []
    for number in near:
        if numbers and numbers[-1] is not None and number - numbers[-1] > 1:
            numbers.append(None)
        numbers.append(number)
    return numbers
