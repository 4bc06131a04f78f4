"""The pages: search, record, about."""

from flask import Blueprint, Response, abort, make_response, render_template, request
from pydantic import ValidationError

from search.budget import TooMuchError
from search.exact import ExactSyntaxError
from search.library.manifest import LibraryError
from search.ranked.engine import QueryError
from search.ranked.ranking import DEPTH
from search.spelling.correction import Offer
from search.text.profile import has_mask
from web.api.problems import TITLES
from web.http import services
from web.http.language import chosen_language, gettext
from web.http.search_parameters import SearchParameters
from web.pages import builder, context, exact, record, result_map, suggestions, thesaurus_browser
from web.pages.errors import query_message
from web.pages.facts import Facts, facts
from web.pages.narrowing import widened
from web.pages.page_parameters import asked, field_messages, typed_values
from web.pages.record import carried

# Of a pasted abstract not every word is repeated.
_MOST_TERMS = 24
_MODEL_CARD = "README.md"

blueprint = Blueprint(
    "pages",
    __name__,
    template_folder="templates",
    static_folder="static",
    static_url_path="/static",
)
context.install(blueprint)
blueprint.add_url_rule("/map", "map", result_map.page)
blueprint.add_url_rule("/exact", "exact", exact.page)
blueprint.add_url_rule("/exact/build", "build", builder.build)
blueprint.add_url_rule("/thesaurus", "thesaurus", thesaurus_browser.page)
blueprint.add_url_rule("/thesaurus/expression", "headings", thesaurus_browser.expression)
blueprint.add_url_rule("/records/<id:record_id>", "record", record.page)


@blueprint.get("/")
def search() -> Response | str:
    """The search box, and the ranked list once there is a query."""
    found = facts(services.engine().generation())
    typed = typed_values(SearchParameters, request.args)
    if "q" not in request.args:
        return render_template("search.html", typed=typed, facts=found)
    try:
        parameters = asked(SearchParameters, request.args)
    except ValidationError as error:
        messages = field_messages(error)
        return make_response(
            render_template("search.html", typed=typed, facts=found, messages=messages), 400
        )
    suggested, fillings, messages = suggestions.offered(parameters)
    ranked = None
    status = 200
    try:
        ranked = services.engine().search(
            parameters.q,
            parameters.filters(),
            page=parameters.page,
            per_page=parameters.per_page,
            language=chosen_language(),
            sort=parameters.sort,
            with_facets=True,
            other_names=parameters.other_names,
        )
    except QueryError as error:
        if not (error.reason == "empty" and has_mask(parameters.q)):
            messages.append(query_message(error))
            status = 400
    html = render_template(
        "search.html",
        typed=typed,
        facts=found,
        messages=messages,
        parameters=parameters,
        ranked=ranked,
        suggested=suggested,
        fillings=fillings,
        carried=carried(parameters),
        depth=DEPTH,
        most_terms=_MOST_TERMS,
        offers=_offers(parameters.q) if ranked else (),
        exact_count=_exact_count(parameters) if ranked else None,
        widened=widened(parameters) if ranked and not ranked.total else (),
        unknown_journal=_unknown_journal(parameters, found),
    )
    return make_response(html, status)


@blueprint.get("/about")
def about() -> str:
    """What this is, with which model, under which licence."""
    engine = services.engine()
    try:
        found = facts(engine.generation())
    except LibraryError:
        found = None
    return render_template(
        "about.html",
        facts=found,
        model=engine.encoder.model,
        has_model_card=(engine.encoder.model.path / _MODEL_CARD).is_file(),
        problems=_problem_meanings(),
    )


@blueprint.get("/about/gallery")
def gallery() -> str:
    """Every component of the pages, for whoever changes how they look."""
    return render_template("gallery.html")


@blueprint.get("/about/model-card")
def model_card() -> Response:
    """The model card, as it lies beside the model."""
    card = services.engine().encoder.model.path / _MODEL_CARD
    if not card.is_file():
        abort(404)
    text = card.read_text(encoding="utf-8", errors="replace")
    return Response(text, content_type="text/plain; charset=utf-8")


def _offers(query: str) -> tuple[Offer, ...]:
    """Terms for mistyped words."""
    if len(query) > suggestions.LONGEST_REFINED:
        return ()
    return services.corrector().offers(services.engine().generation(), query)


def _exact_count(parameters: SearchParameters) -> int | None:
    """How many records exact search finds for the same words; None where they are no expression
    that one would type."""
    if len(parameters.q) > suggestions.LONGEST_REFINED or has_mask(parameters.q):
        return None
    try:
        return services.exact().count(parameters.q, parameters.filters())
    except (ExactSyntaxError, TooMuchError):
        return None


def _unknown_journal(parameters: SearchParameters, found: Facts) -> bool:
    """Whether an empty list may come from a journal's name that is not quite the library's."""
    return bool(parameters.journal) and parameters.journal not in dict(found.journals)


def _problem_meanings() -> dict[str, str]:
    meanings = {
        "bad-parameter": gettext("A parameter is missing, unknown or out of range."),
        "bad-expression": gettext("The expression of an exact search cannot be read."),
        "too-much": gettext("The request asks for more work than one request may."),
        "too-long": gettext(
            "The request could not be answered in the time that one request may take."
        ),
        "unknown-record": gettext("No record of the library has this id."),
        "library-unavailable": gettext(
            "The library is missing, damaged or was built with another model."
        ),
        "cursor-expired": gettext(
            "The library has changed, and the place of the cursor is gone: begin anew."
        ),
        "storage-unavailable": gettext(
            "The file of collections and accounts is locked, full or cannot be written."
        ),
        "bad-edit": gettext("A change of a collection, or a file for one, cannot be taken."),
        "unknown-item": gettext("There is no such collection, or no such thing in it."),
        "conflict": gettext("Someone else has changed the same in between."),
        "no-mlm-head": gettext("The model has no MLM head and cannot fill blanks."),
    }
    return {kind: meanings[kind] for kind in TITLES}
