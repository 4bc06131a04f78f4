"""Keywords and publication types that stand in one text, between semicolons or commas."""

import ast
import re

from search.formats.fields.markup import something
from search.formats.fields.names import outside_brackets

_PARTS = re.compile(r"[;；|\n]")
# The second half of a heading that NLM inverts: Carcinoma, Non-Small-Cell Lung; Leukemia, Myeloid.
_INVERTED = re.compile(
    r"(?:\d|Type \d|Non-|(?:[A-Z][\w-]* )*(?:Acute|Chronic|Adult|Newborn|Preschool|Postpartum|"
    r"Left|Right|Total|Partial|Brain|Lung|Breast|Molecular|"
    r"[A-Z][\w-]*(?:ic|oid|ive|ous|ary|ular|olar|inal|inal|ical|onal|ental|eral|icular|ogenic)))$"
    r"|\d+ and over$"
)
_HEADING = re.compile(r"[A-Z][\w' -]*$")


def words_in(text: str) -> list[str]:
    """The keywords of a text, each once: between semicolons, bars or lines, or else between commas
    (of both languages) outside parentheses and quotation marks; words for nothing are none.

    A comma inside a MeSH heading (``Carcinoma, Non-Small-Cell Lung``) parts nothing where the
    heading's second half can't stand alone.
    """
    words = literal_list(text)
    if words is None:
        words = _PARTS.split(text)
        if len(words) == 1:
            parts = outside_brackets(text.replace("，", ","), ",")
            words = _uninverted(parts) if len(parts) > 1 else text.split("、")
    stripped = map(str.strip, words)
    cleaned = [(w.strip("*").strip() if "*" in w else w).strip('"') for w in stripped]
    return list(dict.fromkeys([word for word in cleaned if word and something(word)]))


def literal_list(cell: str) -> list[str] | None:
    """The texts of a cell that holds a Python list, as pandas writes it; None for other cells."""
    if not cell.startswith(("['", '["')) or not cell.endswith("]"):
        return None
    try:
        values = ast.literal_eval(cell)
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return None
    return [str(value) for value in values] if isinstance(values, list) else None


def _uninverted(parts: list[str]) -> list[str]:
    words: list[str] = []
    for part in map(str.strip, parts):
        if words and _INVERTED.match(part) and _HEADING.match(words[-1].split(",")[-1].strip()):
            words[-1] += f", {part}"
        else:
            words.append(part)
    return words
