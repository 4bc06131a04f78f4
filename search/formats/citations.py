"""Records as formatted citations, in the styles that authors here are asked for.

The styles are written in the Citation Style Language (https://citationstyles.org) and formatted by
citeproc-py, the only maintained package that formats CSL in Python. Three styles lie in
``citation_styles``, with their licence: the package of all of them takes 89 MB. The styles
themselves are under CC BY-SA 3.0; what is formatted with them is not.

A citation is formatted by itself, so that it does not depend on its neighbours: nothing is put in
another order, and two of one author and year are not told apart by letters.
"""

import html
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources
from typing import Literal, get_args

import citeproc
from citeproc.source.json import CiteProcJSON

from search.records import Author, Record

CitationStyle = Literal["vancouver", "apa", "sist02"]
CITATION_STYLES: tuple[CitationStyle, ...] = get_args(CitationStyle)
Markup = Literal["text", "html"]

# What a citation leaves of a record.
DROPS: Mapping[str, str] = {
    "abstract": "all",
    "translations": "all",
    "keywords": "all",
    "publication_types": "all",
    "trial_ids": "all",
    "notices": "all",
    "issn": "all",
    "url": "all",
    "date": "month and day",
}

# Files in citation_styles. Vancouver is what the ICMJE and the NLM recommend.
_FILES: Mapping[CitationStyle, str] = {
    "vancouver": "nlm-citation-sequence",
    "apa": "apa",
    "sist02": "sist02",
}
# Between the parts of a Japanese name: the guidelines of SIST 02 and of medical journals write
# 山田太郎, those for APA in Japanese 山田 太郎.
_BETWEEN: Mapping[CitationStyle, str] = {"vancouver": "", "apa": " ", "sist02": ""}
_REMEMBERED = 20_000
# The place in a list, which the list gives itself.
_NUMBER = re.compile(r"^\(?1[.)]\s*")
_TWO_ENDS = re.compile(r"([?!？！])\.")
# What SIST 02's style leaves where there are no pages.
_NO_PAGES = re.compile(r"[,.]? p\. \.$")
_WIDE = re.compile(r"[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff]")
_HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]")
# Characters that are markup to citeproc or in HTML go through it as others.
_MARKUP = {"&": "\ue000", "<": "\ue001", ">": "\ue002"}
_THERE = str.maketrans(_MARKUP)
_BACK = {
    "text": str.maketrans({there: c for c, there in _MARKUP.items()}),
    "html": str.maketrans({there: html.escape(c) for c, there in _MARKUP.items()}),
}
# citeproc-py keeps what it is doing in the style.
_one_at_a_time = threading.Lock()


@dataclass(frozen=True)
class _Cited:
    """What a citation says of a record; a name of one part stands as it is."""

    names: tuple[tuple[str, str], ...]
    title: str
    journal: str
    year: int | None
    volume: str
    issue: str
    pages: str
    doi: str
    pmid: str


def citation(record: Record, style: CitationStyle, markup: Markup = "text") -> str:
    """A record as a citation in a style, without a number; as HTML it can stand in a page.

    Names in Latin letters are written as the style has them, Japanese and other East Asian names
    family first without a comma. A retracted record says so after its title.
    """
    return _formatted(_cited(record, _BETWEEN[style]), style, markup)


def _cited(record: Record, between: str) -> _Cited:
    title = (record.title or next((v.title for v in record.versions()), "")).rstrip("。．. ")
    title = title or ("［タイトルなし］" if record.language == "ja" else "[no title]")
    if record.retraction == "retracted":
        title += "［撤回］" if record.language == "ja" else " [Retracted]"
    return _Cited(
        names=tuple(_name(author, between) for author in record.authors),
        title=title,
        journal=record.journal,
        year=record.year,
        volume=record.volume,
        issue=record.issue,
        pages=record.pages,
        doi=record.doi,
        pmid=record.pmid,
    )


def _name(author: Author, between: str) -> tuple[str, str]:
    if author.given and _WIDE.search(author.family + author.given):
        # Two parts in kana alone (スミス ジョン) would run together.
        gap = between if _HAN.search(author.family + author.given) else " "
        return f"{author.family}{gap}{author.given}", ""
    return author.family, author.given


@lru_cache(_REMEMBERED)
def _formatted(cited: _Cited, style: CitationStyle, markup: Markup) -> str:
    formatter = citeproc.formatter.html if markup == "html" else citeproc.formatter.plain
    with _one_at_a_time:
        source = CiteProcJSON([_csl(cited)])
        bibliography = citeproc.CitationStylesBibliography(_style(style), source, formatter)
        bibliography.register(citeproc.Citation([citeproc.CitationItem("1")]))
        (formatted,) = bibliography.bibliography()
    return " ".join(_mended(str(formatted), cited, style).translate(_BACK[markup]).split())


def _mended(text: str, cited: _Cited, style: CitationStyle) -> str:
    """What citeproc-py gets wrong, or puts where a list has its own."""
    if style != "apa":
        text = _NUMBER.sub("", text)
    elif not cited.names:
        # The title in the author's place is not to be said again.
        title = rf"(?:<i>)?{re.escape(cited.title.translate(_THERE))}\.?(?:</i>)?\.?"
        text = re.sub(rf"^({title} \([^()]*\)\.) {title}", r"\1", text)
    if style == "sist02" and not cited.pages:
        text = _NO_PAGES.sub(".", text)
    return _TWO_ENDS.sub(r"\1", text)


def _csl(cited: _Cited) -> dict[str, object]:
    """The record as CSL-JSON; empty fields are left out."""
    fields: dict[str, object] = {
        "title": cited.title,
        "container-title": cited.journal,
        "volume": cited.volume,
        "issue": cited.issue,
        "page": cited.pages,
        "DOI": cited.doi,
        "PMID": cited.pmid,
    }
    plain = {name: str(value).translate(_THERE) for name, value in fields.items() if value}
    names = [
        {"family": family.translate(_THERE), "given": given.translate(_THERE)}
        if given
        else {"literal": family.translate(_THERE)}
        for family, given in cited.names
    ]
    return {
        "id": "1",
        "type": "article-journal",
        **plain,
        **({"author": names} if names else {}),
        **({"issued": {"date-parts": [[cited.year]]}} if cited.year else {}),
    }


@cache
def _style(style: CitationStyle) -> citeproc.CitationStylesStyle:
    # In Japanese the terms would come into Vancouver and APA too: 2021年, ほか.
    path = resources.files("search.formats") / "citation_styles" / f"{_FILES[style]}.csl"
    return citeproc.CitationStylesStyle(str(path), locale="en-US", validate=False)
