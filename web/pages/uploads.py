"""The pages of importing: files handed in, looked at, then imported as a new version."""

from contextlib import closing
from datetime import date

from flask import (
    Blueprint,
    Response,
    current_app,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)

from search.library.manifest import LibraryError
from web.desk.jobs import Job, Jobs, Kind
from web.desk.uploads import UploadError
from web.http import services
from web.http.jobs_access import begin, jobs, uploads
from web.http.language import gettext
from web.pages.jobs import words
from web.pages.reading_faults import reading_fault

LONGEST_DATABASE = 100
LONGEST_NOTE = 2_000
_SHOWN_JOBS = 8
_OF_UPLOADS: tuple[Kind, ...] = ("preview", "import")
# What writes in these formats; others are written by many.
_DATABASES = {
    "nbib": "PubMed",
    "pubmed-xml": "PubMed",
    "pubmed-abstract": "PubMed",
    "pubmed-summary": "PubMed",
    "esummary-xml": "PubMed",
    "esummary-json": "PubMed",
    "ichushi": "医中誌Web",
    "jstage": "J-STAGE",
    "cinii": "CiNii Research",
    "crossref": "Crossref",
    "openalex": "OpenAlex",
    "europe-pmc": "Europe PMC",
    "clinical-trials": "ClinicalTrials.gov",
    "ictrp": "WHO ICTRP",
    "cochrane": "Cochrane Library",
    "ciw": "Web of Science",
}
_USUAL = (
    "医中誌Web",
    "PubMed",
    "CiNii Research",
    "J-STAGE",
    "Cochrane Library",
    "Embase",
    "CINAHL",
)

blueprint = Blueprint("uploads", __name__)


@blueprint.get("/library/import")
def show() -> str:
    """Where files are handed in, and what was before."""
    found = jobs()
    waiting = [job for job in found.listed(kinds=("preview",)) if _waits(found, job)]
    return render_template(
        "import.html",
        waiting=waiting,
        recent=found.listed(0, _SHOWN_JOBS, ("import",)),
        is_empty=_generation_number() == 0,
        **words(),
    )


@blueprint.post("/library/import")
def hand_in() -> Response:
    """Files kept, and looked at."""
    kept = uploads()
    token = kept.new()
    try:
        _keep(token)
    except UploadError:
        kept.forget(token)
        raise
    begin("preview", upload=token)
    return make_response(redirect(url_for("uploads.look", token=token), 303))


@blueprint.post("/library/import/<token>/files")
def hand_in_more(token: str) -> Response:
    """More files for an import, and all of them looked at again."""
    _keep(token)
    begin("preview", upload=token)
    return make_response(redirect(url_for("uploads.look", token=token), 303))


@blueprint.get("/library/import/<token>")
def look(token: str) -> Response | str:
    """What these files would bring."""
    found = jobs()
    job = _last(found, token)
    if job is not None and job.kind == "import" and (job.is_open or job.state == "done"):
        return make_response(redirect(url_for("jobs.show", number=job.id), 303))
    files = uploads().files(token)
    preview = _last(found, token, ("preview",))
    read = preview.result if preview and preview.state == "done" else None
    recognised = [file["format"] for file in read["files"] if file["format"]] if read else []
    guessed = {_DATABASES.get(name, "") for name in recognised}
    return render_template(
        "import_preview.html",
        token=token,
        files=files,
        job=preview,
        failed=job if job is not None and job.kind == "import" else None,
        read=read,
        reading_fault=reading_fault,
        format_name=format_name,
        # What comes of several databases is for people to name.
        database=guessed.pop() if len(guessed) == 1 else "",
        databases=_known_databases(),
        today=date.today().isoformat(),
        longest_database=LONGEST_DATABASE,
        longest_note=LONGEST_NOTE,
        **words(),
    )


