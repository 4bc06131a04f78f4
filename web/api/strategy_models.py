"""What the API of strategies, alerts and reports takes and gives."""

from typing import Literal

from pydantic import Field

from search.exact import Sort, ThesaurusUse
from search.ranked.ranking import DEPTH
from web.api.collection_models import CollectionPath
from web.api.models import Body, FaultBody, FiltersBody, RecordBody
from web.desk.alerts import Alert, Feed, News
from web.desk.findings import Finding
from web.desk.report import Item
from web.desk.run_comparison import Comparison
from web.desk.searches import Run, Search
from web.desk.strategies import Rerun
from web.desk.strategy_answers import USUAL_TOP, Syntax
from web.http.search_parameters import MappingQuery, Parameters


class SearchPath(CollectionPath):
    """Which search of a collection an address means."""

    search: int = Field(ge=1, description="The search's number: 3 for #3.")


class FeedPath(SearchPath):
    """Which feed of an alert an address means."""

    feed: int = Field(ge=1, description="The feed's number.")


class NewSearch(MappingQuery):
    """A search over the library, to be run and kept."""

    kind: Literal["exact", "ranked"] = Field(
        default="exact",
        description="exact: an expression, in which earlier searches are referred to as #1; "
        "ranked: of the list, the first records are kept.",
    )
    top: int = Field(
        default=USUAL_TOP, ge=1, le=DEPTH, description="How many of a ranked list are kept."
    )
    name: str = Field(default="", description="What to call it.")
    note: str = Field(default="", description="What to know about it.")


class SearchChange(Parameters):
    """What of a search changes; what is left out stays."""

    name: str | None = None
    note: str | None = None


class Again(Parameters):
    """Which searches to run again."""

    searches: list[int] | None = Field(
        default=None, description="Their numbers; all where it is left out."
    )


class RunParameters(Parameters):
    """A run of a search."""

    run: int | None = Field(default=None, ge=1, description="Its number; the last one if left out.")


class FindingsParameters(RunParameters):
    """A page of what a run found."""

    sort: Sort = Field(default="year", description="Order of a set; a ranked list has its own.")
    page: int = Field(default=1, ge=1)
    per_page: int = Field(default=50, ge=1, le=100)


class AddFound(RunParameters):
    """What of a run's records comes into the collection."""

    only: Literal["all", "new"] = Field(
        default="all", description="new: those that the run before did not find."
    )


class Seen(Parameters):
    """What is marked as seen: ``shown`` as the news gave it, so that nothing unseen is marked."""

    shown: str


class Answer(Parameters):
    """What is written to an item of the report; an empty text leaves it blank."""

    item: Item
    text: str
    seen: str | None = Field(default=None, description="What stood there when it was edited.")


class ReportParameters(Parameters):
    """The language that the report is written in."""

    lang: Literal["ja", "en"] = "en"


class RunBody(Body):
    """A run of a search: when, by whom, over which library, how much it found."""

    number: int
    at: str
    who: str
    program: str
    generation: int
    generation_hash: str = Field(description="SHA-256 of the generation's manifest.")
    generation_created: str
    library_records: int
    model: str
    model_hash: str
    count: int
    parts: dict[int, int] = Field(description="Of a combination: search, and the run of it.")
    frozen: tuple[int, ...] = Field(
        description="The ranked searches in it, itself or through its parts: cut off, and no "
        "complete sets."
    )


class SearchOfStrategyBody(Body):
    """A search of a strategy, with its last run."""

    number: int
    syntax: Syntax
    query: str
    filters: FiltersBody
    top: int | None = Field(description="How many of a ranked list are kept.")
    thesaurus: ThesaurusUse = Field(
        description="map: words that name a concept are searched by its heading and other names, "
        "too; explode: headings alone are exploded; none: neither, as before there was a thesaurus."
    )
    name: str
    note: str
    created: str
    created_by: str
    runs: int
    last: RunBody

    @classmethod
    def of(cls, found: Search) -> "SearchOfStrategyBody":
        """The search as the API gives it."""
        return cls(
            number=found.number,
            syntax=found.asked.syntax,
            query=found.asked.query,
            filters=FiltersBody.model_validate(found.asked.filters),
            top=found.asked.top,
            thesaurus=found.asked.thesaurus,
            name=found.name,
            note=found.note,
            created=found.created,
            created_by=found.created_by,
            runs=found.runs,
            last=RunBody.model_validate(found.last),
        )


class StrategyBody(Body):
    """The searches of a collection."""

    searches: tuple[SearchOfStrategyBody, ...]


