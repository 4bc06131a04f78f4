"""The operations on collections. What a request may do is declared in :mod:`web.http.access`."""

from typing import Any

from flask import Response, url_for
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from flask_openapi3.types import ResponseDict

from web.api.collection_models import (
    Addition,
    ChangeBody,
    ChangeNumber,
    CollectionBody,
    CollectionChange,
    CollectionExportParameters,
    CollectionPath,
    CollectionsBody,
    CountBody,
    DoneBody,
    FileParameters,
    FolderBody,
    FolderPath,
    FoldersBody,
    HistoryBody,
    HistoryParameters,
    InsideBody,
    InsideParameters,
    IntakeBody,
    MemberBody,
    NamedSource,
    NewCollection,
    NewFolder,
    NewShareBody,
    NewShareQuery,
    Note,
    Place,
    Removed,
    ShareBody,
    SharePath,
    SharesBody,
    SourceBody,
    SourcesBody,
    TagBody,
    TagChange,
    Tagging,
    TakenBackSource,
    TakenOver,
    TakenOverBody,
    ToldBody,
    WholeCollectionBody,
)
from web.api.search import as_json, operation_id, problem_response
from web.desk import items, shares, shelf, tags
from web.desk.additions import Intake, add_file, add_identifiers, add_records, library_records
from web.desk.collection_search import listing
from web.desk.copies import sources
from web.desk.history import CollectionError, history, restore_to, undo
from web.desk.members import live_generation, standing
from web.desk.record_sources import name_source, take_back_source
from web.desk.screening.file_decisions import decline, take_over, told
from web.http import services
from web.http.access import may
from web.http.desk_access import EXPORT, editor, import_file, saved_collection, sent_body, store

RESPONSES: ResponseDict = {
    "400": problem_response("Something that was sent cannot be taken."),
    "401": problem_response("Nobody is signed in."),
    "403": problem_response("This needs another role or scope."),
    "404": problem_response("There is no such collection, record, tag, folder or change."),
    "409": problem_response("Someone else has changed the same thing in between."),
}

blueprint = APIBlueprint(
    "collections_api",
    __name__,
    url_prefix="/api/v1",
    abp_tags=[Tag(name="collections", description="Collections and what is done with them")],
    abp_responses=RESPONSES,
    abp_security=[{"token": []}],
    operation_id_callback=operation_id,
)
# A file is the body as it is, not a form.
_FILE: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}


@blueprint.get("/collections", responses={"200": CollectionsBody})
def list_collections() -> Response:
    """All collections."""
    found = shelf.collections(store())
    return as_json(
        CollectionsBody(collections=tuple(CollectionBody.model_validate(c) for c in found))
    )


@blueprint.post("/collections", responses={"200": WholeCollectionBody})
def create_collection(body: NewCollection) -> Response:
    """A new, empty collection."""
    return _whole(shelf.create(store(), editor(), body.name, body.description, body.folder))


@blueprint.get("/collections/<int:number>", responses={"200": WholeCollectionBody})
def show_collection(path: CollectionPath) -> Response:
    """A collection with its tags, and how its records stand."""
    return _whole(path.number)


@blueprint.patch("/collections/<int:number>", responses={"200": WholeCollectionBody})
def change_collection(path: CollectionPath, body: CollectionChange) -> Response:
    """Rename, describe or move a collection."""
    with store().writing():
        now = shelf.collection(store(), path.number)
        shelf.describe(
            store(),
            editor(),
            path.number,
            name=now.name if body.name is None else body.name,
            description=now.description if body.description is None else body.description,
        )
        if body.folder is not None:
            shelf.put_into(store(), editor(), path.number, body.folder or None)
    return _whole(path.number)


@blueprint.delete("/collections/<int:number>", responses={"200": DoneBody})
def delete_collection(path: CollectionPath) -> Response:
    """Put a collection away; undoing that brings it back."""
    shelf.delete(store(), editor(), path.number)
    return as_json(DoneBody())


@blueprint.post(
    "/collections/import", responses={"200": WholeCollectionBody}, openapi_extensions=_FILE
)
def import_collection(query: FileParameters) -> Response:
    """A new collection from the JSON of another, with everything that it holds.

    The file is the body of the request.
    """
    with sent_body() as file:
        number = import_file(file.read(), query.name)
    return _whole(number)


@blueprint.get("/collections/<int:number>/records", responses={"200": InsideBody})
def list_records(path: CollectionPath, query: InsideParameters) -> Response:
    """A page of a collection's records, or of what a search inside it finds."""
    shelf.collection(store(), path.number)
    found = listing(
        store(),
        services.engine(),
        services.exact(),
        path.number,
        query=query.q,
        mode=query.mode,
        tag=query.tag,
        group=query.group,
        page=query.page,
        per_page=query.per_page,
        language="",
    )
    return as_json(
        InsideBody(
            total=found.total,
            page=query.page,
            per_page=query.per_page,
            unranked=found.unranked,
            records=tuple(MemberBody.of(member) for member in found.members),
        )
    )


