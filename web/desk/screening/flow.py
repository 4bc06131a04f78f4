"""The numbers of a PRISMA 2020 flow diagram, each counted from what was recorded.

Page MJ et al., The PRISMA 2020 statement, BMJ 2021;372:n71; the form for databases and registers.
"""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from web.desk.duplicates import number_under_others
from web.desk.items import FROM_LIBRARY
from web.desk.screening.outcomes import GOES_ON, screened
from web.desk.shelf import collection
from web.desk.store import Store

# The reason under which a full text that could not be had is excluded: PRISMA counts it apart.
NOT_RETRIEVED = "not retrieved"


@dataclass(frozen=True)
class Flow:
    """Counts in the order of the diagram.

    ``identified`` are records by the source they came from (``library``, a file's name), those that
    came in again counted again; ``duplicates`` those that were there already or are handled as one
    with another; ``removed`` those that were taken out of the collection. ``waiting`` counts what
    is not decided on yet, or in conflict, at either stage: it is 0 where screening is done.
    """

    identified: Mapping[str, int]
    duplicates: int
    removed: int
    screened: int
    excluded: int
    waiting: int
    sought: int
    not_retrieved: int
    assessed: int
    reasons: Mapping[str, int]
    waiting_full_text: int
    included: int

    @property
    def total(self) -> int:
        """All records identified."""
        return sum(self.identified.values())

    @property
    def adds_up(self) -> bool:
        """Whether each number is what comes in less what goes out."""
        return (
            self.total == self.duplicates + self.removed + self.screened + self.waiting
            and self.screened == self.excluded + self.sought
            and self.sought == self.not_retrieved + self.assessed + self.waiting_full_text
            and self.assessed == sum(self.reasons.values()) + self.included
        )


def flow(store: Store, number: int) -> Flow:
    """The flow of a collection's records as it stands.

    Raises:
        UnknownError: when there is no such collection.
    """
    collection(store, number)
    sources, removed = _identified(store, number)
    again = _again(store, number)
    first = screened(store, number, "title-abstract")
    second = screened(store, number, "full-text")
    excluded = second.of("exclude")
    reasons = Counter(o.reason for o in excluded if o.reason != NOT_RETRIEVED)
    not_retrieved = sum(o.reason == NOT_RETRIEVED for o in excluded)
    included = len(second.of("include"))
    return Flow(
        identified={s: sources[s] + again[s] for s in sorted(sources | again)},
        duplicates=again.total() + number_under_others(store, number),
        removed=removed,
        screened=len(first.of("exclude", *GOES_ON)),
        excluded=len(first.of("exclude")),
        waiting=len(first.of("open", "conflict")),
        sought=len(second.outcomes),
        not_retrieved=not_retrieved,
        assessed=reasons.total() + included,
        reasons=dict(sorted(reasons.items(), key=lambda item: (-item[1], item[0]))),
        waiting_full_text=len(second.of("open", "conflict", "maybe")),
        included=included,
    )


def _identified(store: Store, number: int) -> tuple[Counter[str], int]:
    """Records by source, those that are there and those that were taken out, and how many of the
    latter there are. What was added and undone was never identified."""
    db = store.connection
    there = {
        row["record_id"]: row["source"]
        for row in db.execute("select record_id, source from items where collection = ?", [number])
    }
    gone: dict[str, str] = {}
    rows = db.execute(
        "select before, action from change_rows join changes on changes.id = change "
        "where collection = ? and tracked = 'items' and after is null order by change_rows.id",
        [number],
    )
    for row in rows:
        item = json.loads(row["before"])
        if row["action"] == "remove records":
            gone[item["record_id"]] = item["source"]
        else:
            gone.pop(item["record_id"], None)
    gone = {i: source for i, source in gone.items() if i not in there}
    return Counter([*there.values(), *gone.values()]), len(gone)


def _again(store: Store, number: int) -> Counter[str]:
    """Records that were offered when they were there already, by source."""
    rows = store.connection.execute(
        "select id, detail from changes where collection = ? and action = 'add records' "
        "and id not in (select detail ->> '$.change' from changes "
        "where collection = ? and action = 'undo')",
        [number, number],
    )
    found: Counter[str] = Counter()
    for row in rows:
        detail = json.loads(row["detail"])
        if already := detail.get("already"):
            found[str(detail.get("from", FROM_LIBRARY))] += already
    return found
