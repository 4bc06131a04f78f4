"""The operations of screening, and what a collection could grow by."""

from typing import Any

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag

from web.api.collection_models import CollectionPath, DoneBody
from web.api.collections import RESPONSES
from web.api.models import RecordBody
from web.api.screening_models import (
    AgreementBody,
    ConflictsBody,
    CopyBody,
    CountedBody,
    DecidedBody,
    DecisionBody,
    DecisionsBody,
    FlowBody,
    FlowRecordsBody,
    FlowRecordsParameters,
    GrowthBody,
    NewAbstract,
    NewDecision,
    NewNumber,
    NewPlan,
    NewWords,
    NextBody,
    OutcomeBody,
    OutcomesBody,
    OutcomesParameters,
    OutlierBody,
    OverviewBody,
    PlanBody,
    PointBody,
    ProgressBody,
    ProposalBody,
    RecallBody,
    SavedParameters,
    ScreeningPlanBody,
    StageParameters,
    TakenBack,
    TakenBackBody,
    TermBody,
    ThemeBody,
    WordsBody,
)
from web.api.search import as_json, operation_id
from web.desk import items, overview, shelf
from web.desk.growing import growth
from web.desk.history import CollectionError
from web.desk.members import live_generation, members
from web.desk.screening import abstracts, deciding, flow, numbers, plan
from web.desk.screening.estimates import stage_recall
from web.desk.screening.flow_lists import counted_records, unlisted
from web.desk.screening.ordering import next_record as following
from web.desk.screening.outcomes import Outcome, Screened, agreements, progress, screened
from web.desk.screening.plan import STAGES, Plan
from web.desk.screening.test_set import packed_test_set
from web.http import services
from web.http.access import may
from web.http.desk_access import EXPORT, editor, file_name, saved_screened, store
from web.http.exports import saved

blueprint = APIBlueprint(
    "screening_api",
    __name__,
    url_prefix="/api/v1",
    abp_tags=[Tag(name="screening", description="Screening of collections, and growing them")],
    abp_responses=RESPONSES,
    abp_security=[{"token": []}],
    operation_id_callback=operation_id,
)
_SCREENING = "/collections/<int:number>/screening"
_ZIP: dict[str, Any] = {
    "description": "The test set: BEIR's files and TREC's.",
    "content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}},
}


@blueprint.get(f"{_SCREENING}/plan", responses={"200": ScreeningPlanBody})
def show_plan(path: CollectionPath) -> Response:
    """Criteria, reasons and reviewers of both stages, and the words."""
    return _plans(path.number)


@blueprint.put(f"{_SCREENING}/plan", responses={"200": ScreeningPlanBody})
def change_plan(path: CollectionPath, body: NewPlan) -> Response:
    """Write the plan of a stage."""
    wanted = Plan(body.stage, body.criteria, tuple(body.reasons), body.reviewers)
    plan.set_plan(store(), editor(), path.number, wanted, may_open=may("administer"))
    return _plans(path.number)


@blueprint.put(f"{_SCREENING}/words", responses={"200": ScreeningPlanBody})
def change_words(path: CollectionPath, body: NewWords) -> Response:
    """Write the words to be marked."""
    plan.set_words(store(), editor(), path.number, body.include, body.exclude)
    return _plans(path.number)


@blueprint.get(f"{_SCREENING}/next", responses={"200": NextBody})
def next_record(path: CollectionPath, query: StageParameters) -> Response:
    """The record that one should decide on next, and why; learnt from one's own decisions."""
    found = screened(store(), path.number, query.stage)
    wanted = following(store(), path.number, query.stage, editor(), found)
    record = None
    if wanted.record_id:
        _, kept = items.items(store(), path.number, record_ids=[wanted.record_id])
        (member,) = members(kept, live_generation(services.engine().library))
        filled = abstracts.filled_abstracts(store(), path.number).get(wanted.record_id)
        record = RecordBody.of(abstracts.with_abstract(member.record, filled))
    return as_json(
        NextBody(
            record=record,
            why=tuple(TermBody(term=term, weight=weight) for term, weight in wanted.why),
            learnt=wanted.learnt,
            prepared=wanted.prepared,
            left=len(found.left_to(editor())),
        )
    )