@blueprint.post("/collections/<int:number>/records", responses={"200": IntakeBody})
def add_to_collection(path: CollectionPath, body: Addition) -> Response:
    """Add records of the library: by id, by identifier, all of a set, the first of a list."""
    if sum(part is not None for part in (body.ids, body.identifiers, body.exact, body.ranked)) != 1:
        raise CollectionError("give exactly one of ids, identifiers, exact, ranked")
    return as_json(IntakeBody.of(_added(path.number, body)))


@blueprint.post(
    "/collections/<int:number>/files", responses={"200": IntakeBody}, openapi_extensions=_FILE
)
def add_file_to_collection(path: CollectionPath, query: FileParameters) -> Response:
    """Add the records of a file in any format that can be read, sent as the body."""
    with sent_body() as file:
        intake = add_file(
            store(),
            editor(),
            path.number,
            file,
            query.name,
            live_generation(services.engine().library),
        )
    return as_json(IntakeBody.of(intake))


@blueprint.get("/collections/<int:number>/sources", responses={"200": SourcesBody})
def list_sources(path: CollectionPath) -> Response:
    """The files and searches that gave the records."""
    shelf.collection(store(), path.number)
    return _sources(path.number)


@blueprint.put("/collections/<int:number>/sources", responses={"200": SourcesBody})
def name_source_of_records(path: CollectionPath, body: NamedSource) -> Response:
    """Say which database a source is of, and how it was found."""
    name_source(store(), editor(), path.number, body.source, body.label, body.kind)
    return _sources(path.number)


@blueprint.post("/collections/<int:number>/sources/take-back", responses={"200": CountBody})
def take_back_source_of_records(path: CollectionPath, body: TakenBackSource) -> Response:
    """Take a source back as if it had never come in: how many records left with it."""
    gone = take_back_source(store(), editor(), path.number, body.source)
    return as_json(CountBody(records=gone))


@blueprint.post("/collections/<int:number>/sources/decisions", responses={"200": TakenOverBody})
def take_over_decisions(path: CollectionPath, body: TakenOver) -> Response:
    """Take over the decisions that a source told of, or decline them."""
    if body.name == "decline":
        decline(store(), editor(), path.number, body.source)
        return as_json(TakenOverBody(taken=0, left=0))
    taken = take_over(
        store(),
        editor(),
        path.number,
        body.source,
        body.name,
        body.stage,
        may_open=may("administer"),
    )
    return as_json(TakenOverBody.model_validate(taken))


@blueprint.post("/collections/<int:number>/records/remove", responses={"200": CountBody})
def remove_from_collection(path: CollectionPath, body: Removed) -> Response:
    """Take records out; undoing that brings them back with notes and tags."""
    removed = items.remove(store(), editor(), path.number, body.ids, body.why)
    return as_json(CountBody(records=removed))


@blueprint.put("/collections/<int:number>/note", responses={"200": DoneBody})
def annotate_record(path: CollectionPath, body: Note) -> Response:
    """Write the note of a record."""
    items.annotate(store(), editor(), path.number, body.id, body.note, body.seen)
    return as_json(DoneBody())


@blueprint.put("/collections/<int:number>/place", responses={"200": DoneBody})
def move_record(path: CollectionPath, body: Place) -> Response:
    """Move a record to a place."""
    items.move(store(), editor(), path.number, body.id, body.place)
    return as_json(DoneBody())


@blueprint.post("/collections/<int:number>/tags", responses={"200": CountBody})
def tag_in_collection(path: CollectionPath, body: Tagging) -> Response:
    """Put a tag on records; it is made where there is none."""
    return as_json(
        CountBody(records=tags.tag_records(store(), editor(), path.number, body.tag, body.ids))
    )


@blueprint.post("/collections/<int:number>/tags/remove", responses={"200": CountBody})
def untag_in_collection(path: CollectionPath, body: Tagging) -> Response:
    """Take a tag off records."""
    return as_json(
        CountBody(records=tags.untag_records(store(), editor(), path.number, body.tag, body.ids))
    )


@blueprint.patch("/collections/<int:number>/tags", responses={"200": WholeCollectionBody})
def change_tag(path: CollectionPath, body: TagChange) -> Response:
    """Rename, merge, move or delete a tag."""
    wanted = (body.name, body.into, body.place, body.delete or None)
    if sum(part is not None for part in wanted) != 1:
        raise CollectionError("give exactly one of name, into, place, delete")
    if body.name is not None:
        tags.rename(store(), editor(), path.number, body.tag, body.name)
    elif body.into is not None:
        tags.merge(store(), editor(), path.number, body.tag, body.into)
    elif body.place is not None:
        tags.move(store(), editor(), path.number, body.tag, body.place)
    else:
        tags.delete(store(), editor(), path.number, body.tag)
    return _whole(path.number)


