"""The operations on strategies, alerts and reports of collections."""

from flask import Response, url_for
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from flask_openapi3.types import ResponseDict

from web.api.collection_models import CollectionPath, DoneBody, IntakeBody
from web.api.search import as_json, operation_id, problem_response
from web.api.strategy_models import (
    AddFound,
    Again,
    AlertsBody,
    Answer,
    ChangesBody,
    FeedPath,
    FeedsBody,
    FindingBody,
    FindingsBody,
    FindingsParameters,
    NewFeedBody,
    NewsBody,
    NewSearch,
    ReportBody,
    ReportItemBody,
    ReportParameters,
    ReportSearchBody,
    RerunBody,
    RerunsBody,
    RunParameters,
    RunsBody,
    SearchChange,
    SearchOfStrategyBody,
    SearchPath,
    Seen,
    StrategyBody,
)
from web.desk import alerts, searches, strategies
from web.desk.findings import findings
from web.desk.history import CollectionError, ConflictError
from web.desk.members import live_generation
from web.desk.report import answer
from web.desk.searches import Run, Search
from web.desk.strategy_answers import search_request
from web.http import services
from web.http.desk_access import editor, library_search, store
from web.reports.prisma_s import as_markdown, report_over

_RESPONSES: ResponseDict = {
    "400": problem_response("Something that was sent cannot be taken."),
    "401": problem_response("Nobody is signed in."),
    "403": problem_response("This needs another role or scope."),
    "404": problem_response("There is no such collection, search, run, alert or feed."),
    "409": problem_response("Someone else has changed the same in between."),
    "503": problem_response("The library cannot be used."),
}

blueprint = APIBlueprint(
    "strategies_api",
    __name__,
    url_prefix="/api/v1",
    abp_tags=[Tag(name="strategies", description="Searches of collections, alerts, reports")],
    abp_responses=_RESPONSES,
    abp_security=[{"token": []}],
    operation_id_callback=operation_id,
)
_SEARCH = "/collections/<int:number>/searches/<int:search>"


@blueprint.get("/collections/<int:number>/searches", responses={"200": StrategyBody})
def list_searches(path: CollectionPath) -> Response:
    """The searches of a collection by number, each with its last run."""
    found = searches.searches(store(), path.number)
    return as_json(StrategyBody(searches=tuple(SearchOfStrategyBody.of(s) for s in found)))


@blueprint.post("/collections/<int:number>/searches", responses={"200": SearchOfStrategyBody})
def run_search(path: CollectionPath, body: NewSearch) -> Response:
    """Run a search over the library and keep it under the next number."""
    wanted = search_request(
        body.q,
        ranked=body.kind == "ranked",
        filters=body.filters(),
        top=body.top,
        thesaurus=body.thesaurus,
    )
    found = strategies.run_search(
        store(), editor(), path.number, wanted, library_search(), name=body.name, note=body.note
    )
    return as_json(SearchOfStrategyBody.of(found))


@blueprint.post("/collections/<int:number>/searches/rerun", responses={"200": RerunsBody})
def rerun_searches(path: CollectionPath, body: Again) -> Response:
    """Run searches again, with those that they refer to, and say what changed."""
    done = strategies.rerun(store(), editor(), path.number, library_search(), body.searches)
    return as_json(RerunsBody(searches=tuple(RerunBody.of(r) for r in done)))


@blueprint.get(_SEARCH, responses={"200": RunsBody})
def show_search(path: SearchPath) -> Response:
    """A search with all its runs."""
    found = searches.search(store(), path.number, path.search)
    return as_json(RunsBody.of(found, searches.runs(store(), found)))


@blueprint.patch(_SEARCH, responses={"200": SearchOfStrategyBody})
def change_search(path: SearchPath, body: SearchChange) -> Response:
    """Change the name or the note of a search."""
    strategies.describe(store(), editor(), path.number, path.search, name=body.name, note=body.note)
    return as_json(SearchOfStrategyBody.of(searches.search(store(), path.number, path.search)))


@blueprint.delete(_SEARCH, responses={"200": DoneBody})
def delete_search(path: SearchPath) -> Response:
    """Put a search away; undoing that brings it back. Its number is not given out again."""
    strategies.delete(store(), editor(), path.number, path.search)
    return as_json(DoneBody())


@blueprint.get(f"{_SEARCH}/records", responses={"200": FindingsBody})
def list_found(path: SearchPath, query: FindingsParameters) -> Response:
    """A page of what a run found."""
    found, one = _run(path, query.run)
    page = findings(
        store(),
        services.exact(),
        found,
        one,
        sort=query.sort,
        page=query.page,
        per_page=query.per_page,
    )
    return as_json(
        FindingsBody(
            total=page.total,
            page=page.page,
            per_page=page.per_page,
            dropped=page.dropped,
            records=tuple(FindingBody.of(f) for f in page.findings),
        )
    )


