"""What the parts of an expression mean: terms with their fields, dates, limits, proximity."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, NoReturn

from lark import Token

from search.exact.date_ranges import day_range, read_dates, swapped, year_in
from search.exact.expression import (
    CANONICAL_TAGS,
    HEADING_FIELDS,
    NAME_FIELDS,
    TEXT_FIELDS,
    And,
    Dates,
    Expression,
    Field,
    Flag,
    Near,
    Not,
    Or,
    Term,
)
from search.exact.field_codes import (
    ALONE,
    HEADINGS,
    ICHUSHI,
    NOT_MAJOR,
    PUBMED,
    Special,
    nearest_code,
)
from search.exact.grammar import span
from search.exact.notation import half_width
from search.exact.pubmed_filters import FILTERS, HAS_ABSTRACT, filter_key, means_nothing
from search.exact.syntax_errors import ExactSyntaxError, Reason
from search.exact.thesaurus import Thesaurus, TooWideError
from search.formats.fields.languages import language_code
from search.library.lexical_index import GAP
from search.text.units import is_cjk, units, value_key
from search.text.variants import fold

MAX_DISTANCE = GAP - 1
_USUAL_DISTANCE = 5
# Units of one term: more than any title has. One character can be twenty (ﷺ).
_MAX_UNITS = 1_000
_MAX_NEAR = 8
# A word in Latin letters is truncated after three letters at least, a name after two.
_MIN_STEM, _MIN_NAME = 3, 2
_WITHIN = re.compile(r"(.*?)\s*:\s*~\s*(\d*)")
_RETRACTED = frozenset(
    ("retracted", "retractedpublication", "retracted publication", "撤回", "撤回論文")
)
# 糖尿病/TX: what looks like 医中誌Web's code and is none may be meant as text (喘息/COPD).
_LIKE_A_CODE = re.compile(r"[^\x00-\x7f]/[A-Za-z]{2,4}$")
# 医中誌Web's name for case reports holds two; records carry either.
_SEVERAL = {"症例報告・事例": ("症例報告・事例", "症例報告")}

NoteReason = Literal[
    "mixed operators",
    "heading as written",
    "unknown heading",
    "major topic",
    "check tag",
    "filter",
    "initials",
    "words as phrase",
    "code as text",
]


@dataclass(frozen=True)
class Note:
    """Something about the expression that the searcher should know; ``detail`` is the part of the
    expression that it is about, as understood."""

    reason: NoteReason
    detail: str


@dataclass(frozen=True)
class _Code:
    """A field code as typed, what it means, within how many units and with which qualifier of a
    heading where it says so."""

    name: str
    means: Field | Special
    distance: int | None = None
    qualifier: str = ""


@dataclass(frozen=True)
class _Typed:
    """Where a term stands (without quotes and code), and where it stands with them."""

    start: int
    end: int
    whole: tuple[int, int]
    quoted: bool


class TermReader:
    """Gives parts of ``expression`` their meaning and collects what should be said about them.
    Without a ``thesaurus`` headings are found as records carry them."""

    def __init__(self, expression: str, thesaurus: Thesaurus | None = None) -> None:
        self.text = expression
        self.thesaurus = thesaurus
        self.notes: list[Note] = []

    def note(self, reason: NoteReason, detail: str) -> None:
        """Remember something to be said."""
        self.notes.append(Note(reason, detail))

    def word(self, token: Token, tag: Token | None, field: Field | Special | None) -> Expression:
        """One bare word."""
        if tag is None and half_width(token.value).casefold() == "hasabstract":
            return Flag("hasabstract")
        return self._read(self._typed([token], tag), tag, field)

    def words(
        self, tokens: Sequence[Token], tag: Token, field: Field | Special | None
    ) -> Expression:
        """Bare words with a code in brackets behind them: PubMed takes them together."""
        found = self._read(self._typed(tokens, tag), tag, field)
        if len(tokens) > 1 and isinstance(found, Term) and found.field in TEXT_FIELDS:
            self.note("words as phrase", str(found))
        return found

    def phrase(self, token: Token, tag: Token | None, field: Field | Special | None) -> Expression:
        """A term in quotation marks."""
        typed = self._typed([token], tag)
        star = half_width(token.value).endswith("*")
        start, end = typed.start + 1, typed.end - 1 - star
        found = self._read(replace(typed, start=start, end=end, quoted=True), tag, field)
        if star and isinstance(found, Term):
            return self._truncated(found, typed.end - 1, typed.end)
        return found

    def heading(self, token: Token, tag: Token | None) -> Expression:
        """医中誌Web's [heading]/TH."""
        typed = self._typed([token], tag)
        inner = replace(typed, start=typed.start + 1, end=typed.end - 1, quoted=True)
        code = self._code(tag) if tag else _Code("", "all")
        return self._meaning(inner, replace(code, means=ALONE.get(code.means, code.means)))

    def assignment(self, token: Token) -> Expression:
        """医中誌Web's limits: ``PT=原著論文,会議録除く``, ``DT=2015:2020``, ``AB=Y``."""
        start, end = span(token)
        name, _, values = half_width(self.text[start:end]).partition("=")
        code = _Code(name.upper(), ICHUSHI[name.upper()])
        typed = _Typed(start + len(name) + 1, end, (start, end), quoted=True)
        if code.name == "AB" and values.upper() in {"Y", "N"}:
            flag = Flag("hasabstract")
            return flag if values.upper() == "Y" else Not(flag)
        if code.means in {"unsupported", "date"}:
            return self._meaning(typed, code)
        return self._listed(typed, code, values)

    def group_meaning(self, tag: Token) -> Field | Special:
        """What a code behind parentheses gives to the terms in them that have none."""
        code = self._code(tag)
        if code.distance is not None:
            self._fail("bad proximity", *span(tag), f"[{code.name}]")
        if code.means == "unsupported":
            self._fail("unsupported field", *span(tag), "")
        return code.means

    def near(self, operator: Token, left: Expression, right: Expression) -> Near:
        """``left NEAR/n right``; an operand without a field takes the other's."""
        start, end = span(operator)
        written = half_width(operator.value).upper()
        digits = re.sub(r"\D", "", written)
        if not digits or int(digits) > MAX_DISTANCE:
            name = re.sub(r"[^A-Z]", "", written)
            usual = MAX_DISTANCE if digits else _USUAL_DISTANCE
            self._fail("bad distance", start, end, f"{name}/{usual}")
        parts = [p for side in (left, right) for p in _alternatives(side)]
        fields = {p.field for p in parts if isinstance(p, Term)} - {"all"}
        terms_only = all(isinstance(p, Term) for p in parts)
        if not terms_only or len(fields) > 1 or fields - {*TEXT_FIELDS}:
            self._fail("bad proximity", start, end, "AND")
        chosen = fields.pop() if fields else "all"
        return Near(
            (_in_field(left, chosen), _in_field(right, chosen)),
            int(digits),
            ordered=written.startswith("ADJ"),
        )

    def checked(
        self, dates: Dates, start: int, end: int, mend: tuple[int, int, str] | None = None
    ) -> Dates:
        """``dates``, once they are known to be in order."""
        first, last = day_range(dates)
        if first > last:
            raise ExactSyntaxError("reversed range", self.text, start, end, mend=mend)
        return dates

    def _typed(self, tokens: Sequence[Token], tag: Token | None) -> _Typed:
        start, end = span(tokens[0])[0], span(tokens[-1])[1]
        return _Typed(start, end, (start, span(tag)[1] if tag else end), quoted=False)

    def _read(self, typed: _Typed, tag: Token | None, field: Field | Special | None) -> Expression:
        return self._meaning(typed, self._code(tag) if tag else _Code("", field or "all"))

    def _code(self, tag: Token) -> _Code:
        start, end = span(tag)
        written = half_width(self.text[start:end]).strip()
        in_brackets = written.startswith("[")
        name = " ".join(written.strip("[]/ ").split()).casefold()
        qualifier = ""
        if not in_brackets and "/" in name:
            name, _, qualifier = name.partition("/")
        within = _WITHIN.fullmatch(name)
        name = within.group(1) if within else name
        known = (PUBMED, ICHUSHI) if in_brackets else (ICHUSHI, PUBMED)
        found = [codes[key] for codes in known for key in (name, name.upper()) if key in codes]
        if not found:
            nearest = nearest_code(name, known[0])
            proposal = "" if nearest is None else f"[{nearest}]" if in_brackets else f"/{nearest}"
            self._fail("unknown field", start, end, proposal)
        means = found[0]
        if self.thesaurus is None and means in NOT_MAJOR:
            means = NOT_MAJOR[means]
        if within is None:
            return _Code(name, means, qualifier=qualifier)
        if not within.group(2) or int(within.group(2)) > MAX_DISTANCE:
            distance = MAX_DISTANCE if within.group(2) else _USUAL_DISTANCE
            self._fail("bad distance", start, end, f"[{name}:~{distance}]")
        if found[0] not in TEXT_FIELDS:
            self._fail("bad proximity", start, end, f"[{name}]")
        return _Code(name, found[0], int(within.group(2)))

    def _meaning(self, typed: _Typed, code: _Code) -> Expression:
        if code.means == "unsupported":
            self._fail("unsupported field", *typed.whole, self._without_code(typed))
        if code.means == "date":
            return self._dates(typed)
        if code.means == "filter":
            return self._filter(typed)
        if code.distance is not None:
            return self._words_near(typed, code.means, code.distance)
        found = self._term(typed, code.means, code.qualifier)
        if isinstance(found, Term):
            self._note_code(code, found)
        return found

    def _without_code(self, typed: _Typed) -> str:
        start, end = typed.whole
        if half_width(self.text[start:end]).startswith("[") or typed.start > start + 1:
            return " "
        return self.text[start : typed.end + (typed.start > start)]

    def _note_code(self, code: _Code, term: Term) -> None:
        if self.thesaurus is None and (code.name in HEADINGS or code.name.upper() in HEADINGS):
            self.note("heading as written", str(term))
        major = PUBMED.get(code.name) or ICHUSHI.get(code.name.upper())
        if self.thesaurus is None and major in NOT_MAJOR:
            self.note("major topic", str(term))
        if code.name == "CK":
            self.note("check tag", str(term))

    def _term(self, typed: _Typed, field: Field, qualifier: str = "") -> Expression:
        content = half_width(self.text[typed.start : typed.end])
        body = content.rstrip("* \t\n")
        self._check_wildcards(typed, body)
        written = self.text[typed.start : typed.start + len(body)]
        # A quotation mark inside a value says nothing, and would end the canonical form.
        text = " ".join("".join(" " if half_width(c) == '"' else c for c in written).split())
        length = len(units(fold(text)))
        if not length:
            self._fail("nothing to search", *typed.whole, " ")
        if length > _MAX_UNITS:
            self._fail("too long", *typed.whole)
        if field == "language":
            code = language_code(text)
            if not code:
                self._fail("unknown language", *typed.whole, " ")
            text = code
        if field == "publication-type" and value_key(text) in _RETRACTED:
            return Flag("retracted")
        if qualifier:
            text = f"{text}/{qualifier}"
        term = Term(field, text, start=typed.start, end=typed.end)
        if not typed.quoted and _LIKE_A_CODE.search(body):
            self.note("code as text", str(term))
        if "*" in content[len(body) :]:
            return self._truncated(term, typed.start + len(body), typed.end)
        if field in HEADING_FIELDS:
            return self._heading(term, typed.whole)
        if field in NAME_FIELDS and not typed.quoted:
            words = value_key(text).split(" ")
            if len(words) > 1 and len(words[-1]) == 1:
                term = replace(term, truncated=True)
                self.note("initials", str(term))
        return term

    def _heading(self, term: Term, whole: tuple[int, int]) -> Term:
        """A heading with what the thesaurus says is the same or lies under it."""
        if self.thesaurus is None:
            return term
        try:
            found = self.thesaurus.heading(term)
        except TooWideError:
            alone = ALONE[term.field]
            mend = f'"{term.text}"[{CANONICAL_TAGS[alone]}]'
            self._fail("too wide", *whole, mend)
        if found is None:
            self.note("unknown heading", str(term))
        return found or term

    def _check_wildcards(self, typed: _Typed, body: str) -> None:
        place = body.find("*")
        if place < 0:
            return
        start = typed.start + place
        rest = re.compile(r"\S*").match(body, place)
        assert rest is not None
        if place and not body[place - 1].isspace() and rest.end() == len(body) > place + 1:
            # colo*r: what stands before it can be truncated.
            self._fail("misplaced wildcard", start, start + 1, "*", typed.start + rest.end())
        self._fail("misplaced wildcard", start, start + 1, "")

    def _truncated(self, term: Term, start: int, end: int) -> Term:
        """``term`` with an asterisk, which stands from ``start`` to ``end``."""
        found = units(fold(term.text))
        last = found[-1].text
        if term.field in TEXT_FIELDS:
            short = not is_cjk(last) and len(found) == 1 and len(last) < _MIN_STEM
        else:
            short = not is_cjk(last) and len(value_key(term.text)) < _MIN_NAME
        if short or term.field == "language":
            self._fail("stem too short" if short else "misplaced wildcard", start, end, "")
        return replace(term, truncated=True)

    def _dates(self, typed: _Typed) -> Dates:
        content = half_width(self.text[typed.start : typed.end]).strip('" ')
        dates = read_dates(content)
        if dates is None:
            year = year_in(content)
            mend = (typed.start, typed.end, year) if year else (*typed.whole, " ")
            raise ExactSyntaxError("bad date", self.text, *typed.whole, mend=mend)
        mend = (typed.start, typed.end, swapped(content))
        return self.checked(dates, typed.start, typed.end, mend)

    def _filter(self, typed: _Typed) -> Expression:
        text = half_width(self.text[typed.start : typed.end])
        key = value_key(text)
        found: Expression
        name = filter_key(text)
        if name in HAS_ABSTRACT:
            return Flag("hasabstract")
        if key in _RETRACTED:
            return Flag("retracted")
        if "full text" in key:
            self._fail("unsupported field", *typed.whole, " ")
        if name in FILTERS:
            field, values = FILTERS[name]
            start, end = typed.start, typed.end
            terms = [Term(field, value, start=start, end=end) for value in values]
            if field in HEADING_FIELDS:
                terms = [self._heading(term, typed.whole) for term in terms]
            found = _any_of(terms)
        elif len(key) > len("mal") and language_code(text):
            found = self._term(typed, "language")
        elif means_nothing(text.strip('" ')):
            self._fail("unknown filter", *typed.whole, " ")
        else:
            found = self._term(typed, "publication-type")
        self.note("filter", str(found))
        return found

    def _words_near(self, typed: _Typed, field: Field, distance: int) -> Expression:
        words = [
            self._term(
                replace(typed, start=typed.start + m.start(), end=typed.start + m.end()), field
            )
            for m in re.finditer(r"\S+", half_width(self.text[typed.start : typed.end]))
        ]
        terms = tuple(w for w in words if isinstance(w, Term))
        if not terms:
            self._fail("nothing to search", *typed.whole, " ")
        if len(terms) > _MAX_NEAR:
            self._fail("bad proximity", *typed.whole, self._without_code(typed))
        return Near(terms, distance) if len(terms) > 1 else terms[0]

    def _listed(self, typed: _Typed, code: _Code, values: str) -> Expression:
        wanted: list[Expression] = []
        excluded: list[Expression] = []
        for match in re.finditer(r"[^,]+", values):
            value = match.group().strip('" ')
            without = value.removesuffix("除く")
            start = typed.start + match.start() + match.group().index(value)
            place = replace(typed, start=start, end=start + len(without))
            found = self._value(place, code)
            (wanted if without == value else excluded).append(found)
        if not wanted and not excluded:
            self._fail("nothing to search", *typed.whole, " ")
        parts: list[Expression] = [_any_of(wanted)] if wanted else []
        parts += [Not(part) for part in excluded]
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def _value(self, typed: _Typed, code: _Code) -> Expression:
        several = _SEVERAL.get(self.text[typed.start : typed.end])
        if several is None:
            return self._meaning(typed, code)
        return Or(tuple(Term("publication-type", name) for name in several))

    def _fail(
        self, reason: Reason, start: int, end: int, mend: str | None = None, until: int = 0
    ) -> NoReturn:
        """Raise; the mend replaces from ``start`` to ``until``, or to ``end``."""
        change = None if mend is None else (start, until or end, mend)
        raise ExactSyntaxError(reason, self.text, start, end, mend=change)


def _alternatives(part: Expression) -> Sequence[Expression]:
    return part.parts if isinstance(part, Or) else (part,)


def _any_of(parts: Sequence[Expression]) -> Expression:
    flat = [p for part in parts for p in _alternatives(part)]
    return flat[0] if len(flat) == 1 else Or(tuple(flat))


def _in_field(operand: Expression, field: Field) -> Term | Or:
    if isinstance(operand, Or):
        return Or(tuple(replace(t, field=field) for t in operand.parts if isinstance(t, Term)))
    assert isinstance(operand, Term)
    return replace(operand, field=field)
