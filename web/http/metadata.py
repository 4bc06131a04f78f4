"""What reference managers, link resolvers and search engines read in a page.

Three vocabularies say the same of a record: Highwire's ``citation_…`` tags (Zotero, Mendeley,
Google Scholar; one record a page), a ContextObject of OpenURL (ANSI/NISO Z39.88-2004), which COinS
puts into lists and link resolvers take as a query, and schema.org as JSON-LD.
"""

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from markupsafe import Markup

from search.formats.fields.page_ranges import page_range
from search.records import Author, Record, Translation
from web.desk.addresses import is_web_address

# What would end the element that JSON stands in, or begin another.
_IN_HTML = {ord(c): f"\\u{ord(c):04x}" for c in "<>&\u2028\u2029"}
# Reference managers show an abstract; a broken record's book is none.
_LONGEST_ABSTRACT = 20_000


@dataclass(frozen=True)
class Tag:
    """A ``<meta>`` element; ``language`` is that of its content where it is text."""

    name: str
    content: str
    language: str = ""


def citation_tags(record: Record, address: str) -> tuple[Tag, ...]:
    """The record as ``citation_…`` tags; ``address`` is its own page's, absolute.

    Names are written family, given: what has no comma is taken for an organisation, or cut at its
    last blank, which turns Japanese names round.
    """
    version = _cited(record.shareable())
    first, last = pages(record)
    plain = (
        ("citation_publication_date", record.date.replace("-", "/")),
        ("citation_volume", record.volume),
        ("citation_issue", record.issue),
        ("citation_firstpage", first),
        ("citation_lastpage", last),
        ("citation_issn", record.issn),
        ("citation_doi", record.doi),
        ("citation_pmid", record.pmid),
        ("citation_language", version.language),
        ("citation_abstract_html_url", address),
    )
    return (
        Tag("citation_title", version.title, version.language),
        *(Tag("citation_author", _inverted(author)) for author in record.authors),
        *([Tag("citation_journal_title", record.journal)] if record.journal else ()),
        *(Tag(name, content) for name, content in plain if content),
        *(Tag("citation_keywords", keyword) for keyword in record.keywords),
        *(
            [Tag("citation_abstract", version.abstract[:_LONGEST_ABSTRACT], version.language)]
            if version.abstract
            else ()
        ),
    )


def context_object(record: Record) -> str:
    """The record as an OpenURL ContextObject in key/encoded-value format, without its escaping for
    HTML."""
    version = _cited(record)
    first, last = pages(record)
    person = next(iter(record.authors), Author(""))
    pairs = [
        ("ctx_ver", "Z39.88-2004"),
        ("rft_val_fmt", "info:ofi/fmt:kev:mtx:journal"),
        ("rft.genre", "article"),
        ("rft.atitle", version.title),
        ("rft.jtitle", record.journal),
        ("rft.date", record.date),
        ("rft.volume", record.volume),
        ("rft.issue", record.issue),
        ("rft.spage", first),
        ("rft.epage", last),
        ("rft.pages", record.pages),
        ("rft.issn", record.issn),
        ("rft.language", version.language),
        ("rft.aulast", person.family if person.given else ""),
        ("rft.aufirst", person.given),
        *(("rft.au", _inverted(author)) for author in record.authors),
        ("rft_id", f"info:doi/{record.doi}" if record.doi else ""),
        ("rft_id", f"info:pmid/{record.pmid}" if record.pmid else ""),
        ("rft_id", record.url if is_web_address(record.url) else ""),
    ]
    return urlencode([(name, value) for name, value in pairs if value])


def linked_data(record: Record, address: str) -> Markup:
    """The record as schema.org describes an article: JSON-LD, safe inside a ``<script>`` element,
    which as a block of data no policy against scripts forbids."""
    version = _cited(record.shareable())
    periodical = _without_blanks(
        {"@type": "Periodical", "name": record.journal, "issn": record.issn}
    )
    part: dict[str, Any] = periodical if len(periodical) > 1 else {}
    for kind, name, number in (
        ("PublicationVolume", "volumeNumber", record.volume),
        ("PublicationIssue", "issueNumber", record.issue),
    ):
        if number:
            part = _without_blanks({"@type": kind, name: number, "isPartOf": part})
    identifiers = (
        ("DOI", record.doi),
        ("PMID", record.pmid),
        ("ICHUSHI", record.ichushi_id),
    )
    article = {
        "@context": "https://schema.org",
        "@type": "MedicalScholarlyArticle",
        "@id": address,
        "url": address,
        "headline": version.title,
        "alternativeHeadline": [v.title for v in record.versions() if v.title != version.title],
        "abstract": version.abstract[:_LONGEST_ABSTRACT],
        "inLanguage": version.language,
        "author": [_author(author) for author in record.authors],
        "datePublished": record.date,
        "isPartOf": part,
        "pagination": record.pages,
        "keywords": list(record.keywords),
        "identifier": [
            {"@type": "PropertyValue", "propertyID": name, "value": value}
            for name, value in identifiers
            if value
        ],
        "sameAs": record.link() if is_web_address(record.link()) else "",
        "creativeWorkStatus": "Retracted" if record.retraction == "retracted" else "",
    }
    written = json.dumps(_without_blanks(article), ensure_ascii=False)
    return Markup(written.translate(_IN_HTML))  # noqa: S704 - escaped for where it stands


def pages(record: Record) -> tuple[str, str]:
    """The first and the last page, each empty where it is unknown."""
    first, _, last = page_range(record.pages).partition("-")
    return (first, last) if first.isalnum() and (not last or last.isalnum()) else ("", "")


def _cited(record: Record) -> Translation:
    """Title and abstract as one cites them: in the record's own language."""
    return next((v for v in record.versions() if v.title), record.version(record.language))


def _inverted(author: Author) -> str:
    return f"{author.family}, {author.given}" if author.given else author.family


def _author(author: Author) -> dict[str, str]:
    if not author.given:
        return {"@type": "Organization", "name": author.family}
    return {
        "@type": "Person",
        "name": author.display(),
        "familyName": author.family,
        "givenName": author.given,
    }


def _without_blanks(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value}
