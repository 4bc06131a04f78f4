"""The page of one record."""

from flask import current_app, render_template, request, url_for
from markupsafe import Markup
from pydantic import ValidationError

from search.formats.citations import CITATION_STYLES, citation
from search.ranked.engine import QueryError, UnknownRecordError
from search.ranked.snippets import MatchedSentence
from search.records import Record
from search.text.terms import terms
from web.desk.shelf import Collection, holding
from web.http import access, services
from web.http.language import chosen_language
from web.http.links import OPENURL
from web.http.metadata import citation_tags, context_object, linked_data
from web.http.search_parameters import SearchParameters
from web.pages.page_parameters import asked

SIMILAR = 8
# A record's address carries the search that led to it unless that makes the page heavy.
_LONGEST_CARRIED = 500


def page(record_id: str) -> str:
    """One record, with what is similar to it; with a query, what answers that."""
    found = services.engine().generation().record(record_id)
    if found is None:
        raise UnknownRecordError(f"no record has the id {record_id!r}")
    _, record = found
    try:
        parameters = asked(SearchParameters, request.args) if request.args.get("q") else None
    except ValidationError:
        parameters = None
    address = url_for("pages.record", record_id=record.id, lang=None, _external=True)
    return render_template(
        "record.html",
        record=record,
        parameters=parameters,
        carried=carried(parameters) if parameters else {},
        query_terms=terms(parameters.q) if parameters else [],
        sentences=_sentences(record, parameters.q) if parameters else {},
        similar=services.engine().similar(record_id, SIMILAR, language=chosen_language()),
        holders=_holders(record_id, record.id),
        citations={
            style: Markup(citation(record, style, "html"))  # noqa: S704 - escaped where it is made
            for style in CITATION_STYLES
        },
        tags=citation_tags(record, address),
        linked_data=linked_data(record, address),
        resolver=_resolver(record),
    )


def carried(parameters: SearchParameters) -> dict[str, str | int]:
    """What the address of a record says of the search that led to it."""
    return parameters.address() if len(parameters.q) <= _LONGEST_CARRIED else {}


def _sentences(record: Record, query: str) -> dict[str, list[MatchedSentence]]:
    """By language the sentences of the abstract that answer the query."""
    try:
        found = services.engine().sentences(record.id, query)
    except QueryError:
        return {}
    by_language: dict[str, list[MatchedSentence]] = {}
    for sentence in found:
        by_language.setdefault(sentence.language, []).append(sentence)
    return by_language


def _holders(*record_ids: str) -> list[Collection]:
    """The collections that hold a record, for those who may read them."""
    desk = services.desk()
    return holding(desk.store, record_ids) if desk and access.may("read") else []


def _resolver(record: Record) -> str:
    """Where the institution's link resolver takes the record, where it has one."""
    template: str = current_app.config["LINK_RESOLVER"]
    return template.replace(OPENURL, context_object(record)) if template else ""
