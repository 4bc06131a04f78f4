"""An expression as one query to tantivy."""

import re
from collections.abc import Callable, Mapping, Sequence
from itertools import product
from math import inf

import tantivy

from search.exact.dates import day_range
from search.exact.expression import (
    And,
    Dates,
    Expression,
    Field,
    Flag,
    Line,
    Near,
    Not,
    Or,
    Term,
    terms_of,
)
from search.exact.matching import TEXT_AREAS, Pattern, operand_patterns, pattern
from search.fields import Area, identifier_key
from search.filters import values_query
from search.lexical import schema
from search.text.units import is_cjk, value_key

_Query = tantivy.Query
_Occur = tantivy.Occur
# Up to so many phrases, proximity is asked of tantivy; beyond that, texts are read.
MAX_PHRASES = 400
# The field of the index that holds a field's whole values.
VALUE_FIELDS: dict[Field, str] = {
    "author": "author",
    "first-author": "first_author",
    "last-author": "last_author",
    "journal": "journal_name",
    "keyword": "keyword",
    "subheading": "subheading",
    "publication-type": "publication_type",
    "language": "language",
    "identifier": "identifier",
    "pmid": "identifier",
    "doi": "identifier",
    "issn": "issn",
}
# What a search of everything looks up beside title, abstract and keywords.
ALL_VALUES: tuple[Field, ...] = ("author", "journal", "identifier")

# One token of the index at a place: its text, or a regular expression for it.
_Element = tuple[int, str, bool]


class QueryBuilder:
    """Builds queries. ``verified`` finds the record numbers of what tantivy cannot be asked for, by
    reading texts; ``merged`` those that an id leads to because records were merged; ``lines`` are
    those that earlier searches found.

    A phrase whose last word is truncated is one to tantivy as long as the stem has few endings;
    with ``few_endings`` unset, texts are read instead. ``has_open_phrases`` says afterwards whether
    there was such a phrase.
    """

    def __init__(
        self,
        verified: Callable[[Term | Near], Sequence[int]],
        merged: Callable[[str], Sequence[int]],
        few_endings: bool = True,
        lines: Mapping[int, Sequence[int]] | None = None,
    ) -> None:
        self._verified = verified
        self._merged = merged
        self._few_endings = few_endings
        self._lines = lines or {}
        self.has_open_phrases = False

    def query(self, expression: Expression) -> tantivy.Query:
        """The query for a whole expression."""
        match expression:
            case Term():
                return self._term(expression)
            case Dates():
                first, last = day_range(expression)
                return _Query.range_query(schema(), "date", tantivy.FieldType.Integer, first, last)
            case Flag("hasabstract"):
                return _Query.term_query(schema(), "has_abstract", True)
            case Flag():
                return _Query.term_query(schema(), "retraction", "retracted")
            case Line(number):
                return numbers_query(self._lines[number])
            case Not(part):
                return _all_but([self.query(part)])
            case Or(parts):
                return any_of([self.query(part) for part in parts])
            case And(parts):
                return self._and(parts)
            case Near():
                return self._near(expression)

    def _and(self, parts: Sequence[Expression]) -> tantivy.Query:
        wanted = [self.query(p) for p in parts if not isinstance(p, Not)]
        excluded = [self.query(p.part) for p in parts if isinstance(p, Not)]
        if not wanted:
            return _all_but(excluded)
        return _Query.boolean_query(
            [(_Occur.Must, q) for q in wanted] + [(_Occur.MustNot, q) for q in excluded]
        )

    def _term(self, term: Term) -> tantivy.Query:
        queries = []
        if areas := TEXT_AREAS.get(term.field):
            wanted = pattern(term)
            elements = _elements(wanted)
            is_open = len(elements) > 1 and bool(wanted.beginnings)
            self.has_open_phrases |= is_open
            if is_open and not self._few_endings:
                queries = [numbers_query(self._verified(term))]
            else:
                queries = [elements_query(area, elements) for area in areas]
        fields = ALL_VALUES if term.field == "all" else (term.field,)
        queries += [self._value(f, term) for f in fields if f in VALUE_FIELDS]
        return any_of(queries)

    def _value(self, field: Field, term: Term) -> tantivy.Query:
        name, key = VALUE_FIELDS[field], wanted_value(field, term.text)
        if term.truncated and not (field == "identifier" and term.field == "all"):
            return _Query.regex_query(schema(), name, _escaped(key) + ".*")
        query = _Query.term_query(schema(), name, key)
        numbers = self._merged(term.text) if field == "identifier" else ()
        return any_of([query, numbers_query(numbers)]) if numbers else query

    def _near(self, near: Near) -> tantivy.Query:
        operands = operand_patterns(near)
        is_open = any(p.beginnings for row in operands for p in row)
        number = _number_of_phrases(operands, near)
        if number > MAX_PHRASES or (is_open and not self._few_endings):
            return numbers_query(self._verified(near))
        self.has_open_phrases |= is_open
        return any_of(_phrases(operands, near.distance, near.ordered, field_of(near)))