class RunsBody(Body):
    """A search with all its runs, the newest first."""

    search: SearchOfStrategyBody
    runs: tuple[RunBody, ...]

    @classmethod
    def of(cls, found: Search, runs: list[Run]) -> "RunsBody":
        """The search as the API gives it."""
        return cls(
            search=SearchOfStrategyBody.of(found),
            runs=tuple(RunBody.model_validate(r) for r in runs),
        )


class FindingBody(Body):
    """A record that was found; null where the library has it no more."""

    rank: int
    id: str
    record: RecordBody | None

    @classmethod
    def of(cls, finding: Finding) -> "FindingBody":
        """The record as the API gives it."""
        record = RecordBody.of(finding.record) if finding.record else None
        return cls(rank=finding.rank, id=finding.id, record=record)


class FindingsBody(Body):
    """A page of what a run found."""

    total: int
    page: int
    per_page: int
    dropped: tuple[str, ...] = Field(description="Ids that the library has no more.")
    records: tuple[FindingBody, ...]


class MoveBody(Body):
    """A record that moved in a ranked list; ranks count from 1."""

    id: str
    before: int
    after: int


class ComparisonBody(Body):
    """What changed between two runs: ids of records."""

    new: tuple[str, ...]
    gone: tuple[str, ...]
    moved: tuple[MoveBody, ...]


class ChangesBody(Body):
    """A run against the one before it."""

    before: RunBody
    after: RunBody
    other_model: bool = Field(description="A ranked search is in it, and the model is another.")
    changed: ComparisonBody

    @classmethod
    def of(cls, before: Run, after: Run, changed: Comparison) -> "ChangesBody":
        """The changes as the API gives them."""
        return cls(
            before=RunBody.model_validate(before),
            after=RunBody.model_validate(after),
            other_model=bool(after.frozen) and before.model_hash != after.model_hash,
            changed=ComparisonBody.model_validate(changed),
        )


class RerunBody(Body):
    """A search that was run again and what changed, or why it could not be run."""

    search: SearchOfStrategyBody
    changes: ChangesBody | None
    fault: FaultBody | None

    @classmethod
    def of(cls, done: Rerun) -> "RerunBody":
        """The outcome as the API gives it."""
        changes = None
        if done.before is not None and done.changed is not None:
            changes = ChangesBody.of(done.before, done.search.last, done.changed)
        return cls(
            search=SearchOfStrategyBody.of(done.search),
            changes=changes,
            fault=FaultBody.of(done.fault) if done.fault else None,
        )


class RerunsBody(Body):
    """The searches that were run again."""

    searches: tuple[RerunBody, ...]


class NewsBody(Body):
    """What an alert has to tell: ids that are new since it was marked as seen."""

    collection: int
    search: int
    query: str
    frozen: tuple[int, ...] = Field(description="The ranked searches in it: cut off.")
    seen_at: str
    seen_by: str
    new: tuple[str, ...]
    shown: str = Field(description="To be sent back when it is marked as seen.")
    fault: FaultBody | None = Field(description="Why its search cannot be run.")

    @classmethod
    def of(cls, number: int, told: News) -> "NewsBody":
        """The news as the API gives it."""
        alert: Alert = told.alert
        return cls(
            collection=number,
            search=alert.search.number,
            query=alert.search.asked.query,
            frozen=alert.search.last.frozen,
            seen_at=alert.seen_at,
            seen_by=alert.seen_by,
            new=told.new,
            shown=told.shown,
            fault=FaultBody.of(told.fault) if told.fault else None,
        )


class AlertsBody(Body):
    """The news of all alerts."""

    alerts: tuple[NewsBody, ...]


class FeedBody(Body):
    """A feed that was opened."""

    id: int
    created: str
    created_by: str
    revoked: str | None


class FeedsBody(Body):
    """The feeds of an alert."""

    feeds: tuple[FeedBody, ...]

    @classmethod
    def of(cls, found: list[Feed]) -> "FeedsBody":
        """The feeds as the API gives them."""
        return cls(feeds=tuple(FeedBody.model_validate(f) for f in found))


class NewFeedBody(Body):
    """A new feed. Its address is shown this once."""

    address: str


class ReportItemBody(Body):
    """An item of PRISMA-S: what the desk knows, and what was written by hand."""

    number: int
    item: Item
    heading: str
    asks: str
    known: tuple[str, ...]
    answer: str
    blank: bool = Field(description="Neither says anything: somebody has to write something.")


class ReportSearchBody(Body):
    """A search in the report, copied as it was run."""

    mark: str
    query: str
    facts: tuple[str, ...]


class ReportBody(Body):
    """A report after PRISMA-S, and the same as Markdown."""

    items: tuple[ReportItemBody, ...]
    searches: tuple[ReportSearchBody, ...]
    markdown: str
