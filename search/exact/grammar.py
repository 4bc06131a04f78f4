"""The grammar, and what its refusals mean: the place, the reason and the mend of a fault."""

import re
from functools import cache
from importlib import resources

from lark import Lark, Token, Tree
from lark.exceptions import UnexpectedCharacters, UnexpectedToken

from search.exact.field_codes import ICHUSHI
from search.exact.notation import half_width
from search.exact.syntax_errors import ExactSyntaxError, Reason

MAX_LENGTH = 20_000
MAX_DEPTH = 50
MAX_TERMS = 1_000
# Words and signs of so many terms, each with operator, quotes and field: more cannot be read in a
# time that anyone would wait.
_MOST_PIECES = 8 * MAX_TERMS
_PIECE = re.compile(r'[()"\[\]]|[^\s()"\[\]]+')

# Blanks are looked at from their first one: from each of thousands would take seconds.
_PHRASE_ENDS = re.compile(r"(?<!\s)(?:\s+(?:and|or|not)\s|\s*$)|[()\[]", re.IGNORECASE)
_OPERATORS = frozenset({"AND", "OR", "NOT", "NEAR", "COLON"})


def grammar_tree(expression: str) -> Tree[Token]:
    """The expression as the grammar divides it.

    Raises:
        ExactSyntaxError: with a mend of this one fault.
    """
    if len(expression) > MAX_LENGTH:
        raise ExactSyntaxError("too long", expression, MAX_LENGTH, len(expression))
    text = half_width(expression)
    if not text.strip():
        raise ExactSyntaxError("empty", expression, 0, len(expression))
    if sum(1 for _ in _PIECE.finditer(text)) > _MOST_PIECES:
        raise ExactSyntaxError("too many terms", expression, 0, len(expression))
    depth = 0
    for match in re.finditer(r'"[^"]*"|[()]', text):
        depth += {"(": 1, ")": -1}.get(match.group(), 0)
        if depth > MAX_DEPTH:
            raise ExactSyntaxError("too deep", expression, *match.span())
    try:
        return _grammar().parse(text)
    except UnexpectedCharacters as error:
        raise _unexpected_character(expression, text, error.pos_in_stream or 0) from None
    except UnexpectedToken as error:
        stack = error.interactive_parser.parser_state.value_stack
        raise _unexpected_token(
            expression, text, error.token, stack[-1] if stack else None
        ) from None


@cache
def _grammar() -> Lark:
    grammar = (resources.files("search.exact") / "grammar.lark").read_text(encoding="utf-8")
    end = r'(?=[\s()"\[\]]|$)'
    codes = "|".join(ICHUSHI)
    # A slash and a code end a word; in lower case only after Japanese (肺炎/ti, but not n/al).
    slash = rf"\/(?:{codes}){end}|(?<=[^\x00-\x7f])\/(?i:{codes}){end}"
    # A qualifier may follow the code of a heading: 喘息/TH/治療.
    qualified = r"\/M?TH\/[^\s()\"\[\]\/]+"
    slash = rf"{qualified}|(?<=[^\x00-\x7f])(?i:{qualified})|{slash}"
    # Of parentheses in words only those of DOIs: 10.1016/S0140-6736(20)30183-5.
    doi = r'10\.\d{4,9}\/(?:[^\s()"\[\]]|\([^\s()"]*\))+'
    terminals = rf"""
WORD: /{doi}|(?:(?!{slash})[^\s()"\[\]])+/
SLASH.2: /{slash}|(?<=["\])*])\s*(?:(?i:{qualified})|\/[A-Za-z]{{2,4}}{end})/
ASSIGNMENT.3: /(?i:{codes})=(?:"[^"]*"|\([^()]*\)|[^\s()"])*/
"""
    return Lark(grammar + terminals, parser="lalr", lexer="basic")


def _unexpected_character(expression: str, text: str, place: int) -> ExactSyntaxError:
    if text[place] == '"':
        # Closed before the next operator, bracket or parenthesis; one that opens nothing goes.
        end = _PHRASE_ENDS.search(text, place + 1)
        assert end is not None
        empty = not text[place + 1 : end.start()].strip()
        mend = (place, place + 1, " ") if empty else (end.start(), end.start(), '"')
        return ExactSyntaxError("unclosed quote", expression, place, len(text), mend=mend)
    if text[place] == "[":
        close = re.compile(r"(?=[\s()\[\]\"])|$").search(text, place + 1)
        assert close is not None
        mend = (close.start(), close.start(), "]")
        if close.start() == place + 1:
            mend = (place, place + 1, " ")
    else:
        mend = (place, place + 1, " ")
    return ExactSyntaxError("unclosed bracket", expression, place, place + 1, mend=mend)


def _unexpected_token(expression: str, text: str, token: Token, above: object) -> ExactSyntaxError:
    """``above`` is what stands before the token: a token, or a part that is complete."""

    def fault(reason: Reason, at: Token, replacement: str = " ") -> ExactSyntaxError:
        start, end = span(at)
        mend = (start, end, replacement)
        return ExactSyntaxError(reason, expression, start, end, mend=mend)

    before = above if isinstance(above, Token) else None
    lacking = before is not None and before.type in _OPERATORS
    if token.type == "$END":
        if before is not None and lacking:
            return fault("missing operand", before)
        start = _open_parenthesis(text)
        mend = (len(text), len(text), ")")
        return ExactSyntaxError("unclosed parenthesis", expression, start, start + 1, mend=mend)
    if token.type == "RPAR":
        if before is not None and lacking:
            return fault("missing operand", before)
        if before is not None and before.type == "LPAR":
            start, end = span(before)[0], span(token)[1]
            return ExactSyntaxError(
                "empty parentheses", expression, start, end, mend=(start, end, " ")
            )
        return fault("unopened parenthesis", token)
    if token.type in {"TAG", "SLASH"}:
        return fault("field without term", token)
    if token.type == "NEAR" and isinstance(above, Tree):
        return fault("bad proximity", token, "AND")
    return fault("missing operand", token)


def span(token: Token) -> tuple[int, int]:
    """The half-open span of a token in the expression."""
    assert token.start_pos is not None
    assert token.end_pos is not None
    return token.start_pos, token.end_pos


def _open_parenthesis(text: str) -> int:
    """The last parenthesis that is not closed."""
    opened: list[int] = []
    for match in re.finditer(r'"[^"]*"|[()]', text):
        if match.group() == "(":
            opened.append(match.start())
        elif match.group() == ")" and opened:
            opened.pop()
    return opened[-1] if opened else 0
