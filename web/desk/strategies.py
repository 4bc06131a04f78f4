"""The strategy of a collection (検索戦略): its searches, numbered, dated, run and run again.

A search is kept with what it asks for; each run of it with what it was asked of and what it found.
Numbers are given out once: what is deleted keeps its own.
"""

import hashlib
import json
import sqlite3
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from search.budget import TooMuchError
from search.exact import ExactSyntaxError
from search.library.generation import Generation
from search.library.manifest import MANIFEST
from web.desk.additions import Intake, add_records
from web.desk.history import ConflictError, change
from web.desk.id_lists import keep_found
from web.desk.kept_answers import Remembered
from web.desk.run_comparison import Comparison, compare
from web.desk.searches import Run, Search, all_searches, found_by, search, searches
from web.desk.shelf import checked_name, checked_text, collection
from web.desk.store import Store, now
from web.desk.strategy_answers import (
    LibrarySearch,
    SearchRequest,
    answer,
    check_references,
    in_one_generation,
    numbers,
    references,
    written_filters,
)


@dataclass(frozen=True)
class Rerun:
    """A search that was run again: its last run and the one before, and what changed; or the fault
    for which it could not be run. ``other_model`` says that a ranked search is in it and the
    library's model is another one."""

    search: Search
    before: Run | None = None
    changed: Comparison | None = None
    other_model: bool = False
    fault: ExactSyntaxError | None = None


def run_search(
    store: Store,
    who: str,
    number: int,
    wanted: SearchRequest,
    library: LibrarySearch,
    *,
    name: str = "",
    note: str = "",
) -> Search:
    """Run a new search and keep it under the next number. Of the searches that it refers to, it
    takes what their last runs found.

    Raises:
        UnknownError: when there is no such collection.
        ExactSyntaxError, QueryError, LibraryError: when it cannot be run.
    """
    name, note = checked_name(name) if name.strip() else "", checked_text(note)
    collection(store, number)
    parts: dict[int, Run] = {}
    if wanted.syntax == "combination":
        known = {s.number: s for s in all_searches(store, number)}
        own = _next_search(store.connection, number)
        check_references(wanted.query, own, {n: bool(s.deleted) for n, s in known.items()})
        parts = {line.number: known[line.number].last for line in references(wanted.query)}
    found = {n: found_by(store, one) for n, one in parts.items()}
    generation, ids = in_one_generation(library, lambda g: answer(library, wanted, g, found))
    with change(store, who, "run search", number) as opened:
        db = opened.db
        own = _next_search(db, number)
        row = db.execute(
            "insert into searches (collection, number, syntax, query, filters, top, name, note, "
            "created, created_by) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                *(
                    number,
                    own,
                    wanted.syntax,
                    wanted.query,
                    written_filters(wanted.filters, wanted.thesaurus),
                ),
                *(wanted.top, name, note, now(), who),
            ],
        ).lastrowid
        assert row is not None
        frozen = {own} if wanted.syntax == "ranked" else set()
        frozen |= {n for one in parts.values() for n in one.frozen}
        taken = {n: one.number for n, one in parts.items()}
        _keep_run(db, who, row, generation, ids, taken, frozen)
        opened.says(search=f"#{own}", query=wanted.query, records=len(ids))
    return search(store, number, own)


