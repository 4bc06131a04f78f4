"""Inline markup in titles and abstracts, taken away."""

import html
import re

_TAG = re.compile(
    r"</?(?:i|b|em|strong|sub|sup|sc|scp|u|p|br|span|italic|bold|jats:[a-z-]+)"
    r"(?:\s[^<>]{0,200})?/?>",
    re.IGNORECASE,
)
_ENTITY = re.compile(r"&(?:#\d{1,7}|#x[0-9a-fA-F]{1,6}|[A-Za-z]{2,31});")


def plain_text(text: str) -> str:
    """``text`` without HTML's inline tags and entities; ``p < 0.05`` and the like stay."""
    if "<" in text:
        text = _TAG.sub("", text)
    return _ENTITY.sub(lambda found: html.unescape(found.group()), text) if "&" in text else text
