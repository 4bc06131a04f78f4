"""An expression as one query to tantivy."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from math import inf

import tantivy

from search import budget
from search.exact.date_ranges import day_range
from search.exact.expression import (
    And,
    Dates,
    EarlierSearch,
    Expression,
    Field,
    Flag,
    Near,
    Not,
    Or,
    Term,
    terms_of,
)
from search.exact.occurrences import TEXT_AREAS, Pattern, operand_patterns, pattern
from search.filters import values_query
from search.library.exact_fields import Area, identifier_key
from search.library.lexical_index import LexicalIndex, schema
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
    "heading": "keyword",
    "heading-alone": "keyword",
    "major": "major_heading",
    "major-alone": "major_heading",
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

# The words, with all that truncated ones stand for, in the phrases of one expression, and in one
# phrase: each of them keeps some kilobytes while tantivy works, and beyond 16 384 it refuses.
_MOST_WORDS = 40_000
_MOST_WORDS_OF_ONE = 10_000


# Of so many whole values it is counted in how many records each stands.
_FEW_VALUES = 200
# tantivy refuses longer ones; what begins so long is looked up by itself.
_LONGEST_REGEX = 200


@dataclass(frozen=True)
class _Element:
    """A token of the index at a place; or, where there are ``beginnings``, any token that begins
    with one of these or is one of ``letters``."""

    place: int
    token: str
    beginnings: tuple[str, ...] = ()
    letters: tuple[str, ...] = ()

    def regex(self) -> str:
        """The element as a regular expression of tantivy's."""
        if not self.beginnings:
            return _escaped(self.token)
        begins = "|".join(map(_escaped, self.beginnings))
        return "|".join([f"(?:{begins}).*", *map(_escaped, self.letters)])


class QueryBuilder:
    """Builds queries to an index. ``verified`` finds the record numbers of what tantivy cannot be
    asked for, by reading texts; ``merged`` those that an id leads to because records were merged;
    ``lines`` are those that earlier searches found.

    Phrases are asked of tantivy as long as those of an expression have few words, with all that
    truncated ones stand for; else texts are read. What a query costs tantivy is taken from the
    budget of the request (:mod:`search.budget`) while it is built.
    """

    def __init__(
        self,
        lexical: LexicalIndex,
        verified: Callable[[Term | Near], Sequence[int]],
        merged: Callable[[str], Sequence[int]],
        lines: Mapping[int, Sequence[int]] | None = None,
    ) -> None:
        self._lexical = lexical
        self._verified = verified
        self._merged = merged
        self._lines = lines or {}
        self._words = 0
        # Of what begins so: how many words there are, and in how many records all in all.
        self._begun: dict[tuple[str, str], tuple[int, int]] = {}

    def query(self, expression: Expression) -> tantivy.Query:
        """The query for a whole expression.

        Raises:
            BudgetError: when the request may not cost so much.
        """
        budget.check("search")
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
            case EarlierSearch(number):
                return numbers_query(self._lines[number])
            case Not(part):
                return _all_but([self.query(part)])
            case Or(parts):
                # What is written twice is looked for once.
                return any_of([self.query(part) for part in dict.fromkeys(parts)])
            case And(parts):
                return self._and(tuple(dict.fromkeys(parts)))
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
            phrases = [(area, _elements(pattern(term))) for area in areas]
            if self._index_can_tell(phrases):
                queries = [self._phrase(area, elements) for area, elements in phrases]
            else:
                queries = [numbers_query(self._verified(term))]
        fields = ALL_VALUES if term.field == "all" else (term.field,)
        queries += [self._value(f, term) for f in fields if f in VALUE_FIELDS]
        return any_of(queries)

    def _value(self, field: Field, term: Term) -> tantivy.Query:
        name, key = VALUE_FIELDS[field], wanted_value(field, term.text)
        if term.truncated and not (field == "identifier" and term.field == "all"):
            if len(key) > _LONGEST_REGEX:
                return any_of(
                    [_Query.empty_query()]
                    + [
                        _Query.term_query(schema(), name, value)
                        for value in self._lexical.terms_beginning_with(name, key)
                    ]
                )
            budget.spend("words", self._beginning_with(name, key)[1])
            return _Query.regex_query(schema(), name, _escaped(key) + ".*")
        if term.also:
            return self._any_value(name, (key, *term.also))
        budget.spend("words", self._lexical.document_frequency(key, name))
        query = _Query.term_query(schema(), name, key)
        numbers = self._merged(term.text) if field == "identifier" else ()
        return any_of([query, numbers_query(numbers)]) if numbers else query

    def _any_value(self, name: str, keys: Sequence[str]) -> tantivy.Query:
        """The records that have one of many whole values."""
        few = keys if len(keys) <= _FEW_VALUES else ()
        budget.spend(
            "words",
            sum(self._lexical.document_frequency(key, name) for key in few)
            if few
            else len(self._lexical),
        )
        return values_query(schema(), name, list(keys))

    def _near(self, near: Near) -> tantivy.Query:
        operands = operand_patterns(near)
        if _number_of_phrases(operands, near) <= MAX_PHRASES:
            phrases = _phrases(operands, near.distance, near.ordered, field_of(near))
            if self._index_can_tell(phrases):
                return any_of([self._phrase(area, elements) for area, elements in phrases])
        return numbers_query(self._verified(near))

    def _index_can_tell(self, phrases: "Sequence[_Phrase]") -> bool:
        """Whether phrases have so few words, with all endings of truncated ones, that tantivy can
        be asked for them; if so, these count."""
        total = 0
        for area, elements in phrases:
            words = 0
            if len(elements) > 1:
                words = sum(
                    sum(self._beginning_with(area, b)[0] for b in element.beginnings) or 1
                    for element in elements
                )
            total += words
            if words > _MOST_WORDS_OF_ONE or self._words + total > _MOST_WORDS:
                return False
        self._words += total
        return True

    def _phrase(self, area: Area, elements: Sequence[_Element]) -> tantivy.Query:
        for element in elements:
            for beginning in element.beginnings:
                budget.spend("words", self._beginning_with(area, beginning)[1])
            if not element.beginnings:
                budget.spend("words", self._lexical.document_frequency(element.token, area))
        return elements_query(area, elements)

    def _beginning_with(self, field: str, beginning: str) -> tuple[int, int]:
        if (field, beginning) not in self._begun:
            self._begun[field, beginning] = self._lexical.beginning_with(field, beginning)
        return self._begun[field, beginning]