def rerun(
    store: Store,
    who: str,
    number: int,
    library: LibrarySearch,
    wanted: Sequence[int] | None = None,
) -> list[Rerun]:
    """Run searches again, all of a collection or those ``wanted``, and before them those that they
    refer to, so that combinations are made of what their parts find now. Earlier runs stay. One
    that cannot be run says why; the others are run.

    Raises:
        UnknownError: when there is no such collection or search.
        ConflictError: when someone else takes one of them back meanwhile.
        QueryError, LibraryError: when none can be run.
    """
    every = {s.number: s for s in all_searches(store, number)}
    chosen = _with_parts(
        [s.number for s in searches(store, number)]
        if wanted is None
        else [search(store, number, n).number for n in wanted],
        every,
    )

    def work(generation: Generation) -> dict[int, list[str] | ExactSyntaxError]:
        return answers(library, [every[n] for n in chosen], every, generation)

    generation, found = in_one_generation(library, work)
    kept: list[int] = []
    with change(store, who, "rerun searches", number) as opened:
        for n in chosen:
            ids = found[n]
            if isinstance(ids, ExactSyntaxError):
                continue
            parts = [line.number for line in _references(every[n])]
            last = {p: every[p].last.number for p in parts}
            # Those of the parts were kept just now.
            last |= {p: _last_run(opened.db, every[p].id) for p in parts if p in kept}
            # What a search refers to never changes, so neither does this.
            frozen = set(every[n].last.frozen)
            _keep_run(opened.db, who, every[n].id, generation, ids, last, frozen)
            kept.append(n)
        opened.says(searches=[f"#{n}" for n in kept])
    after = {s.number: s for s in searches(store, number)}
    done = []
    for n in chosen:
        ids = found[n]
        if isinstance(ids, ExactSyntaxError):
            done.append(Rerun(every[n], fault=ids))
        elif n in after:
            done.append(rerun_of(store, after[n], every[n].last, generation))
    return done


def rerun_of(store: Store, found: Search, before: Run, generation: Generation | None) -> Rerun:
    """The last run of a search against an earlier one."""
    return Rerun(
        found,
        before,
        changes(store, found, before, found.last, generation),
        other_model=bool(before.frozen) and before.model_hash != found.last.model_hash,
    )


def changes(
    store: Store, found: Search, before: Run, after: Run, generation: Generation | None
) -> Comparison:
    """What changed from one run of a search to another."""
    if before.found == after.found:
        return Comparison((), (), ())
    ranked = found.asked.syntax == "ranked"
    return _compared.get(
        (before.found, after.found, ranked, generation.path if generation else None),
        lambda: compare(
            found_by(store, before), found_by(store, after), ranked=ranked, generation=generation
        ),
    )


_compared: Remembered[Comparison] = Remembered(256)


def answers(
    library: LibrarySearch,
    wanted: Sequence[Search],
    every: Mapping[int, Search],
    generation: Generation,
) -> dict[int, list[str] | ExactSyntaxError]:
    """What searches find in a generation, those before them first, that they refer to; of one
    that cannot be run, the fault."""
    found: dict[int, list[str] | ExactSyntaxError] = {}
    for one in wanted:
        try:
            if one.asked.syntax == "combination":
                known = {n: bool(s.deleted) for n, s in every.items()}
                check_references(one.asked.query, one.number, known)
            parts: dict[int, Sequence[str]] = {}
            for line in _references(one):
                part = found[line.number]
                if isinstance(part, ExactSyntaxError):
                    raise ExactSyntaxError(  # noqa: TRY301 - the same for both
                        part.reason, one.asked.query, line.start, line.end
                    )
                parts[line.number] = part
            found[one.number] = answer(library, one.asked, generation, parts)
        except ExactSyntaxError as error:
            found[one.number] = error
        except TooMuchError:
            # The others are run all the same.
            query = one.asked.query
            found[one.number] = ExactSyntaxError("too much", query, 0, len(query))
    return found


def with_parts(store: Store, number: int, wanted: Search) -> tuple[list[Search], dict[int, Search]]:
    """A search and before it all that it refers to, and every search of the collection."""
    every = {s.number: s for s in all_searches(store, number)}
    return [every[n] for n in _with_parts([wanted.number], every)], every


def describe(
    store: Store, who: str, number: int, wanted: int, *, name: str | None, note: str | None
) -> None:
    """Change the name or the note of a search; None leaves it.

    Raises:
        UnknownError: when there is no such search. CollectionError: for a name that is none.
    """
    found = search(store, number, wanted)
    if name is not None:
        name = checked_name(name) if name.strip() else ""
    note = None if note is None else checked_text(note)
    with change(store, who, "describe search", number, search=found.mark, name=name) as opened:
        for column, value in (("name", name), ("note", note)):
            if value is not None:
                opened.db.execute(
                    f"update searches set {column} = ? where id = ? and {column} != ?",  # noqa: S608
                    [value, found.id, value],
                )