@blueprint.post("/library/import/<token>")
def decide(token: str) -> Response:
    """Files imported, or thrown away."""
    kept = uploads()
    if request.form.get("do") == "forget":
        for job in jobs().open_jobs():
            if job.arguments.get("upload") == token:
                jobs().wish(job.id, "cancel")
        kept.forget(token)
        return make_response(redirect(url_for("uploads.show"), 303))
    kept.path(token)
    there = _last(jobs(), token, ("import",))
    # A button that is pressed twice begins one import.
    if there is None or not (there.is_open or there.state == "done"):
        there = begin(
            "import",
            upload=token,
            database=_line("database", LONGEST_DATABASE),
            searched=_day("searched"),
            note=request.form.get("note", "").strip()[:LONGEST_NOTE],
            # A library that is there has its own.
            model=current_app.config["FIRST_MODEL"] if _generation_number() == 0 else None,
        )
    return make_response(redirect(url_for("jobs.show", number=there.id), 303))


def format_name(name: str) -> str:
    """What a format is called."""
    return {
        "": gettext("not recognised"),
        "ris": "RIS",
        "nbib": "PubMed (MEDLINE)",
        "pubmed-xml": "PubMed XML",
        "pubmed-abstract": "PubMed (Abstract)",
        "pubmed-summary": "PubMed (Summary)",
        "esummary-xml": "PubMed eSummary",
        "esummary-json": "PubMed eSummary",
        "ichushi": "医中誌Web",
        "jstage": "J-STAGE",
        "jats": "JATS XML",
        "cinii": "CiNii Research",
        "crossref": "Crossref",
        "openalex": "OpenAlex",
        "europe-pmc": "Europe PMC",
        "clinical-trials": "ClinicalTrials.gov",
        "ictrp": "WHO ICTRP",
        "oai-dc": "OAI-PMH (Dublin Core)",
        "mods": "MODS",
        "zotero-rdf": "Zotero RDF",
        "csl-json": "CSL-JSON",
        "beir": "BEIR",
        "jsonl": "jmedsearch JSON Lines",
        "ovid": "Ovid",
        "cochrane": "Cochrane Library",
        "refworks": "RefWorks",
        "ciw": "Web of Science",
        "identifiers": gettext("list of PMIDs or DOIs"),
        "refer": "EndNote (Refer)",
        "endnote-xml": "EndNote XML",
        "bibtex": "BibTeX",
        "tsv": gettext("table (tabs)"),
        "csv": gettext("table (CSV)"),
        "xlsx": "Excel",
        "xls": "Excel (.xls)",
        "ods": "OpenDocument",
    }.get(name, name)


def _keep(token: str) -> None:
    """Keep the files of this request.

    Raises:
        UploadError: when there are none, or no room for them.
    """
    sent = [file for file in request.files.getlist("file") if file.filename]
    sent += [file for file in request.files.getlist("folder") if file.filename]
    if not sent:
        raise UploadError("none", "no file was chosen")
    kept = uploads()
    for file in sent:
        with closing(file):
            kept.add(token, file.stream, file.filename or "")  # type: ignore[arg-type]


def _last(found: Jobs, token: str, kinds: tuple[Kind, ...] = _OF_UPLOADS) -> Job | None:
    """The last job of an upload."""
    return next((j for j in found.listed(0, 200, kinds) if j.arguments["upload"] == token), None)


def _waits(found: Jobs, job: Job) -> bool:
    """Whether the files of a job are there and wait to be imported; told once for each upload."""
    last = _last(found, job.arguments["upload"])
    try:
        uploads().path(job.arguments["upload"])
    except UploadError:
        return False
    return last is not None and last.id == job.id


def _known_databases() -> list[str]:
    """Names that were given before, then those that are usual."""
    try:
        known = [d.name for d in services.engine().generation().databases() if d.name]
    except LibraryError:
        known = []
    return list(dict.fromkeys((*known, *_USUAL)))


def _generation_number() -> int:
    published = services.engine().library.published
    return int(published) if published else 0


def _line(name: str, longest: int) -> str:
    return " ".join(request.form.get(name, "").split())[:longest]


def _day(name: str) -> str:
    try:
        return date.fromisoformat(request.form.get(name, "")).isoformat()
    except ValueError:
        return ""
