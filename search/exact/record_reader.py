"""Whether a record meets an expression, by reading it: for records that no library holds.

A record is prepared once, as a text that holds what the index would: a line for each field, with
its texts or values between separators. Reading thousands of them is a matter of finding strings.
"""

from collections.abc import Callable

from search.exact.date_ranges import day_range
from search.exact.expression import And, Dates, EarlierSearch, Expression, Flag, Near, Not, Or, Term
from search.exact.occurrences import (
    TEXT_AREAS,
    Pattern,
    contains_near,
    operand_patterns,
    pattern,
    unit_texts,
)
from search.exact.queries import ALL_VALUES, VALUE_FIELDS, wanted_value
from search.library.exact_fields import AREAS, VALUES, area_texts, field_values, first_day
from search.records import Record

# Begins a prepared text; another one says that folding or fields have changed since.
VERSION = "2"

# Stands before, between and after the values of a field; no folded text has it.
_SEPARATOR = "\x1e"
_FIELDS = (*AREAS, *VALUES, "language", "date", "hasabstract", "retracted")
_LINE = {name: place for place, name in enumerate(_FIELDS, 1)}

_Condition = Callable[[list[str]], bool]


def prepared(record: Record) -> str:
    """What exact search reads of a record."""
    values: dict[str, list[str]] = {
        **field_values(record),
        "language": [v.language for v in record.versions() if v.title or v.abstract],
        "date": [str(first_day(record.date))] if record.date else [],
        "hasabstract": ["1"] if any(v.abstract for v in record.versions()) else [],
        "retracted": ["1"] if record.retraction == "retracted" else [],
    }
    values = {name: [" ".join(v.split()) for v in found] for name, found in values.items()}
    for area, texts in area_texts(record).items():
        values[area] = [f" {' '.join(unit_texts(text))} " for text in texts]
    lines = (
        _SEPARATOR.join(["", *values[name], ""]) if values.get(name) else "" for name in _FIELDS
    )
    return "\n".join([VERSION, *lines])


def parted(text: str) -> list[str]:
    """The lines of a text that :func:`prepared` made, as a :func:`reader` wants them."""
    return text.split("\n")


def reader(expression: Expression) -> Callable[[list[str]], bool]:
    """Whether exact search over a library that held a record would find it, told from what
    :func:`parted` gives of it."""
    return _condition(expression)


def _condition(expression: Expression) -> _Condition:
    match expression:
        case Term():
            return _term(expression)
        case Dates():
            first, last = day_range(expression)
            date = _LINE["date"]
            return lambda lines: any(first <= int(day) <= last for day in _values(lines[date]))
        case Flag(name):
            flag = _LINE[name]
            return lambda lines: bool(lines[flag])
        case EarlierSearch():
            raise ValueError(f"{expression} is known by what it found, not by reading records")
        case Not(part):
            excluded = _condition(part)
            return lambda lines: not excluded(lines)
        case And(parts):
            every = [_condition(part) for part in parts]
            return lambda lines: all(condition(lines) for condition in every)
        case Or(parts):
            any_of = [_condition(part) for part in parts]
            return lambda lines: any(condition(lines) for condition in any_of)
        case Near():
            return _near(expression)


def _term(term: Term) -> _Condition:
    wanted: list[tuple[int, str]] = []
    if areas := TEXT_AREAS.get(term.field, ()):
        wanted += [(_LINE[area], s) for area in areas for s in _strings(pattern(term))]
    for field in ALL_VALUES if term.field == "all" else (term.field,):
        if field not in VALUE_FIELDS:
            continue
        key = wanted_value(field, term.text)
        # An identifier that is cut off is none, unless it was asked for as one.
        begins = term.truncated and not (field == "identifier" and term.field == "all")
        end = "" if begins else _SEPARATOR
        wanted.append((_LINE[VALUE_FIELDS[field]], f"{_SEPARATOR}{key}{end}"))
    if term.also:
        place, any_of = _LINE[VALUE_FIELDS[term.field]], {wanted_value(term.field, term.text)}
        any_of.update(term.also)
        return lambda lines: not any_of.isdisjoint(_values(lines[place]))

    # A loop: asked of thousands of records, a generator takes twice the time.
    def condition(lines: list[str]) -> bool:
        for line, string in wanted:  # noqa: SIM110
            if string in lines[line]:
                return True
        return False

    return condition


def _values(line: str) -> list[str]:
    return line.split(_SEPARATOR)[1:-1]


def _strings(wanted: Pattern) -> tuple[str, ...]:
    """What a prepared text has somewhere if it contains the pattern."""
    before = "".join(f" {unit}" for unit in wanted.units[:-1])
    if not wanted.beginnings:
        return (f"{before} {wanted.units[-1]} ",)
    beginnings = tuple(f"{before} {beginning}" for beginning in wanted.beginnings)
    return beginnings + tuple(f"{before} {letter} " for letter in wanted.letters)


def _near(near: Near) -> _Condition:
    first = near.operands[0]
    term = first.parts[0] if isinstance(first, Or) else first
    assert isinstance(term, Term)
    places = [_LINE[area] for area in TEXT_AREAS[term.field]]
    operands = operand_patterns(near)
    return lambda lines: any(
        contains_near(near, operands, text.split())
        for place in places
        for text in _values(lines[place])
    )
