"""Reading an expression: what was typed, in the notation of 医中誌Web or PubMed, to a tree.

The grammar (``grammar.lark``) says what may follow what; here its parts get their meaning.
Operators are taken from left to right, as PubMed does; where AND and OR are mixed without
parentheses, a note says so and the canonical form shows the grouping.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from lark import Token, Tree

from search import budget
from search.exact.expression import (
    And,
    Dates,
    EarlierSearch,
    Expression,
    Field,
    Not,
    Or,
    Term,
    terms_of,
)
from search.exact.field_codes import Special
from search.exact.foreign_syntax import recognise, rewritten
from search.exact.grammar import MAX_DEPTH, MAX_LENGTH, MAX_TERMS, grammar_tree, span
from search.exact.notation import half_width
from search.exact.platforms import FINDERS
from search.exact.syntax_errors import ExactSyntaxError
from search.exact.term_reader import Note, TermReader
from search.exact.thesaurus import MappedWords, SearchedHeading, Thesaurus, UnsureWord

_ROUNDS = 12
# A longer expression is read once: what is wrong with it is said, and not mended.
_LONGEST_MENDED = 4_000


@dataclass(frozen=True)
class Parsed:
    """What an expression means, and what should be said about it: among that, its headings as a
    thesaurus knows them, the words that were mapped, and those that were not for want of
    certainty."""

    tree: Expression
    notes: tuple[Note, ...]
    headings: tuple[SearchedHeading, ...] = ()
    mapped: tuple[MappedWords, ...] = ()
    unsure: tuple[UnsureWord, ...] = ()


def parse(
    expression: str, *, with_lines: bool = False, thesaurus: Thesaurus | None = None
) -> Parsed:
    """Read an expression; one ``with_lines`` may refer to earlier searches by number (``#1``). With
    a ``thesaurus``, headings are exploded and, if it maps, bare words are mapped to headings.

    Raises:
        ExactSyntaxError: with the place, the reason and, where one is found, a proposal that can
            be read.
    """
    try:
        return _read(expression, with_lines, thesaurus)
    except ExactSyntaxError as error:
        error.proposal = _proposal(error, with_lines)
        raise


def _proposal(error: ExactSyntaxError, with_lines: bool) -> str | None:
    """The expression with its faults mended one after the other."""
    if len(error.expression) > _LONGEST_MENDED:
        return None
    if error.foreign is not None:
        return _translation(error, with_lines)
    for _ in range(_ROUNDS):
        budget.check("search")
        mended = error.mended()
        if mended is None or mended == error.expression:
            return None
        try:
            _read(mended, with_lines)
        except ExactSyntaxError as another:
            error = another
        else:
            return mended.strip()
    return None


def _translation(error: ExactSyntaxError, with_lines: bool) -> str | None:
    """An expression of another platform as it is written here, if that can be read as it stands:
    mended further, it might mean something else."""
    written = error.mended()
    if written is None:
        return None
    try:
        _read(written, with_lines)
    except ExactSyntaxError:
        return None
    return written.strip()


def _read(expression: str, with_lines: bool, thesaurus: Thesaurus | None = None) -> Parsed:
    _refuse_foreign(expression)
    tree = grammar_tree(expression)
    reader = _Reader(expression, with_lines, thesaurus)
    found, _ = reader.expression(_subtree(tree, 0), None)
    added = thesaurus.added if thesaurus else 0
    if sum(1 for _ in terms_of(found)) - added > MAX_TERMS:
        raise ExactSyntaxError("too many terms", expression, 0, len(expression))
    notes = tuple(dict.fromkeys(reader.terms.notes))
    if thesaurus is None:
        return Parsed(found, notes)
    return Parsed(
        found,
        notes,
        tuple(thesaurus.headings),
        tuple(dict.fromkeys(thesaurus.mapped)),
        tuple(thesaurus.unsure),
    )


def _refuse_foreign(expression: str) -> None:
    if len(expression) > MAX_LENGTH:
        # Said by the grammar.
        return
    found = recognise(expression, FINDERS)
    if not found:
        return
    first = found[0]
    mended = rewritten(expression, found)
    raise ExactSyntaxError(
        "other platform",
        expression,
        first.start,
        first.end,
        mend=None if mended is None else (0, len(expression), mended),
        foreign=first,
    )


Connector = Literal["and", "or"]
# An expression and how deep it is nested.
_Part = tuple[Expression, int]


class _Reader:
    """Walks the grammar's tree once. ``field`` is what untagged terms get: that of the group that
    they stand in, if it has one."""

    def __init__(self, expression: str, with_lines: bool, thesaurus: Thesaurus | None) -> None:
        self.text = expression
        self.with_lines = with_lines
        self.terms = TermReader(expression, thesaurus)
        self._mapping = thesaurus if thesaurus is not None and thesaurus.mapping else None
        # How many parts around here are excluded or close to each other: nothing is mapped there.
        self._as_typed = 0

    def expression(self, tree: Tree[Token], field: Field | Special | None) -> _Part:
        """Operands and operators in a row, from left to right."""
        result: Expression | None = None
        joined: Connector | None = None
        depth = 0
        mixed = False
        for connector, part, part_depth in self._row(tree, field):
            if result is None:
                result, depth = part, part_depth
                continue
            kind = And if connector == "and" else Or
            if joined == connector:
                assert isinstance(result, kind)
                result = kind((*result.parts, part))
            else:
                mixed = mixed or joined is not None
                result = kind((result, part))
                depth += 1
            joined = connector
            depth = max(depth, part_depth + 1)
            if depth > MAX_DEPTH:
                raise ExactSyntaxError("too deep", self.text, 0, len(self.text))
        assert result is not None
        if mixed:
            self.terms.note("mixed operators", str(result))
        return result, depth

    def _row(
        self, tree: Tree[Token], field: Field | Special | None
    ) -> Iterator[tuple[Connector, Expression, int]]:
        for element in _subtrees(tree):
            connector: Connector = "or" if element.data in {"or_", "or_not"} else "and"
            excluded = element.data in {"excluded", "and_not", "or_not"}
            for part, depth in self._operand(_subtrees(element)[-1], field, excluded):
                yield connector, Not(part) if excluded else part, depth + excluded
                # Of words in a row the operator belongs to the first; blanks join the others.
                connector, excluded = "and", False

    def _operand(
        self, tree: Tree[Token], field: Field | Special | None, excluded: bool
    ) -> list[_Part]:
        items = _subtrees(tree)
        as_typed = excluded or tree.data != "single"
        self._as_typed += as_typed
        left = self._item(items[0], field)
        right = [] if tree.data == "single" else self._item(items[1], field)
        self._as_typed -= as_typed
        if tree.data == "single":
            return left
        operator = next(c for c in tree.children if isinstance(c, Token))
        if tree.data == "range":
            return [(self._range(operator, left, right), 0)]
        near = self.terms.near(operator, left[-1][0], right[0][0])
        return [*left[:-1], (near, 1), *right[1:]]

    def _range(self, colon: Token, left: list[_Part], right: list[_Part]) -> Expression:
        (low, _), (high, _) = left[-1], right[0]
        single = len(left) == len(right) == 1
        if not (single and isinstance(low, Dates) and isinstance(high, Dates)):
            raise ExactSyntaxError("bad date", self.text, *span(colon), mend=(*span(colon), " "))
        return self.terms.checked(Dates(low.low, high.high), *span(colon))

    def _item(self, tree: Tree[Token], field: Field | Special | None) -> list[_Part]:
        if tree.data == "group":
            tag = next((c for c in tree.children if isinstance(c, Token)), None)
            chosen = self.terms.group_meaning(tag) if tag is not None else field
            return [self.expression(_subtree(tree, 0), chosen)]
        tokens = [c for c in tree.children if isinstance(c, Token)]
        tag = tokens.pop() if tokens[-1].type in {"TAG", "SLASH"} else None
        match tree.data:
            case "words" if tag is None or tag.type == "SLASH":
                # In 医中誌Web a code belongs to the word that it is attached to.
                if tag is None:
                    return self._words(tokens, field)
                *before, last = tokens
                return [*self._words(before, field), (self.terms.word(last, tag, field), 0)]
            case "words" if tag is not None:
                return [(self.terms.words(tokens, tag, field), 0)]
            case "phrase":
                return [(self.terms.phrase(tokens[0], tag, field), 0)]
            case "heading":
                return [(self.terms.heading(tokens[0], tag), 0)]
            case "assignment":
                return [(self.terms.assignment(tokens[0]), 2)]
            case _ if self.with_lines and tag is None:
                start, end = span(tokens[0])
                return [(EarlierSearch(int(half_width(tokens[0].value)[1:]), start, end), 0)]
            case _:
                raise ExactSyntaxError("line reference", self.text, *span(tokens[0]))

    def _words(self, tokens: Sequence[Token], field: Field | Special | None) -> list[_Part]:
        """Bare words in a row; those that name a concept are mapped to it where a thesaurus
        maps."""
        words = [self.terms.word(token, None, field) for token in tokens]
        mapping = self._mapping
        if mapping is None or field is not None or self._as_typed:
            return [(word, 0) for word in words]
        found: list[_Part] = []
        plain = [isinstance(word, Term) and not word.truncated for word in words]
        start = 0
        while start < len(words):
            if not plain[start]:
                found.append((words[start], 0))
                start += 1
                continue
            end = next((n for n in range(start, len(words)) if not plain[n]), len(words))
            texts = [word.text for word in words[start:end] if isinstance(word, Term)]
            for first, last, concept in mapping.segments(texts):
                typed = words[start + first : start + last]
                if concept is None:
                    mapping.offer(texts[first], *span(tokens[start + first]))
                    found.append((typed[0], 0))
                    continue
                whole = typed[0] if len(typed) == 1 else And(tuple(typed))
                written = " ".join(texts[first:last])
                found.append((mapping.map_words(written, whole, concept), len(("or", "and"))))
            start = end
        return found


def _subtrees(tree: Tree[Token]) -> list[Tree[Token]]:
    return [child for child in tree.children if isinstance(child, Tree)]


def _subtree(tree: Tree[Token], index: int) -> Tree[Token]:
    return _subtrees(tree)[index]
