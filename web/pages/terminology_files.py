"""The page of terminologies: those that ship, those that were added, and adding one."""

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from flask import Blueprint, Response, abort, make_response, redirect, render_template, request
from flask import url_for as address

from search.terminology.concepts import Source
from search.terminology.terminology import Terminology, added_files, shipped_file
from web.desk.terminology_folder import terminology_folder
from web.desk.uploads import UploadError
from web.http.jobs_access import begin, jobs, uploads
from web.pages.jobs import words

_SHOWN_JOBS = 5
_LONGEST = 100

blueprint = Blueprint("names", __name__)


@dataclass(frozen=True)
class AddedFile:
    """A terminology that was added, what its sources are, and whether it cannot be read."""

    name: str
    sources: tuple[Source, ...]
    problem: bool


@blueprint.get("/library/terminology")
def show() -> str:
    """All terminologies."""
    found = jobs()
    return render_template(
        "terminology.html",
        shipped=Terminology([shipped_file()]).sources,
        added=[_added(file) for file in added_files(terminology_folder())],
        recent=found.listed(0, _SHOWN_JOBS, ("add names", "remove names")),
        **words(),
    )


@blueprint.post("/library/terminology")
def add() -> Response:
    """A file added, by a job."""
    sent = request.files.get("file")
    if sent is None or not sent.filename:
        raise UploadError("none", "no file was chosen")
    kept = uploads()
    token = kept.new()
    with closing(sent):
        kept.add(token, sent.stream, sent.filename)  # type: ignore[arg-type]
    told = {
        name: " ".join(request.form.get(name, "").split())[:_LONGEST]
        for name in ("name", "version", "licence")
    }
    # What a file is called may be no name of a terminology; letters, digits and dashes are.
    told["name"] = _as_name(told["name"] or Path(sent.filename).stem)
    job = begin("add names", upload=token, **told)
    return make_response(redirect(address("jobs.show", number=job.id), 303))


@blueprint.post("/library/terminology/remove")
def remove() -> Response:
    """One that was added taken away, by a job."""
    name = request.form.get("name", "")
    if name not in {file.stem for file in added_files(terminology_folder())}:
        abort(400)
    job = begin("remove names", name=name)
    return make_response(redirect(address("jobs.show", number=job.id), 303))


def _added(file: Path) -> AddedFile:
    try:
        return AddedFile(file.stem, tuple(Terminology([file]).sources), problem=False)
    except ValueError:
        return AddedFile(file.stem, (), problem=True)


def _as_name(text: str) -> str:
    joined = "".join(c if c.isalnum() or c in "._-" else "-" for c in text)
    return joined.strip("-.")[:60] or "terminology"
