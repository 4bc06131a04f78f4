"""Whether a record meets an expression, by reading it: for records that no library holds."""

from search.exact.dates import day_range
from search.exact.expression import And, Dates, Expression, Flag, Near, Not, Or, Term
from search.exact.matching import (
    TEXT_AREAS,
    contains,
    contains_near,
    operand_patterns,
    pattern,
    unit_texts,
)
from search.exact.queries import ALL_VALUES, VALUE_FIELDS, wanted_value
from search.fields import area_texts, field_values, first_day
from search.records import Record


def matches(expression: Expression, record: Record) -> bool:
    """Whether exact search over a library that held ``record`` would find it."""
    match expression:
        case Term():
            return _has_term(expression, record)
        case Dates():
            first, last = day_range(expression)
            return bool(record.date) and first <= first_day(record.date) <= last
        case Flag("hasabstract"):
            return any(v.abstract for v in record.versions())
        case Flag():
            return record.retraction == "retracted"
        case Not(part):
            return not matches(part, record)
        case And(parts):
            return all(matches(part, record) for part in parts)
        case Or(parts):
            return any(matches(part, record) for part in parts)
        case Near():
            return _has_near(expression, record)


def _has_term(term: Term, record: Record) -> bool:
    texts = area_texts(record)
    for area in TEXT_AREAS.get(term.field, ()):
        wanted = pattern(term)
        if any(contains(wanted, unit_texts(text)) for text in texts[area]):
            return True
    values = {
        **field_values(record),
        "language": [v.language for v in record.versions() if v.title or v.abstract],
    }
    for field in ALL_VALUES if term.field == "all" else (term.field,):
        if field not in VALUE_FIELDS:
            continue
        key, found = wanted_value(field, term.text), values[VALUE_FIELDS[field]]
        begins = term.truncated and not (field == "identifier" and term.field == "all")
        if any(v.startswith(key) if begins else v == key for v in found):
            return True
    return False


def _has_near(near: Near, record: Record) -> bool:
    first = near.operands[0]
    term = first.parts[0] if isinstance(first, Or) else first
    assert isinstance(term, Term)
    texts = area_texts(record)
    operands = operand_patterns(near)
    return any(
        contains_near(near, operands, unit_texts(text))
        for area in TEXT_AREAS[term.field]
        for text in texts[area]
    )
