"""What the API of collections takes and gives."""

from typing import Any, Literal

from pydantic import BaseModel, Field

from search.exact import Sort
from search.ranked.engine import MAX_QUERY
from search.ranked.ranking import DEPTH
from web.api.models import Body, RecordBody, SentenceBody
from web.desk.additions import Intake
from web.desk.collection_search import Group, Mode
from web.desk.copies import Kind, Why
from web.desk.export import CollectionFormat
from web.desk.history import Action
from web.desk.members import Member, State
from web.desk.screening.file_decisions import Name
from web.desk.screening.plan import Stage
from web.http.search_parameters import ListOrder, OtherNames, Parameters, Query

_MOST_IDS = 10_000

Ids = list[str]


class CollectionPath(BaseModel):
    """Which collection an address means."""

    number: int = Field(ge=1, description="The collection's number.")


class FolderPath(BaseModel):
    """Which folder an address means."""

    number: int = Field(ge=1, description="The folder's number.")


class SharePath(CollectionPath):
    """Which link of a collection an address means."""

    share: int = Field(ge=1, description="The link's number.")


class NewCollection(Parameters):
    """A collection to be made."""

    name: str = Field(description="Its name.")
    description: str = Field(default="", description="What it is for.")
    folder: int | None = Field(default=None, description="The folder to put it into.")


class CollectionChange(Parameters):
    """What of a collection changes; what is left out stays."""

    name: str | None = None
    description: str | None = None
    folder: int | None = Field(default=None, description="0 is the top.")


class NewFolder(Parameters):
    """A folder, to be made or changed."""

    name: str
    parent: int | None = Field(default=None, description="The folder that it lies in.")


class InsideParameters(Parameters):
    """A page of a collection, or of what a search inside it finds."""

    q: str = Field(default="", max_length=MAX_QUERY, description="Query or expression.")
    mode: Mode = Field(
        default="words",
        description="words: an expression of exact search, in the collection's order; meaning: "
        "ranked, most relevant first.",
    )
    tag: str = Field(default="", description="Only records with this tag.")
    group: Group = Field(
        default="",
        description="Only records that the library has dropped, that never were in it "
        "(elsewhere), or that are retracted or under an expression of concern (doubtful).",
    )
    page: int = Field(default=1, ge=1, le=DEPTH)
    per_page: int = Field(default=50, ge=1, le=100)


class ExactSource(Query):
    """All of the complete set of an expression."""

    sort: Sort = Field(default="year", description="The order in which they are added.")


class RankedSource(Query):
    """The first records of a ranked list."""

    sort: ListOrder = "relevance"
    other_names: OtherNames = True
    limit: int = Field(ge=1, le=DEPTH, description="So many, in that order.")


class Addition(Parameters):
    """Records to be added: by exactly one of these."""

    ids: Ids | None = Field(
        default=None, max_length=_MOST_IDS, fail_fast=True, description="Ids of records."
    )
    identifiers: str | None = Field(
        default=None, description="PMIDs, DOIs, 医中誌IDs or ids, one a line or between blanks."
    )
    exact: ExactSource | None = None
    ranked: RankedSource | None = None


class Chosen(Parameters):
    """Some records of a collection."""

    ids: Ids = Field(max_length=_MOST_IDS, fail_fast=True)


class Removed(Chosen):
    """Records to be taken out, and why."""

    why: Why = Field(default="other", description="automation: an automation tool decided so.")


class NamedSource(Parameters):
    """How a source is called, and how it was found."""

    source: int
    label: str = Field(default="", description="The database or method; empty for its own name.")
    kind: Kind = "database"


class TakenBackSource(Parameters):
    """A source to be taken back."""

    source: int


class TakenOver(Parameters):
    """How the decisions that a source told of are taken over."""

    source: int
    name: Name | Literal["decline"] = Field(
        default="own", description="own, file (the names in the file, as imported), or decline."
    )
    stage: Stage = Field(
        default="title-abstract", description="Of those decisions that name no stage."
    )


class TakenOverBody(Body):
    """What became of them."""

    taken: int
    left: int = Field(description="Decided already, or not to be screened at that stage.")


class ToldBody(Body):
    """The decisions that a source told of."""

    verdicts: dict[str, int]
    people: tuple[str, ...]
    stages: tuple[str, ...]
    answer: str = Field(description="taken, declined, or empty while they wait.")


class SourceBody(Body):
    """A file or a search that gave records to a collection."""

    id: int
    name: str
    label: str
    kind: Kind
    held: int = Field(description="Copies that are listed.")
    unlisted: int = Field(description="Copies more of which only the number is known.")
    unread: int = Field(description="Records of the file that could not be read.")
    at: str
    who: str
    told: ToldBody | None = None


class SourcesBody(Body):
    """The sources of a collection, in the order in which they came."""

    sources: tuple[SourceBody, ...]


class Note(Parameters):
    """The note of a record; ``seen`` is what stood there when it was edited."""

    id: str
    note: str
    seen: str | None = None


