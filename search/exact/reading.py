"""Whether a record meets an expression, by reading it: for records that no library holds.

A record is prepared once, as a text that holds what the index would: a line for each text and each
value, with its field before a tab. Reading thousands of such texts is a matter of finding strings.
"""

from collections.abc import Callable, Sequence

from search.exact.dates import day_range
from search.exact.expression import And, Dates, Expression, Flag, Near, Not, Or, Term
from search.exact.matching import (
    TEXT_AREAS,
    Pattern,
    contains_near,
    operand_patterns,
    pattern,
    unit_texts,
)
from search.exact.queries import ALL_VALUES, VALUE_FIELDS, wanted_value
from search.fields import area_texts, field_values, first_day
from search.records import Record

# Begins a prepared text; another one says that folding or fields have changed since.
VERSION = "1"

_Fields = dict[str, list[str]]
_Condition = Callable[[_Fields], bool]


def prepared(record: Record) -> str:
    """What exact search reads of a record."""
    lines = [VERSION]
    for area, texts in area_texts(record).items():
        lines += [f"{area}\t {' '.join(unit_texts(text))} " for text in texts]
    values: dict[str, list[str]] = {
        **field_values(record),
        "language": [v.language for v in record.versions() if v.title or v.abstract],
        "date": [str(first_day(record.date))] if record.date else [],
        "hasabstract": ["1"] if any(v.abstract for v in record.versions()) else [],
        "retracted": ["1"] if record.retraction == "retracted" else [],
    }
    for name, found in values.items():
        lines += [f"{name}\t{' '.join(value.split())}" for value in found]
    return "\n".join(lines)


def reader(expression: Expression) -> Callable[[str], bool]:
    """Whether exact search over a library that held a record would find it, told from the text
    that :func:`prepared` made of it."""
    condition = _condition(expression)

    def meets(text: str) -> bool:
        fields: _Fields = {}
        for line in text.split("\n")[1:]:
            name, _, value = line.partition("\t")
            fields.setdefault(name, []).append(value)
        return condition(fields)

    return meets


def _condition(expression: Expression) -> _Condition:
    match expression:
        case Term():
            return _term(expression)
        case Dates():
            first, last = day_range(expression)
            return lambda fields: any(first <= int(d) <= last for d in fields.get("date", ()))
        case Flag(name):
            return lambda fields: name in fields
        case Not(part):
            excluded = _condition(part)
            return lambda fields: not excluded(fields)
        case And(parts):
            every = [_condition(part) for part in parts]
            return lambda fields: all(condition(fields) for condition in every)
        case Or(parts):
            any_of = [_condition(part) for part in parts]
            return lambda fields: any(condition(fields) for condition in any_of)
        case Near():
            return _near(expression)


def _term(term: Term) -> _Condition:
    areas = TEXT_AREAS.get(term.field, ())
    strings = _strings(pattern(term)) if areas else ()
    sought = ALL_VALUES if term.field == "all" else (term.field,)
    keys = [(VALUE_FIELDS[f], wanted_value(f, term.text)) for f in sought if f in VALUE_FIELDS]

    def condition(fields: _Fields) -> bool:
        for area in areas:
            for text in fields.get(area, ()):
                if any(string in text for string in strings):
                    return True
        for name, key in keys:
            # An identifier that is cut off is no identifier, unless it was asked for as one.
            begins = term.truncated and not (name == "identifier" and term.field == "all")
            if any(v.startswith(key) if begins else v == key for v in fields.get(name, ())):
                return True
        return False

    return condition


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
    areas: Sequence[str] = TEXT_AREAS[term.field]
    operands = operand_patterns(near)
    return lambda fields: any(
        contains_near(near, operands, text.split())
        for area in areas
        for text in fields.get(area, ())
    )
