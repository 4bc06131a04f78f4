"""How screening goes: recall and whether to stop, agreement, the flow diagram, the test set."""

from flask import Blueprint, Response, abort, render_template, request, url_for

from web.desk import shelf
from web.desk.members import live_generation
from web.desk.screening.estimates import stage_recall
from web.desk.screening.flow import BOXES, COLUMNS, BoxName, Column, flow
from web.desk.screening.flow_lists import counted_records, unlisted
from web.desk.screening.ordering import own_labels
from web.desk.screening.outcomes import agreements, progress, screened
from web.desk.screening.recall import Recall, curve
from web.desk.screening.test_set import packed_test_set
from web.http import services
from web.http.desk_access import editor, file_name, store
from web.http.exports import saved
from web.http.language import gettext
from web.pages.charts import LineChart, line_chart
from web.pages.flow_chart import Listed, box_name, flow_chart, flow_told
from web.pages.flow_document import DOCX, as_document
from web.pages.screening import stage_of, written_time

PER_PAGE = 100

blueprint = Blueprint("progress", __name__)


@blueprint.get("/collections/<int:number>/screening/progress")
def show(number: int) -> str:
    """The recall curve of one's own decisions, and where the screening of all stands."""
    stage = stage_of(request.args.get("stage"))
    found = screened(store(), number, stage)
    labels = list(own_labels(found, editor()).values())
    recall = stage_recall(store(), number, stage, editor(), found, fresh=True)
    flowing = flow(store(), number)
    return render_template(
        "screening_progress.html",
        collection=shelf.collection(store(), number),
        stage=stage,
        plan=found.plan,
        progress=progress(found, editor()),
        recall=recall,
        chart=_chart(labels, recall) if recall else None,
        agreements=agreements(found),
        flow=flowing,
        diagram=flow_chart(flowing, _listed(number)),
        told=flow_told(flowing),
        written_time=written_time,
    )


@blueprint.get("/collections/<int:number>/screening/flow.svg")
def flow_file(number: int) -> Response:
    """The flow diagram as a file of its own."""
    collection = shelf.collection(store(), number)
    flowing = flow(store(), number)
    svg = render_template(
        "screening_flow.svg",
        title=collection.name,
        diagram=flow_chart(flowing),
        told=flow_told(flowing),
    )
    name = file_name(collection, "-prisma.svg")
    return saved(lambda file: file.write(svg.encode()), "image/svg+xml; charset=utf-8", name)


@blueprint.get("/collections/<int:number>/screening/flow.docx")
def flow_document(number: int) -> Response:
    """The flow diagram as a document of Word, its boxes to be written in."""
    collection = shelf.collection(store(), number)
    written = as_document(flow(store(), number), collection.name)
    name = file_name(collection, "-prisma.docx")
    return saved(lambda file: file.write(written), DOCX, name)


@blueprint.get("/collections/<int:number>/screening/flow/records")
def flow_records(number: int) -> str:
    """The copies or records that a number of the flow diagram counts."""
    box = next((b for b in BOXES if b == request.args.get("box")), None)
    column = next((c for c in COLUMNS if c == request.args.get("column", COLUMNS[0])), None)
    if box is None or column is None:
        abort(404)
    part = request.args.get("part", "")
    page = max(1, request.args.get("page", 1, type=int))
    total, counted = counted_records(
        store(), number, box, part, column, (page - 1) * PER_PAGE, PER_PAGE
    )
    return render_template(
        "flow_records.html",
        collection=shelf.collection(store(), number),
        box=box,
        box_name=box_name(box, part),
        part=part,
        column=column,
        total=total,
        unlisted=unlisted(store(), number, box, part, column),
        counted=counted,
        first=(page - 1) * PER_PAGE,
        page=page,
        pages=(total + PER_PAGE - 1) // PER_PAGE,
    )


@blueprint.get("/collections/<int:number>/screening/test-set")
def test_set(number: int) -> Response:
    """Decisions as a test collection: BEIR's files and TREC's in a ZIP."""
    shown = shelf.collection(store(), number)
    stage = stage_of(request.args.get("stage"))
    generation = live_generation(services.engine().library)
    if generation is None:
        abort(503)
    # Packed first: what cannot be written leaves no file behind.
    packed = packed_test_set(store(), number, stage, generation)
    name = file_name(shown, "-test-set.zip")
    return saved(lambda file: file.write(packed), "application/zip", name)


def _listed(number: int) -> Listed:
    """Where the records of each box of a collection's diagram are listed."""

    def address(box: BoxName, part: str, column: Column) -> str:
        return url_for(
            "progress.flow_records",
            number=number,
            box=box,
            part=part or None,
            column=column if column != COLUMNS[0] else None,
        )

    return address


def _chart(labels: list[bool], recall: Recall) -> LineChart:
    found = curve(labels)
    most = max(recall.most, found[-1] if found else 0, 1)
    points = [(0.0, 0.0), *((n, float(y)) for n, y in enumerate(found, 1))]
    series = [(gettext("Found"), "main", points)]
    if recall.estimate:
        likely = recall.found / recall.estimate
        series.append(
            (gettext("Estimated number"), "limit", [(0.0, likely), (float(recall.total), likely)])
        )
        most = max(most, round(likely))
    return line_chart(
        series,
        x_most=recall.total,
        y_most=most * 1.05,
        band=(recall.found, recall.most),
    )
