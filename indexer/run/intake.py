"""Items of the sources into the staged store: new, changed, the same twice, deleted, left out."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import BinaryIO, Literal

from indexer.run.sources import READ_ERRORS, Source, opened
from indexer.store.record_store import Origin, Provenance, RecordStore
from search.formats import (
    Deletion,
    FormatError,
    Item,
    Rejected,
    format_of,
    read_stream,
)
from search.matching import (
    Sameness,
    distinct_id,
    identity_keys,
    numbers_differ,
    place_keys,
    sameness,
    suspicion,
    title_keys,
    titles_agree,
)
from search.records import Record

_TRANSACTION = 5_000
_NAMED_REJECTED = 20
# Its files are a sequence of versions: what comes later under the same id replaces what came
# before. In any other export the same id twice is the same record twice.
_VERSIONED = "pubmed-xml"
# In these an id is the user's own word; elsewhere it may be made of a wrong DOI or number.
_OWN_IDS = {"jsonl", "beir"}
_NUMBERED = re.compile(r"pubmed(\d\d)n(\d{4,6})\.xml")

Outcome = Literal["new", "replaced", "unchanged", "duplicate"]


@dataclass(frozen=True)
class Reading:
    """How sources are read: a format's name where it is not to be recognised, and the fields of a
    table's columns where their names don't say them."""

    format_name: str | None = None
    mapping: Mapping[str, str] | None = None


@dataclass(frozen=True)
class RejectedItem:
    """An item that was left out: its source, its place there, and why."""

    source: str
    place: str
    reason: str

    def __str__(self) -> str:
        where = ", ".join(part for part in (self.source, self.place) if part)
        return f"{where}: {self.reason}" if where else self.reason


@dataclass
class Report:
    """What an indexing run did, in items read; ``rejected`` counts whole sources too, ``usable``
    are the items that could be understood, whatever became of them; ``to_complete`` are those new
    ones of which no more than a number is known.

    ``problems`` are the first items that were left out; the library keeps all of them.
    """

    read: int = 0
    new: int = 0
    replaced: int = 0
    unchanged: int = 0
    duplicate: int = 0
    deleted: int = 0
    rejected: int = 0
    usable: int = 0
    to_complete: int = 0
    problems: list[RejectedItem] = field(default_factory=list)
    generation: Path | None = None


class Progress:
    """Told what happens; this one is silent. ``stage`` names, ``advance`` counts."""

    def stage(self, name: str, total: int | None) -> None:
        """A stage begins, with its number of steps where it is known."""

    def advance(self, steps: int, records: int = 0) -> None:
        """Some steps of the stage are done, and with them some records."""

    def recognised(self, source: str, format_name: str) -> None:
        """A source is about to be read, in this format."""

    def taken(self, source: str, record: Record, outcome: Outcome, inside: bool) -> None:
        """A record was taken, with what became of it; a duplicate ``inside`` is one of a record
        that the same run brought."""

    def rejected(self, item: RejectedItem) -> None:
        """An item was left out."""


def take(
    store: RecordStore,
    sources: Sequence[Source | FormatError],
    number: int,
    database: str,
    how: Reading,
    progress: Progress,
) -> Report:
    """Read every source into the staged store, as import ``number``, and propose duplicates.

    What one database gives under one id replaces what it gave before. Without ``database``, the
    format stands for it.
    """
    report = Report()
    found = [s for s in sources if isinstance(s, Source)]
    progress.stage("read", sum(s.size for s in found))
    with store.db.atomic():
        for error in sources:
            if isinstance(error, FormatError):
                _reject(store, number, RejectedItem("", "", str(error)), report, progress)
    for source, stream in opened(found):
        came = Provenance(number, database, source.name, "")
        items = _items(source, stream, came, how, progress)
        while _take_some(store, islice(items, _TRANSACTION), report, progress):
            pass
    if store.touched_count():
        progress.stage("duplicates", None)
        with store.db.atomic():
            propose(store)
    return report


def _items(
    source: Source,
    stream: BinaryIO | FormatError,
    came: Provenance,
    how: Reading,
    progress: Progress,
) -> Iterator[tuple[Item | FormatError, Provenance, int]]:
    """The items of a source, where they come from, and by how many bytes each is further on."""
    if isinstance(stream, FormatError):
        yield stream, came, 0
        return
    position = 0
    try:
        name = format_of(stream, source.name, how.format_name).name
        came = replace(came, database=came.database or name, format=name)
        progress.recognised(source.name, name)
        versions: dict[str, int] = {}
        read = read_stream(stream, source.name, name, how.mapping, versioned=versions.__setitem__)
        for item, now in read:
            version = versions.pop(item.id, 1) if isinstance(item, Record) else 1
            yield item, replace(came, version=version) if version > 1 else came, now - position
            position = now
    except FormatError as error:
        yield error, came, 0
    except READ_ERRORS as error:
        yield FormatError(f"{source.name}: cannot be read to its end ({error})"), came, 0


def _take_some(
    store: RecordStore,
    items: Iterable[tuple[Item | FormatError, Provenance, int]],
    report: Report,
    progress: Progress,
) -> bool:
    """Take items in one transaction; False when there were none."""
    some = False
    with store.db.atomic():
        for item, came, advanced in items:
            some = True
            progress.advance(advanced, 1)
            _take_item(store, item, came, report, progress)
    return some


def _take_item(
    store: RecordStore,
    item: Item | FormatError,
    came: Provenance,
    report: Report,
    progress: Progress,
) -> None:
    if isinstance(item, FormatError):
        rejected = RejectedItem(came.source, "", str(item).removeprefix(f"{came.source}: "))
        _reject(store, came.import_number, rejected, report, progress)
        return
    report.read += 1
    if isinstance(item, Rejected):
        rejected = RejectedItem(came.source, item.place, item.reason)
        _reject(store, came.import_number, rejected, report, progress)
        return
    report.usable += 1
    if isinstance(item, Deletion):
        report.deleted += _withdraw(store, item, came.source)
    else:
        outcome = put(store, item, came)
        setattr(report, outcome, getattr(report, outcome) + 1)
        report.to_complete += outcome == "new" and item.to_complete
        inside = outcome == "duplicate" and store.last_merge_is_of_this_run(came.import_number)
        progress.taken(came.source, item, outcome, inside)


def put(store: RecordStore, record: Record, came: Provenance) -> Outcome:
    """Store what was imported: under its own origin, in the record that it belongs to.

    An id that comes again in one run, other than before, is a further copy of the record. What
    comes under the id of another work gets an id of its own, and nothing replaces what has another
    title. Of a PMID's versions the newest stands, whichever comes first.
    """
    if came.format == _VERSIONED and _version_of(store, record.id) > came.version:
        return "unchanged"
    known = store.origins_of_id(record.id, came.database)
    content = record.content_hash()
    if equal := next((o for o in known if o.content_hash == content), None):
        store.versions.set(record.id, came.version)
        first = store.confirm(equal.number, came.import_number)
        if not first:
            store.add_merge(came.import_number, record, came.source, "id")
        return "unchanged" if first else "duplicate"
    authoritative = came.format == _VERSIONED or came.format in _OWN_IDS
    leads_to = store.record_of(record.id)
    own_word = authoritative and known
    if leads_to is not None and "~" not in record.id:
        apart = replace(record, id=distinct_id(record))
        originals = telling(store.originals(leads_to))
        another = originals and all(sameness(record, other) is None for other in originals)
        # What an earlier run has set apart stays so, whatever has come under its id since.
        if (another and not own_word) or _is_kept(store, apart, came.database):
            return put(store, apart, came)
    if came.format == _VERSIONED:
        if _is_outdated(store, record.id, came.source):
            return "unchanged"
        store.versions.set(record.id, came.version)
        origin = known[0] if known else None
    else:
        free = (
            o
            for o in known
            if not store.is_confirmed(o.number, came.import_number)
            and (authoritative or titles_agree(record, store.original(o.number)))
        )
        origin = min(free, key=lambda o: (o.source != came.source, o.copy), default=None)
    numbers, reason = _same_records(store, record, origin)
    if not numbers:
        store.add_record(record, content, came)
        return "new"
    for number in numbers:
        store.open(number)
    if origin:
        store.replace_origin(origin, record, content, came)
    else:
        copy = 1 + max((o.copy for o in known), default=-1)
        store.add_origin(numbers[0], record, content, copy, came)
    for number in numbers[1:]:
        store.unite(numbers[0], number)
    store.settle(numbers[0])
    if not origin or len(numbers) > 1:
        store.add_merge(came.import_number, record, came.source, reason)
    return "replaced" if origin else "duplicate"


def telling(originals: Sequence[Record]) -> Sequence[Record]:
    """Of what was imported of a record, what says more than its number, where there is such."""
    return [o for o in originals if not o.to_complete] or originals


def _is_kept(store: RecordStore, record: Record, database: str) -> bool:
    """Whether just this was imported from the database under this id."""
    content = record.content_hash()
    return any(o.content_hash == content for o in store.origins_of_id(record.id, database))


def _withdraw(store: RecordStore, item: Deletion, source: str) -> bool:
    # What is withdrawn of an older version says nothing of a newer one.
    outdated = _is_outdated(store, item.record_id, source) or (
        _version_of(store, item.record_id) > item.version
    )
    return not outdated and store.withdraw(item.record_id, source) is not None


def _version_of(store: RecordStore, record_id: str) -> int:
    """The version of a PMID that was imported; 0 where nothing leads to it."""
    return 0 if store.record_of(record_id) is None else store.versions.of(record_id)


def _is_outdated(store: RecordStore, record_id: str, source: str) -> bool:
    """Whether a later update file has said something of the id already."""
    return bool(_NUMBERED.search(source)) and any(
        _is_older(source, other) for other in store.sources_of_id(record_id)
    )


def _is_older(source: str, other: str) -> bool:
    """Whether NLM numbered a baseline or update file before another: ``pubmed26n0002.xml.gz``."""
    numbers = [_NUMBERED.search(name) for name in (source, other)]
    a, b = (found.groups() if found else None for found in numbers)
    return a is not None and b is not None and tuple(map(int, a)) < tuple(map(int, b))


def _same_records(
    store: RecordStore, record: Record, origin: Origin | None
) -> tuple[list[int], Sameness]:
    """Records that are the same as ``record``, the oldest first, and why; several become one by
    it, unless their own numbers tell them apart.

    What a librarian declared distinct stays so.
    """
    own = origin.record if origin else store.record_of(record.id)
    found = [own] if own is not None else []
    replaced = store.original(origin.number) if origin else None
    why: Sameness = "id"
    for key in sorted(identity_keys(record) | place_keys(record)):
        for number in sorted(set(store.sharing(key)) - set(found)):
            other = store.record_id(number)
            ids = [store.record_id(n) for n in found] or [record.id]
            if any(store.proposals.state(i, other) == "distinct" for i in ids):
                continue
            originals = telling(store.originals(number))
            found_same: Sameness | None = next(
                (why_same for o in originals if (why_same := sameness(record, o))), None
            )
            others = [o for n in found for o in store.originals(n) if o != replaced]
            apart = any(numbers_differ(a, b) for a in (record, *others) for b in originals)
            # A DOI without a title does not make one of the contributions of a supplement.
            if not any(v.title for v in record.versions()):
                apart = apart or not all(titles_agree(a, b) for a in others for b in originals)
            if found_same and not apart:
                if why == "id":
                    why = found_same
                found.append(number)
    return sorted(found), why


def propose(store: RecordStore) -> None:
    """Look for records that might be the same as those that this run touched."""
    for number in store.touched_numbers():
        record_id = store.record_id(number)
        store.proposals.forget_open(record_id)
        originals = store.originals(number)
        keys = {key for original in originals for key in title_keys(original)}
        others = {n for key in keys for n in store.sharing(key)} - {number}
        for other in sorted(others):
            if reason := suspicion(originals, store.originals(other)):
                store.proposals.propose(record_id, store.record_id(other), reason)


def _reject(
    store: RecordStore, number: int, item: RejectedItem, report: Report, progress: Progress
) -> None:
    report.rejected += 1
    if len(report.problems) < _NAMED_REJECTED:
        report.problems.append(item)
    store.add_rejected(number, item.source, item.place, item.reason)
    progress.rejected(item)
