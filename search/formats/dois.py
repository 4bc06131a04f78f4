"""DOIs, found and freed of what sources wrap them in."""

import re
from urllib.parse import unquote

_DOI = re.compile(r"\b10\.\d{4,9}/[^\s\"<>\u3000-\u30ff\u4e00-\u9fff]+")
_IN_ADDRESS = re.compile(r"10\.\d{4,9}%2f[^\s&\"<>]+", re.IGNORECASE)
_CLOSING = {")": "(", "]": "[", "}": "{"}
# Longer ones exist in no register; they are text that happened to follow a DOI.
_MAX_DOI = 160


def clean_doi(text: str) -> str:
    """The first DOI in ``text`` (a bare DOI, ``doi:…``, a resolver's address, ``… [doi]``) as it
    is registered, with the case that the source gives it; empty where there is none."""
    if in_address := _IN_ADDRESS.search(text):
        text = unquote(in_address.group())
    found = _DOI.search(text)
    if not found:
        return ""
    doi = found.group()[: _MAX_DOI + 40].rstrip(".,;:'")
    while doi and doi[-1] in _CLOSING and doi.count(doi[-1]) > doi.count(_CLOSING[doi[-1]]):
        doi = doi[:-1].rstrip(".,;:'")
    return doi if len(doi) <= _MAX_DOI else ""
