"""What the API takes and gives of the thesaurus."""

from pydantic import Field

from search.terminology.concepts import LabelKind
from web.api.models import Body
from web.http.search_parameters import Parameters

_LONGEST = 500


class ConceptSearch(Parameters):
    """Words of a concept's name."""

    q: str = Field(
        min_length=1,
        max_length=_LONGEST,
        description="A name or a part of one, in Japanese or English.",
        json_schema_extra={"example": "心筋症"},
    )
    limit: int = Field(default=20, ge=1, le=100, description="At most so many concepts.")


class ConceptParameters(Parameters):
    """Which concept is meant."""

    name: str = Field(
        min_length=1,
        max_length=_LONGEST,
        description="One of its names, whole.",
        json_schema_extra={"example": "心不全"},
    )
    n: int = Field(
        default=0, ge=0, description="Which of the concepts with this name, where several have it."
    )


class NamedConcept(Body):
    """A concept by its preferred names."""

    ja: str | None
    en: str | None


class ConceptsBody(Body):
    """Concepts that were found."""

    query: str
    concepts: tuple[NamedConcept, ...]


class TermBody(Body):
    """A name of a concept, and who says so."""

    text: str
    language: str
    kind: LabelKind
    source: str


class NotationBody(Body):
    """A concept's code in a classification."""

    scheme: str
    code: str
    source: str


class ScopeNoteBody(Body):
    """What a concept means, in the words of its source."""

    text: str
    language: str
    source: str


class ConceptBody(Body):
    """A concept of the terminology."""

    ja: str | None
    en: str | None
    several: int = Field(description="How many concepts have the name that was asked for.")
    names: tuple[TermBody, ...]
    notations: tuple[NotationBody, ...]
    scope_notes: tuple[ScopeNoteBody, ...]
    qualifiers: tuple[str, ...]
    broader: tuple[NamedConcept, ...] = Field(description="Right above.")
    narrower: tuple[NamedConcept, ...] = Field(description="Right below, at most 1000.")
    narrower_in_all: int | None = Field(
        description="How many concepts lie below at any depth; null where they are too many."
    )
    records: int = Field(description="Records of the library with this heading.")
    records_exploded: int | None = Field(
        description="Records with this heading or a narrower one; null where they are too many."
    )
