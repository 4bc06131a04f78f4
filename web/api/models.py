"""What the API takes and gives. These classes validate, serialise and make the OpenAPI document.

Offsets and spans count Unicode code points and are half-open: ``text[start:end]``.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from search.budget import Work
from search.exact import ExactSyntaxError, FaultReason, NoteReason, Sort
from search.exact.foreign_syntax import Kind, Platform
from search.filters import RetractionFilter
from search.library.legs import Trouble
from search.ranked.engine import MAX_QUERY, ListSort
from search.ranked.known_items import Known
from search.ranked.ranking import DEPTH
from search.ranked.snippets import MatchedSentence, shareable_sentence
from search.records import AbstractLicense, Record, Retraction
from search.spelling.correction import Kind as OfferKind
from web.http.links import outward_links
from web.http.search_parameters import CursorText, ExactParameters, Parameters, SearchParameters

Span = tuple[int, int]
# Searches of a batch: some seconds of one thread.
LARGEST_BATCH = 50
NextCursor = Annotated[
    str | None, Field(description="The cursor of the next page; null where this is the last.")
]


class Body(BaseModel):
    """Whatever the API answers with: made from our dataclasses, never changed."""

    model_config = ConfigDict(from_attributes=True, frozen=True)


class RankedParameters(SearchParameters):
    """A page of a ranked list, by its number or behind another."""

    cursor: CursorText = ""


class CompleteSetParameters(ExactParameters):
    """A page of a complete set, by its number or behind another."""

    cursor: CursorText = ""


class BatchedSearch(SearchParameters):
    """A page of a ranked list, as JSON: numbers are numbers there, and true is no 1."""

    model_config = ConfigDict(strict=True)


class Batch(Parameters):
    """Several ranked searches at once."""

    searches: tuple[BatchedSearch, ...] = Field(
        min_length=1,
        max_length=LARGEST_BATCH,
        # A body of 8 MB has millions of values, and each fault takes a kilobyte.
        fail_fast=True,
        description=f"All queries together have at most {MAX_QUERY:,} characters.",
    )

    @field_validator("searches")
    @classmethod
    def _not_too_long(cls, searches: tuple[BatchedSearch, ...]) -> tuple[BatchedSearch, ...]:
        length = sum(len(search.q) for search in searches)
        if length > MAX_QUERY:
            raise ValueError(
                f"all queries together have {length:,} characters, more than {MAX_QUERY:,}: ask "
                "for fewer or shorter ones at once"
            )
        return searches


class RecordPath(BaseModel):
    """Which record an address means."""

    record_id: str = Field(
        description="The record's id, percent-encoded; a slash may stand as it is.",
        json_schema_extra={"example": "pmid:12345678"},
    )


class SimilarParameters(Parameters):
    """How many similar records are wanted."""

    limit: int = Field(default=10, ge=1, le=100, description="At most so many records.")


class RecordParameters(Parameters):
    """A record takes no parameters."""


class AuthorBody(Body):
    """A person as family and given name, or an organisation as family name alone."""

    family: str
    given: str


class TranslationBody(Body):
    """Title and abstract in another language than the record's own."""

    language: str
    title: str
    abstract: str
    abstract_license: AbstractLicense


class HeadingBody(Body):
    """A heading of a thesaurus: descriptor, qualifier, whether the work is mainly about it."""

    descriptor: str
    qualifier: str
    major: bool


class NoticeBody(Body):
    """A published notice about a record: a retraction, an erratum."""

    kind: str
    reference: str
    pmid: str


