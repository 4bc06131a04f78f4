"""The operations of the API about the thesaurus."""

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag

from search.exact.exact_search import ExactSearch
from search.terminology.concepts import CHECK_TAG, Concept
from web.api.problems import problem
from web.api.search import RESPONSES, as_json, operation_id, problem_response
from web.api.thesaurus_models import (
    ConceptBody,
    ConceptParameters,
    ConceptsBody,
    ConceptSearch,
    NamedConcept,
    NotationBody,
    ScopeNoteBody,
    TermBody,
)
from web.http import services

# Narrower concepts that are named; their number is told whole.
_MOST = 1000

blueprint = APIBlueprint(
    "thesaurus_api",
    __name__,
    url_prefix="/api/v1",
    abp_tags=[Tag(name="thesaurus", description="Concepts of the terminology")],
    abp_responses=RESPONSES,
    operation_id_callback=operation_id,
)


@blueprint.get("/thesaurus", responses={"200": ConceptsBody})
def find_concepts(query: ConceptSearch) -> Response:
    """Concepts by words of a name: those of just this name first."""
    found = services.exact().terminology.found(query.q, query.limit)
    return as_json(ConceptsBody(query=query.q, concepts=tuple(map(_named, found))))


@blueprint.get(
    "/thesaurus/concept",
    responses={"200": ConceptBody, "404": problem_response("There is no such concept.")},
)
def show_concept(query: ConceptParameters) -> Response:
    """A concept by one of its names, its place in the tree, and its records."""
    exact = services.exact()
    found = exact.terminology.meant(query.name)
    if query.n >= len(found):
        return problem(404, f"no concept is called {query.name!r}")
    return as_json(concept_body(exact, found[query.n], len(found)))


def concept_body(exact: ExactSearch, concept: Concept, several: int = 1) -> ConceptBody:
    """A concept as the API gives it; ``several`` have the name that it was asked for by."""
    terminology = exact.terminology
    counts = exact.heading_counts(concept)
    narrower = terminology.narrower(concept)
    return ConceptBody(
        ja=concept.preferred("ja"),
        en=concept.preferred("en"),
        several=several,
        names=tuple(TermBody.model_validate(label) for label in concept.labels),
        notations=tuple(
            NotationBody.model_validate(n) for n in concept.notations if n.scheme != CHECK_TAG
        ),
        scope_notes=tuple(
            ScopeNoteBody.model_validate(note) for note in terminology.scope_notes(concept)
        ),
        qualifiers=tuple(terminology.qualifiers(concept)),
        broader=tuple(map(_named, terminology.broader(concept))),
        narrower=tuple(map(_named, narrower[:_MOST])),
        narrower_in_all=counts.narrower,
        records=counts.alone,
        records_exploded=counts.exploded,
    )


def _named(concept: Concept) -> NamedConcept:
    return NamedConcept(ja=concept.preferred("ja"), en=concept.preferred("en"))
