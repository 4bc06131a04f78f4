"""The pages of jobs: who asked for what, how far it is, what became of it."""

import math

from flask import (
    Blueprint,
    Response,
    abort,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)

from web.desk import job_process
from web.desk.jobs import RESUMABLE, Job, Kind, Line, State
from web.http import services
from web.http.access import may
from web.http.jobs_access import jobs
from web.http.language import gettext

PER_PAGE = 30
_MINUTE = 60
_HOUR = 3600
# The stages of an import, in their order.
STAGES = ("read", "duplicates", "embed", "index", "terms", "fusion", "publish")
# What librarians may have done, administrators may stop and take up.
_ADMINISTRATORS: tuple[Kind, ...] = ("backup", "restore", "prune")

blueprint = Blueprint("jobs", __name__)


@blueprint.get("/library/jobs")
def index() -> str:
    """All jobs, the newest first."""
    found = jobs()
    page = max(1, request.args.get("page", 1, type=int))
    return render_template(
        "jobs.html",
        jobs=found.listed((page - 1) * PER_PAGE, PER_PAGE),
        page=page,
        pages=math.ceil(found.count() / PER_PAGE),
        **words(),
    )


@blueprint.get("/library/jobs/<int:number>")
def show(number: int) -> str:
    """One job."""
    found = jobs()
    job = found.job(number)
    published = services.engine().library.published
    return render_template(
        "job.html",
        job=job,
        lines=found.lines(number),
        # What came after a change is not undone with it.
        live=int(published) if published else 0,
        **words(),
    )


@blueprint.post("/library/jobs/<int:number>")
def change(number: int) -> Response:
    """A job stopped for a while, ended, or taken up again."""
    found = jobs()
    do = request.form.get("do", "")
    job = found.job(number)
    if job.kind in _ADMINISTRATORS and not may("administer"):
        abort(403)
    if do == "pause":
        found.wish(number, "pause")
    elif do == "go on":
        found.wish(number, "")
    elif do == "cancel":
        found.wish(number, "cancel")
    elif do == "again":
        found.resume(number)
        job_process.attend(found)
    else:
        abort(400)
    return make_response(redirect(url_for("jobs.show", number=number), 303))


def words() -> dict[str, object]:
    """What templates say of jobs."""
    return {
        "kind_name": kind_name,
        "state_name": state_name,
        "stage_name": stage_name,
        "line_message": line_message,
        "time_left": time_left,
        "fault_of_job": fault_of_job,
        "resumable": RESUMABLE,
        "stages": STAGES,
    }


def kind_name(kind: Kind) -> str:
    """What a kind of job is called."""
    return {
        "preview": gettext("Look at files"),
        "import": gettext("Importing"),
        "go back": gettext("Go back to a version"),
        "prune": gettext("Delete old versions"),
        "remove": gettext("Remove records"),
        "measure": gettext("Measure the search"),
        "add names": gettext("Add a terminology"),
        "remove names": gettext("Remove a terminology"),
        "backup": gettext("Back up collections"),
        "restore": gettext("Restore collections"),
    }[kind]


def state_name(job: Job) -> str:
    """How a job stands."""
    if job.wish == "cancel" and job.is_open:
        return gettext("is being ended")
    if job.wish == "pause" and job.state == "running":
        return gettext("is about to pause")
    states: dict[State, str] = {
        "queued": gettext("waits"),
        "running": gettext("under way"),
        "paused": gettext("paused"),
        "done": gettext("done"),
        "failed": gettext("failed"),
        "cancelled": gettext("ended by hand"),
        "interrupted": gettext("interrupted"),
    }
    return states[job.state]


def stage_name(stage: str) -> str:
    """What a stage of work is called; nothing for one that has no name for people."""
    return {
        "read": gettext("Reading the files"),
        "duplicates": gettext("Looking for duplicates"),
        "embed": gettext("Reading what the records mean"),
        "gather": gettext("Reading what the records mean"),
        "index": gettext("Making the index"),
        "terms": gettext("Collecting the terms"),
        "fusion": gettext("Tuning the order of results"),
        "publish": gettext("Publishing"),
        "verify": gettext("Checking the files"),
        "prune": gettext("Deleting"),
        "names": gettext("Reading the names"),
        "backup": gettext("Copying"),
        "restore": gettext("Putting back"),
        "measure": gettext("Searching for known records"),
    }.get(stage, "")


def line_message(line: Line) -> str:
    """What a line of the log says."""
    told = {
        "started": gettext("Begun"),
        "resumed": gettext("Taken up again"),
        "paused": gettext("Paused"),
        "went on": gettext("Went on"),
        "done": gettext("Done"),
        "failed": gettext("Failed"),
        "cancelled": gettext("Ended by hand"),
        "interrupted": gettext("Interrupted: its process is gone"),
        "left out": gettext("Could not be read"),
        "mistake": gettext("A mistake of ours"),
    }.get(line.what, "")
    if line.what == "stage":
        return stage_name(line.told) or line.told
    return f"{told}: {line.told}" if line.told else told


def time_left(job: Job) -> str:
    """How long the stage may still take, in words; nothing where that is not known."""
    seconds = job.seconds_left
    if seconds is None or not math.isfinite(seconds):
        return ""
    if seconds < _MINUTE:
        return gettext("less than a minute left")
    if seconds < _HOUR:
        return gettext("about %(minutes)s min left") % {"minutes": round(seconds / _MINUTE)}
    hours, rest = divmod(round(seconds / _MINUTE), 60)
    return gettext("about %(hours)s h %(minutes)s min left") % {"hours": hours, "minutes": rest}


def fault_of_job(job: Job) -> str:
    """Why a job failed, in the language of the page where it is one of the usual reasons."""
    usual = {
        "another jmedsearch process is writing it": gettext(
            "A command is writing the library at the moment. Take this up again when it is done."
        ),
        "no usable record": gettext(
            "Nothing in these files could be read as a record. The library is as it was."
        ),
        "no records in there": gettext(
            "There are no records in these files. The library is as it was."
        ),
        "hand them in again": gettext("The files are gone. Hand them in again."),
        "No space left on device": gettext(
            "The disk is full. The library is as it was. Make room, then take this up again."
        ),
        "there are none": gettext("There is no such version any more."),
        "is damaged": gettext("This version is damaged. Choose another."),
    }
    return next((message for mark, message in usual.items() if mark in job.told), job.told)
