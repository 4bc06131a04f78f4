"""The builder of exact search: rows of field and terms become an expression, which one can read on
and change by hand."""

import re
from collections.abc import Sequence
from typing import Literal, get_args

from flask import Response, make_response, redirect, request, url_for

from search.ranked.engine import MAX_QUERY
from web.http.language import chosen_language, gettext

Operator = Literal["AND", "OR", "NOT"]
OPERATORS: tuple[Operator, ...] = get_args(Operator)
# So many rows stand there without a script.
ROWS = 3
# How a field is written in 医中誌Web and in PubMed.
_CODES = {
    "all": ("{}/AL", "{}[all]"),
    "tiab": ("{}/TA", "{}[tiab]"),
    "ti": ("{}/TI", "{}[ti]"),
    "ab": ("{}/AB", "{}[ab]"),
    "mh": ("{}/TH", "{}[mh]"),
    "au": ("{}/AU", "{}[au]"),
    "ta": ("{}/JN", "{}[ta]"),
    "pt": ("PT={}", "{}[pt]"),
    "la": ("LA={}", "{}[la]"),
}
_BETWEEN = re.compile(r"\s*(?:[,、，;；\n]|\s(?:or|OR)\s)\s*")
# What would be read as something else unless it stands in quotation marks.
_SPECIAL = re.compile(r"[\s　()（）\[\]/=:]|^(?:and|or|not|near|adj)$", re.IGNORECASE)
# All that an expression may take for quotation marks.
_QUOTES = re.compile(r'["＂“”„‟「」『』]')


def build() -> Response:
    """The page of the expression that the rows of the form make."""
    rows = list(
        zip(
            request.args.getlist("operator"),
            request.args.getlist("field"),
            request.args.getlist("terms"),
            strict=False,
        )
    )
    made = expression(rows, request.args.get("base", ""), ichushi=chosen_language() == "ja")
    # What is not said (None) is no part of the address.
    address = url_for("pages.exact", q=made[:MAX_QUERY] or None)
    return make_response(redirect(address, 302))


def expression(rows: Sequence[tuple[str, str, str]], base: str = "", *, ichushi: bool) -> str:
    """The expression of (operator, field, terms), in the notation of 医中誌Web or of PubMed.

    Terms with commas between them are alternatives; one with a blank in it is a phrase, one in
    quotation marks or with an asterisk stays as it is. Rows without terms say nothing. ``base``
    is an expression that the rows go on from. Operators work from left to right.
    """
    made = base.strip()
    for operator, field, terms in rows:
        part = _row(field, terms, ichushi=ichushi)
        if not part:
            continue
        joined = operator if operator in OPERATORS else "AND"
        if made:
            made = f"{_enclosed(made)} {joined} {part}"
        else:
            made = f"NOT {part}" if joined == "NOT" else part
    return made


def heading_expression(
    names: Sequence[str],
    *,
    ichushi: bool,
    exploded: bool = True,
    major: bool = False,
    qualifiers: Sequence[str] = (),
) -> str:
    """The expression of headings of the thesaurus, any of them: in the notation of 医中誌Web, which
    has no blanks in qualifiers, or of PubMed."""
    parts = []
    for name in names:
        bare = _QUOTES.sub("", name).strip()
        if not bare:
            continue
        if ichushi and not qualifiers and not set(bare) & set("[]"):
            code = "MTH" if major else "TH"
            parts.append(f"{_term(bare)}/{code}" if exploded else f"[{bare}]/{code}")
            continue
        code = f"[{'majr' if major else 'mh'}{'' if exploded else ':noexp'}]"
        written = [f"{bare}/{_QUOTES.sub('', q).strip()}" for q in qualifiers] or [bare]
        parts += [f'"{one}"{code}' for one in written]
    return parts[0] if len(parts) == 1 else f"({' OR '.join(parts)})" if parts else ""


def joined(base: str, operator: str, part: str) -> str:
    """``part`` joined to an expression that one goes on from."""
    if not base.strip() or not part:
        return part or base.strip()
    return f"{_enclosed(base.strip())} {operator if operator in OPERATORS else 'AND'} {part}"


def field_names() -> list[tuple[str, str]]:
    """The fields of a row with what the page calls them."""
    return [
        ("all", gettext("All fields")),
        ("tiab", gettext("Title or abstract")),
        ("ti", gettext("Title")),
        ("ab", gettext("Abstract")),
        ("mh", gettext("Keyword or heading")),
        ("au", gettext("Author")),
        ("ta", gettext("Journal")),
        ("pt", gettext("Publication type")),
        ("la", gettext("Language")),
    ]


def _row(field: str, terms: str, *, ichushi: bool) -> str:
    code = _CODES.get(field, _CODES["all"])[0 if ichushi else 1]
    alternatives = [
        code.format(_term(term))
        for term in _BETWEEN.split(terms.strip())
        if _QUOTES.sub("", term).strip()
    ]
    if len(alternatives) < 2:
        return "".join(alternatives)
    return f"({' OR '.join(alternatives)})"


def _term(term: str) -> str:
    bare = _QUOTES.sub("", term).strip()
    return f'"{bare}"' if _SPECIAL.search(bare) else bare


def _enclosed(made: str) -> str:
    """``made`` as one side of an operator: in parentheses unless it is one thing."""
    return made if not _SPECIAL.search(made) or _is_one(made) else f"({made})"


def _is_one(made: str) -> bool:
    """Whether parentheses around all of ``made`` belong together, or there is no blank in it."""
    if not re.search(r"[\s　]", re.sub(r'"[^"]*"', "", made)):
        return True
    if not (made.startswith("(") and made.endswith(")")):
        return False
    depth = 0
    for place, letter in enumerate(made):
        depth += (letter == "(") - (letter == ")")
        if depth == 0:
            return place == len(made) - 1
    return False
