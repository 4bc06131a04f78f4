"""What comes into a collection: results, lists of identifiers, files of any format."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import BinaryIO

from search import budget
from search.exact import ExactSearch, ExactSyntaxError
from search.formats import Deletion, FormatError, Rejected, format_of, read_stream
from search.formats.fields.remarks import Remarks
from search.formats.identifier_lists import words_of
from search.library.generation import Generation
from search.matching import distinct_id, identity_keys, other_work
from search.records import Record
from web.desk.copies import FROM_LIBRARY, Kind, SentFile
from web.desk.items import add, items, record_ids
from web.desk.screening.file_decisions import keep_told
from web.desk.shelf import LONGEST_NAME, LONGEST_TEXT, checked_text
from web.desk.store import Store
from web.desk.tags import tag_records

MOST_IDENTIFIERS = 10_000
# A file of which so much cannot be read is none of literature, or of another format.
_MOST_REJECTED = 1_000
# Formats of trial registers: PRISMA counts those apart from databases.
_REGISTERS = ("clinical-trials", "ictrp")


@dataclass(frozen=True)
class Intake:
    """What became of what was offered: how many records came in, how many were there already,
    identifiers that no record has, or more than one, and what of a file could not be read; how
    many records brought a note, how many labels and decisions, and of how many that came in no more
    than a PMID or DOI is known. Decisions wait to be taken over."""

    added: int
    already: int
    unknown: tuple[str, ...] = ()
    ambiguous: tuple[str, ...] = ()
    rejected: tuple[Rejected, ...] = ()
    noted: int = 0
    labelled: int = 0
    to_complete: int = 0
    decided: int = 0

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
    return list(dict.fromkeys(words_of(text)))[:MOST_IDENTIFIERS]


def add_file(
    store: Store,
    who: str,
    collection: int,
    stream: BinaryIO,
    name: str,
    generation: Generation | None,
    format_name: str | None = None,
) -> Intake:
    """Add the records of a file in any format of the registry, with the notes and labels that stand
    beside them. The file is a source of the collection, with every copy that it held, in its order:
    also where it holds a record twice, or the collection or the library has it already. A record
    whose id the library knows is the library's; any other, and one that shares no more than the id
    with that, is kept as the file has it. A bare number is the library's record that has it; where
    it has none, it is kept as a record to complete. A file without a record that can be read leaves
    no trace in the history.

    Raises:
        FormatError: when the file cannot be recognised or read.
        UnknownError: when there is no such collection.
    """
    sent = _read(stream, name, format_name)
    matched = _matched(sent, name, generation)
    notes = {i: remark.note for i, remark in matched.remarks.items() if remark.note}
    noted = _noted(store, collection, notes)
    decisions = {i: remark.decisions for i, remark in matched.remarks.items() if remark.decisions}
    there = set(record_ids(store, collection))
    unread = len(sent.rejected) + len(matched.ambiguous)
    added = add(
        store,
        who,
        collection,
        matched.offered.values(),
        name,
        file=SentFile(name, matched.held, sent.kind, unread) if matched.held else None,
        notes={i: checked_text(note[:LONGEST_TEXT]) for i, note in notes.items()},
        kept=lambda db: keep_told(db, collection, decisions),
    )
    labelled = _label(store, who, collection, matched.remarks)
    return Intake(
        added,
        len(matched.held) - added,
        ambiguous=matched.ambiguous,
        rejected=tuple(sent.rejected),
        noted=noted,
        labelled=labelled,
        to_complete=sum(r.to_complete for i, (r, _) in matched.offered.items() if i not in there),
        decided=sum(map(len, decisions.values())),
    )


@dataclass
class _Sent:
    """What a file holds: its records by id, every copy in its order, what was said of each record,
    and what could not be read."""

    kind: Kind
    records: dict[str, Record] = field(default_factory=dict)
    held: list[Record] = field(default_factory=list)
    remarks: dict[str, Remarks] = field(default_factory=dict)
    rejected: list[Rejected] = field(default_factory=list)


def _read(stream: BinaryIO, name: str, format_name: str | None) -> _Sent:
    read_as = format_of(stream, name, format_name).name
    sent = _Sent("register" if read_as in _REGISTERS else "database")
    # What was said of the record that comes next.
    said: list[Remarks] = []
    read = read_stream(stream, name, format_name, remarked=lambda _, remarks: said.append(remarks))
    for item, _ in budget.within(read, "upload"):
        if isinstance(item, Record):
            if (first := sent.records.get(item.id)) and other_work(first, item):
                item = replace(item, id=distinct_id(item))
            sent.records.setdefault(item.id, item)
            sent.held.append(item)
            if said:
                # Of several copies all remarks count.
                sent.remarks[item.id] = sent.remarks.get(item.id, Remarks()) + said.pop()
        elif isinstance(item, Rejected):
            sent.rejected.append(item)
            if len(sent.rejected) > _MOST_REJECTED:
                raise FormatError(
                    f"{name}: more than {_MOST_REJECTED:,} of its records cannot be read, the last "
                    f"at {item.place}: {item.reason}. Nothing was added; mend the file or choose "
                    "its format"
                )
        else:
            assert isinstance(item, Deletion)
    return sent


@dataclass(frozen=True)
class _Matched:
    """A file's records as a collection takes them: by id, with where each comes from; every copy of
    the file with the id that it has there; what was said, by that id; and numbers that more than
    one record of the library has."""

    offered: dict[str, tuple[Record, str]]
    held: list[Record]
    remarks: dict[str, Remarks]
    ambiguous: tuple[str, ...]


def _matched(sent: _Sent, name: str, generation: Generation | None) -> _Matched:
    meant = _meant(sent.records, generation) if generation else {}
    known = generation.present(list(sent.records)) if generation else {}
    current = generation.records([n for n, _ in known.values()]) if generation else {}
    offered: dict[str, tuple[Record, str]] = {}
    # The id that each record of the file has in the collection.
    ids: dict[str, str] = {}
    ambiguous = []
    for i, record in sent.records.items():
        if len(meant.get(i, ())) > 1:
            ambiguous.append(record.pmid or record.doi)
            continue
        own = meant[i][0] if i in meant else current[known[i][0]] if i in known else None
        if own and i not in meant and other_work(own, record):
            own, record = None, replace(record, id=distinct_id(record))
        kept = own or record
        ids[i] = kept.id
        offered.setdefault(kept.id, (kept, FROM_LIBRARY if own else name))
    remarks: dict[str, Remarks] = {}
    for i, said in sent.remarks.items():
        if i in ids:
            remarks[ids[i]] = remarks.get(ids[i], Remarks()) + said
    held = [replace(record, id=ids[record.id]) for record in sent.held if record.id in ids]
    return _Matched(offered, held, remarks, tuple(ambiguous))


def _meant(records: Mapping[str, Record], generation: Generation) -> dict[str, list[Record]]:
    """The library's records that have the number of each record to complete, where any has."""
    meant = {}
    for i, record in records.items():
        if record.to_complete and (found := generation.sharing(identity_keys(record))):
            meant[i] = list(found.values())
    return meant


def _noted(store: Store, collection: int, notes: Mapping[str, str]) -> int:
    """How many records get a note that they have not yet."""
    _, there = items(store, collection, record_ids=notes)
    have = {item.record.id: item.note for item in there}
    return sum(note not in have.get(i, "") for i, note in notes.items())


def _label(store: Store, who: str, collection: int, beside: Mapping[str, Remarks]) -> int:
    """Give records the labels that a file has for them; how many were new."""
    by_tag: dict[str, list[str]] = {}
    for record_id, remarks in beside.items():
        for tag in remarks.tags:
            by_tag.setdefault(tag[:LONGEST_NAME], []).append(record_id)
    return sum(tag_records(store, who, collection, tag, ids) for tag, ids in by_tag.items())


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
