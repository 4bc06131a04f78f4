"""Imports on the page while server and job are killed (kill -9) at random moments.

    python benchmarks/kill_jobs.py [--imports 50] [--records 12] [--kills 2] [--model DIR]

Each import is handed in, looked at and begun over HTTP; meanwhile the server, the job or both are
killed up to ``--kills`` times, the server is started again, and the job is taken up again on the
page when it says that it was interrupted. At the end each import has to be there once, with its
records, each job has to be done, and the live generation has to verify. What the page says is
compared with what is true: whether the process of a job that "runs" is alive. Prints the verdict as
JSON; exits with 1 where anything is lost, doubled, damaged or told wrongly.

Without ``--model`` a small random one is made (needs the extra models), so that all stages are hit.
"""

import argparse
import http.client
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import closing, suppress
from pathlib import Path
from urllib.parse import urlencode

from small_model import write_small_model

from search.library.manifest import live_folder, verify
from web.desk.jobs import Job, Jobs

_PROGRAM = [sys.executable, "-c", "from web.cli.program import main; main()"]
# Seconds in which whatever it is has happened, or hangs.
_LONG = 300.0
# Seconds that a process takes to die on a machine that is busy.
_DYING = 10.0
_BOUNDARY = "-----------kill-jobs"


class Server:
    """The server over a folder, started again whenever it was killed."""

    def __init__(self, folder: Path, model: str) -> None:
        self.folder = folder
        self.model = model
        self.process: subprocess.Popen[str] | None = None
        self.address = ("", 0)

    def start(self) -> None:
        """Start it, and wait until it answers."""
        command = [
            *(*_PROGRAM, "serve", "--library", str(self.folder / "library"), "--port", "0"),
            *("--collections", str(self.folder / "collections.db")),
            *(("--model", self.model) if self.model else ()),
        ]
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        host, _, port = line.split()[1].removeprefix("http://").rstrip("/").partition(":")
        self.address = (host, int(port))

    def kill(self) -> None:
        """End it as a power cut would."""
        assert self.process is not None
        self.process.kill()
        self.process.communicate()

    def ask(
        self, method: str, path: str, body: bytes = b"", kind: str = ""
    ) -> tuple[int, str, str]:
        """The status of an answer, where it leads, and its text."""
        connection = http.client.HTTPConnection(*self.address, timeout=_LONG)
        with closing(connection):
            headers = {"Accept": "text/html"} | ({"Content-Type": kind} if kind else {})
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            text = answer.read().decode("utf-8", "replace")
            return answer.status, answer.getheader("Location", ""), text

    def post(self, path: str, **values: str) -> tuple[int, str, str]:
        """A form sent."""
        body = urlencode(values).encode()
        return self.ask("POST", path, body, "application/x-www-form-urlencoded")

    def hand_in(self, name: str, content: bytes) -> str:
        """A file handed in; where it is looked at."""
        body = (
            f"--{_BOUNDARY}\r\nContent-Disposition: form-data; name=file; filename={name}\r\n\r\n"
        ).encode()
        body += content + f"\r\n--{_BOUNDARY}--\r\n".encode()
        kind = f"multipart/form-data; boundary={_BOUNDARY}"
        return self.ask("POST", "/library/import", body, kind)[1].partition("?")[0]


