"""JATS XML (ANSI/NISO Z39.96) and the NLM DTD before it: articles of PMC, J-STAGE and publishers.

Only the front of an ``article`` is read: its body and references, damaged or not, are passed over.
A file may hold one article or many (``pmc-articleset``, an OAI-PMH answer). Titles and abstracts
in other languages (``trans-title``, ``trans-abstract``) become translations.

Not taken over: affiliations, funding, subject headings, the text of the article, sub-articles.
"""

import re
from collections.abc import Iterator
from typing import Any, BinaryIO

from lxml import etree

from search.formats.fields.dates import date_from_parts, date_of
from search.formats.fields.dois import clean_doi
from search.formats.fields.languages import language_code, side_by_side
from search.formats.fields.names import author
from search.formats.fields.page_ranges import page_range
from search.formats.fields.retractions import retraction_state
from search.formats.syntax.read_items import Item, Rejected, record_or_rejected
from search.formats.syntax.xml_records import read_elements, root_name, text_at, text_of, texts_at
from search.records import guess_language

_ROOTS = {"article", "articles", "pmc-articleset"}
_ARTICLE = re.compile(rb"<article[\s>]")
# Article types that PubMed has a name for; others stay as JATS names them.
_TYPES = {
    "research-article": "Journal Article",
    "review-article": "Review",
    "systematic-review": "Systematic Review",
    "case-report": "Case Reports",
    "letter": "Letter",
    "editorial": "Editorial",
    "article-commentary": "Comment",
    "news": "News",
    "correction": "Published Erratum",
    "retraction": "Retraction of Publication",
    "expression-of-concern": "Expression of Concern",
}
# Abstracts that are pictures, lists of contents or written for other readers.
_NOT_THE_ABSTRACT = {
    "author-highlights",
    "graphical",
    "highlights",
    "key-points",
    "plain-language-summary",
    "summary",
    "teaser",
    "toc",
    "video",
    "web-summary",
}
# The best date of publication first: that of the issue, as PubMed has it, then the one online.
_DATES = ("ppub", "print", "epub-ppub", "collection", "pub", "epub", "electronic")
_NOT_PUBLISHED = {"pmc-release", "nihms-submitted", "preprint", "retraction", "corrected"}
# Related articles that are notices about this one; each with the kind of the same weight.
_NOTICES = (
    (re.compile(r"partial-retraction-(forward|notice)"), "Partial Retraction", "ErratumIn"),
    (re.compile(r"retraction-(forward|notice)"), "Retraction", "RetractionIn"),
    (
        re.compile(r"(expression-of-)?concern-(forward|notice)|expression-of-concern$"),
        "Expression of Concern",
        "ExpressionOfConcernIn",
    ),
    (re.compile(r"(correction|erratum)-(forward|notice)"), "Erratum", "ErratumIn"),
)


def recognises(head: bytes) -> bool:
    """An article or a set of them, or an answer that holds one (OAI-PMH, EFetch)."""
    root = root_name(head)
    if root == "article":
        return True
    return root in {"OAI-PMH", *_ROOTS} and bool(_ARTICLE.search(head))


def read(stream: BinaryIO) -> Iterator[Item]:
    """Records of the stream; a broken one is a :class:`Rejected`."""
    for found in read_elements(stream, ("article",), cut_after={"article": "front"}):
        if isinstance(found, Rejected):
            yield found
        else:
            place, element = found
            yield record_or_rejected(place, _article(element), "pmc", _pmc_id(element))


def _article(element: etree._Element) -> dict[str, Any]:
    meta = element.find("front/article-meta")
    if meta is None:
        meta = etree.Element("article-meta")
    ids = {i.get("pub-id-type", ""): text_of(i) for i in meta.iterfind("article-id")}
    pmid = ids.get("pmid", "")
    doi = clean_doi(ids.get("doi", ""))
    texts = _texts(element, meta)
    authors = _authors(meta, texts["language"])
    date = _date(meta)
    notices = _notices(meta)
    publication_types = [_TYPES.get(kind, kind) for kind in [element.get("article-type")] if kind]
    return {
        **texts,
        "pmid": pmid,
        "doi": doi,
        "authors": authors,
        "journal": _journal(element, texts["language"]),
        "date": date,
        "volume": text_at(meta, "volume"),
        "issue": text_at(meta, "issue"),
        "pages": page_range(text_at(meta, "fpage"), text_at(meta, "lpage"))
        or text_at(meta, "elocation-id"),
        "issn": text_at(element, "front/journal-meta/issn"),
        "url": next(
            (
                address
                for uri in meta.iterfind("self-uri")
                if (address := uri.get("href", "")).startswith("http")
            ),
            "",
        ),
        "keywords": _keywords(meta),
        "publication_types": publication_types,
        "notices": [notice for notice, _ in notices],
        "retraction": retraction_state(texts["title"], [weight for _, weight in notices]),
    }


def _pmc_id(element: etree._Element) -> str:
    numbers = (
        text_at(element, f"front/article-meta/article-id[@pub-id-type='{kind}']")
        for kind in ("pmc", "pmcid")
    )
    number = next(filter(None, numbers), "").upper().removeprefix("PMC")
    return f"PMC{number}" if number else ""


