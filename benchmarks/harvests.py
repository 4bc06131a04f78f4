"""Harvests from simulated sources, killed (kill -9) at random moments, resumed, kept up to date.

    python -m benchmarks.harvests [--records 2000] [--kills 2] [--seed 0] [--source pubmed …]

The sources are simulated: a server on this machine speaks the documented protocol of each
(tests/indexer/harvest). No real service is asked, and how those behave is not measured. One answer
in twenty is a fault: 429 with Retry-After, 500, an answer cut off, a login page.

For each source, so many records are harvested in a process that is killed so often, and then to the
end; the set must be that of a harvest in peace. Then a week passes: each day twenty works are new,
thirty change and five are taken back, and the harvest is updated. What it holds in the end must be
what a fresh harvest brings; where a source does not tell of changes or of what is taken back, after
one whole update. Prints the verdict as JSON, and exits with 1 if any set differs.
"""

import argparse
import json
import multiprocessing
import os
import random
import signal
import sys
import tempfile
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from indexer.harvest.harvest_folder import HarvestFolder
from indexer.harvest.harvesting import start, update
from indexer.harvest.known_sources import open_source
from indexer.harvest.network import SOURCE_NAMES, SourceName, read_network
from search.formats import Deletion, read_records
from search.records import Record
from tests.indexer.harvest.simulated import Simulated, TurnedClock
from tests.indexer.harvest.works import Shelf

_PROCESSES = multiprocessing.get_context("forkserver")
_PROCESSES.set_forkserver_preload(
    ["indexer.harvest.known_sources", "indexer.harvest.harvesting", "search.formats"]
)
# A Saturday, when NLM bears large jobs.
_BEGUN = datetime(2026, 11, 28, 12, tzinfo=UTC)
_FAULTS = ("429 3", "500", "503", "cut", "half", "garbage")
_DAYS = 7
_NEW, _CHANGED, _WITHDRAWN = 20, 30, 5
# These tell neither of changes nor of what is taken back, PubMed of both.
_TELLS_ALL: tuple[SourceName, ...] = ("pubmed",)


def harvested(settings: Path, harvests: Path, name: SourceName) -> None:
    """Begin the harvest of a source, or carry it on."""
    clock = TurnedClock(_BEGUN).clock()
    with closing(open_source(name, read_network(settings), clock)) as source:
        start(harvests, source, "fictional", clock=clock)


def main() -> None:
    """Try each source."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--records", type=int, default=2000)
    arguments.add_argument("--kills", type=int, default=2)
    arguments.add_argument("--seed", type=int, default=0)
    arguments.add_argument("--source", choices=SOURCE_NAMES, action="append")
    options = arguments.parse_args()
    told = {
        name: tried(name, options.records, options.kills, random.Random(f"{options.seed}{name}"))
        for name in options.source or SOURCE_NAMES
    }
    print(json.dumps({"simulated": True, "sources": told}, indent=1))
    sys.exit(0 if all(one["same set"] and one["same after a week"] for one in told.values()) else 1)


def tried(name: SourceName, records: int, kills: int, chance: random.Random) -> dict[str, Any]:
    """What became of one source's harvest."""
    simulated = Simulated(Shelf.of(records))
    with simulated.running(), tempfile.TemporaryDirectory() as folder:
        settings = simulated.settings(Path(folder))
        killed, peace, fresh = (Path(folder) / kind for kind in ("killed", "peace", "fresh"))
        begun = time.monotonic()
        harvested(settings, peace, name)
        seconds = time.monotonic() - begun
        requests = len(simulated.asked)
        simulated.faults.extend(
            chance.choice(_FAULTS) if chance.random() < 1 / 20 else "" for _ in range(20 * records)
        )
        folder_in_peace = HarvestFolder(peace / name)
        # Those with records: the last one may say no more than that it is the last.
        pages = len(folder_in_peace.files(folder_in_peace.read().runs[0]))
        moments = sorted(chance.uniform(0, pages - 1) for _ in range(kills))
        at = [_killed(settings, killed, name, moment, seconds / pages) for moment in moments]
        harvested(settings, killed, name)
        (run,) = HarvestFolder(killed / name).read().runs
        same = held(killed / name) == held(peace / name)
        weekly = _week(simulated, settings, killed, name, records, chance)
        simulated.faults.clear()
        harvested(settings, fresh, name)
        return {
            "records": run.records,
            "requests in peace": requests,
            "seconds in peace": round(seconds, 1),
            "killed with so many records": at,
            "same set": same and run.records == records,
            "records of the updates": weekly,
            "same after a week": held(killed / name) == held(fresh / name),
        }


def _killed(settings: Path, harvests: Path, name: SourceName, moment: float, page: float) -> int:
    """Harvest in a process and kill it at a moment, told in pages, of which one takes so many
    seconds; how many records lay there then."""
    child = _PROCESSES.Process(target=harvested, args=(settings, harvests, name))
    child.start()
    folder = HarvestFolder(harvests / name)
    while child.is_alive() and _pages(folder) < int(moment):
        time.sleep(0.001)
    time.sleep(moment % 1 * page)
    if child.is_alive() and child.pid is not None:
        os.kill(child.pid, signal.SIGKILL)
    child.join()
    return folder.read().runs[0].records


def _pages(folder: HarvestFolder) -> int:
    return folder.read().runs[0].pages if (folder.path / ".harvest.json").exists() else -1


def _week(
    simulated: Simulated,
    settings: Path,
    harvests: Path,
    name: SourceName,
    records: int,
    chance: random.Random,
) -> list[int]:
    """Let a week pass, with an update each day; how many records each brought."""
    turned = TurnedClock(_BEGUN)
    brought = []
    with closing(open_source(name, read_network(settings), turned.clock())) as source:
        for day in range(1, _DAYS + 1):
            turned.at = _BEGUN + timedelta(days=day)
            for number in range(_NEW):
                simulated.shelf.add(records + day * _NEW + number, turned.at.date())
            there = [work.number for work in simulated.shelf.there()]
            simulated.shelf.change(chance.sample(there, _CHANGED), turned.at.date())
            simulated.shelf.withdraw(chance.sample(there, _WITHDRAWN))
            turned.at += timedelta(hours=2)
            made = update(harvests, source, name, clock=turned.clock())
            brought.append(made.runs[-1].records)
        if name not in _TELLS_ALL:
            made = update(harvests, source, name, whole=True, clock=turned.clock())
            brought.append(made.runs[-1].records)
    return brought


def held(path: Path) -> dict[str, str]:
    """The titles that a harvest brought by id, as an index of its runs in order would have them."""
    folder = HarvestFolder(path)
    titles: dict[str, str] = {}
    for run in folder.read().runs:
        for file in folder.files(run):
            for item, _ in read_records(file):
                if isinstance(item, Record):
                    titles[item.id] = item.title
                elif isinstance(item, Deletion):
                    titles.pop(item.record_id, None)
        for gone in run.left:
            titles.pop(gone, None)
    return titles


if __name__ == "__main__":
    main()