def delete(store: Store, who: str, number: int, wanted: int) -> None:
    """Put a search away; undoing that brings it back. What others found with it stays.

    Raises:
        UnknownError: when there is no such search.
    """
    found = search(store, number, wanted)
    with change(store, who, "delete search", number, search=found.mark) as opened:
        opened.db.execute("update searches set deleted = ? where id = ?", [now(), found.id])


def add_found(
    store: Store, who: str, number: int, found: Search, ids: Sequence[str], generation: Generation
) -> Intake:
    """Add records that a search found to its collection; those that the library has no more are
    listed as unknown.

    Raises:
        UnknownError: when there is no such collection.
    """
    intake = add_records(
        store, who, number, generation.records_in_order(numbers(generation, ids)), found.mark
    )
    present = generation.present(ids)
    return Intake(intake.added, intake.already, tuple(i for i in ids if i not in present))


def _references(one: Search) -> tuple[Any, ...]:
    return references(one.asked.query) if one.asked.syntax == "combination" else ()


def _with_parts(wanted: Sequence[int], every: Mapping[int, Search]) -> list[int]:
    """Numbers and those that they refer to, in order; what is deleted or unknown is left out, and
    what refers to it says so when it is run."""
    chosen: set[int] = set()
    waiting = list(wanted)
    while waiting:
        n = waiting.pop()
        if n in chosen or n not in every or every[n].deleted:
            continue
        chosen.add(n)
        waiting += [line.number for line in _references(every[n])]
    return sorted(chosen)


def _keep_run(
    db: sqlite3.Connection,
    who: str,
    search_id: int,
    generation: Generation,
    ids: Sequence[str],
    parts: Mapping[int, int],
    frozen: Collection[int],
) -> None:
    manifest = generation.manifest
    # A set has no order of its own: the same one is the same, however it was sorted.
    row = db.execute("select syntax from searches where id = ?", [search_id]).fetchone()
    if row is None:
        raise ConflictError("someone else has taken a search back in between")
    kept = list(ids) if row["syntax"] == "ranked" else sorted(ids)
    db.execute(
        "insert into runs (search, number, at, who, program, generation, generation_hash, "
        "generation_created, library_records, model, model_hash, count, found, parts, "
        "frozen) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            *(search_id, _next_run(db, search_id), now(), who),
            *(f"jmedsearch {version('jmedsearch')}", manifest.generation),
            *(_generation_hash(generation), manifest.created, manifest.records),
            *(manifest.model, manifest.encoder_fingerprint, len(kept), keep_found(db, kept)),
            json.dumps({str(n): run for n, run in sorted(parts.items())}),
            json.dumps(sorted(frozen)),
        ],
    )


def _generation_hash(generation: Generation) -> str:
    return hashlib.sha256((generation.path / MANIFEST).read_bytes()).hexdigest()


def _next_search(db: sqlite3.Connection, number: int) -> int:
    """One more than any number that a search of the collection ever had."""
    (highest,) = db.execute(
        "select max(number) from (select number from searches where collection = :collection "
        "union all select coalesce(after, before) ->> '$.number' from change_rows "
        "where tracked in ('searches', 'runs') and tracked = 'searches' "
        "and change in (select id from changes where collection = :collection))",
        {"collection": number},
    ).fetchone()
    return int(highest or 0) + 1


def _next_run(db: sqlite3.Connection, search_id: int) -> int:
    """One more than any number that a run of the search ever had."""
    (highest,) = db.execute(
        "select max(number) from (select number from runs where search = :search "
        "union all select coalesce(after, before) ->> '$.number' from change_rows "
        "where tracked in ('searches', 'runs') and tracked = 'runs' "
        "and coalesce(after, before) ->> '$.search' = :search "
        "and change in (select id from changes where collection = "
        "(select collection from searches where id = :search)))",
        {"search": search_id},
    ).fetchone()
    return int(highest or 0) + 1


def _last_run(db: sqlite3.Connection, search_id: int) -> int:
    (last,) = db.execute("select max(number) from runs where search = ?", [search_id]).fetchone()
    return int(last)
