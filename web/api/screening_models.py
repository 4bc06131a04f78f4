"""What the API of screening takes and gives."""

from typing import Any, Literal

from pydantic import Field

from web.api.models import Body, RecordBody
from web.desk.screening.flow import BoxName, Column
from web.desk.screening.ledger import Verdict
from web.desk.screening.outcomes import State
from web.desk.screening.plan import Stage
from web.desk.screening.screened_files import ScreenedFormat
from web.http.search_parameters import Parameters

_STAGE: Any = Field(default="title-abstract", description="title-abstract or full-text.")


class StageParameters(Parameters):
    """Which stage is meant."""

    stage: Stage = _STAGE


class OutcomesParameters(StageParameters):
    """Which outcomes are wanted."""

    state: State | Literal[""] = Field(default="", description="Only those that stand so.")
    page: int = Field(default=1, ge=1)
    per_page: int = Field(default=100, ge=1, le=1000)


class SavedParameters(StageParameters):
    """Which records are wanted, and as what."""

    state: State | Literal[""] = Field(default="", description="Only those that stand so.")
    format: ScreenedFormat = "ris"


class NewDecision(Parameters):
    """A decision to be made."""

    stage: Stage = _STAGE
    id: str = Field(description="The record's id.")
    verdict: Verdict
    reason: str = Field(
        default="", description="Why it is excluded; a full text cannot be without one."
    )


class TakenBack(Parameters):
    """A decision to be taken back."""

    stage: Stage = _STAGE
    id: str | None = Field(default=None, description="The record; one's latest where left out.")


class NewPlan(Parameters):
    """What a stage is screened by."""

    stage: Stage = _STAGE
    criteria: str = ""
    reasons: list[str] = Field(default_factory=list, max_length=50, fail_fast=True)
    reviewers: int = Field(default=1, ge=1, le=2, description="Who decide on each record.")


class NewWords(Parameters):
    """The words to be marked."""

    include: list[str] = Field(default_factory=list, max_length=500, fail_fast=True)
    exclude: list[str] = Field(default_factory=list, max_length=500, fail_fast=True)


class NewAbstract(Parameters):
    """An abstract for a record that has none: its text, or the record to take it from."""

    id: str
    text: str | None = Field(default=None, description="An empty one takes it away again.")
    source: str | None = Field(default=None, description="Id of a record that has one.")


class NewNumber(Parameters):
    """A number of a record, under a name."""

    id: str
    name: str
    value: float | None = Field(description="null takes it away.")


class PlanBody(Body):
    """What a stage is screened by."""

    stage: Stage
    criteria: str
    reasons: tuple[str, ...]
    reviewers: int


class WordsBody(Body):
    """The words that speak for a record and against it."""

    include: tuple[str, ...]
    exclude: tuple[str, ...]


class ScreeningPlanBody(Body):
    """The plans of both stages, and the words."""

    stages: tuple[PlanBody, ...]
    words: WordsBody


class TermBody(Body):
    """A term and what it adds to a record's score."""

    term: str
    weight: float


class NextBody(Body):
    """The record that comes next; null where nothing is left."""

    record: RecordBody | None
    why: tuple[TermBody, ...] = Field(description="Its terms that weigh most for it.")
    learnt: bool = Field(description="Whether the order is learnt from decisions.")
    prepared: bool = Field(description="false while terms are weighed in the background.")
    left: int = Field(description="So many wait for this reviewer.")


class DecisionBody(Body):
    """A decision that holds."""

    record_id: str
    who: str
    verdict: Verdict
    reason: str
    at: str


class DecisionsBody(Body):
    """One's own decisions, in the order in which they were made."""

    decisions: tuple[DecisionBody, ...]


class DecidedBody(Body):
    """A decision that was made: its place in the log. It is on the disk."""

    number: int
    record_id: str


class TakenBackBody(Body):
    """The record that waits for a decision again."""

    record_id: str


class OutcomeBody(Body):
    """Where a record stands. Decisions are told once all reviewers have decided."""

    record_id: str
    state: State
    reason: str
    decisions: tuple[DecisionBody, ...]
    resolution: DecisionBody | None
    independent: tuple[DecisionBody, ...] = Field(
        description="What each of two had decided before they could see the other's decision."
    )


