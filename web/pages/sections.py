"""What the navigation leads to beside search and collections: screening, strategies, help."""

from flask import Blueprint, render_template

from web.desk import shelf
from web.desk.alerts import alerts
from web.desk.screening.outcomes import progress, screened
from web.desk.screening.plan import STAGES
from web.desk.searches import searches
from web.http.desk_access import editor, store
from web.pages.exact import field_codes
from web.pages.screening import stage_name

blueprint = Blueprint("sections", __name__)


@blueprint.get("/screening")
def screening() -> str:
    """Every collection with how far its screening is."""
    found = []
    for collection in shelf.collections(store()):
        stages = [
            (stage, progress(screened(store(), collection.id, stage), editor())) for stage in STAGES
        ]
        found.append((collection, stages))
    return render_template("sections_screening.html", found=found, stage_name=stage_name)


@blueprint.get("/strategies")
def strategies() -> str:
    """The searches of every collection, with what each found last."""
    return render_template(
        "sections_strategies.html",
        found=[
            (
                collection,
                searches(store(), collection.id),
                {alert.search.number for alert in alerts(store(), collection.id)},
            )
            for collection in shelf.collections(store())
        ],
    )


@blueprint.get("/help")
def guide() -> str:
    """What each thing is, the field codes, the keys."""
    return render_template("help.html", field_codes=field_codes())