@blueprint.get(f"{_SCREENING}/decisions", responses={"200": DecisionsBody})
def list_decisions(path: CollectionPath, query: StageParameters) -> Response:
    """One's own decisions: reviewers do not see one another's."""
    found = screened(store(), path.number, query.stage).by(editor())
    return as_json(
        DecisionsBody(decisions=tuple(DecisionBody.model_validate(d) for d in found.values()))
    )


@blueprint.post(f"{_SCREENING}/decisions", responses={"200": DecidedBody})
def decide(path: CollectionPath, body: NewDecision) -> Response:
    """Decide on a record. The answer comes once the decision is on the disk."""
    made = deciding.decide(
        store(), editor(), path.number, body.stage, body.id, body.verdict, body.reason
    )
    return as_json(DecidedBody.model_validate(made))


@blueprint.post(f"{_SCREENING}/decisions/undo", responses={"200": TakenBackBody})
def take_back(path: CollectionPath, body: TakenBack) -> Response:
    """Take back one's decision on a record, or one's latest."""
    back = deciding.take_back(store(), editor(), path.number, body.stage, body.id)
    return as_json(TakenBackBody(record_id=back))


@blueprint.get(f"{_SCREENING}/outcomes", responses={"200": OutcomesBody})
def list_outcomes(path: CollectionPath, query: OutcomesParameters) -> Response:
    """Where each record of a stage stands."""
    found = screened(store(), path.number, query.stage)
    wanted = found.of(query.state) if query.state else list(found.outcomes.values())
    first = (query.page - 1) * query.per_page
    return as_json(
        OutcomesBody(
            total=len(wanted),
            outcomes=tuple(_outcome(found, o) for o in wanted[first : first + query.per_page]),
        )
    )


@blueprint.get(f"{_SCREENING}/conflicts", responses={"200": ConflictsBody})
def list_conflicts(path: CollectionPath, query: StageParameters) -> Response:
    """What reviewers decided differently, and Cohen's kappa."""
    found = screened(store(), path.number, query.stage)
    return as_json(
        ConflictsBody(
            conflicts=tuple(_outcome(found, o) for o in found.of("conflict")),
            agreements=tuple(AgreementBody.model_validate(a) for a in agreements(found)),
        )
    )


@blueprint.post(f"{_SCREENING}/conflicts", responses={"200": DoneBody})
def resolve_conflict(path: CollectionPath, body: NewDecision) -> Response:
    """Settle a conflict."""
    deciding.resolve(store(), editor(), path.number, body.stage, body.id, body.verdict, body.reason)
    return as_json(DoneBody())


@blueprint.get(f"{_SCREENING}/progress", responses={"200": ProgressBody})
def show_progress(path: CollectionPath, query: StageParameters) -> Response:
    """How far one is, and what one's decisions say of recall."""
    found = screened(store(), path.number, query.stage)
    recall = stage_recall(store(), path.number, query.stage, editor(), found, fresh=True)
    told = ProgressBody.model_validate(progress(found, editor()))
    if recall is not None:
        told = told.model_copy(update={"recall": RecallBody.model_validate(recall)})
    return as_json(told)


@blueprint.put(f"{_SCREENING}/abstract", responses={"200": DoneBody})
def fill_in_abstract(path: CollectionPath, body: NewAbstract) -> Response:
    """Fill in an abstract that is missing, by hand or from another record."""
    if (body.text is None) == (body.source is None):
        raise CollectionError("give exactly one of text, source")
    if body.text is not None:
        abstracts.fill_in(store(), editor(), path.number, body.id, body.text)
    else:
        generation = live_generation(services.engine().library)
        source = body.source or ""
        abstracts.fill_from(store(), editor(), path.number, body.id, source, generation)
    return as_json(DoneBody())


@blueprint.put(f"{_SCREENING}/number", responses={"200": DoneBody})
def annotate_numbers(path: CollectionPath, body: NewNumber) -> Response:
    """Note a number of a record."""
    numbers.note_number(store(), editor(), path.number, body.id, body.name, body.value)
    return as_json(DoneBody())


@blueprint.get(f"{_SCREENING}/flow", responses={"200": FlowBody})
def show_flow(path: CollectionPath) -> Response:
    """The numbers of the PRISMA 2020 flow diagram."""
    return as_json(FlowBody.model_validate(flow.flow(store(), path.number)))


