"""The parameters of both searches, the same on the page and in the API."""

import unicodedata
from dataclasses import fields
from functools import cache
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, field_validator

from search.exact import Sort, ThesaurusUse
from search.filters import Filters, RetractionFilter
from search.ranked.engine import MAX_PER_PAGE, MAX_QUERY, ListSort
from search.ranked.ranking import DEPTH
from web.http.exports import ExportFormat

DEFAULT_PER_PAGE = 10
# No library has as many pages; what is asked for beyond is a slip.
_LAST_PAGE = 10_000_000


def _folded(value: Any) -> Any:
    """Digits as a Japanese keyboard may type them (２０２０), as ASCII."""
    return unicodedata.normalize("NFKC", value).strip() if isinstance(value, str) else value


Year = Annotated[int, Field(ge=1000, le=2999), BeforeValidator(_folded)]
LanguageCode = Annotated[
    str, Field(max_length=35, pattern=r"^([A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*)?$")
]


class Parameters(BaseModel):
    """What a request asks for; a name that it does not know is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @classmethod
    def model_json_schema(cls, *how: Any, **also: Any) -> dict[str, Any]:
        """As pydantic's; made once for each class where nothing is said about how: flask-openapi3
        asks for that at every request, and making it costs as much as encoding the query."""
        return super().model_json_schema(*how, **also) if how or also else _usual_schema(cls)


@cache
def _usual_schema(asked: type[Parameters]) -> dict[str, Any]:
    return super(Parameters, asked).model_json_schema()


class Query(Parameters):
    """What is searched for, and the filters that narrow it down."""

    q: str = Field(
        max_length=MAX_QUERY,
        description="The query: words, a phrase, a question or a whole abstract; in exact search "
        "an expression in the syntax of 医中誌Web or PubMed.",
        # An empty one is refused by the search, in its own words.
        json_schema_extra={"example": "夜間の咳で眠れない小児", "minLength": 1, "pattern": r"\S"},
    )
    year_from: Year | None = Field(default=None, description="First year of publication.")
    year_to: Year | None = Field(default=None, description="Last year of publication.")
    journal: str = Field(default="", max_length=500, description="Exact name of the journal.")
    publication_type: str = Field(
        default="", max_length=500, description="A publication type that the record has."
    )
    keyword: str = Field(
        default="", max_length=500, description="A keyword or heading that the record has."
    )
    language: LanguageCode = Field(
        default="", description="ISO 639-1 code that any version of the record has."
    )
    has_abstract: bool = Field(default=False, description="Only records with an abstract.")
    retraction: RetractionFilter = Field(
        default="",
        description="Without the records retracted or under an expression of concern (exclude),"
        " or only those (only).",
    )

    words: str = Field(
        default="",
        max_length=500,
        description="Words that title, abstract or keywords have, all of them: a search within "
        "the results.",
    )

    @field_validator("year_to")
    @classmethod
    def _not_before_year_from(cls, year_to: int | None, info: ValidationInfo) -> int | None:
        year_from = info.data.get("year_from")
        if year_to is not None and year_from is not None and year_to < year_from:
            raise ValueError(f"year_to ({year_to}) is before year_from ({year_from})")
        return year_to

    def filters(self) -> Filters:
        """The conditions that hits must meet."""
        names = [f.name for f in fields(Filters) if f.name in type(self).model_fields]
        return Filters(**{name: getattr(self, name) for name in names})

    def address(self, **changes: Any) -> dict[str, str | int]:
        """The query string that leads here, or to the same search with ``changes``: everything
        that differs from the defaults."""
        changed = self.model_copy(update=changes)
        return {
            name: int(value) if isinstance(value, bool) else value
            for name, value in changed.model_dump(exclude_defaults=True).items()
        }


PerPage = Annotated[int, Field(ge=1, le=MAX_PER_PAGE, description="Page size.")]


# Where an answer said that the next page begins.
CursorText = Annotated[
    str,
    Field(
        max_length=2000,
        description="next_cursor of the page before: goes on there, also when the library has "
        "changed in between. In the place of page; all else stays as it was.",
    ),
]


ListOrder = Annotated[
    ListSort,
    Field(
        description="Order of the list. By year stand the records that are close to the query "
        "alone, or the whole list where nothing says which are."
    ),
]


OtherNames = Annotated[
    bool,
    Field(
        description="Whether other names of what the query names are looked for as well, as the "
        "terminology has them: heart failure for 心不全."
    ),
]


class SearchParameters(Query):
    """A page of a ranked list."""

    sort: ListOrder = "relevance"
    other_names: OtherNames = True
    page: int = Field(
        default=1, ge=1, le=DEPTH, description=f"Page of the list, which ends after {DEPTH} hits."
    )
    per_page: PerPage = DEFAULT_PER_PAGE


class ExportParameters(Query):
    """The first records of a ranked list, as a file."""

    sort: ListOrder = "relevance"
    other_names: OtherNames = True
    format: ExportFormat = Field(description="Format of the file.")
    limit: int = Field(default=100, ge=1, le=DEPTH, description="At most so many records.")


WordMapping = Annotated[
    bool,
    Field(
        description="Whether words without a field that name one concept of the terminology are "
        "searched as its heading and its other names, too: 心不全 as heart failure. Headings "
        "([mh], /TH) are exploded in either case."
    ),
]


def thesaurus_use(mapping: bool) -> ThesaurusUse:
    """What use a search makes of the terminology that maps words or does not."""
    return "map" if mapping else "explode"


class MappingQuery(Query):
    """An expression of exact search, whose words may be mapped."""

    mapping: WordMapping = True

    @property
    def thesaurus(self) -> ThesaurusUse:
        """What use the search makes of the terminology."""
        return thesaurus_use(self.mapping)


class ExactParameters(MappingQuery):
    """A page of a complete set."""

    sort: Sort = Field(default="year", description="Order of the set.")
    page: int = Field(default=1, ge=1, le=_LAST_PAGE, description="Page of the set.")
    per_page: PerPage = DEFAULT_PER_PAGE


class ExactExportParameters(MappingQuery):
    """A complete set, as a file."""

    format: ExportFormat = Field(description="Format of the file.")
    sort: Sort = Field(default="year", description="Order of the set.")
