"""The operations of the API about terms."""

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag

from search.suggest.drafts import draft
from web.api.search import NO_HEAD, RESPONSES, as_json, operation_id
from web.api.suggest_models import (
    CompleteBody,
    CompleteParameters,
    CompletionBody,
    DraftBody,
    DraftParameters,
    FillMaskBody,
    FillMaskParameters,
    SuggestBody,
    SuggestionBody,
    SuggestParameters,
)
from web.http import services

blueprint = APIBlueprint(
    "suggestions_api",
    __name__,
    url_prefix="/api/v1",
    abp_tags=[Tag(name="suggestions", description="Terms for queries, and drafts from them")],
    abp_responses=RESPONSES,
    operation_id_callback=operation_id,
)


@blueprint.get("/suggest", responses={"200": SuggestBody})
def suggest(query: SuggestParameters) -> Response:
    """Terms of the library to add to a query or to swap for a part of it, in groups.

    Blanks are left aside (see fill-mask).
    """
    found = services.suggester().suggest(
        query.q, query.limit, query.filters(), declined=query.without
    )
    return as_json(
        SuggestBody(
            query=query.q,
            suggestions=tuple(SuggestionBody.model_validate(item) for item in found),
        )
    )


@blueprint.get("/complete", responses={"200": CompleteBody})
def complete(query: CompleteParameters) -> Response:
    """Terms of the library for the word that is being typed."""
    found = services.completer().complete(query.q, query.limit)
    return as_json(
        CompleteBody(
            query=query.q,
            completions=tuple(CompletionBody.model_validate(item) for item in found),
        )
    )


@blueprint.get("/fill-mask", responses={"200": FillMaskBody, **NO_HEAD})
def fill_mask(query: FillMaskParameters) -> Response:
    """Terms of the library for the blanks of a text, one by one and together."""
    found = services.suggester().fill_masks(
        query.q, query.limit, query.filters(), declined=query.without
    )
    return as_json(
        FillMaskBody.model_validate(
            {"query": query.q, "masks": found.masks, "together": found.together}
        )
    )


@blueprint.get("/draft", responses={"200": DraftBody})
def draft_strategies(query: DraftParameters) -> Response:
    """A query and its accepted terms as draft strategies for 医中誌Web and PubMed."""
    return as_json(DraftBody.model_validate(draft(services.suggester(), query.q, query.term)))