class OutcomesBody(Body):
    """A page of the records of a stage."""

    total: int
    outcomes: tuple[OutcomeBody, ...]


class AgreementBody(Body):
    """How two reviewers agree, by what they decided before either could see the other's."""

    reviewers: tuple[str, str]
    both: int
    agreed: int
    kappa: float | None
    changed: int = Field(
        description="On how many records one of them decided otherwise afterwards."
    )


class ConflictsBody(Body):
    """What is to be settled, and how reviewers agree."""

    conflicts: tuple[OutcomeBody, ...]
    agreements: tuple[AgreementBody, ...]


class RecallBody(Body):
    """What one's decisions say of recall."""

    found: int
    decided: int
    total: int
    estimate: float | None
    bound: float = Field(description="Recall is at least so much, with 95% confidence.")
    enough: bool = Field(description="Whether the bound has reached 95%.")


class ProgressBody(Body):
    """How far one is, and the stage as a whole."""

    total: int
    decided: int
    include: int
    exclude: int
    maybe: int
    left: int
    settled: int
    conflicts: int
    seconds_each: float | None
    seconds_left: float | None
    recall: RecallBody | None = None


class CountsBody(Body):
    """The numbers of a column of the PRISMA 2020 flow diagram."""

    identified: dict[str, int] = Field(
        description="Copies by the source that held them; of the library each record once."
    )
    total: int
    duplicates: int = Field(
        description="Copies that another copy stands for, in the same file or in another."
    )
    automation: int = Field(description="Taken out by automation tools before screening.")
    removed: int
    screened: int
    excluded: int
    waiting: int
    sought: int
    not_retrieved: int
    assessed: int
    reasons: dict[str, int]
    waiting_full_text: int
    included: int
    adds_up: bool


class FlowBody(CountsBody):
    """The numbers of the PRISMA 2020 flow diagram: of databases and registers, and beside them of
    other methods where there are any."""

    other_methods: CountsBody | None = None
    in_review: int = Field(description="All reports included, of both columns.")


class FlowRecordsParameters(Parameters):
    """Which number of the flow diagram is meant."""

    box: BoxName
    part: str = Field(default="", description="A source of identified, a reason of reasons.")
    column: Column = Field(default="databases", description="databases or other methods.")
    page: int = Field(default=1, ge=1)
    per_page: int = Field(default=100, ge=1, le=1000)


class CopyBody(Body):
    """A record as a source held it."""

    name: str = Field(description="The source.")
    place: int = Field(description="Which record of the source, from 1.")


class CountedBody(Body):
    """One that a number counts. ``copy`` is the copy that is counted, in the boxes of copies."""

    record: RecordBody
    copies: tuple[CopyBody, ...]
    present: bool = Field(description="Whether the record is in the collection.")
    copy_: CopyBody | None = Field(None, alias="copy")


class FlowRecordsBody(Body):
    """A page of what a number counts; ``unlisted`` are more of which only the number is known."""

    total: int
    unlisted: int
    counted: tuple[CountedBody, ...]


class ThemeBody(Body):
    """A theme of a collection."""

    record_ids: tuple[str, ...]
    terms: tuple[str, ...]


class ProposalBody(Body):
    """A record that the collection lacks, and why it is proposed."""

    record: RecordBody
    theme: int = Field(description="Number of the theme that it is near to, from 0.")
    likeness: float
    nearest: str = Field(description="The record of the collection that it is nearest to.")
    shared: tuple[str, ...] = Field(description="Words that both titles have.")


class OutlierBody(Body):
    """A record that lies apart from the others."""

    record_id: str
    likeness: float
    usual: float


class GrowthBody(Body):
    """What a collection could grow by."""

    themes: tuple[ThemeBody, ...]
    proposals: tuple[ProposalBody, ...]
    outliers: tuple[OutlierBody, ...]
    unheld: int = Field(description="Records that the library does not hold: they take no part.")


class PointBody(Body):
    """A record on the map, from 0 to 1 in both directions."""

    x: float
    y: float
    kind: Literal["include", "exclude", "around"]
    record_id: str


class OverviewBody(Body):
    """What a collection is made of."""

    years: tuple[tuple[int, int], ...]
    journals: tuple[tuple[str, int], ...]
    keywords: tuple[tuple[str, int], ...]
    map: tuple[PointBody, ...]