def main() -> None:
    """Import, kill, look, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--imports", type=int, default=50)
    parser.add_argument("--records", type=int, default=12)
    parser.add_argument("--kills", type=int, default=2)
    parser.add_argument("--model", default="")
    parser.add_argument("--seed", type=int, default=0)
    wanted = parser.parse_args()
    chance = random.Random(wanted.seed)
    killed: Counter[str] = Counter()
    wrong: list[str] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "library").mkdir()
        server = Server(folder, wanted.model or str(write_small_model(folder / "model")))
        server.start()
        jobs = Jobs(folder / "collections.db", folder / "library")
        seconds = 8.0
        for number in range(wanted.imports):
            began = time.monotonic()
            one_import(server, jobs, number, wanted, chance, seconds, killed, wrong)
            # What an import takes, kills included, is where the next ones are killed.
            seconds = min(seconds, time.monotonic() - began)
        server.kill()
        verdict = looked_through(jobs, wanted.imports, wanted.records) | {
            "killed": dict(killed),
            "told_wrongly": wrong[:20],
        }
    verdict["verdict"] = "FAIL" if verdict["problems"] or wrong else "OK"
    print(json.dumps(verdict, ensure_ascii=False, indent=1))
    sys.exit(verdict["verdict"] != "OK")


def one_import(
    server: Server,
    jobs: Jobs,
    number: int,
    wanted: argparse.Namespace,
    chance: random.Random,
    seconds: float,
    killed: Counter[str],
    wrong: list[str],
) -> None:
    """Hand in, look, import; kill in between; take up again until it is done."""
    place = server.hand_in(f"export{number}.jsonl", export(number, wanted.records))
    job = begun(server, jobs, place, number)
    for _ in range(chance.randint(1, wanted.kills)):
        time.sleep(chance.uniform(0, seconds))
        for victim in chance.choice((("server",), ("job",), ("server", "job"))):
            if victim == "server":
                server.kill()
                server.start()
                killed["server"] += 1
            elif kill_job(jobs, job.id):
                killed["job"] += 1
        look(server, jobs, job.id, wrong)
    end = time.monotonic() + _LONG
    while (found := look(server, jobs, job.id, wrong)).state != "done":
        if found.state in ("interrupted", "failed"):
            server.post(f"/library/jobs/{job.id}", do="again")
        if time.monotonic() > end:
            wrong.append(f"job {job.id} hangs: {found.state} {found.stage}")
            return
        time.sleep(0.05)


def begun(server: Server, jobs: Jobs, place: str, number: int) -> Job:
    """The import begun: whatever was looked at is looked at again where that was killed."""
    _, where, _ = server.post(place, do="import", database=f"database {number}")
    return jobs.job(int(where.partition("?")[0].rpartition("/")[2]))


def look(server: Server, jobs: Jobs, number: int, wrong: list[str]) -> Job:
    """What the page makes of a job, held against its process."""
    end = time.monotonic() + _DYING
    while True:
        _, _, page = server.ask("GET", f"/library/jobs/{number}?lang=en")
        found = jobs.job(number)
        says_so = 'data-state="running"' in page and found.state == "running"
        if not says_so or alive(found.process):
            break
        # A process that was killed gives up its lock with the last of its threads.
        if time.monotonic() > end:
            wrong.append(f"job {number} is said to run, and its process {found.process} is gone")
            break
        time.sleep(0.1)
    return jobs.job(number)


def alive(process: int) -> bool:
    """Whether a process is there, and no mere entry of one that was killed."""
    with suppress(OSError):
        return (Path("/proc") / str(process) / "stat").read_text().rpartition(")")[2].split()[
            0
        ] not in ("Z", "X")
    return False


def kill_job(jobs: Jobs, number: int) -> bool:
    """Kill the process of a job, where it runs."""
    found = jobs.job(number)
    if found.state != "running" or not alive(found.process):
        return False
    with suppress(ProcessLookupError):
        os.kill(found.process, signal.SIGKILL)
        return True
    return False


def looked_through(jobs: Jobs, imports: int, records: int) -> dict[str, object]:
    """Whether every import is in the library once, with all its records."""
    jobs.settle()
    live = live_folder(jobs.library)
    problems = verify(live) if live else ["nothing was published"]
    counts: Counter[str] = Counter()
    there = 0
    if live:
        with closing(sqlite3.connect(live / "records.db")) as db:
            counts.update(row[0] for row in db.execute("select database from imports"))
            (there,) = db.execute("select count(*) from records").fetchone()
    expected = {f"database {n}" for n in range(imports)}
    problems += [f"{name} was imported {n} times" for name, n in counts.items() if n != 1]
    problems += [f"{name} was lost" for name in sorted(expected - set(counts))]
    if there != imports * records:
        problems.append(f"{there} records in place of {imports * records}")
    states = Counter(job.state for job in jobs.listed(0, 10_000, ("import",)))
    if states != Counter(done=imports):
        problems.append(f"the jobs of imports are {dict(states)}")
    return {"imports": len(counts), "records": there, "problems": problems[:20]}


def export(number: int, records: int) -> bytes:
    """A file of records that no other import has."""
    lines = (
        {
            "id": f"i{number}r{n}",
            "title": f"架空の文献 {number} の {n}",
            "abstract": f"{number * 31 + n}例を調べた。経過は良好であった。",
        }
        for n in range(records)
    )
    return "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines).encode()


if __name__ == "__main__":
    main()
