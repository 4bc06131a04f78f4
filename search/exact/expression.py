"""An exact search as a tree of what was asked for; ``str`` of it is its canonical form.

The canonical form is in PubMed's notation with every field written out; :func:`search.exact.parse`
reads it back to the same tree.
"""

import dataclasses
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, get_args

Field = Literal[
    "all",
    "text",
    "title-abstract",
    "title",
    "abstract",
    "heading",
    "heading-alone",
    "major",
    "major-alone",
    "keyword",
    "subheading",
    "author",
    "first-author",
    "last-author",
    "journal",
    "publication-type",
    "language",
    "identifier",
    "pmid",
    "doi",
    "issn",
]
FIELDS: tuple[Field, ...] = get_args(Field)
# Searched by words, not by whole values.
TEXT_FIELDS: tuple[Field, ...] = ("all", "text", "title-abstract", "title", "abstract")
# Searched by headings, with what the terminology says is the same or lies under them.
HEADING_FIELDS: tuple[Field, ...] = ("heading", "heading-alone", "major", "major-alone")
# Searched by names, unquoted ones with initials as if these were cut off.
NAME_FIELDS: tuple[Field, ...] = ("author", "first-author", "last-author")
FlagName = Literal["hasabstract", "retracted"]

# How the canonical form writes a field.
CANONICAL_TAGS: dict[Field, str] = {
    "all": "all",
    "text": "tw",
    "title-abstract": "tiab",
    "title": "ti",
    "abstract": "ab",
    "heading": "mh",
    "heading-alone": "mh:noexp",
    "major": "majr",
    "major-alone": "majr:noexp",
    "keyword": "ot",
    "subheading": "sh",
    "author": "au",
    "first-author": "1au",
    "last-author": "lastau",
    "journal": "ta",
    "publication-type": "pt",
    "language": "la",
    "identifier": "id",
    "pmid": "pmid",
    "doi": "doi",
    "issn": "is",
}
# What needs no quotes: a word that nothing else could be read into.
_PLAIN = re.compile(r"[^\W_]+(?:[-ー][^\W_]+)*")
_OPERATOR = re.compile(r"(?:and|or|not|(?:near|adj)\d*|hasabstract)", re.IGNORECASE)


@dataclass(frozen=True)
class Term:
    """A string in a field, as it was typed; ``truncated`` where a ``*`` ended it. Of a heading,
    ``also`` is what it stands for beside its own value: its other names and what lies under it, in
    the form in which whole values are compared.

    ``start`` and ``end`` are offsets into the expression that was typed.
    """

    field: Field
    text: str
    truncated: bool = False
    also: tuple[str, ...] = dataclasses.field(default=(), repr=False)
    start: int = dataclasses.field(default=0, compare=False)
    end: int = dataclasses.field(default=0, compare=False)

    def __str__(self) -> str:
        text = self.text + "*" * self.truncated
        plain = _PLAIN.fullmatch(self.text) and not _OPERATOR.fullmatch(self.text)
        # Sato-K without quotes is Sato with an initial.
        plain = plain and not ("-" in self.text and self.field in NAME_FIELDS)
        written = text if plain else f'"{text}"'
        return f"{written}[{CANONICAL_TAGS[self.field]}]"


@dataclass(frozen=True)
class Dates:
    """Dates of publication from ``low`` to ``high``, both included: ``YYYY``, ``YYYY/MM``,
    ``YYYY/MM/DD`` or empty where there is no limit."""

    low: str
    high: str

    def __str__(self) -> str:
        return f"{self.low}[dp]" if self.low == self.high else f"{self.low}:{self.high}[dp]"


@dataclass(frozen=True)
class Flag:
    """A property that a record has or has not."""

    name: FlagName

    def __str__(self) -> str:
        return f"{self.name}[filter]"


@dataclass(frozen=True)
class EarlierSearch:
    """What an earlier search found: ``#1``, by its number."""

    number: int
    start: int = dataclasses.field(default=0, compare=False)
    end: int = dataclasses.field(default=0, compare=False)

    def __str__(self) -> str:
        return f"#{self.number}"


@dataclass(frozen=True)
class Near:
    """Terms close to each other: at most ``distance`` units that belong to none of them between
    the first and the last, in the order given or in any.

    Two operands, each a term or an :class:`Or` of terms; more than two only as terms in any order.
    """

    operands: "tuple[Term | Or, ...]"
    distance: int
    ordered: bool = False

    def __str__(self) -> str:
        if len(self.operands) > len(("left", "right")):
            terms = [t for t in self.operands if isinstance(t, Term)]
            words = " ".join(t.text for t in terms)
            return f'"{words}"[{CANONICAL_TAGS[terms[0].field]}:~{self.distance}]'
        name = "ADJ" if self.ordered else "NEAR"
        return f" {name}/{self.distance} ".join(map(_grouped, self.operands))


@dataclass(frozen=True)
class Not:
    """Every record that ``part`` does not find."""

    part: "Expression"

    def __str__(self) -> str:
        return f"NOT {_grouped(self.part)}"


@dataclass(frozen=True)
class And:
    """The records that every part finds; two parts at least."""

    parts: "tuple[Expression, ...]"

    def __str__(self) -> str:
        first, *others = self.parts
        written = str(first) if isinstance(first, Not) else _grouped(first)
        for part in others:
            written += f" {part}" if isinstance(part, Not) else f" AND {_grouped(part)}"
        return written


@dataclass(frozen=True)
class Or:
    """The records that any part finds; two parts at least."""

    parts: "tuple[Expression, ...]"

    def __str__(self) -> str:
        return " OR ".join(str(p) if isinstance(p, Not) else _grouped(p) for p in self.parts)


Expression = Term | Dates | Flag | EarlierSearch | Near | Not | And | Or


def _grouped(part: Expression) -> str:
    return f"({part})" if isinstance(part, And | Or | Not) else str(part)


def terms_of(expression: Expression) -> Iterator[Term]:
    """Every term, in order."""
    match expression:
        case Term():
            yield expression
        case Not(part):
            yield from terms_of(part)
        case And(parts) | Or(parts) | Near(parts):
            for part in parts:
                yield from terms_of(part)


def lines_of(expression: Expression) -> Iterator[EarlierSearch]:
    """Every earlier search that an expression refers to, in order."""
    match expression:
        case EarlierSearch():
            yield expression
        case Not(part):
            yield from lines_of(part)
        case And(parts) | Or(parts):
            for part in parts:
                yield from lines_of(part)


def sought(expression: Expression) -> Iterator[Term]:
    """The terms that a found record may contain: all but those that are excluded."""
    match expression:
        case Term():
            yield expression
        case And(parts) | Or(parts) | Near(parts):
            for part in parts:
                yield from sought(part)