# The elements of a phrase, and the area of the record that it is looked for in.
_Phrase = tuple[Area, Sequence[_Element]]


def _number_of_phrases(operands: Sequence[Sequence[Pattern]], near: Near) -> float:
    """How many phrases with gaps say the same as a proximity; none do for more than two words."""
    if len(operands) > len(("left", "right")):
        return inf
    left, right = operands
    number = len(left) * len(right) * (near.distance + 1) * (1 if near.ordered else 2)
    return number * len(TEXT_AREAS[field_of(near)])


def _phrases(
    operands: Sequence[Sequence[Pattern]], distance: int, ordered: bool, field: Field
) -> list[_Phrase]:
    """Two operands as phrases with every gap up to ``distance``."""
    left, right = operands
    found: list[_Phrase] = []
    for first, second in [(left, right)] + [(right, left)] * (not ordered):
        for a, b, gap in product(first, second, range(distance + 1)):
            shift = len(a) + gap
            shifted = [replace(element, place=element.place + shift) for element in _elements(b)]
            elements = _elements(a) + shifted
            found += [(area, elements) for area in TEXT_AREAS[field]]
    return found


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
        element = elements[0]
        if element.beginnings:
            return _Query.regex_query(schema(), area, element.regex())
        return _Query.term_query(schema(), area, element.token)
    if any(element.beginnings for element in elements):
        regexes = [(element.place, element.regex()) for element in elements]
        return _Query.regex_phrase_query(schema(), area, regexes)
    return _Query.phrase_query(schema(), area, [(e.place, e.token) for e in elements])


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
            found.append(_Element(start, wanted.units[start]))
        else:
            while end < len(wanted) and is_cjk(wanted.units[end]):
                end += 1
            found += _pairs(wanted.units[start:end], start, at_end=end == len(wanted))
        start = end
    if wanted.beginnings:
        found[-1] = replace(found[-1], beginnings=wanted.beginnings, letters=wanted.letters)
    return found


def _pairs(run: Sequence[str], offset: int, at_end: bool) -> list[_Element]:
    if len(run) == 1:
        # Before a break or a word the character stands alone; at the end anything may follow it.
        return [_Element(offset, run[0], beginnings=(run[0],) if at_end else ())]
    starts = [*range(0, len(run) - 1, 2)]
    if len(run) % 2:
        starts.append(len(run) - 2)
    return [_Element(offset + i, run[i] + run[i + 1]) for i in starts]
