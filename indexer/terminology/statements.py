"""What sources say, before it is known which of them speak of the same concept."""

from dataclasses import dataclass, field

from search.terminology.concepts import LabelKind, Language, Source

# A label as a statement has it: text, language, kind.
Named = tuple[str, Language, LabelKind]


@dataclass(frozen=True)
class Statement:
    """One concept as one source knows it: its labels, codes (scheme, code), and the names of
    broader concepts, or their codes; its scope notes (text, language) and the qualifiers that may
    stand with it. In the languages of ``gaps`` its labels count only where nobody else has one.
    """

    labels: tuple[Named, ...]
    notations: tuple[tuple[str, str], ...] = ()
    broader: tuple[str, ...] = ()
    gaps: tuple[Language, ...] = ()
    broader_codes: tuple[tuple[str, str], ...] = ()
    notes: tuple[tuple[str, str], ...] = ()
    qualifiers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Statements:
    """All that a source says. ``apart``: each statement is a concept of its own, also where two
    share a stem (nurse, nursing)."""

    source: Source
    statements: list[Statement] = field(default_factory=list)
    apart: bool = False
