"""An import on the page against the same by command, and searches meanwhile.

    python benchmarks/import_load.py [--records 20000] [--before 2000] [--queries 300] [--model M]

Two copies of a library of ``--before`` synthetic records get ``--records`` more: one by
``jmedsearch index``, one by the page of a running server. A client asks the server one query after
the other, first in quiet, then while it imports. Prints as JSON: the seconds of both imports and
their ratio (goal: at most 1.1), and p50 and p95 of the queries in quiet and meanwhile (goal for
p95: at most 1.5 times). Without ``--model`` a small random one is made (needs the extra models).
"""

import argparse
import json
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

from kill_jobs import Server
from kills import _DISEASES, _MEANS, _PEOPLE, _record
from small_model import write_small_model

from web.desk.jobs import Jobs

_PROGRAM = [sys.executable, "-c", "from web.cli.program import main; main()"]
_RATIO, _SLOWER = 1.1, 1.5


def main() -> None:
    """Build, import twice, search meanwhile, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=20_000)
    parser.add_argument("--before", type=int, default=2_000)
    parser.add_argument("--queries", type=int, default=300)
    parser.add_argument("--model", default="")
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        model = wanted.model or str(write_small_model(folder / "model"))
        first = export(folder / "first.jsonl", wanted.before, "a")
        more = export(folder / "more.jsonl", wanted.records, "b")
        (folder / "page").mkdir()
        index(first, folder / "page" / "library", model)
        shutil.copytree(folder / "page" / "library", folder / "command")
        command = index(more, folder / "command", model)
        server = Server(folder / "page", model)
        server.start()
        quiet = searches(server, wanted.queries)
        jobs = Jobs(folder / "page" / "collections.db", folder / "page" / "library")
        place = server.hand_in("more.jsonl", more.read_bytes())
        while jobs.listed()[0].is_open:
            server.ask("GET", place)
            time.sleep(0.2)
        server.post(place, do="import")
        meanwhile: list[float] = []
        while jobs.listed()[0].is_open:
            meanwhile += searches(server, 10)
            # What shows jobs also sees to it that they are done.
            server.ask("GET", f"/library/jobs/{jobs.listed()[0].id}")
        job = jobs.listed()[0]
        server.kill()
    page = (datetime.fromisoformat(job.ended) - datetime.fromisoformat(job.started)).total_seconds()
    verdict = {
        "records": wanted.records,
        "state": job.state,
        "seconds_by_command": round(command, 1),
        "seconds_by_page": page,
        "ratio": round(page / command, 2),
        "quiet_ms": told(quiet),
        "meanwhile_ms": told(meanwhile),
        "p95_ratio": round(told(meanwhile)["p95"] / told(quiet)["p95"], 2),
    }
    verdict["goals"] = {
        "time": "OK" if page <= _RATIO * command else "MISSED",
        "p95": "OK" if told(meanwhile)["p95"] <= _SLOWER * told(quiet)["p95"] else "MISSED",
    }
    print(json.dumps(verdict, ensure_ascii=False, indent=1))


def export(file: Path, count: int, prefix: str) -> Path:
    """A file of synthetic records."""
    generator = random.Random(prefix)
    lines = (_record(generator, f"{prefix}{n}") for n in range(count))
    file.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines))
    return file


def index(source: Path, library: Path, model: str) -> float:
    """Index by command; the seconds that it took."""
    began = time.monotonic()
    arguments = ["index", str(source), "--library", str(library), "--model", model]
    subprocess.run([*_PROGRAM, *arguments], check=True, capture_output=True)
    return time.monotonic() - began


def searches(server: Server, count: int) -> list[float]:
    """Seconds of so many queries, none of which was asked before."""
    found = []
    for _ in range(count):
        parts = (random.choice(words) for words in (_PEOPLE, _DISEASES, _MEANS))
        query = f"{'の'.join(parts)} {random.randrange(10**6)}"
        began = time.monotonic()
        status, _, _ = server.ask("GET", f"/api/v1/search?q={quote(query)}")
        if status != 200:
            raise SystemExit(f"a search was answered by {status}")
        found.append(time.monotonic() - began)
    return found


def told(seconds: list[float]) -> dict[str, float]:
    """p50 and p95 in milliseconds."""
    hundredths = statistics.quantiles(seconds, n=100)
    return {"p50": round(1000 * hundredths[49], 1), "p95": round(1000 * hundredths[94], 1)}


if __name__ == "__main__":
    main()
