"""The operations of the API. Each declares its parameters and answer; OpenAPI comes from them."""

import json
from collections.abc import Iterable
from typing import Any

from flask import Response, current_app
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from flask_openapi3.openapi import OpenAPI
from flask_openapi3.types import ResponseDict
from pydantic import BaseModel

from search import budget
from search.exact import expression_offers
from search.ranked.engine import Hit
from search.ranked.ranking import DEPTH
from search.spelling.correction import Offer
from web.api.cursors import Cursor, CursorError, beginning, check_generation, named
from web.api.models import (
    Batch,
    BatchBody,
    CompleteSetParameters,
    ExactBody,
    ExactHitBody,
    ExactUnderstoodBody,
    FacetsBody,
    FiltersBody,
    HealthBody,
    HitBody,
    LegBody,
    OfferBody,
    RankedParameters,
    ReadyBody,
    RecordBody,
    RecordParameters,
    RecordPath,
    SearchBody,
    SentenceBody,
    SimilarBody,
    SimilarParameters,
    UnderstoodBody,
)
from web.api.problems import CONTENT_TYPE, problem
from web.http import overload, rates, services
from web.http.exports import FILE, attachment
from web.http.search_parameters import ExactExportParameters, ExportParameters, SearchParameters


def problem_response(description: str) -> dict[str, Any]:
    """How OpenAPI describes an answer that is a problem document."""
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": description, "content": {CONTENT_TYPE: {"schema": schema}}}


RESPONSES: ResponseDict = {
    "400": problem_response("A parameter cannot be taken."),
    "401": problem_response("Nobody is signed in, where there are accounts."),
    "429": problem_response("Too many requests; Retry-After says when to come again."),
    "500": problem_response("An error of the server."),
    "503": problem_response("The library cannot be used, or too much is asked at once."),
}
_EXPIRED: ResponseDict = {"410": problem_response("The cursor's place is gone: begin anew.")}
_UNKNOWN: ResponseDict = {"404": problem_response("There is no such record.")}
NO_HEAD: ResponseDict = {"501": problem_response("The model has no MLM head.")}
_TAG = Tag(name="search", description="Ranked search, exact search, records")


def operation_id(*, name: str = "", **_: str) -> str:
    """An operation is called as its function."""
    return name


blueprint = APIBlueprint(
    "api",
    __name__,
    url_prefix="/api/v1",
    abp_tags=[_TAG],
    abp_responses=RESPONSES,
    operation_id_callback=operation_id,
)
health = APIBlueprint(
    "health",
    __name__,
    abp_tags=[Tag(name="operation", description="For those who run the service")],
    abp_responses=RESPONSES,
    operation_id_callback=operation_id,
)