@blueprint.get(f"{_SEARCH}/changes", responses={"200": ChangesBody})
def show_changes(path: SearchPath, query: RunParameters) -> Response:
    """What a run found otherwise than the one before it."""
    found, one = _run(path, query.run)
    before = _before(found, one)
    generation = live_generation(services.engine().library)
    changed = strategies.changes(store(), found, before, one, generation)
    return as_json(ChangesBody.of(before, one, changed))


@blueprint.post(f"{_SEARCH}/add", responses={"200": IntakeBody})
def add_found(path: SearchPath, body: AddFound) -> Response:
    """Add what a run found to the collection, or only what the run before did not find."""
    found, one = _run(path, body.run)
    generation = services.exact().library.generation()
    ids = searches.found_by(store(), one)
    if body.only == "new":
        before = _before(found, one)
        ids = strategies.changes(store(), found, before, one, generation).new
    intake = strategies.add_found(store(), editor(), path.number, found, ids, generation)
    return as_json(IntakeBody.of(intake))


@blueprint.get("/alerts", responses={"200": AlertsBody})
def list_alerts() -> Response:
    """What all alerts have to tell; nothing is marked as seen."""
    told = [
        NewsBody.of(of.id, alerts.news(store(), of.id, one, library_search()))
        for of, one in alerts.all_alerts(store())
    ]
    return as_json(AlertsBody(alerts=tuple(told)))


@blueprint.get(f"{_SEARCH}/alert", responses={"200": NewsBody})
def show_alert(path: SearchPath) -> Response:
    """What an alert has to tell; nothing is marked as seen."""
    return as_json(NewsBody.of(path.number, _news(path)))


@blueprint.put(f"{_SEARCH}/alert", responses={"200": NewsBody})
def switch_on_alert(path: SearchPath) -> Response:
    """Switch an alert on: from now on, what the search's last run did not find is new."""
    alerts.switch_on(store(), editor(), path.number, path.search)
    return as_json(NewsBody.of(path.number, _news(path)))


@blueprint.delete(f"{_SEARCH}/alert", responses={"200": DoneBody})
def switch_off_alert(path: SearchPath) -> Response:
    """Switch an alert off; its feeds end."""
    alerts.switch_off(store(), editor(), path.number, path.search)
    return as_json(DoneBody())


@blueprint.post(f"{_SEARCH}/alert/seen", responses={"200": NewsBody})
def mark_alert_seen(path: SearchPath, body: Seen) -> Response:
    """Mark what an alert told as seen, if it would still tell the same."""
    told = _news(path)
    if told.shown != body.shown:
        raise ConflictError("the search finds other records now: look again", told.shown)
    alerts.mark_seen(store(), editor(), path.number, told)
    return as_json(NewsBody.of(path.number, _news(path)))


@blueprint.get(f"{_SEARCH}/alert/feeds", responses={"200": FeedsBody})
def list_feeds(path: SearchPath) -> Response:
    """The feeds of an alert, without their secret part."""
    return as_json(FeedsBody.of(alerts.feeds(store(), path.number, path.search)))


@blueprint.post(f"{_SEARCH}/alert/feeds", responses={"200": NewFeedBody})
def open_feed(path: SearchPath) -> Response:
    """A new Atom feed; its address is shown this once."""
    secret = alerts.open_feed(store(), editor(), path.number, path.search)
    return as_json(NewFeedBody(address=url_for("alerts.feed", secret=secret, _external=True)))


@blueprint.delete(f"{_SEARCH}/alert/feeds/<int:feed>", responses={"200": DoneBody})
def end_feed(path: FeedPath) -> Response:
    """End a feed."""
    alerts.end_feed(store(), editor(), path.number, path.search, path.feed)
    return as_json(DoneBody())


@blueprint.get("/collections/<int:number>/report", responses={"200": ReportBody})
def show_report(path: CollectionPath, query: ReportParameters) -> Response:
    """The search report after PRISMA-S, as things stand."""
    del query  # web.http.language reads it, as from every address
    made = report_over(services.engine().library, store(), path.number)
    return as_json(
        ReportBody(
            items=tuple(ReportItemBody.model_validate(i) for i in made.items),
            searches=tuple(ReportSearchBody.model_validate(s) for s in made.searches),
            markdown=as_markdown(made),
        )
    )


@blueprint.put("/collections/<int:number>/report", responses={"200": DoneBody})
def fill_in_report(path: CollectionPath, body: Answer) -> Response:
    """Write to an item of the report."""
    answer(store(), editor(), path.number, body.item, body.text, body.seen)
    return as_json(DoneBody())


def _run(path: SearchPath, wanted: int | None) -> tuple[Search, Run]:
    found = searches.search(store(), path.number, path.search)
    return found, searches.run(store(), found, wanted)


def _before(found: Search, one: Run) -> Run:
    before = searches.run_before(store(), found, one)
    if before is None:
        raise CollectionError(f"run {one.number} of {found.mark} has none before it")
    return before


def _news(path: SearchPath) -> alerts.News:
    one = alerts.alert(store(), path.number, path.search)
    return alerts.news(store(), path.number, one, library_search())
