"""Which statements speak of the same concept.

Statements are taken source by source, the surest first. One joins the concept that has one of its
codes, or the only concept that one of its preferred names (or else any of its names) belongs to;
otherwise it is a concept of its own. Two concepts never become one by a third statement: chains of
names that are nearly alike lead far away.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from indexer.terminology.statements import Named, Statement, Statements
from search.terminology.concepts import Source
from search.terminology.keys import key


@dataclass
class Joined:
    """A concept: its labels by key (the first one to say it counts), its codes, the names and the
    codes of what lies above, its scope notes and qualifiers."""

    labels: dict[str, tuple[Named, Source]] = field(default_factory=dict)
    notations: dict[tuple[str, str], Source] = field(default_factory=dict)
    broader: dict[str, Source] = field(default_factory=dict)
    broader_codes: dict[tuple[str, str], Source] = field(default_factory=dict)
    notes: dict[tuple[str, str], Source] = field(default_factory=dict)
    qualifiers: dict[str, Source] = field(default_factory=dict)


def joined(sources: Iterable[Statements]) -> list[Joined]:
    """The concepts of all sources."""
    concepts: list[Joined] = []
    named: defaultdict[str, set[int]] = defaultdict(set)
    preferred: defaultdict[str, set[int]] = defaultdict(set)
    coded: dict[tuple[str, str], int] = {}
    for told in sources:
        for statement in told.statements:
            number = None
            if not told.apart:
                number = _same(statement, preferred if statement.gaps else named, coded)
            if number is not None and _coded_otherwise(statement, concepts[number]):
                number = None
            if number is None and statement.gaps:
                # What another concept is called already would only make that name ambiguous.
                new = tuple(label for label in statement.labels if key(label[0]) not in named)
                if not new:
                    continue
                statement = replace(statement, labels=new)
            if number is None:
                number = len(concepts)
                concepts.append(Joined())
            _add(concepts[number], statement, told.source)
            for own, ((_, _, kind), _) in concepts[number].labels.items():
                named[own].add(number)
                if kind == "preferred":
                    preferred[own].add(number)
            for code in statement.notations:
                if code[0] in _ONE_TO_ONE:
                    coded[code] = number
    return concepts


# Classifications with a code for each concept; an ICD-10 code is shared by many.
_ONE_TO_ONE = {"MeSH", "HPO", "URI"}


def _coded_otherwise(statement: Statement, concept: Joined) -> bool:
    """Whether a classification knows both, and apart: Aged and Aging have one stem."""
    schemes = {scheme for scheme, _ in statement.notations} & _ONE_TO_ONE
    others = {code for code in concept.notations if code[0] in schemes}
    return bool(others) and not others & set(statement.notations)


def _same(
    statement: Statement, named: dict[str, set[int]], coded: dict[tuple[str, str], int]
) -> int | None:
    for code in statement.notations:
        if code in coded:
            return coded[code]
    for kinds in (("preferred",), ("exact", "spelling")):
        found: set[int] = set()
        for text, _, kind in statement.labels:
            if kind in kinds:
                found |= named.get(key(text), set())
        if len(found) == 1:
            return found.pop()
        if found:
            return None
    return None


def _add(concept: Joined, statement: Statement, source: Source) -> None:
    there = [(language, kind) for (_, language, kind), _ in concept.labels.values()]
    preferred = {language for language, kind in there if kind == "preferred"}
    taken = {language for language, _ in there} & set(statement.gaps)
    for text, language, kind in statement.labels:
        own = key(text)
        if not own or own in concept.labels or language in taken:
            continue
        # One preferred label of each language: the first.
        if kind == "preferred" and language in preferred:
            kind = "exact"
        elif kind == "preferred":
            preferred.add(language)
        concept.labels[own] = ((text, language, kind), source)
    for code in statement.notations:
        concept.notations.setdefault(code, source)
    for name in statement.broader:
        concept.broader.setdefault(name, source)
    for code in statement.broader_codes:
        concept.broader_codes.setdefault(code, source)
    for note in statement.notes:
        concept.notes.setdefault(note, source)
    for qualifier in statement.qualifiers:
        concept.qualifiers.setdefault(qualifier, source)
