"""What comes into a collection: results, lists of identifiers, files of any format."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from search import budget
from search.exact import ExactSearch, ExactSyntaxError
from search.formats import Deletion, FormatError, Rejected, read_stream
from search.generation import Generation
from search.records import Record
from web.collections.items import FROM_LIBRARY, add
from web.collections.store import Store

MOST_IDENTIFIERS = 10_000
# A file of which so much cannot be read is none of literature, or of another format.
_MOST_REJECTED = 1_000
_BETWEEN = re.compile(r"[\s,;、，；]+")
_LABEL = re.compile(r"(?i)(pmid|doi|医中誌id)\s*[:：]\s*")


@dataclass(frozen=True)
class Intake:
    """What became of what was offered: how many records came in, how many were there already,
    identifiers that no record has, or more than one, and what of a file could not be read."""

    added: int
    already: int
    unknown: tuple[str, ...] = ()
    ambiguous: tuple[str, ...] = ()
    rejected: tuple[Rejected, ...] = ()

    @property
    def found(self) -> int:
        """How many records were offered, whether they were there already or not."""
        return self.added + self.already


def add_records(
    store: Store, who: str, collection: int, records: Iterable[Record], origin: str
) -> Intake:
    """Add records of the library; ``origin`` says in the history how they were found.

    Raises:
        UnknownError: when there is no such collection.
    """
    offered = 0

    def counted() -> Iterator[tuple[Record, str]]:
        nonlocal offered
        for record in records:
            offered += 1
            yield record, FROM_LIBRARY

    added = add(store, who, collection, counted(), origin)
    return Intake(added, offered - added)


def add_identifiers(
    store: Store,
    who: str,
    collection: int,
    text: str,
    generation: Generation,
    exact: ExactSearch,
) -> Intake:
    """Add the library's records with these ids, PMIDs, DOIs or 医中誌IDs, one a line or between
    blanks and commas. A number that several records have adds none of them.

    Raises:
        UnknownError: when there is no such collection.
    """
    records: dict[str, Record] = {}
    unknown: list[str] = []
    ambiguous: list[str] = []
    for identifier in budget.within(identifiers_in(text), "search"):
        found = _identified(identifier, generation, exact)
        if len(found) == 1:
            records.setdefault(found[0].id, found[0])
        else:
            (ambiguous if found else unknown).append(identifier)
    intake = add_records(store, who, collection, records.values(), "identifiers")
    return Intake(intake.added, intake.already, tuple(unknown), tuple(ambiguous))


def identifiers_in(text: str) -> list[str]:
    """The identifiers of a list, each once, at most :data:`MOST_IDENTIFIERS`."""
    words = _BETWEEN.split(_LABEL.sub(r"\1:", text))
    return list(dict.fromkeys(word for word in words if word))[:MOST_IDENTIFIERS]


def add_file(
    store: Store,
    who: str,
    collection: int,
    stream: BinaryIO,
    name: str,
    generation: Generation | None,
    format_name: str | None = None,
) -> Intake:
    """Add the records of a file in any format of the registry. A record whose id the library knows
    is the library's; any other is kept as the file has it. A file without a record that can be
    read leaves no trace in the history.

    Raises:
        FormatError: when the file cannot be recognised or read.
        UnknownError: when there is no such collection.
    """
    records: dict[str, Record] = {}
    rejected = []
    read = 0
    for item, _ in budget.within(read_stream(stream, name, format_name), "upload"):
        if isinstance(item, Record):
            read += 1
            records.setdefault(item.id, item)
        elif isinstance(item, Rejected):
            rejected.append(item)
            if len(rejected) > _MOST_REJECTED:
                raise FormatError(
                    f"{name}: more than {_MOST_REJECTED:,} of its records cannot be read, the last "
                    f"at {item.place}: {item.reason}. Nothing was added; mend the file or choose "
                    "its format"
                )
        else:
            assert isinstance(item, Deletion)
    known = generation.present(list(records)) if generation else {}
    current = generation.records([n for n, _ in known.values()]) if generation else {}
    offered = [
        (current[known[i][0]], FROM_LIBRARY) if i in known else (record, name)
        for i, record in records.items()
    ]
    added = add(store, who, collection, offered, name, of_file=bool(offered))
    return Intake(added, read - added, rejected=tuple(rejected))


def library_records(record_ids: Sequence[str], generation: Generation) -> list[Record]:
    """The library's records with these ids, in their order; ids that it does not know are left
    out."""
    known = generation.present(list(record_ids))
    records = generation.records([number for number, _ in known.values()])
    return [records[known[i][0]] for i in dict.fromkeys(record_ids) if i in known]


def _identified(identifier: str, generation: Generation, exact: ExactSearch) -> list[Record]:
    own = generation.record(identifier)
    if own:
        return [own[1]]
    quoted = identifier.replace('"', "")
    try:
        numbers = exact.numbers(f'"{quoted}"[id]', most=2).tolist()
    except ExactSyntaxError:
        return []
    return list(generation.records(numbers[:2]).values())
