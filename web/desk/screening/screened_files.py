"""The records of a stage as a file: those that are included, excluded, undecided, in conflict."""

from collections.abc import Callable, Mapping
from typing import BinaryIO, Literal, NamedTuple, get_args

from search.formats import bibtex, csl_json, medline, ris, tables
from search.records import Record
from web.desk import word_list
from web.desk.items import items
from web.desk.screening.abstracts import filled_abstracts, with_abstract
from web.desk.screening.decision_labels import COLUMNS, STAGE_NAMES, STATES, columns_of, lines_of
from web.desk.screening.ledger import Decision
from web.desk.screening.outcomes import Outcome, Screened, State, screened
from web.desk.screening.plan import STAGES, Stage
from web.desk.shelf import collection
from web.desk.store import Store

# "" for all of the stage.
Wanted = State | Literal[""]
ScreenedFormat = Literal["ris", "nbib", "bibtex", "csv", "xlsx", "docx", "csl-json"]
SCREENED_FORMATS: tuple[ScreenedFormat, ...] = get_args(ScreenedFormat)
ENDINGS: Mapping[ScreenedFormat, str] = {
    "ris": ".ris",
    "nbib": ".nbib",
    "bibtex": ".bib",
    "csv": ".csv",
    "xlsx": ".xlsx",
    "docx": ".docx",
    "csl-json": ".json",
}


class Standing(NamedTuple):
    """Where a record stands at a stage, and the decisions that may be told."""

    stage: Stage
    outcome: Outcome
    shown: tuple[Decision, ...]


def write_screened(
    store: Store,
    number: int,
    stage: Stage,
    wanted: Wanted,
    name: ScreenedFormat,
    stream: BinaryIO,
    reader: str | None = None,
) -> int:
    """Write the records of a stage that stand so, in the collection's order, each with its
    decision, reason, stage, reviewers, tags and note as far as the format can carry them: as
    columns of tables, as labelled lines of RIS, CSL-JSON and Word. How many there are.

    While two reviewers decide blind to each other, only what is settled names them; ``reader`` sees
    their own decisions too.

    Raises:
        UnknownError: when there is no such collection.
    """
    shown = collection(store, number)
    found = screened(store, number, stage)
    outcomes = {o.record_id: o for o in found.outcomes.values() if wanted in ("", o.state)}
    _, kept = items(store, number, record_ids=outcomes)
    filled = filled_abstracts(store, number)
    by_id = {item.record.id: item for item in kept}
    standing = {i: Standing(stage, outcomes[i], visible(found, outcomes[i], reader)) for i in by_id}
    # An abstract that must not be passed on stays here; one that was filled in goes along.
    records = [with_abstract(i.record.shareable(), filled.get(i.record.id)) for i in kept]

    def lines(record: Record) -> list[str]:
        item = by_id[record.id]
        tags = [f"Tags: {'; '.join(item.tags)}"] if item.tags else []
        note = [item.note] if item.note else []
        return [*note, *tags, *decision_lines(standing[record.id], item.tags)]

    further: dict[str, Callable[[Record], str]] = {
        **decision_columns(lambda record_id: standing[record_id]),
        "collection_tags": lambda record: "; ".join(by_id[record.id].tags),
        "collection_note": lambda record: by_id[record.id].note,
    }
    if name == "ris":
        ris.write(records, stream, notes=lines)
    elif name == "csl-json":
        csl_json.write(records, stream, notes=lines)
    elif name == "csv":
        tables.write_csv(records, stream, further)
    elif name == "xlsx":
        tables.write_xlsx(records, stream, further)
    elif name == "docx":
        heading = f"{shown.name}: {STATES[wanted] if wanted else 'all'}, {STAGE_NAMES[stage]}"
        word_list.write(heading, records, stream, lines)
    elif name == "bibtex":
        bibtex.write(records, stream)
    else:
        medline.write(records, stream)
    return len(records)


def latest_outcomes(store: Store, number: int) -> dict[str, Standing]:
    """Where each record of a collection stands at the last stage that it has come to, with the
    decisions that anybody may see; empty where nobody has decided on anything."""
    first, second = (screened(store, number, stage) for stage in STAGES)
    if not any(o.decisions for found in (first, second) for o in found.outcomes.values()):
        return {}
    standing = {
        i: Standing("title-abstract", o, visible(first, o)) for i, o in first.outcomes.items()
    }
    standing |= {
        i: Standing("full-text", o, visible(second, o))
        for i, o in second.outcomes.items()
        if o.state != "open"
    }
    return standing


def visible(found: Screened, outcome: Outcome, reader: str | None = None) -> tuple[Decision, ...]:
    """The decisions that may be told: all once all have decided, else ``reader``'s own."""
    if len(outcome.decisions) >= found.plan.reviewers:
        return outcome.decisions
    return tuple(d for d in outcome.decisions if d.who == reader)


def decision_columns(of: Callable[[str], Standing]) -> dict[str, Callable[[Record], str]]:
    """The columns of tables that tell decisions; ``of`` gives where a record stands, by its id."""

    def column(heading: str) -> Callable[[Record], str]:
        return lambda record: columns_of(*of(record.id))[heading]

    return {heading: column(heading) for heading in COLUMNS}


def decision_lines(standing: Standing, tags: tuple[str, ...]) -> list[str]:
    """The labelled lines that tell a decision in notes."""
    return lines_of(*standing, tags)