def _number_of_phrases(operands: Sequence[Sequence[Pattern]], near: Near) -> float:
    """How many phrases with gaps say the same as a proximity; none do for more than two words."""
    if len(operands) > len(("left", "right")):
        return inf
    left, right = operands
    number = len(left) * len(right) * (near.distance + 1) * (1 if near.ordered else 2)
    return number * len(TEXT_AREAS[field_of(near)])


def _phrases(
    operands: Sequence[Sequence[Pattern]], distance: int, ordered: bool, field: Field
) -> list[tantivy.Query]:
    """Two operands as phrases with every gap up to ``distance``."""
    left, right = operands
    queries = []
    for first, second in [(left, right)] + [(right, left)] * (not ordered):
        for a, b, gap in product(first, second, range(distance + 1)):
            shift = len(a) + gap
            elements = _elements(a) + [(o + shift, t, r) for o, t, r in _elements(b)]
            queries += [elements_query(area, elements) for area in TEXT_AREAS[field]]
    return queries


def candidates(wanted: Term | Near) -> tantivy.Query:
    """Records that contain every token of a term, or of all operands of a proximity, anywhere; what
    is wanted is among them."""
    areas = TEXT_AREAS[field_of(wanted)]
    operands = [[pattern(wanted)]] if isinstance(wanted, Term) else operand_patterns(wanted)
    return _Query.boolean_query(
        [
            (_Occur.Must, any_of([_tokens_query(p, area) for p in row for area in areas]))
            for row in operands
        ]
    )


def _tokens_query(wanted: Pattern, area: Area) -> tantivy.Query:
    queries = [elements_query(area, [element]) for element in _elements(wanted)]
    return _Query.boolean_query([(_Occur.Must, query) for query in queries])


def wanted_value(field: Field, text: str) -> str:
    """The form in which a whole value is looked up."""
    if field in {"identifier", "pmid", "doi"}:
        key = identifier_key(text)
        prefix = "" if field == "identifier" else f"{field}:"
        return key if key.startswith(prefix) else prefix + key
    if field == "issn":
        return identifier_key(text).replace("-", "")
    return text if field == "language" else value_key(text)


def any_of(queries: Sequence[tantivy.Query]) -> tantivy.Query:
    """The union of queries, at least one."""
    if len(queries) == 1:
        return queries[0]
    return _Query.boolean_query([(_Occur.Should, q) for q in queries])


def numbers_query(numbers: Sequence[int]) -> tantivy.Query:
    """The records with these numbers."""
    if not len(numbers):
        return _Query.empty_query()
    return values_query(schema(), "number", [int(n) for n in numbers])


def elements_query(area: Area, elements: Sequence[_Element]) -> tantivy.Query:
    """The records that have these tokens at these distances in one text of an area."""
    if len(elements) == 1:
        _, token, regex = elements[0]
        if regex:
            return _Query.regex_query(schema(), area, token)
        return _Query.term_query(schema(), area, token)
    if any(regex for _, _, regex in elements):
        words = [(o, token if regex else _escaped(token)) for o, token, regex in elements]
        return _Query.regex_phrase_query(schema(), area, words)
    return _Query.phrase_query(schema(), area, [(o, token) for o, token, _ in elements])


def _escaped(text: str) -> str:
    # Not re.escape: tantivy's expressions know fewer escapes than Python's.
    return re.sub(r"([\\.+*?()|\[\]{}^$#&~-])", r"\\\1", text)


def _all_but(excluded: Sequence[tantivy.Query]) -> tantivy.Query:
    return _Query.boolean_query(
        [(_Occur.Must, _Query.all_query())] + [(_Occur.MustNot, q) for q in excluded]
    )


def field_of(wanted: Term | Near) -> Field:
    """The field of a term, or the one that all terms of a proximity have."""
    return next(terms_of(wanted)).field


def _elements(wanted: Pattern) -> list[_Element]:
    """The tokens of a pattern: of a run of CJK characters every second pair."""
    found: list[_Element] = []
    start = 0
    while start < len(wanted):
        end = start + 1
        if not is_cjk(wanted.units[start]):
            found.append((start, wanted.units[start], False))
        else:
            while end < len(wanted) and is_cjk(wanted.units[end]):
                end += 1
            found += _pairs(wanted.units[start:end], start, at_end=end == len(wanted))
        start = end
    if wanted.beginnings:
        begins = "|".join(map(_escaped, wanted.beginnings))
        ending = "|".join([f"(?:{begins}).*", *wanted.letters])
        found[-1] = (found[-1][0], ending, True)
    return found


def _pairs(run: Sequence[str], offset: int, at_end: bool) -> list[_Element]:
    if len(run) == 1:
        # Before a break or a word the character stands alone; at the end anything may follow it.
        return [(offset, run[0] + ".?" * at_end, at_end)]
    starts = [*range(0, len(run) - 1, 2)]
    if len(run) % 2:
        starts.append(len(run) - 2)
    return [(offset + i, run[i] + run[i + 1], False) for i in starts]
