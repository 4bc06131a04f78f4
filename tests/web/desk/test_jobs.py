"""Jobs: a queue that survives its process, one process at a time, states that are true."""

import os
import signal
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.waiting import until
from tests.web.running import COMMAND
from web.cli.program import main
from web.desk.jobs import MOST_WAITING, Job, JobError, Jobs
from web.desk.store import StoreError
from web.desk.uploads import Uploads

SOURCE = "".join(
    f'{{"id": "r{i}", "title": "肺炎の治療 {i}", "abstract": "抗菌薬を投与した。"}}\n'
    for i in range(12)
)


@pytest.fixture
def jobs(tmp_path: Path) -> Jobs:
    return Jobs(tmp_path / "collections.db", tmp_path / "library")


def handed_in(jobs: Jobs, text: str = SOURCE) -> str:
    uploads = Uploads(jobs.collections_file)
    token = uploads.new()
    (uploads.path(token) / "export.jsonl").write_text(text, encoding="utf-8")
    return token


def worker(jobs: Jobs) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [
            *(*COMMAND, "jobs", "run", "--library", str(jobs.library)),
            *("--collections", str(jobs.collections_file)),
        ]
    )


def test_jobs_are_done_in_the_order_in_which_they_came(jobs: Jobs) -> None:
    first = jobs.add("prune", "mori", keep=1)
    second = jobs.add("prune", "mori", keep=2)
    with jobs.working() as mine:
        assert mine
        assert [job.id for job in (jobs.take(), jobs.take()) if job] == [first.id, second.id]
        assert jobs.take() is None


def test_one_process_at_a_time_and_states_that_are_true(jobs: Jobs, tmp_path: Path) -> None:
    other = Jobs(tmp_path / "collections.db", tmp_path / "library")
    job = jobs.add("prune", "mori", keep=1)
    with jobs.working() as mine, other.working() as theirs:
        assert (mine, theirs) == (True, False)
        jobs.take()
        assert not other.settle()
        assert other.job(job.id).state == "running"
    # Nobody holds the lock: what is said to run does not.
    assert other.settle()
    assert other.job(job.id).state == "interrupted"
    other.resume(job.id)
    assert other.job(job.id).state == "queued"
    assert [line.what for line in other.lines(job.id)] == ["started", "interrupted", "resumed"]


def test_what_waits_is_ended_at_once_and_what_is_over_stays_so(jobs: Jobs) -> None:
    job = jobs.add("prune", "mori", keep=1)
    jobs.wish(job.id, "cancel")
    assert jobs.job(job.id).state == "cancelled"
    with pytest.raises(JobError, match="is cancelled"):
        jobs.wish(job.id, "pause")
    with pytest.raises(JobError, match="there is no job 99"):
        jobs.job(99)
    for _ in range(MOST_WAITING):
        jobs.add("prune", "mori", keep=1)
    with pytest.raises(JobError) as raised:
        jobs.add("prune", "mori", keep=1)
    assert raised.value.fault == "many"


def test_a_job_that_fails_says_why_and_the_next_one_is_done(jobs: Jobs) -> None:
    bad = jobs.add("import", "mori", upload="0" * 16)
    good = jobs.add("preview", "mori", upload=handed_in(jobs))
    done = run(jobs)
    assert done == 0
    assert jobs.job(bad.id).state == "failed"
    assert "hand them in again" in jobs.job(bad.id).told
    assert jobs.job(good.id).state == "done"
    assert jobs.job(good.id).result["new"] == 12
    listed = CliRunner().invoke(
        main,
        [
            *("jobs", "list", "--library", str(jobs.library)),
            *("--collections", str(jobs.collections_file)),
        ],
    )
    assert "preview  mori  done" in listed.output


def test_a_file_that_is_no_table_of_jobs_is_told(tmp_path: Path) -> None:
    (tmp_path / "collections-jobs.db").write_bytes(b"no database at all" * 100)
    with pytest.raises(StoreError, match=r"collections-jobs\.db: file is not a database"):
        Jobs(tmp_path / "collections.db", tmp_path / "library")


def run(jobs: Jobs) -> int:
    """Do what waits, in this process."""
    arguments = ["--library", str(jobs.library), "--collections", str(jobs.collections_file)]
    return CliRunner().invoke(main, ["jobs", "run", *arguments]).exit_code


@pytest.mark.slow
def test_an_import_is_made_once_however_often_it_is_taken_up(
    jobs: Jobs, published_layout: Path
) -> None:
    job = jobs.add("import", "mori", upload=handed_in(jobs), model=str(published_layout))
    token = job.arguments["upload"]
    run(jobs)
    assert jobs.job(job.id).state == "done"
    assert jobs.job(job.id).result["before"] == 0
    # As if the process had been killed after it had published and before it could say so.
    said(jobs, job, "running")
    Uploads(jobs.collections_file).folder.joinpath(token).mkdir()
    assert jobs.settle()
    assert jobs.job(job.id).state == "done"
    said(jobs, job, "interrupted")
    (Uploads(jobs.collections_file).path(token) / "export.jsonl").write_text(SOURCE)
    jobs.resume(job.id)
    run(jobs)
    assert jobs.job(job.id).state == "done"
    assert imports(jobs) == 1
    assert [f.name for f in (jobs.library / "generations").iterdir()] == ["000001"]


@pytest.mark.slow
def test_pause_go_on_cancel_and_kill(jobs: Jobs, published_layout: Path) -> None:
    large = "".join(SOURCE.replace('"r', f'"n{n}r') for n in range(400))
    job = jobs.add("import", "mori", upload=handed_in(jobs, large), model=str(published_layout))
    process = worker(jobs)
    until(lambda: jobs.job(job.id).stage)
    jobs.wish(job.id, "pause")
    until(lambda: jobs.job(job.id).state == "paused")
    assert not jobs.settle()
    jobs.wish(job.id, "")
    until(lambda: jobs.job(job.id).state == "running")
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert jobs.settle()
    assert jobs.job(job.id).state == "interrupted"
    jobs.resume(job.id)
    process = worker(jobs)
    until(lambda: jobs.job(job.id).stage)
    jobs.wish(job.id, "cancel")
    process.wait()
    assert jobs.job(job.id).state == "cancelled"
    assert not (jobs.library / "CURRENT").exists()
    # SIGTERM, as when the machine is shut down: it can be taken up again.
    jobs.resume(job.id)
    process = worker(jobs)
    until(lambda: jobs.job(job.id).stage)
    process.terminate()
    process.wait()
    assert jobs.job(job.id).state == "interrupted"


def said(jobs: Jobs, job: Job, state: str) -> None:
    with closing(sqlite3.connect(jobs.path)) as db, db:
        db.execute("update jobs set state = ? where id = ?", [state, job.id])


def imports(jobs: Jobs) -> int:
    name = (jobs.library / "CURRENT").read_text().strip()
    with closing(sqlite3.connect(jobs.library / "generations" / name / "records.db")) as db:
        (count,) = db.execute("select count(*) from imports").fetchone()
    return int(count)
