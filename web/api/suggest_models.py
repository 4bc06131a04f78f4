"""What the API takes and gives about terms: suggestions, completions, fillings, drafts."""

from pydantic import Field, field_validator

from search.ranked.engine import MAX_QUERY
from search.ranked.snippets import shareable_sentence
from search.suggest import Group, Reason
from search.suggest.english import Source
from search.suggest.grounding import Basis, Example
from web.api.models import Body, SentenceBody
from web.http.search_parameters import Parameters, Query

_DECLINED = "Terms that are not to be offered."
# More than anyone declines or accepts in a visit.
_MOST_TERMS = 100


class SuggestParameters(Query):
    """A query for which terms are wanted, with the filters that it is searched with."""

    limit: int = Field(default=8, ge=1, le=20, description="At most so many suggestions.")
    without: list[str] = Field(default=[], max_length=_MOST_TERMS, description=_DECLINED)


class CompleteParameters(Parameters):
    """A query of which the last word is still being typed."""

    q: str = Field(
        max_length=MAX_QUERY,
        description="The query up to the cursor. Kana and romaji are taken by their sound.",
        json_schema_extra={"example": "糖尿病 しんきん"},
    )
    limit: int = Field(default=8, ge=1, le=20, description="At most so many terms.")


class FillMaskParameters(Query):
    """A text with blanks."""

    q: str = Field(
        max_length=MAX_QUERY,
        description="A text with [MASK] or ＿＿ where a term is wanted.",
        json_schema_extra={"example": "この患者は[MASK]と診断された。"},
    )
    limit: int = Field(default=10, ge=1, le=50, description="At most so many terms a blank.")
    without: list[str] = Field(default=[], max_length=_MOST_TERMS, description=_DECLINED)


class DraftParameters(Parameters):
    """A query and the terms accepted for it."""

    q: str = Field(
        max_length=MAX_QUERY,
        description="The query.",
        json_schema_extra={"example": "糖尿病 食事療法"},
    )
    term: list[str] = Field(
        default=[], max_length=_MOST_TERMS, description="Terms accepted beside those of the query."
    )


class ExampleBody(Body):
    """A sentence that contains the term, and the id of its record."""

    record: str
    sentence: SentenceBody


class GroundingBody(Body):
    """What the library holds of a term, within the filters."""

    records: int = Field(description="Records that contain the term; never 0.")
    new_records: int = Field(description="Those of them that are not found already.")
    basis: Basis = Field(
        description="Found already is what the query finds as an expression (exact), or its first"
        " hits where it finds nothing as one (hits)."
    )
    example: ExampleBody | None

    @field_validator("example", mode="before")
    @classmethod
    def _shareable(cls, example: object) -> object:
        """Leave out a sentence that must not be passed on; what a client reads is left as it is."""
        withheld = isinstance(example, Example) and not shareable_sentence(example.sentence)
        return None if withheld else example


class SuggestionBody(Body):
    """A term offered for a query."""

    term: str
    group: Group = Field(description="What the term is to the query.")
    reasons: tuple[Reason, ...] = Field(
        description="Why it is offered, the strongest reason first: it is another name of a word of"
        " the query by the terminology (name), a synonym of a part of the query, it co-occurs with"
        " it in the hits, it fits the sentence as the MLM head sees it."
    )
    query: str = Field(description="The query with the term added.")
    swapped: str = Field(
        description="The query with the term in the place of `replaces`; empty if it replaces"
        " nothing."
    )
    replaces: str
    grounding: GroundingBody
    score: float = Field(description="Compares within one answer only.")


class SuggestBody(Body):
    """Terms offered for a query, in the order of their groups, best first in each."""

    query: str
    suggestions: tuple[SuggestionBody, ...]


class CompletionBody(Body):
    """A term that the word being typed may become."""

    term: str
    query: str = Field(description="The query with the term in the word's place.")
    start: int = Field(description="Where the word begins in the query: an offset.")
    records: int = Field(description="Records that contain the term.")


class CompleteBody(Body):
    """Terms for the word being typed, best first."""

    query: str
    completions: tuple[CompletionBody, ...]


class FillingBody(Body):
    """A term for a blank."""

    term: str
    probability: float = Field(description="By the MLM head, the product over its pieces.")
    query: str = Field(description="The text with the term.")
    records: int = Field(description="Records that contain the term.")


class JointFillingBody(Body):
    """A term for every blank of a text."""

    terms: tuple[str, ...]
    probability: float = Field(description="The product, each term given those before it.")
    query: str = Field(description="The text with all of them.")


class FillMaskBody(Body):
    """For each blank, in order, the terms that fit, best first; where there are several blanks,
    terms for all of them together."""

    query: str
    masks: tuple[tuple[FillingBody, ...], ...]
    together: tuple[JointFillingBody, ...]


class PartnerBody(Body):
    """An English term for a Japanese one."""

    english: str
    source: Source = Field(
        description="A name of the same in the terminology; or in the library: in brackets after"
        " it, a heading of the same records, or a phrase of their English titles and abstracts."
    )
    records: int = Field(description="Records that show the pair, or that have the name.")
    heading: bool = Field(description="Whether some record carries it as a heading.")


class DraftTermBody(Body):
    """A term of a draft."""

    term: str
    heading: bool = Field(description="Whether some record carries it as a heading.")
    records: int
    english: tuple[PartnerBody, ...]
    japanese: tuple[tuple[str, bool], ...] = Field(
        description="Other Japanese names of the same by the terminology, each with whether some"
        " record carries it as a heading."
    )


class DraftBody(Body):
    """Draft strategies, to be finished where they are run."""

    concepts: tuple[tuple[DraftTermBody, ...], ...] = Field(
        description="Joined by AND; the terms of each by OR."
    )
    ichushi: str = Field(description="For 医中誌Web; /TH only for headings of the library.")
    pubmed: str = Field(description="For PubMed; empty where no term has an English partner.")
    without_english: tuple[str, ...] = Field(
        description="Terms that neither terminology nor library pairs with an English one: left"
        " out of `pubmed`."
    )
