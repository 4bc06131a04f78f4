"""Markup and entities in the texts of records, taken away, and what stands there for nothing."""

import html
import re

_INLINE = (
    *("a", "abbr", "b", "big", "bold", "cite", "code", "em", "emphasis", "font", "i", "inf"),
    *("ins", "italic", "mark", "monospace", "q", "roman", "s", "sans-serif", "sc", "scp"),
    *("small", "span", "strike", "strong", "styled-content", "sub", "sup", "tt", "u"),
    *("underline", "xref"),
)
_BLOCK = (
    *("abstract", "abstracttext", "article", "blockquote", "body", "br", "caption", "center"),
    *("dd", "div", "dl", "dt", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "img", "label", "li"),
    *("list", "list-item", "ol", "p", "para", "pre", "sec", "section", "simple-para", "table"),
    *("tbody", "td", "th", "thead", "title", "tr", "ul"),
)
# A tag has attributes with values or none: in "a <b and c> d" there is none.
_VALUE = r"""(?:"[^"<>]{0,500}"|'[^'<>]{0,500}'|[^\s<>"']{1,500})"""
_ATTRIBUTES = rf"(?:\s{{1,20}}[\w:.-]{{1,60}}\s{{0,5}}=\s{{0,5}}{_VALUE}){{0,20}}"
_TAG = re.compile(
    rf"<(/?)(?:(?:jats|mml|ce|xhtml|html|sb|xocs):)?({'|'.join((*_INLINE, *_BLOCK))}"
    r"|m(?:ath|row|i|o|n|sub|sup|subsup|frac|text|style|over|under|space|fenced|padded|sqrt))"
    rf"{_ATTRIBUTES}\s{{0,5}}/?>",
    re.IGNORECASE,
)
_PREFIXED = re.compile(rf"</?(?:jats|mml|ce|xhtml|xocs):[a-z-]{{1,40}}{_ATTRIBUTES}\s{{0,5}}/?>")
_COMMENT = re.compile(r"<!--[^<>]{0,500}-->|<!\[CDATA\[|\]\]>")
# 10<sup>6</sup> is no 106; but what stands above a unit or an ion is written on the line: m2, Ca2+.
_EXPONENT = re.compile(
    r"(?<=\d)(\s{0,3}<(?:\w{1,9}:)?sup>\s{0,3})(?=[-+−–]?\s?\d{1,4}\s{0,3}</(?:\w{1,9}:)?sup>)",
    re.IGNORECASE,
)
_SPACES = re.compile(r"[ \t]{2,}")
# What NLM, Scopus and others write where there is no text, or one that may not be shown.
_PLACEHOLDER = re.compile(
    r"\W*(?:no abstract (?:is )?available|abstract (?:is )?not available|not available|"
    r"(?:publisher: )?abstract available from the publisher)\W*$",
    re.IGNORECASE,
)
_ENTITY = re.compile(r"(?<!\\)&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,30});")
# Twice is seen often (&amp;lt;i&amp;gt;), more than thrice never.
_ESCAPED_TIMES = 3
# What R, Python, databases and Excel write into a cell for nothing, and for what went wrong.
_NOTHING = {
    *("na", "n/a", "n.a.", "nan", "nat", "none", "null", "<na>", "nil", "undefined", "(null)"),
    *("[null]", "#n/a", "#name?", "#ref!", "#value!", "#div/0!", "#num!", "#null!", "#spill!"),
    *("#calc!", "#getting_data", "なし", "該当なし", "不明", "-", "--", "–", "—", "?", "."),
}
# What is longer than this is no word for nothing: most texts are told by that.
LONGEST_NOTHING = max(map(len, _NOTHING))
_BEGINS_NOTHING = {
    *(word[0] for word in _NOTHING),
    *(word[0].upper() for word in _NOTHING),
    *filter(str.isspace, map(chr, range(0x3001))),
}


def plain_text(text: str) -> str:
    """``text`` without entities and tags, in this order, for tags are escaped as well.

    Where a tag parted two blocks, a space parts them; ``10<sup>6</sup>`` is ``10^6``. ``p < 0.05``
    and the like stay.
    """
    if "&" in text:
        text = decoded(text)
    return _untagged(text) if "<" in text else text


def decoded(text: str) -> str:
    """``text`` with the characters that HTML's entities stand for, however often escaped."""
    for _ in range(_ESCAPED_TIMES):
        if "&" not in text:
            break
        once = _ENTITY.sub(lambda found: html.unescape(found.group()), text)
        if once == text:
            break
        text = once
    return text.replace("\xa0", " ")


def _untagged(text: str) -> str:
    text = _EXPONENT.sub("^", text)
    bare = _TAG.sub(lambda found: " " if found.group(2).lower() in _BLOCKS else "", text)
    if ":" in bare or "<!" in bare:
        bare = _COMMENT.sub("", _PREFIXED.sub("", bare))
    return _SPACES.sub(" ", bare).strip() if bare != text else text


_BLOCKS = frozenset(_BLOCK)


def present(text: str) -> str:
    """``text``, or nothing where it only says that there is none: ``[No abstract available]``,
    ``NA``, ``#NAME?``."""
    if len(text) <= LONGEST_NOTHING and text.strip().casefold() in _NOTHING:
        return ""
    return "" if _PLACEHOLDER.match(text) else text


def something(text: str) -> str:
    """``text``, or nothing where it is one of the words that programs write for nothing (``nan``,
    ``None``, ``N/A``) or Excel's for an error (``#NAME?``)."""
    if len(text) > LONGEST_NOTHING or text[:1] not in _BEGINS_NOTHING:
        return text
    return "" if text.strip().casefold() in _NOTHING else text