class RecordBody(Body):
    """One bibliographic item. What is unknown is an empty string or list, or null."""

    id: str
    title: str
    abstract: str
    abstract_license: AbstractLicense = Field(
        description="disallow: the source forbids to pass the abstract on, and it is left out."
    )
    language: str = Field(description="ISO 639-1 code of title and abstract.")
    translations: tuple[TranslationBody, ...]
    authors: tuple[AuthorBody, ...]
    journal: str
    date: str = Field(description="YYYY, YYYY-MM or YYYY-MM-DD.")
    year: int | None
    volume: str
    issue: str
    pages: str
    issn: str
    doi: str
    pmid: str
    pmcid: str
    ichushi_id: str
    url: str
    keywords: tuple[str, ...] = Field(description="The descriptors of the headings come first.")
    headings: tuple[HeadingBody, ...]
    publication_types: tuple[str, ...]
    trial_ids: tuple[str, ...]
    retraction: Retraction
    notices: tuple[NoticeBody, ...]
    to_complete: bool = Field(description="Whether no more than its PMID or DOI is known.")
    link: str | None = Field(description="Where the record can be read on the web.")

    @classmethod
    def of(cls, record: Record) -> "RecordBody":
        """The record as the API gives it: without what must not be passed on."""
        record = record.shareable()
        links = outward_links(record)
        return cls.model_validate(
            {
                **{name: getattr(record, name) for name in cls.model_fields if name != "link"},
                "link": links[0].address if links else None,
            }
        )


class FiltersBody(Body):
    """The conditions that every hit meets."""

    year_from: int | None
    year_to: int | None
    journal: str
    publication_type: str
    keyword: str
    language: str
    has_abstract: bool
    retraction: RetractionFilter
    words: str


class LegBody(Body):
    """What one retriever thought of a record. Scores compare within one answer only."""

    score: float
    rank: int


class SentenceBody(Body):
    """The sentence nearest to the query: an offset into the title or abstract of the record's
    version in ``language``."""

    text: str
    language: str
    field: Literal["title", "abstract"]
    start: int
    end: int
    marks: tuple[Span, ...] = Field(description="Matched terms as spans of this text.")

    @classmethod
    def of(cls, sentence: MatchedSentence | None) -> "SentenceBody | None":
        """The sentence as the API gives it: none of what must not be passed on."""
        shared = shareable_sentence(sentence)
        return cls.model_validate(shared) if shared else None


class HitBody(Body):
    """A record in a ranked list. A retriever that did not find it is null."""

    rank: int
    score: float
    dense: LegBody | None
    lexical: LegBody | None
    sentence: SentenceBody | None
    title_marks: tuple[Span, ...] = Field(description="Matched terms as spans of the title.")
    known: Known | None = Field(description="What the query names the record by, where it does.")
    record: RecordBody


class OfferBody(Body):
    """A term of the library for a word that no record contains: offered, not applied."""

    written: str
    offered: str
    query: str = Field(description="The query with the term in the place of the word.")
    kind: OfferKind
    records: int = Field(description="Records that contain the term.")


class UnderstoodBody(Body):
    """What the engine made of the query."""

    folded: tuple[tuple[str, str], ...] = Field(
        description="What was read as another spelling: as typed, as understood."
    )

    terms: tuple[str, ...] = Field(description="The words that BM25 looked for.")
    added: tuple[str, ...] = Field(
        description="Terms near in meaning that BM25 looked for too, because no record has all "
        "words of the query."
    )
    names: tuple[tuple[str, tuple[str, ...]], ...] = Field(
        description="Other names that BM25 took for the same, by the terminology: as typed, and "
        "those that the library has."
    )
    encoder_text: str = Field(description="What the encoder saw.")
    dense_weight: float | None = Field(
        description="Weight of meaning against words; null where ranks were fused."
    )


class FacetsBody(Body):
    """How the counted records divide, as pairs of value and number of records: all years in order,
    the ten most frequent of all others."""

    counted: int
    years: tuple[tuple[int, int], ...]
    journals: tuple[tuple[str, int], ...]
    publication_types: tuple[tuple[str, int], ...]
    keywords: tuple[tuple[str, int], ...]
    languages: tuple[tuple[str, int], ...]


Degraded = Annotated[
    bool,
    Field(
        description="Whether the list is by words alone for the moment, because whoever knows the "
        "vectors does not answer; it may lack what it should have. Ask again soon."
    ),
]
DegradedReason = Annotated[
    Trouble | None,
    Field(
        description="Why: the engine cannot be reached, refuses, does not answer in time, is asked "
        "enough already, loads the generation, or does not hold it. Null where the list is whole."
    ),
]


