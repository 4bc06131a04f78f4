"""Harvests begun, carried on and brought up to date: a page, its files, how far it is; then the
next.

A run that was ended, however that was, goes on after its last page. Where a source no longer knows
the place (Crossref forgets a cursor after minutes), the run starts again, its pages are replaced:
the set is that of one undisturbed run in either case. An update asks for what is new or changed
since two days before the run before it began, for sources date their records by their own midnight.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from indexer.harvest.harvest_errors import CursorError, HarvestError, LaterError, SourceError
from indexer.harvest.harvest_folder import (
    Harvest,
    HarvestFolder,
    Run,
    folder_of,
    held,
    list_harvests,
)
from indexer.harvest.pace import Clock, is_quiet, next_quiet
from indexer.harvest.source import Asked, Plan, Source
from indexer.run.intake import Progress
from search.formats import read_records
from search.records import Record

_OVERLAP = timedelta(days=2)
_BEGUN_ANEW = 3


def start(
    harvests: Path,
    source: Source,
    query: str,
    name: str = "",
    *,
    clock: Clock | None = None,
    progress: Progress | None = None,
    at_once: bool = False,
) -> Harvest:
    """Harvest a query, or go on with it where it was begun. ``at_once`` says that a large job was
    agreed on with the source, and need not wait for the night.

    Raises:
        HarvestError: when the name is taken, or the harvest is complete already.
        SourceError, LaterError: with what to do; what was harvested stays.
    """
    query = query.strip()
    found = _asked_before(harvests, source, query, name)
    if found and not found.open_run:
        raise HarvestError(
            f"{found.name} is this query, and complete; bring it up to date with: "
            f"jmedsearch harvest update {found.name}"
        )
    folder = folder_of(harvests, found.name if found else name or _free_name(harvests, source.name))
    with _at_source(harvests, source), folder.held():
        if not found:
            first = Run(1, _told(clock))
            if source.large and not at_once and not is_quiet((clock or Clock()).now()):
                # Before the list is asked for, which may be long itself.
                _check_hour(source, source.count(query).records, clock or Clock())
            # A query that the source does not take makes no harvest.
            plan = source.plan(Asked(query))
            folder.write(Harvest(folder.path.name, source.name, source.database, query, (first,)))
            folder.write_plan(first, plan)
        return _carry_on(folder, source, clock or Clock(), progress or Progress(), at_once)


def update(
    harvests: Path,
    source: Source,
    name: str,
    *,
    whole: bool = False,
    clock: Clock | None = None,
    progress: Progress | None = None,
    at_once: bool = False,
) -> Harvest:
    """Ask for what is new or changed since the last run, as a run of its own; a run that was ended
    is finished instead. ``whole`` asks for everything again, and tells what the source has no more.

    Raises:
        HarvestError: when there is no such harvest, or the source cannot tell what has changed.
        SourceError, LaterError: with what to do; what was harvested stays.
    """
    folder = folder_of(harvests, name)
    with _at_source(harvests, source), folder.held():
        harvest = folder.read()
        if (begun := harvest.open_run) and whole and begun.since:
            folder.drop_beyond(replace(begun, pages=0))
            folder.drop_plan(begun)
            run = Run(begun.number, _told(clock))
            folder.write(replace(harvest, runs=(*harvest.runs[:-1], run)))
        elif not begun:
            last = harvest.runs[-1]
            since = datetime.fromisoformat(last.started).date() - _OVERLAP
            run = Run(last.number + 1, _told(clock), "" if whole else since.isoformat())
            folder.write(replace(harvest, runs=(*harvest.runs, run)))
        return _carry_on(folder, source, clock or Clock(), progress or Progress(), at_once)


def harvest_again(
    harvests: Path,
    source: Source,
    query: str,
    name: str,
    *,
    clock: Clock | None = None,
    progress: Progress | None = None,
    at_once: bool = False,
) -> Harvest:
    """Harvest a query, or as a further run what it finds by now: a run that was ended is finished
    first.

    Raises:
        HarvestError: when the name is that of another query.
        SourceError, LaterError: with what to do; what was harvested stays.
    """
    found = _asked_before(harvests, source, query, name)
    if found is None or (found.open_run and len(found.runs) == 1):
        return start(harvests, source, query, name, clock=clock, progress=progress, at_once=at_once)
    return update(
        harvests, source, name, whole=True, clock=clock, progress=progress, at_once=at_once
    )


def _asked_before(harvests: Path, source: Source, query: str, name: str) -> Harvest | None:
    """The harvest of this query, under this name where one is given."""
    for harvest in list_harvests(harvests):
        same = (harvest.source, harvest.query) == (source.name, query)
        if name and harvest.name == name and not same:
            raise HarvestError(
                f"{name} is another harvest ({harvest.source}: {harvest.query[:80]}); choose "
                "another name"
            )
        if same and name in ("", harvest.name):
            return harvest
    return None


def _free_name(harvests: Path, source: str) -> str:
    number = 1
    taken = {harvest.name for harvest in list_harvests(harvests)}
    while (name := source if number == 1 else f"{source}-{number}") in taken:
        number += 1
    return name


def _at_source(harvests: Path, source: Source) -> ExitStack:
    """Hold those who are asked: two processes together would ask faster than it bears."""
    stack = ExitStack()
    with stack:
        for name in source.asks:
            stack.enter_context(held(harvests, name, f".{name}.lock"))
        return stack.pop_all()


def _carry_on(
    folder: HarvestFolder, source: Source, clock: Clock, progress: Progress, at_once: bool
) -> Harvest:
    harvest = folder.read()
    run = harvest.open_run
    assert run is not None

    def keep(run: Run) -> Run:
        folder.write(replace(harvest, runs=(*harvest.runs[:-1], run)))
        return run

    plan = folder.plan(run)
    if plan is None:
        plan = source.plan(_asked(folder, harvest, run, source))
        folder.write_plan(run, plan)
    run = _pages(folder, source, plan, run, keep, clock, progress, at_once)
    folder.drop_beyond(run)
    if source.lists_numbers:
        left = tuple(plan.get("left", ()))
    else:
        left = () if run.since or run.number == 1 else _left(folder, harvest, run)
    keep(replace(run, left=left, finished=_told(clock)))
    return folder.read()


def _pages(
    folder: HarvestFolder,
    source: Source,
    plan: Plan,
    run: Run,
    keep: Callable[[Run], Run],
    clock: Clock,
    progress: Progress,
    at_once: bool,
) -> Run:
    """The run with all its pages."""
    begun_anew = 0
    said = False
    while run.pages == 0 or run.position is not None:
        if source.large and not at_once:
            total = len(plan["fetch"]) if source.lists_numbers else run.total
            _check_hour(source, total - run.records, clock)
        try:
            page = source.page(plan, run.position)
        except CursorError as error:
            begun_anew += 1
            if begun_anew > _BEGUN_ANEW:
                raise SourceError(
                    f"{error}, {begun_anew} times in one run; ask for less at once"
                ) from error
            run = keep(replace(run, pages=0, records=0, position=None, withdrawn=()))
            said = False
            continue
        run = keep(folder.keep(run, page, source.suffix))
        if not said:
            progress.stage("harvest", run.total)
            progress.advance(run.records)
            said = True
        else:
            progress.advance(page.records)
    return run


def _check_hour(source: Source, records: int, clock: Clock) -> None:
    """Refuse to ask for so many more records where the source's terms want that at night.

    Raises:
        LaterError: with the time from which on it may be asked for.
    """
    requests = -(-records // source.page_size)
    now = clock.now()
    if requests > source.large and not is_quiet(now):
        then = next_quiet(now).astimezone()
        raise LaterError(
            f"this takes {requests} more requests, and {source.database} wants jobs of more than "
            f"{source.large} at weekends or between 21 and 5 o'clock Eastern time: run it again "
            f"after {then:%Y-%m-%d %H:%M %Z}; what was harvested is kept (--now, if that was "
            "agreed on)"
        )


def _asked(folder: HarvestFolder, harvest: Harvest, run: Run, source: Source) -> Asked:
    since = date.fromisoformat(run.since) if run.since else None
    known: set[str] = set()
    if source.lists_numbers and run.number > 1:
        # Each run lists what the query found then.
        known = set((folder.plan(harvest.runs[-2]) or {}).get("numbers", ()))
    return Asked(harvest.query, since, frozenset(known))


def _left(folder: HarvestFolder, harvest: Harvest, run: Run) -> tuple[str, ...]:
    """The ids of records that earlier runs got, and this one, which asked for all, did not."""
    before = {i for earlier in harvest.runs[:-1] for i in ids_of(folder, earlier)}
    return tuple(sorted(before - ids_of(folder, run)))


def ids_of(folder: HarvestFolder, run: Run) -> set[str]:
    """The ids of the records of a run."""
    return {record.id for record in records_of(folder, run)}


def records_of(folder: HarvestFolder, run: Run) -> Iterator[Record]:
    """The records of a run, in order."""
    for file in folder.files(run):
        for item, _ in read_records(file):
            if isinstance(item, Record):
                yield item


def _told(clock: Clock | None) -> str:
    now = clock.now() if clock else datetime.now(UTC)
    return now.astimezone(UTC).isoformat(timespec="seconds")
