"""What a terminology says: concepts, their labels, and how concepts stand to each other.

The model is SKOS's (W3C, Simple Knowledge Organization System, 2009): a concept has labels, one of
each language preferred; narrower concepts lie under broader ones; a notation is a concept's code in
a classification.
"""

from dataclasses import dataclass
from typing import Literal

Language = Literal["ja", "en"]
# What a label is beside the preferred one: another name of just the same, what is made of its first
# letters, what laypeople say, another way to write it.
LabelKind = Literal["preferred", "exact", "abbreviation", "lay", "spelling"]
# The scheme of MeSH's check tags, as notations: who is studied (Aged, Child), not what.
CHECK_TAG = "check tag"
# The scheme of the places of MeSH's descriptors in its tree.
TREE_NUMBER = "MeSH tree"
# An abbreviation of so few letters stands for many things.
SHORT = 3


@dataclass(frozen=True)
class Label:
    """A name of a concept; ``source`` is who says so."""

    text: str
    language: Language
    kind: LabelKind
    source: str


@dataclass(frozen=True)
class Notation:
    """A concept's code in a classification: MeSH, ICD-10, HPO."""

    scheme: str
    code: str
    source: str


@dataclass(frozen=True)
class ScopeNote:
    """What a concept means and how it is used, in the words of its source."""

    text: str
    language: str
    source: str


@dataclass(frozen=True)
class Source:
    """Where statements come from, and under which licence."""

    name: str
    version: str
    licence: str
    url: str


@dataclass(frozen=True)
class Concept:
    """A concept: where it stands (``file`` and ``number`` within), its labels, the preferred ones
    first, and its notations; ``others`` is where the same concept stands in other files."""

    file: int
    number: int
    labels: tuple[Label, ...]
    notations: tuple[Notation, ...] = ()
    others: tuple[tuple[int, int], ...] = ()

    @property
    def places(self) -> tuple[tuple[int, int], ...]:
        """Where the concept stands: file and number, in each file that has it."""
        return ((self.file, self.number), *self.others)

    def preferred(self, language: Language) -> str | None:
        """The preferred label of a language, or the first one of it; None where there is none."""
        return next((label.text for label in self.labels if label.language == language), None)

    @property
    def is_check_tag(self) -> bool:
        """Whether it says who is studied, not what."""
        return any(notation.scheme == CHECK_TAG for notation in self.notations)

    @property
    def name(self) -> str:
        """What the concept is called, in Japanese if it has a Japanese name."""
        return self.preferred("ja") or self.labels[0].text


@dataclass(frozen=True)
class Explosion:
    """A concept as heading with all that lies under it: every name, in the form in which whole
    values are compared; how many places in files were read for it; how many concepts lie under."""

    names: frozenset[str]
    places: int
    narrower: int


@dataclass(frozen=True)
class Mention:
    """A concept's name within a text: its half-open span there, and the concepts that it may mean.

    Several concepts share an ambiguous name; ``sure`` says that there is one only, and that the
    name is no abbreviation of up to three letters, which may stand for what the terminology does
    not have.
    """

    start: int
    end: int
    concepts: tuple[Concept, ...]
    sure: bool
