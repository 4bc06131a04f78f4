"""DOIs, found and freed of what sources wrap them in."""

import re
import unicodedata
from urllib.parse import unquote

# Angle brackets are part of the older DOIs, which are made of a journal's SICI (volume, page and
# title code): 10.1002/(SICI)1096-9861(19971020)387:2<167::AID-CNE1>3.0.CO;2-Z.
_DOI = re.compile(
    r"\b10\.\d{4,9}/(?:[^\s\"<>\u3000-\u30ff\u4e00-\u9fff]+"
    r"|<[^\s<>\":]{0,20}:[^\s<>\"]{0,40}>(?=\d))+"
)
_IN_ADDRESS = re.compile(r"10\.\d{4,9}%2f[^\s&\"<>]+", re.IGNORECASE)
_ESCAPED = re.compile(r"%[0-9a-f]{2}", re.IGNORECASE)
_ESCAPED_BRACKETS = (("&lt;", "<"), ("&gt;", ">"), ("&#60;", "<"), ("&#62;", ">"), ("&amp;", "&"))
_QUERY = re.compile(r"[?&#][\w.-]{1,40}=")
# What publishers' addresses add: doi.org/10.1002/x/full, biorxiv.org/content/10.1101/xv1.full.pdf.
_VIEW = re.compile(
    r"(?:/(?:abstract|full|fulltext|full-text|full/html|pdf|epdf|pdfdirect|epub|html|meta|summary"
    r"|references|citations|figures|issuetoc|suppinfo|reader)|\.full|\.pdf|\.full\.pdf|/)+$",
    re.IGNORECASE,
)
_PREPRINT_VERSION = re.compile(r"(?<=^10\.1101/)(.+?)v\d{1,2}$")
_CLOSING = {")": "(", "]": "[", "}": "{"}
# Longer ones exist in no register; they are text that happened to follow a DOI.
_MAX_DOI = 160


def clean_doi(text: str) -> str:
    """The first DOI in ``text`` (a bare DOI, ``doi:…``, a resolver's address, ``… [doi]``) as it
    is registered, with the case that the source gives it; empty where there is none."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    if "&" in text:
        for entity, character in _ESCAPED_BRACKETS:
            text = text.replace(entity, character)
    if in_address := _IN_ADDRESS.search(text):
        text = unquote(in_address.group())
    found = _DOI.search(text)
    if found and _ESCAPED.search(found.group()):
        text = unquote(text)
        found = _DOI.search(text)
    if not found:
        return ""
    doi = found.group()[: _MAX_DOI + 40].rstrip(".,;:'")
    if "://" in text[: found.start()]:
        doi = _PREPRINT_VERSION.sub(r"\1", _VIEW.sub("", _QUERY.split(doi)[0].partition("?")[0]))
    elif "?" in doi or "&" in doi:
        doi = _QUERY.split(doi)[0]
    while doi and doi[-1] in _CLOSING and doi.count(doi[-1]) > doi.count(_CLOSING[doi[-1]]):
        doi = doi[:-1].rstrip(".,;:'")
    return doi if len(doi) <= _MAX_DOI else ""
