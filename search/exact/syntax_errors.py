"""What is wrong with an expression: where, why, and how it could be mended."""

from typing import Literal

from search.exact.foreign_syntax import Foreign, Kind

Reason = Literal[
    "empty",
    "too long",
    "too deep",
    "too many terms",
    "too much",
    "unclosed parenthesis",
    "unopened parenthesis",
    "empty parentheses",
    "unclosed quote",
    "unclosed bracket",
    "missing operand",
    "field without term",
    "unknown field",
    "unsupported field",
    "nothing to search",
    "stem too short",
    "misplaced wildcard",
    "bad date",
    "reversed range",
    "unknown language",
    "bad distance",
    "bad proximity",
    "line reference",
    "unknown line",
    "deleted line",
    "later line",
    "other platform",
    "unknown filter",
    "too wide",
]

MESSAGES: dict[Reason, str] = {
    "empty": "the expression is empty: type a word, a phrase or an expression",
    "too long": "this is too long",
    "too deep": "parentheses are nested too deeply",
    "too many terms": "the expression has too many terms",
    "too much": "this asks for too much work: use rarer words, longer stems, or AND for NEAR",
    "unclosed parenthesis": "this parenthesis is not closed",
    "unopened parenthesis": "this parenthesis was never opened",
    "empty parentheses": "there is nothing in these parentheses",
    "unclosed quote": "this quotation mark is not closed",
    "unclosed bracket": "this bracket is not closed or was never opened",
    "missing operand": "this operator lacks a term on one side",
    "field without term": "this field code stands after no term",
    "unknown field": "no such field code",
    "unsupported field": "the records of a library do not carry this field",
    "nothing to search": "there is no letter and no digit here to search for",
    "stem too short": "too little stands before the asterisk",
    "misplaced wildcard": "an asterisk can only end a term",
    "bad date": "this is no date: YYYY, YYYY/MM, YYYY/MM/DD, or two of them with a colon between",
    "reversed range": "this range ends before it begins",
    "unknown language": "no such language: type its name or code, as English, ja or 日本語",
    "bad distance": "a distance must follow: NEAR/5, ADJ/5 or [tiab:~5], at most 100",
    "bad proximity": "proximity takes terms, or terms joined by OR, in one text field",
    "line reference": "numbers of searches (#1) are combined in the strategy of a collection",
    "unknown line": "there is no search of this number",
    "deleted line": "the search of this number was deleted",
    "later line": "a search can only refer to searches before it",
    "other platform": "this is the syntax of another platform",
    "unknown filter": "no such filter",
    "too wide": "too many narrower headings lie under this one: take a narrower one, or leave them "
    "out ([mh:noexp])",
}


KINDS: dict[Kind, str] = {
    "field": "a field",
    "heading": "a heading of a thesaurus",
    "proximity": "a distance between words",
    "wildcard": "a sign for a letter",
    "phrase": "a phrase",
    "limit": "a limit",
    "line numbers": "the number of a search",
    "frequency": "a frequency",
    "date": "a date",
    "words in a row": "words in a row, which are a phrase there and AND here",
}


def _told(foreign: Foreign) -> str:
    what = f"this is {KINDS[foreign.kind]} in the syntax of {foreign.platform}"
    if foreign.here:
        return f"{what}; here: {foreign.here}"
    return f"{what}; here nothing means the same" if foreign.edits is None else what


class ExactSyntaxError(ValueError):
    """An expression that cannot be read.

    ``start`` and ``end`` are offsets into what was typed, ``fragment`` the text between them;
    ``reason`` is one of a closed set, for translation; ``proposal`` is a mended expression that
    can be read, or None where there is no sensible one; ``foreign`` says whose syntax it is.
    """

    def __init__(
        self,
        reason: Reason,
        expression: str,
        start: int,
        end: int,
        *,
        mend: tuple[int, int, str] | None = None,
        proposal: str | None = None,
        foreign: Foreign | None = None,
    ) -> None:
        self.reason = reason
        self.expression = expression
        self.start = start
        self.end = end
        self.fragment = expression[start:end]
        self.mend = mend
        self.proposal = proposal
        self.foreign = foreign
        super().__init__(MESSAGES[reason] if foreign is None else _told(foreign))

    def mended(self) -> str | None:
        """The expression with this one fault mended; others may remain."""
        if self.mend is None:
            return None
        start, end, text = self.mend
        return self.expression[:start] + text + self.expression[end:]