def _texts(element: etree._Element, meta: etree._Element) -> dict[str, Any]:
    """Title, abstract, language and translations."""
    group = meta.find("title-group")
    if group is None:
        group = meta
    title = _title(group, "article-title", "subtitle")
    language = language_code(element.get("lang", "")) or guess_language(title)
    titles = {language: title}
    for other in group.iterfind("trans-title-group"):
        code = _language(other, other.find("trans-title"))
        titles.setdefault(code, _title(other, "trans-title", "trans-subtitle"))
    for other in group.iterfind("trans-title"):
        titles.setdefault(_language(other), text_of(other))
    abstracts: dict[str, str] = {}
    ranked = sorted(meta.iterfind("abstract"), key=lambda a: a.get("abstract-type") is not None)
    for abstract in [*ranked, *meta.iterfind("trans-abstract")]:
        if (abstract.get("abstract-type") or "") in _NOT_THE_ABSTRACT:
            continue
        given = language if abstract.tag == "abstract" else ""
        code = language_code(abstract.get("lang", "")) or given or _language(abstract)
        if text := _abstract(abstract):
            abstracts.setdefault(code, text)
    return side_by_side(
        language,
        {
            code: (titles.get(code, ""), abstracts.get(code, ""))
            for code in dict.fromkeys([*titles, *abstracts])
        },
    )


def _language(*elements: etree._Element | None) -> str:
    """The language that the first of the elements names, else the one its script looks like."""
    named = (language_code(e.get("lang", "")) for e in elements if e is not None)
    return next(filter(None, named), "") or guess_language("".join(text_of(e) for e in elements))


def _title(group: etree._Element, name: str, subtitle: str) -> str:
    title = text_at(group, name)
    below = texts_at(group, subtitle)
    colon = "：" if guess_language(title) == "ja" else ": "
    return (
        colon.join([title.rstrip(":： "), *below]) if below and title else title or " ".join(below)
    )


def _abstract(abstract: etree._Element) -> str:
    """The paragraphs of an abstract; those of a section in one line after the section's title."""
    lines = []
    for part in abstract:
        if part.tag == "sec":
            heading = text_at(part, "title").rstrip(":：. ")
            rest = [text_of(p) for p in part if p.tag != "title"]
            lines.append(": ".join(filter(None, (heading, " ".join(filter(None, rest))))))
        elif part.tag not in ("title", "label"):
            lines.append(text_of(part))
    if len(abstract) == 0:
        lines.append(text_of(abstract))
    return "\n".join(filter(None, lines))


def _authors(meta: etree._Element, language: str) -> list[dict[str, str]]:
    people = (
        _person(contributor, language)
        for contributor in meta.iterfind("contrib-group/contrib")
        if contributor.get("contrib-type", "author") == "author"
    )
    return [person for person in people if person["family"]]


def _person(contributor: etree._Element, language: str) -> dict[str, str]:
    names = [
        *contributor.iterfind("name-alternatives/name"),
        *contributor.iterfind("name-alternatives/string-name"),
        *contributor.iterfind("name"),
        *contributor.iterfind("string-name"),
    ]
    same = [n for n in names if language_code(n.get("lang", "")) == language]
    for name in [*same, *names]:
        family, given = text_at(name, "surname"), text_at(name, "given-names")
        given = " ".join(filter(None, (given, text_at(name, "suffix"))))
        if family or given:
            return {"family": family or given, "given": given if family else ""}
        if text := text_of(name):
            return author(text)
    collaboration = contributor.find("collab")
    if collaboration is None:
        return {"family": "", "given": ""}
    # A collaboration may list its members inside itself.
    own = text_at(collaboration, "institution") or collaboration.text or ""
    return {"family": " ".join(own.split()) or text_of(collaboration), "given": ""}


def _journal(element: etree._Element, language: str) -> str:
    meta = element.find("front/journal-meta")
    if meta is None:
        return ""
    titles = [*meta.iterfind("journal-title-group/journal-title"), *meta.iterfind("journal-title")]
    translated = meta.iterfind("journal-title-group/trans-title-group")
    same = [t for t in titles if language_code(t.get("lang", "")) == language]
    same += [g for g in translated if language_code(g.get("lang", "")) == language]
    named = next((text for t in [*same, *titles] if (text := text_of(t))), "")
    return named or text_at(meta, "journal-id[@journal-id-type='nlm-ta']", "journal-id")


def _date(meta: etree._Element) -> str:
    """The date of publication: the first in the order of _DATES that has a month, else a year."""
    dates = []
    for element in meta.iterfind("pub-date"):
        kinds = {element.get(n, "") for n in ("pub-type", "publication-format", "date-type")}
        if kinds & _NOT_PUBLISHED:
            continue
        year, month, day = (text_at(element, name) for name in ("year", "month", "day"))
        date = date_from_parts(year, month, day) or date_of(
            element.get("iso-8601-date", "") or text_at(element, "string-date")
        )
        rank = min((_DATES.index(kind) for kind in kinds if kind in _DATES), default=len(_DATES))
        if date:
            dates.append((len(date) == 4, rank, date))
    return min(dates, key=lambda d: d[:2])[2] if dates else ""


def _keywords(meta: etree._Element) -> list[str]:
    words = []
    for group in meta.iterfind("kwd-group"):
        if not group.get("kwd-group-type", "").startswith("abbr"):
            words += [text_of(k) for k in group.iter("kwd", "compound-kwd")]
    return list(dict.fromkeys(filter(None, words)))


def _notices(meta: etree._Element) -> list[tuple[dict[str, str], str]]:
    notices = []
    for related in meta.iterfind("related-article"):
        relation = related.get("related-article-type", "")
        for pattern, kind, weight in _NOTICES:
            if pattern.match(relation):
                address = related.get("href", "")
                pmid = address if related.get("ext-link-type") in ("pmid", "pubmed") else ""
                reference = text_of(related) or clean_doi(address) or address
                notices.append(({"kind": kind, "reference": reference, "pmid": pmid}, weight))
                break
    return notices
