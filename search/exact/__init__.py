"""Exact search (検索式): Boolean expressions with fields, to a complete set with an exact count."""

from search.exact.exact_search import (
    SORTS,
    ExactHit,
    ExactSearch,
    ExactSet,
    Lines,
    Sort,
    meant_words,
    quoted,
)
from search.exact.offers import expression_offers
from search.exact.parser import Parsed, parse
from search.exact.syntax_errors import ExactSyntaxError
from search.exact.syntax_errors import Reason as FaultReason
from search.exact.term_reader import Note, NoteReason
from search.exact.thesaurus import USES, ThesaurusUse

__all__ = [
    "SORTS",
    "USES",
    "ExactHit",
    "ExactSearch",
    "ExactSet",
    "ExactSyntaxError",
    "FaultReason",
    "Lines",
    "Note",
    "NoteReason",
    "Parsed",
    "Sort",
    "ThesaurusUse",
    "expression_offers",
    "meant_words",
    "parse",
    "quoted",
]