class Place(Parameters):
    """A record's place in the collection, counted from 1."""

    id: str
    place: int = Field(ge=1)


class Tagging(Parameters):
    """A tag, and the records to put it on or take it off."""

    tag: str
    ids: Ids = Field(max_length=_MOST_IDS, fail_fast=True)


class TagChange(Parameters):
    """What is to become of a tag: exactly one of these."""

    tag: str
    name: str | None = Field(default=None, description="A new name.")
    into: str | None = Field(default=None, description="The tag to merge it into.")
    place: int | None = Field(default=None, ge=1, description="Its place among the tags, from 1.")
    delete: bool = False


class ChangeNumber(Parameters):
    """A change of the history."""

    change: int = Field(ge=1)


class HistoryParameters(Parameters):
    """A page of a history."""

    page: int = Field(default=1, ge=1)
    per_page: int = Field(default=100, ge=1, le=1000)


class CollectionExportParameters(Parameters):
    """A collection as a file."""

    format: CollectionFormat = Field(description="json carries everything.")


class FileParameters(Parameters):
    """A file sent as the body of the request."""

    name: str = Field(default="import", max_length=200, description="The file's name.")


class TagBody(Body):
    """A tag and how many records have it."""

    name: str
    records: int


class CollectionBody(Body):
    """A collection."""

    id: int
    name: str
    description: str
    folder: int | None
    records: int
    changed: str


class CollectionsBody(Body):
    """All collections."""

    collections: tuple[CollectionBody, ...]


class WholeCollectionBody(CollectionBody):
    """A collection with its tags, and how its records stand in the library."""

    tags: tuple[TagBody, ...]
    dropped: int = Field(description="Records that the library had and has no more.")
    elsewhere: int = Field(description="Records of files, that never were in the library.")
    doubtful: int = Field(description="Records retracted or under an expression of concern.")


class FolderBody(Body):
    """A folder."""

    id: int
    name: str
    parent: int | None


class FoldersBody(Body):
    """All folders."""

    folders: tuple[FolderBody, ...]


class MemberBody(Body):
    """A record in a collection: as the library has it now, or else the copy that was kept."""

    record: RecordBody
    state: State
    source: str = Field(description="library, or the name of the file that it came from.")
    note: str
    tags: tuple[str, ...]
    added: str
    added_by: str
    duplicates: int = Field(description="How many records are handled as one with it, and hidden.")
    title_marks: tuple[tuple[int, int], ...]
    sentence: SentenceBody | None

    @classmethod
    def of(cls, member: Member) -> "MemberBody":
        """The member as the API gives it; its id is the one that it has in the collection."""
        item = member.item
        record = RecordBody.of(member.record).model_copy(update={"id": item.record.id})
        return cls(
            record=record,
            state=member.state,
            source=item.source,
            note=item.note,
            tags=item.tags,
            added=item.added,
            added_by=item.added_by,
            duplicates=item.duplicates,
            title_marks=member.title_marks,
            sentence=SentenceBody.of(member.sentence),
        )


class InsideBody(Body):
    """A page of a collection."""

    total: int
    page: int
    per_page: int
    unranked: int = Field(description="Records that the library lacks, so they have no rank.")
    records: tuple[MemberBody, ...]


class RejectedBody(Body):
    """What of a file could not be read."""

    place: str
    reason: str


class IntakeBody(Body):
    """What became of what was offered."""

    added: int
    already: int
    unknown: tuple[str, ...]
    ambiguous: tuple[str, ...]
    rejected: tuple[RejectedBody, ...]
    noted: int = Field(0, description="Records that brought a note from a file.")
    labelled: int = Field(0, description="Labels from a file: tags that records have now.")
    to_complete: int = Field(
        0, description="Of those added, records of which no more than a PMID or DOI is known."
    )
    decided: int = Field(
        0, description="Decisions that the file told of: they wait to be taken over or declined."
    )

    @classmethod
    def of(cls, intake: Intake) -> "IntakeBody":
        """The outcome as the API gives it."""
        return cls.model_validate(intake)


class CountBody(Body):
    """How many records a change concerned."""

    records: int


class ChangeBody(Body):
    """An entry of a history."""

    id: int
    at: str
    who: str
    action: Action
    detail: dict[str, Any]
    rows: int = Field(description="How many rows it changed; without any it cannot be undone.")


class HistoryBody(Body):
    """A page of a history, the newest first."""

    total: int
    changes: tuple[ChangeBody, ...]


class NewShareQuery(Parameters):
    """What a new link shows."""

    notes: bool = Field(False, description="Whether whoever has the link reads the notes.")


class ShareBody(Body):
    """A read-only link that was given out; ``notes`` says whether it shows them."""

    id: int
    created: str
    created_by: str
    revoked: str | None
    notes: bool


class SharesBody(Body):
    """The links of a collection."""

    shares: tuple[ShareBody, ...]


class NewShareBody(Body):
    """A new link. It is shown this once."""

    address: str


class DoneBody(Body):
    """The change was made."""

    status: Literal["ok"] = "ok"
