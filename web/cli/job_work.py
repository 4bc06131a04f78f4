"""What each kind of job does, in the process that works on them."""

import json
from collections.abc import Callable
from contextlib import chdir
from dataclasses import asdict
from pathlib import Path
from typing import Any

from indexer.run.imports import Export
from indexer.run.intake import Report
from indexer.run.pipeline import build
from indexer.run.preview import preview
from indexer.terminology.adding import add_terminology, remove_terminology
from indexer.upkeep.curation import remove
from indexer.upkeep.generations import prune, roll_back, unpublish
from indexer.upkeep.known_item_measure import measure
from search.library.import_log import COUNTS
from search.library.manifest import live_folder
from web.cli.job_progress import JobProgress
from web.desk.jobs import Job, Jobs, Kind
from web.desk.standing_access import end_standing_access
from web.desk.store import Store, restore
from web.desk.terminology_folder import terminology_folder
from web.desk.uploads import Uploads

Result = dict[str, Any]
# The files of an upload, by the names that people gave them: the folder itself is nobody's matter.
_HERE = "."


def do(jobs: Jobs, job: Job, progress: JobProgress) -> Result:
    """Do a job; gives what is to be told of it.

    Raises:
        ValueError of search, indexer or web: with what to do.
    """
    return _WORK[job.kind](jobs, job, progress)


def _preview(jobs: Jobs, job: Job, progress: JobProgress) -> Result:
    with chdir(Uploads(jobs.collections_file).path(job.arguments["upload"])):
        return preview([_HERE], jobs.library, export=_export(job), progress=progress).as_json()


def _import(jobs: Jobs, job: Job, progress: JobProgress) -> Result:
    before = _before(jobs, job)
    uploads = Uploads(jobs.collections_file)
    with chdir(uploads.path(job.arguments["upload"])):
        report = build(
            [_HERE],
            jobs.library,
            model=job.arguments.get("model"),
            export=_export(job),
            progress=progress,
        )
    return {"before": before, **_told(report), **(jobs.published(job) or {})}


def _go_back(jobs: Jobs, job: Job, progress: JobProgress) -> Result:
    progress.stage("verify", None)
    number = int(job.arguments["generation"])
    if not number:
        unpublish(jobs.library)
        return {"generation": 0}
    return {"generation": int(roll_back(jobs.library, number).name)}


def _prune(jobs: Jobs, job: Job, progress: JobProgress) -> Result:
    progress.stage("prune", None)
    return {"deleted": prune(jobs.library, int(job.arguments["keep"]))}


def _remove(jobs: Jobs, job: Job, progress: JobProgress) -> Result:
    before = _before(jobs, job)
    ids = list(job.arguments["ids"])
    unknown, generation = remove(jobs.library, ids, progress)
    return {
        "before": before,
        "removed": len(ids) - len(unknown),
        "unknown": len(unknown),
        "generation": int(generation.name) if generation else 0,
    }


def _add_names(jobs: Jobs, job: Job, progress: JobProgress) -> Result:
    progress.stage("names", None)
    uploads = Uploads(jobs.collections_file)
    folder = uploads.path(job.arguments["upload"])
    (file,) = uploads.files(job.arguments["upload"])
    added = add_terminology(
        folder / file.name,
        terminology_folder(),
        job.arguments.get("name", ""),
        job.arguments.get("version", ""),
        job.arguments.get("licence", ""),
    )
    uploads.forget(job.arguments["upload"])
    rejected = [{"place": r.place, "reason": r.reason} for r in added.rejected[:_MOST_REJECTED]]
    return {
        "name": added.path.stem,
        "concepts": added.concepts,
        "names": added.names,
        "rejected": len(added.rejected),
        "problems": rejected,
    }


def _remove_names(_: Jobs, job: Job, progress: JobProgress) -> Result:
    progress.stage("names", None)
    remove_terminology(terminology_folder(), job.arguments["name"])
    return {"name": job.arguments["name"]}


def _backup(jobs: Jobs, job: Job, progress: JobProgress) -> Result:
    progress.stage("backup", None)
    target = Path(job.arguments["file"])
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # A copy that was not finished is none; the store makes it under another name first.
    if not target.exists():
        store = Store(jobs.collections_file)
        try:
            store.backup(target)
        finally:
            store.close()
    return {"file": target.name, "bytes": target.stat().st_size}


def _before(jobs: Jobs, job: Job) -> int:
    """The generation that an undo goes back to; 0 where there was none. It is written down before
    anything is published."""
    if "before" in job.result and jobs.published(job):
        return int(job.result["before"])
    live = live_folder(jobs.library)
    number = int(live.name) if live else 0
    jobs.tell(job.id, result=json.dumps({"before": number}))
    return number


def _restore(jobs: Jobs, job: Job, progress: JobProgress) -> Result:
    progress.stage("restore", None)
    source = Path(job.arguments["file"])
    # What is there is kept, once: what is taken up again finds the old state already.
    safe = source.with_name(f"before-restore-{job.id}.db")
    if not safe.exists():
        store = Store(jobs.collections_file)
        try:
            store.backup(safe)
        finally:
            store.close()
    restore(source, jobs.collections_file)
    if not job.arguments.get("keep_access"):
        store = Store(jobs.collections_file)
        try:
            end_standing_access(store)
        finally:
            store.close()
    return {"file": source.name, "before": safe.name}


def _measure(jobs: Jobs, _: Job, progress: JobProgress) -> Result:
    return asdict(measure(jobs.library, progress))


def _export(job: Job) -> Export:
    told = {n: str(job.arguments.get(n, "")) for n in ("database", "searched", "note")}
    return Export(**told, key=job.key)


def _told(report: Report) -> Result:
    assert report.generation is not None
    counts = {name: getattr(report, name) for name in COUNTS}
    return {**counts, "generation": int(report.generation.name), "to_complete": report.to_complete}


def _import_is_over(jobs: Jobs, job: Job) -> None:
    Uploads(jobs.collections_file).forget(job.arguments["upload"])


_MOST_REJECTED = 200
_WORK: dict[Kind, Callable[[Jobs, Job, JobProgress], Result]] = {
    "preview": _preview,
    "import": _import,
    "go back": _go_back,
    "prune": _prune,
    "remove": _remove,
    "add names": _add_names,
    "remove names": _remove_names,
    "backup": _backup,
    "restore": _restore,
    "measure": _measure,
}
# What is done once a job is known to be done: it can be done twice.
AFTER: dict[Kind, Callable[[Jobs, Job], None]] = {"import": _import_is_over}