@blueprint.get(f"{_SCREENING}/export", responses={"200": EXPORT})
def save_records(path: CollectionPath, query: SavedParameters) -> Response:
    """The records of a stage that stand so, with decision, reason, reviewers, tags and note."""
    return saved_screened(path.number, query.stage, query.state, query.format)


@blueprint.get(f"{_SCREENING}/flow/records", responses={"200": FlowRecordsBody})
def list_flow_records(path: CollectionPath, query: FlowRecordsParameters) -> Response:
    """The copies or records that a number of the flow diagram counts."""
    asked = (store(), path.number, query.box, query.part, query.column)
    total, found = counted_records(*asked, (query.page - 1) * query.per_page, query.per_page)
    return as_json(
        FlowRecordsBody(
            total=total,
            unlisted=unlisted(*asked),
            counted=tuple(
                CountedBody(
                    record=RecordBody.of(one.record),
                    copies=tuple(CopyBody.model_validate(c) for c in one.copies),
                    present=one.present,
                    copy=CopyBody.model_validate(one.copy) if one.copy else None,
                )
                for one in found
            ),
        )
    )


@blueprint.get(f"{_SCREENING}/test-set", responses={"200": _ZIP})
def save_test_set(path: CollectionPath, query: StageParameters) -> Response:
    """Decisions as qrels, the strategy's searches as queries and runs, in a ZIP."""
    shown = shelf.collection(store(), path.number)
    generation = services.engine().generation()
    # Packed first: what cannot be written leaves no file behind.
    packed = packed_test_set(store(), path.number, query.stage, generation)
    name = file_name(shown, "-test-set.zip")
    return saved(lambda file: file.write(packed), "application/zip", name)


@blueprint.get("/collections/<int:number>/growing", responses={"200": GrowthBody})
def list_growth(path: CollectionPath) -> Response:
    """Records of the library that are near the collection's themes, and what lies apart in it."""
    found = growth(store(), path.number, services.engine().generation())
    return as_json(
        GrowthBody(
            themes=tuple(ThemeBody.model_validate(t) for t in found.themes),
            proposals=tuple(
                ProposalBody(
                    record=RecordBody.of(p.record),
                    theme=p.theme,
                    likeness=p.likeness,
                    nearest=p.nearest,
                    shared=p.shared,
                )
                for p in found.proposals
            ),
            outliers=tuple(OutlierBody.model_validate(o) for o in found.outliers),
            unheld=found.unheld,
        )
    )


@blueprint.get("/collections/<int:number>/overview", responses={"200": OverviewBody})
def show_overview(path: CollectionPath) -> Response:
    """Years, journals, keywords, and the map of the collection and what lies around it."""
    shelf.collection(store(), path.number)
    found = overview.counts(store(), path.number)
    generation = live_generation(services.engine().library)
    drawn = overview.collection_map(store(), path.number, generation) if generation else None
    return as_json(
        OverviewBody(
            years=found.years,
            journals=found.journals,
            keywords=found.keywords,
            map=tuple(PointBody.model_validate(p) for p in (drawn.points if drawn else ())),
        )
    )


def _outcome(found: Screened, outcome: Outcome) -> OutcomeBody:
    """What is told of an outcome: while others may still decide, only one's own decision."""
    complete = len(outcome.decisions) >= found.plan.reviewers
    shown = [d for d in outcome.decisions if complete or d.who == editor()]
    return OutcomeBody(
        record_id=outcome.record_id,
        state=outcome.state,
        reason=outcome.reason,
        decisions=tuple(DecisionBody.model_validate(d) for d in shown),
        resolution=(
            DecisionBody.model_validate(outcome.resolution) if outcome.resolution else None
        ),
        independent=tuple(
            DecisionBody.model_validate(d)
            for d in outcome.independent
            if complete or d.who == editor()
        ),
    )


def _plans(number: int) -> Response:
    return as_json(
        ScreeningPlanBody(
            stages=tuple(PlanBody.model_validate(plan.plan(store(), number, s)) for s in STAGES),
            words=WordsBody.model_validate(plan.words(store(), number)),
        )
    )
