"""The page of one record."""

from dataclasses import dataclass

from flask import render_template, request, url_for
from markupsafe import Markup
from pydantic import ValidationError

from search.formats.citations import CITATION_STYLES, citation
from search.library.merged_records import is_merged
from search.ranked.engine import QueryError, UnknownRecordError
from search.ranked.snippets import MatchedSentence
from search.records import Heading, Record
from search.text.terms import terms
from web.desk.shelf import Collection, holding
from web.http import access, services
from web.http.installation import link_resolver
from web.http.language import chosen_language
from web.http.links import OPENURL
from web.http.metadata import citation_tags, context_object, linked_data
from web.http.search_parameters import SearchParameters
from web.pages.page_parameters import asked
from web.pages.restricted_abstracts import seen

SIMILAR = 8
# A record's address carries the search that led to it unless that makes the page heavy.
_LONGEST_CARRIED = 500


def page(record_id: str) -> str:
    """One record, with what is similar to it; with a query, what answers that."""
    generation = services.engine().generation()
    found = generation.record(record_id)
    if found is None:
        raise UnknownRecordError(f"no record has the id {record_id!r}")
    record = seen(found[1])
    try:
        parameters = asked(SearchParameters, request.args) if request.args.get("q") else None
    except ValidationError:
        parameters = None
    address = url_for("pages.record", record_id=record.id, lang=None, _external=True)
    return render_template(
        "record.html",
        record=record,
        headings=_headings(record),
        merged=access.may("read") and is_merged(generation, found[0]),
        withheld=any(v.abstract_license and not v.abstract for v in record.versions()),
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


@dataclass(frozen=True)
class _Qualifier:
    name: str
    major: bool


@dataclass(frozen=True)
class _Heading:
    """A descriptor with all its qualifiers; ``major`` where it is marked as such itself."""

    descriptor: str
    major: bool
    qualifiers: tuple[_Qualifier, ...]

    @property
    def has_major(self) -> bool:
        """Whether anything of it is marked as what the work is mainly about."""
        return self.major or any(qualifier.major for qualifier in self.qualifiers)


def _headings(record: Record) -> list[_Heading]:
    """The headings of a record, one for each descriptor."""
    by_descriptor: dict[str, list[Heading]] = {}
    for heading in record.headings:
        by_descriptor.setdefault(heading.descriptor, []).append(heading)
    return [
        _Heading(
            descriptor,
            any(h.major and not h.qualifier for h in found),
            tuple(_Qualifier(h.qualifier, h.major) for h in found if h.qualifier),
        )
        for descriptor, found in by_descriptor.items()
    ]


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
    template = link_resolver()
    return template.replace(OPENURL, context_object(record)) if template else ""
