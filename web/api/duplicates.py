"""The operations on a collection's duplicates."""

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import BaseModel, Field

from web.api.collection_models import Chosen, CollectionPath, CountBody
from web.api.collections import RESPONSES
from web.api.models import RecordBody
from web.api.search import as_json, operation_id
from web.desk import duplicates, shelf
from web.desk.items import Item
from web.desk.likeness import Likeness
from web.http.desk_access import editor, store
from web.http.search_parameters import Parameters

blueprint = APIBlueprint(
    "duplicates_api",
    __name__,
    url_prefix="/api/v1",
    abp_tags=[Tag(name="collections", description="Collections and what is done with them")],
    abp_responses=RESPONSES,
    abp_security=[{"token": []}],
    operation_id_callback=operation_id,
)


class AsOne(Parameters):
    """Records to be handled as one."""

    main: str = Field(description="The id of the record that is shown.")
    others: list[str] = Field(min_length=1, max_length=1000, description="Those under it.")


class MainRecord(Parameters):
    """The record that others lie under."""

    main: str


class ProposalBody(BaseModel):
    """Records that may be one, the one that would be the main one first."""

    records: tuple[RecordBody, ...]
    likenesses: tuple[Likeness, ...] = Field(
        description="Why: same (PMID, 医中誌ID, or DOI with agreeing titles), doi (the same with "
        "another title), version (preprint or conference abstract, and article), title (with year "
        "and first author), near (nearly the same title)."
    )
    certain: bool = Field(description="Whether all of them are the same beyond doubt.")


class GroupBody(BaseModel):
    """Records that are handled as one."""

    main: str
    others: tuple[str, ...]


class DuplicatesBody(BaseModel):
    """What is proposed in a collection, and what was decided."""

    proposals: tuple[ProposalBody, ...]
    groups: tuple[GroupBody, ...]
    distinct: tuple[tuple[str, str], ...]


@blueprint.get("/collections/<int:number>/duplicates", responses={"200": DuplicatesBody})
def list_duplicates(path: CollectionPath) -> Response:
    """Records that may be one, those that are handled as one, those declared not to be."""
    shelf.collection(store(), path.number)
    return as_json(
        DuplicatesBody(
            proposals=tuple(
                ProposalBody(
                    records=tuple(RecordBody.of(item.record) for item in found.items),
                    likenesses=found.likenesses,
                    certain=found.certain,
                )
                for found in duplicates.proposals(store(), path.number)[1]
            ),
            groups=tuple(
                GroupBody(main=_id(group.main), others=tuple(map(_id, group.others)))
                for group in duplicates.groups(store(), path.number)[1]
            ),
            distinct=tuple(
                (_id(one), _id(other))
                for one, other in duplicates.distinct_pairs(store(), path.number)
            ),
        )
    )


@blueprint.post("/collections/<int:number>/duplicates", responses={"200": CountBody})
def handle_as_one(path: CollectionPath, body: AsOne) -> Response:
    """Put records under a main one; how many."""
    n = duplicates.handle_as_one(store(), editor(), path.number, body.main, body.others)
    return as_json(CountBody(records=n))


@blueprint.post("/collections/<int:number>/duplicates/certain", responses={"200": CountBody})
def handle_certain(path: CollectionPath) -> Response:
    """Handle as one all records that are the same beyond doubt; how many groups there were."""
    return as_json(CountBody(records=duplicates.handle_certain(store(), editor(), path.number)))


@blueprint.post("/collections/<int:number>/duplicates/apart", responses={"200": CountBody})
def take_apart(path: CollectionPath, body: MainRecord) -> Response:
    """Show again by themselves the records under a main one; how many."""
    n = duplicates.take_apart(store(), editor(), path.number, body.main)
    return as_json(CountBody(records=n))


@blueprint.post("/collections/<int:number>/duplicates/distinct", responses={"200": CountBody})
def declare_distinct(path: CollectionPath, body: Chosen) -> Response:
    """Remember that none of some records is a duplicate of another of them."""
    duplicates.declare_distinct(store(), editor(), path.number, body.ids)
    return as_json(CountBody(records=len(body.ids)))


def _id(item: Item) -> str:
    return item.record.id