class SearchBody(Body):
    """A page of a ranked list."""

    query: str
    filters: FiltersBody
    page: int
    per_page: int
    sort: ListSort
    total: int = Field(description=f"Length of the list, which is cut off at {DEPTH}.")
    cut_off: bool = Field(description="Whether the list ends because of the limit.")
    relevant: int | None = Field(
        description="How many hits at the head are close to the query; 0: nothing is; null: the"
        " library is too small to say."
    )
    weak: int = Field(
        description="How many hits at the head are weak matches at least. Where nothing is close"
        " and this is 0 too, nothing in the library comes near the query."
    )
    hits: tuple[HitBody, ...]
    facets: FacetsBody = Field(
        description="Counted over the hits that are close, or else over the weak matches, or else"
        " over the whole list."
    )
    understood: UnderstoodBody
    offers: tuple[OfferBody, ...]
    next_cursor: NextCursor
    generation: str = Field(description="The library's generation that answered.")
    degraded: Degraded = False
    degraded_reason: DegradedReason = None


class BatchBody(Body):
    """The answers of a batch, in the order of its searches."""

    answers: tuple[SearchBody, ...]


class ExactHitBody(Body):
    """A record of a complete set; ``sentence`` is the abstract's first that has a term."""

    sentence: SentenceBody | None
    title_marks: tuple[Span, ...] = Field(description="Matched terms as spans of the title.")
    record: RecordBody


class NoteBody(Body):
    """What the searcher should know about a part of the expression."""

    reason: NoteReason
    detail: str


class ExactUnderstoodBody(Body):
    """What the engine made of an expression."""

    canonical: str = Field(description="The expression with fields and grouping written out.")
    folded: tuple[tuple[str, str], ...] = Field(
        description="Terms read as another spelling: as typed, as looked for."
    )
    notes: tuple[NoteBody, ...]


class ExactBody(Body):
    """A page of a complete set."""

    expression: str
    filters: FiltersBody
    sort: Sort
    page: int
    per_page: int
    count: int = Field(description="The exact size of the complete set.")
    hits: tuple[ExactHitBody, ...]
    facets: FacetsBody = Field(description="Counted over the complete set.")
    understood: ExactUnderstoodBody
    offers: tuple[OfferBody, ...]
    next_cursor: NextCursor
    generation: str = Field(description="The library's generation that answered.")


class SimilarBody(Body):
    """The records nearest in meaning to one."""

    id: str
    hits: tuple[HitBody, ...]
    degraded: Degraded = False
    degraded_reason: DegradedReason = None


class HealthBody(Body):
    """The process answers."""

    status: Literal["ok"]


class ReadyBody(Body):
    """The service can answer queries."""

    status: Literal["ready", "degraded"] = Field(
        description="degraded: ranked lists are by words alone for the moment."
    )
    generation: str = Field(description="The generation that answers here.")
    records: int
    published: str | None = Field(
        default=None,
        description="The generation that is live. Where it is another one, this process could not "
        "open that yet; null: not known.",
    )
    degraded_reason: DegradedReason = None


class ProblemField(BaseModel):
    """A parameter that cannot be taken."""

    field: str
    message: str


class FaultBody(BaseModel):
    """Where an expression cannot be read, and how it could be mended."""

    reason: FaultReason
    start: int = Field(description="Offset into the expression.")
    end: int
    fragment: str
    proposal: str | None = Field(description="A mended expression, or null.")
    platform: Platform | None = Field(
        None, description="Whose syntax it is, where it is another platform's."
    )
    kind: Kind | None = Field(None, description="What it is there.")
    here: str | None = Field(None, description="How that is written here, where it can be.")

    @classmethod
    def of(cls, error: ExactSyntaxError) -> "FaultBody":
        """The fault as the API gives it."""
        return cls(
            reason=error.reason,
            start=error.start,
            end=error.end,
            fragment=error.fragment,
            proposal=error.proposal,
            platform=error.foreign.platform if error.foreign else None,
            kind=error.foreign.kind if error.foreign else None,
            here=(error.foreign.here or None) if error.foreign else None,
        )


class Problem(BaseModel):
    """An error as RFC 9457 describes it."""

    type: str = Field(
        description="Names the kind of error; about:blank where the status says all.",
        examples=["/about#bad-parameter"],
    )
    title: str
    status: int
    detail: str
    errors: tuple[ProblemField, ...] | None = None
    fault: FaultBody | None = None
    work: Work | None = Field(
        default=None,
        description="Of a request that costs too much, what of it: words that stand in too many "
        "records, texts that have to be read …",
    )
