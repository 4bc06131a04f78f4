"""Inline markup in titles and abstracts, taken away, and what stands there for nothing."""

import html
import re

_TAG = re.compile(
    r"</?(?:i|b|em|strong|sub|sup|sc|scp|u|p|br|span|italic|bold|jats:[a-z-]+)"
    r"(?:\s[^<>]{0,200})?/?>",
    re.IGNORECASE,
)
# What NLM, Scopus and others write where there is no text, or one that may not be shown.
_PLACEHOLDER = re.compile(
    r"\W*(?:no abstract (?:is )?available|abstract (?:is )?not available|not available|"
    r"(?:publisher: )?abstract available from the publisher)\W*$",
    re.IGNORECASE,
)
_ENTITY = re.compile(r"&(?:#\d{1,7}|#x[0-9a-fA-F]{1,6}|[A-Za-z]{2,31});")


def plain_text(text: str) -> str:
    """``text`` without HTML's inline tags and entities; ``p < 0.05`` and the like stay."""
    if "<" in text:
        text = _TAG.sub("", text)
    return _ENTITY.sub(lambda found: html.unescape(found.group()), text) if "&" in text else text


def present(text: str) -> str:
    """``text``, or nothing where it only says that there is none: ``[No abstract available]``."""
    return "" if _PLACEHOLDER.match(text) else text
