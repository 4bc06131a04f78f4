"""The commands of jobs: the list of them, and the process that does them."""

import json
import logging
import time
import traceback
from dataclasses import asdict
from pathlib import Path

import click

from web.cli.job_progress import CancelledError, JobProgress
from web.cli.job_work import AFTER, do
from web.cli.options import Group, collections_option, default_file, library_option
from web.desk.jobs import Job, Jobs, State
from web.desk.uploads import Uploads

# Seconds in which one that looks at the jobs for a moment has looked.
_PATIENCE = 2.0
_TRIED_EVERY = 0.05


@click.group(cls=Group)
def jobs() -> None:
    """Work that was asked for on the page (作業): imports, and what else takes long."""


@jobs.command("list")
@library_option
@collections_option
@click.option("--json", "as_json", is_flag=True, help="Write JSON instead of text.")
def list_command(library: Path, collections_file: Path | None, as_json: bool) -> None:
    """List the jobs, the newest first."""
    found = Jobs(collections_file or default_file(), library)
    found.settle()
    for job in found.listed():
        if as_json:
            click.echo(json.dumps(asdict(job), ensure_ascii=False))
            continue
        click.echo(f"{job.id}  {job.created}  {job.kind}  {job.who}  {job.state}  {job.told}")


@jobs.command()
@library_option
@collections_option
def run(library: Path, collections_file: Path | None) -> None:
    """Do the jobs that wait, one after the other, until none does.

    The page starts this by itself. Where another process does the jobs already, it ends at once.
    """
    # Libraries say on standard error what nobody reads here.
    logging.basicConfig(level=logging.ERROR)
    found = Jobs(collections_file or default_file(), library)
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end:
        with found.working() as mine:
            if mine:
                Uploads(found.collections_file).forget_old()
                while (job := found.take()) is not None and _done(found, job):
                    pass
                return
        time.sleep(_TRIED_EVERY)


def _done(found: Jobs, job: Job) -> bool:
    """Do a job and write down what became of it; False where no other is to be begun."""
    progress = JobProgress(found, job)
    try:
        with progress:
            result = do(found, job, progress)
    except CancelledError:
        state: State = "interrupted" if progress.ended_by_system else "cancelled"
        # What was published in that moment is.
        published = found.published(job)
        result = {**found.job(job.id).result, **(published or {})}
        found.end(job.id, "done" if published else state, "", result)
    except (ValueError, LookupError, OSError) as error:
        known = type(error).__module__.split(".")[0] in {"search", "indexer", "web"}
        if not known and not isinstance(error, OSError):
            return _mistake(found, job)
        found.end(job.id, "failed", str(error))
    except Exception:  # noqa: BLE001 - it is written down, and the other jobs go on
        return _mistake(found, job)
    else:
        found.end(job.id, "done", "", result)
        if after := AFTER.get(job.kind):
            after(found, job)
    return not progress.ended_by_system


def _mistake(found: Jobs, job: Job) -> bool:
    found.log(job.id, "mistake", traceback.format_exc(limit=-5))
    found.end(job.id, "failed", "a mistake of jmedsearch; the log says where")
    return True