@blueprint.get("/search", responses={"200": SearchBody, **_EXPIRED})
def search(query: RankedParameters) -> Response:
    """A page of the ranked list for a query."""
    cursor = _cursor(query)
    if cursor is not None:
        query = query.model_copy(update={"page": cursor.position // query.per_page + 1})
    answer = _ranked(query)
    check_generation(answer.generation, cursor)
    return as_json(answer)


@blueprint.post("/search/batch", responses={"200": BatchBody})
def search_batch(body: Batch) -> Response:
    """Several ranked searches, answered one after the other. Each counts as one request."""
    rates.count_more(len(body.searches) - 1)
    return as_json(BatchBody(answers=tuple(map(_ranked, budget.within(body.searches, "batch")))))


@blueprint.get("/search/export", responses={"200": FILE})
def export_search(query: ExportParameters) -> Response:
    """The first records of a ranked list as a file: a selection, not a complete set."""
    records = services.engine().best(
        query.q, query.filters(), query.limit, query.sort, query.other_names
    )
    return attachment(records, query.format, "jmedsearch-ranked")


@blueprint.get("/exact", responses={"200": ExactBody, **_EXPIRED})
def exact(query: CompleteSetParameters) -> Response:
    """A page of the complete set for an expression, with its exact count."""
    return as_json(_complete(query))


@blueprint.get("/exact/export", responses={"200": FILE})
def export_exact(query: ExactExportParameters) -> Response:
    """A complete set as a file, whole."""
    records = services.exact().records(query.q, query.filters(), query.sort, query.thesaurus)
    return attachment(records, query.format, "jmedsearch-exact")


@blueprint.get("/records/<id:record_id>", responses={"200": RecordBody, **_UNKNOWN})
def record(path: RecordPath, query: RecordParameters) -> Response:  # noqa: ARG001 - refuses others
    """One record."""
    found = services.engine().generation().record(path.record_id)
    if found is None:
        return problem(404, f"no record has the id {path.record_id!r}", "unknown-record")
    return as_json(RecordBody.of(found[1]))


@blueprint.get("/records/<id:record_id>/similar", responses={"200": SimilarBody, **_UNKNOWN})
def similar(path: RecordPath, query: SimilarParameters) -> Response:
    """The records nearest in meaning to a record."""
    found = services.engine().similar(path.record_id, query.limit, language="")
    return as_json(
        SimilarBody(
            id=path.record_id,
            hits=tuple(_hit(hit) for hit in found.hits),
            degraded=found.degraded is not None,
            degraded_reason=found.degraded,
        )
    )


@blueprint.get("/openapi.json", doc_ui=False)
def openapi_document() -> Response:
    """This API as OpenAPI 3.1 describes it."""
    assert isinstance(current_app, OpenAPI)
    document = json.dumps(current_app.api_doc, ensure_ascii=False)
    return Response(document, content_type="application/json")


@health.get("/healthz", responses={"200": HealthBody})
def healthz() -> Response:
    """Whether the process answers: if not, it is to be started anew."""
    return as_json(HealthBody(status="ok"))


@health.get("/readyz", responses={"200": ReadyBody})
def readyz() -> Response:
    """Whether the service can answer queries: if not, they are to go elsewhere, or to wait.

    Where vectors are in an engine of their own that does not answer, ranked lists are by words
    alone: the service is ready, and says that it is degraded.
    """
    overload.check_moving()
    generation = services.engine().generation()
    trouble = generation.trouble
    if (desk := services.desk()) is not None:
        desk.accounts.exist()
    return as_json(
        ReadyBody(
            status="ready" if trouble is None else "degraded",
            generation=generation.name,
            records=generation.manifest.records,
            published=services.engine().library.published,
            degraded_reason=trouble,
        )
    )


def _ranked(query: SearchParameters) -> SearchBody:
    engine = services.engine()
    found = engine.search(
        query.q,
        query.filters(),
        page=query.page,
        per_page=query.per_page,
        language="",
        sort=query.sort,
        with_facets=True,
        other_names=query.other_names,
    )
    behind = (found.page - 1) * found.per_page + len(found.hits)
    following = (
        Cursor(named(query), found.generation, behind, found.hits[-1].record.id).written()
        if isinstance(query, RankedParameters) and found.hits and behind < found.total
        else None
    )
    return SearchBody(
        query=found.query,
        filters=FiltersBody.model_validate(found.filters),
        page=found.page,
        per_page=found.per_page,
        sort=found.sort,
        total=found.total,
        cut_off=found.total >= DEPTH,
        relevant=found.relevant,
        weak=found.weak,
        hits=tuple(_hit(hit) for hit in found.hits),
        facets=FacetsBody.model_validate(found.facets),
        understood=UnderstoodBody.model_validate(found),
        offers=_offers(services.corrector().offers(engine.generation(), found.query)),
        next_cursor=following,
        generation=found.generation,
        degraded=found.degraded is not None,
        degraded_reason=found.degraded,
    )


def _complete(query: CompleteSetParameters) -> ExactBody:
    cursor = _cursor(query)
    generation = services.exact().library.generation()
    first = beginning(generation, query, cursor) if cursor else (query.page - 1) * query.per_page
    found = services.exact().search(
        query.q,
        query.filters(),
        sort=query.sort,
        first=first,
        per_page=query.per_page,
        language="",
        with_facets=True,
        thesaurus=query.thesaurus,
    )
    if cursor is not None and found.generation != generation.name:
        # Published in this very moment: the place is to be found in that generation.
        return _complete(query)
    behind = first + len(found.hits)
    following = (
        Cursor(named(query), found.generation, behind, found.hits[-1].record.id).written()
        if found.hits and behind < found.count
        else None
    )
    return ExactBody(
        expression=found.expression,
        filters=FiltersBody.model_validate(found.filters),
        sort=found.sort,
        page=first // query.per_page + 1,
        per_page=found.per_page,
        count=found.count,
        hits=tuple(
            ExactHitBody(
                sentence=SentenceBody.of(hit.sentence),
                title_marks=hit.title_marks,
                record=RecordBody.of(hit.record),
            )
            for hit in found.hits
        ),
        facets=FacetsBody.model_validate(found.facets),
        understood=ExactUnderstoodBody.model_validate(found),
        offers=_offers(
            expression_offers(services.corrector(), services.exact().library.generation(), query.q)
        ),
        next_cursor=following,
        generation=found.generation,
    )


def _cursor(query: RankedParameters | CompleteSetParameters) -> Cursor | None:
    if not query.cursor:
        return None
    if query.page != 1:
        raise CursorError("give a page or a cursor, not both")
    return Cursor.read(query.cursor, named(query))


def _hit(hit: Hit) -> HitBody:
    return HitBody(
        rank=hit.rank,
        score=hit.score,
        dense=_leg(hit.dense_score, hit.dense_rank),
        lexical=_leg(hit.lexical_score, hit.lexical_rank),
        sentence=SentenceBody.of(hit.sentence),
        title_marks=hit.title_marks,
        known=hit.known,
        record=RecordBody.of(hit.record),
    )


def _offers(offers: Iterable[Offer]) -> tuple[OfferBody, ...]:
    return tuple(OfferBody.model_validate(offer) for offer in offers)


def _leg(score: float | None, rank: int | None) -> LegBody | None:
    return None if score is None or rank is None else LegBody(score=score, rank=rank)


def as_json(body: BaseModel) -> Response:
    """The body as an answer."""
    return Response(body.model_dump_json(), content_type="application/json")
