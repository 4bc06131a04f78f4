"""The page of backups of collections and accounts: made, saved elsewhere, put back."""

import json
import re
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from flask import (
    Blueprint,
    Response,
    make_response,
    redirect,
    render_template,
    request,
    send_file,
    url_for,
)
from werkzeug.exceptions import NotFound

from web.desk.job_process import PROGRAM
from web.desk.jobs import beside
from web.http.jobs_access import begin, jobs
from web.pages.jobs import words

_SHOWN_JOBS = 5
_PATIENCE = 30.0
_NAME = re.compile(r"[\w-]+\.db")

blueprint = Blueprint("backups", __name__)


@dataclass(frozen=True)
class Backup:
    """A backup that lies here."""

    name: str
    made: str
    size: int


@blueprint.get("/library/backups")
def show() -> str:
    """The backups, the newest first."""
    return render_template(
        "backups.html",
        backups=_listed(),
        folder=str(_folder()),
        recent=jobs().listed(0, _SHOWN_JOBS, ("backup", "restore")),
        **words(),
    )


@blueprint.post("/library/backups")
def make() -> Response:
    """A new backup."""
    moment = datetime.now(UTC).strftime("%Y-%m-%d-%H%M%S")
    job = begin("backup", file=str(_folder() / f"collections-{moment}.db"))
    return make_response(redirect(url_for("jobs.show", number=job.id), 303))


@blueprint.get("/library/backups/<name>")
def save(name: str) -> Response:
    """A backup as a file, to be kept on another machine."""
    response = send_file(_file(name), as_attachment=True, download_name=name)
    # It holds hashes of passwords.
    response.cache_control.no_store = True
    return response


@blueprint.get("/library/backups/<name>/restore")
def ask(name: str) -> str:
    """What would come back with a backup, before it is put back."""
    found, problem = _would_come_back(_file(name))
    return render_template("backup_restore.html", name=name, found=found, problem=problem)


@blueprint.post("/library/backups/<name>/restore")
def restore(name: str) -> Response:
    """A backup put back."""
    job = begin("restore", file=str(_file(name)), keep_access="keep_access" in request.form)
    return make_response(redirect(url_for("jobs.show", number=job.id), 303))


def _would_come_back(backup: Path) -> tuple[dict[str, list[str]], str]:
    """What ended since the backup, by kind, or why it cannot be put back.

    In a process of its own: whoever closes the file of collections beside SQLite takes away the
    locks of this process on it.
    """
    done = subprocess.run(
        [
            *(*PROGRAM, "collection", "restore", str(backup), "--dry-run"),
            *("--collections", str(jobs().collections_file)),
        ],
        capture_output=True,
        text=True,
        timeout=_PATIENCE,
        check=False,
    )
    if done.returncode:
        return {}, done.stderr.strip().removeprefix("Error: ")
    found: dict[str, list[str]] = json.loads(done.stdout)
    return found, ""


def _folder() -> Path:
    return beside(jobs().collections_file, "-backups")


def _listed() -> list[Backup]:
    files = sorted(_folder().glob("*.db"), key=lambda f: f.stat().st_mtime, reverse=True)
    return [
        Backup(
            file.name,
            datetime.fromtimestamp(file.stat().st_mtime, UTC).isoformat(timespec="seconds"),
            file.stat().st_size,
        )
        for file in files
    ]


def _file(name: str) -> Path:
    file = _folder() / name
    if not _NAME.fullmatch(name) or not file.is_file():
        raise NotFound
    return file