@blueprint.get("/collections/<int:number>/history", responses={"200": HistoryBody})
def show_history(path: CollectionPath, query: HistoryParameters) -> Response:
    """Who changed what and when, the newest first."""
    shelf.collection(store(), path.number, deleted=True)
    first = (query.page - 1) * query.per_page
    total, found = history(store(), path.number, first, query.per_page)
    return as_json(
        HistoryBody(total=total, changes=tuple(ChangeBody.model_validate(c) for c in found))
    )


@blueprint.post("/collections/<int:number>/undo", responses={"200": ChangeBody})
def undo_change(path: CollectionPath, body: ChangeNumber) -> Response:
    """Take one change back, if nobody has changed the same since."""
    return as_json(ChangeBody.model_validate(undo(store(), editor(), body.change, path.number)))


@blueprint.post("/collections/<int:number>/restore", responses={"200": WholeCollectionBody})
def restore_collection(path: CollectionPath, body: ChangeNumber) -> Response:
    """Bring a collection back to what it was right after a change."""
    restore_to(store(), editor(), path.number, body.change)
    return _whole(path.number)


@blueprint.get("/collections/<int:number>/shares", responses={"200": SharesBody})
def list_shares(path: CollectionPath) -> Response:
    """The read-only links of a collection, without their secret part."""
    shelf.collection(store(), path.number)
    found = shares.shares(store(), path.number)
    return as_json(SharesBody(shares=tuple(ShareBody.model_validate(s) for s in found)))


@blueprint.post("/collections/<int:number>/shares", responses={"200": NewShareBody})
def share_collection(path: CollectionPath, query: NewShareQuery) -> Response:
    """A new read-only link; its address is shown this once."""
    secret = shares.share(store(), editor(), path.number, notes=query.notes)
    address = url_for("collections.shared", secret=secret, _external=True)
    return as_json(NewShareBody(address=address))


@blueprint.delete("/collections/<int:number>/shares/<int:share>", responses={"200": DoneBody})
def end_share(path: SharePath) -> Response:
    """End a link."""
    shares.end_share(store(), editor(), path.number, path.share)
    return as_json(DoneBody())


@blueprint.get("/collections/<int:number>/export", responses={"200": EXPORT})
def export_collection(path: CollectionPath, query: CollectionExportParameters) -> Response:
    """A collection as a file; only json carries everything."""
    return saved_collection(path.number, query.format)


@blueprint.get("/folders", responses={"200": FoldersBody})
def list_folders() -> Response:
    """All folders."""
    found = shelf.folders(store())
    return as_json(FoldersBody(folders=tuple(FolderBody.model_validate(f) for f in found)))


@blueprint.post("/folders", responses={"200": FolderBody})
def add_folder(body: NewFolder) -> Response:
    """A new folder."""
    number = shelf.add_folder(store(), editor(), body.name, body.parent)
    return as_json(FolderBody(id=number, name=body.name, parent=body.parent))


@blueprint.put("/folders/<int:number>", responses={"200": DoneBody})
def change_folder(path: FolderPath, body: NewFolder) -> Response:
    """Rename or move a folder."""
    shelf.change_folder(store(), editor(), path.number, body.name, body.parent)
    return as_json(DoneBody())


@blueprint.delete("/folders/<int:number>", responses={"200": DoneBody})
def delete_folder(path: FolderPath) -> Response:
    """Take a folder away; what lies in it moves up."""
    shelf.delete_folder(store(), editor(), path.number)
    return as_json(DoneBody())


def _added(number: int, body: Addition) -> Intake:
    generation = services.engine().generation()
    if body.ids is not None:
        known = library_records(body.ids, generation)
        intake = add_records(store(), editor(), number, known, "")
        unknown = [i for i in body.ids if i not in generation.present(body.ids)]
        return Intake(intake.added, intake.already, tuple(unknown))
    if body.identifiers is not None:
        return add_identifiers(
            store(), editor(), number, body.identifiers, generation, services.exact()
        )
    if body.exact is not None:
        asked = body.exact
        found = services.exact().records(asked.q, asked.filters(), asked.sort, asked.thesaurus)
        return add_records(store(), editor(), number, found, asked.q)
    assert body.ranked is not None
    ranked = body.ranked
    best = services.engine().best(
        ranked.q, ranked.filters(), ranked.limit, ranked.sort, ranked.other_names
    )
    return add_records(store(), editor(), number, best, ranked.q)


def _whole(number: int) -> Response:
    found = shelf.collection(store(), number)
    stands = standing(store(), number, live_generation(services.engine().library))
    return as_json(
        WholeCollectionBody(
            **vars(CollectionBody.model_validate(found)),
            tags=tuple(TagBody.model_validate(t) for t in tags.tags(store(), number)),
            dropped=len(stands.dropped),
            elsewhere=len(stands.elsewhere),
            doubtful=len(stands.doubtful),
        )
    )


def _sources(number: int) -> Response:
    decisions = told(store(), number)
    bodies = []
    for source in sources(store(), number):
        body = SourceBody.model_validate(source)
        if tells := decisions.get(source.id):
            body = body.model_copy(update={"told": ToldBody.model_validate(tells)})
        bodies.append(body)
    return as_json(SourcesBody(sources=tuple(bodies)))
