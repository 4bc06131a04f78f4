"""J-STAGE WebAPI, service 3 (search for articles): an Atom feed with J-STAGE's own elements.

J-STAGE's manual of the WebAPI describes it. The feed carries titles and names in Japanese and
English side by side, and no abstracts. An entry of service 2 is an issue of a journal, not a piece
of literature, and is rejected with the advice to ask service 3.
"""

import re
from collections.abc import Iterator
from typing import Any, BinaryIO

from lxml import etree

from search.formats.fields.dates import date_of
from search.formats.fields.dois import clean_doi
from search.formats.fields.languages import side_by_side
from search.formats.fields.markup import plain_text
from search.formats.fields.names import author
from search.formats.fields.page_ranges import page_range
from search.formats.fields.retractions import retraction_state
from search.formats.syntax.read_items import Item, Rejected, record_or_rejected
from search.formats.syntax.xml_records import read_elements, root_name, text_at, text_of
from search.records import guess_language

_ARTICLE_PATH = re.compile(r"/article/([^?#]{1,150}?)/_article")


def recognises(head: bytes) -> bool:
    """An Atom feed that names J-STAGE or has its elements."""
    marks = (b"jstage.jst.go.jp", b"<servicecd>", b"<article_title>", b"<vols_title>")
    return root_name(head) == "feed" and any(mark in head for mark in marks)


def read(stream: BinaryIO) -> Iterator[Item]:
    """Records of the feed; an entry that can't be one, and an error that J-STAGE answered with
    instead of entries, are :class:`Rejected`."""
    for found in read_elements(stream, ("entry", "result")):
        if isinstance(found, Rejected):
            yield found
            continue
        place, element = found
        if element.tag == "result":
            status, message = text_at(element, "status"), text_at(element, "message")
            if status not in ("", "0"):
                yield Rejected(place, f"J-STAGE answered with {status}: {message}")
        elif element.find("vols_title") is not None:
            yield Rejected(place, "an issue of a journal (service=2); ask J-STAGE with service=3")
        else:
            path = _ARTICLE_PATH.search(_address(element, "ja") or _address(element, "en"))
            number = path.group(1) if path else ""
            yield record_or_rejected(place, _article(element), "jstage", number)


def _article(entry: etree._Element) -> dict[str, Any]:
    japanese = plain_text(text_at(entry, "article_title/ja"))
    english = plain_text(text_at(entry, "article_title/en"))
    if not (japanese or english):
        japanese = plain_text(text_at(entry, "title"))
    # An article in English has its English title in both places.
    is_japanese = bool(japanese) and guess_language(japanese) == "ja"
    if not is_japanese:
        english = english or japanese
        japanese = ""
    language = "ja" if is_japanese else "en"
    doi = clean_doi(text_at(entry, "doi"))
    url = _address(entry, language)
    authors = _authors(entry, language)
    date = date_of(text_at(entry, "pubyear"))
    texts = side_by_side(language, {"ja": (japanese, ""), "en": (english, "")})
    return {
        **texts,
        "doi": doi,
        "authors": authors,
        "journal": text_at(
            entry, f"material_title/{language}", "material_title/ja", "material_title/en"
        ),
        "date": date,
        "volume": text_at(entry, "volume"),
        "issue": text_at(entry, "number"),
        "pages": page_range(text_at(entry, "startingPage"), text_at(entry, "endingPage")),
        "issn": text_at(entry, "issn", "eIssn"),
        "url": url if url.startswith("http") else "",
        "retraction": retraction_state(japanese) or retraction_state(english),
    }


def _address(entry: etree._Element, language: str) -> str:
    return text_at(entry, f"article_link/{language}", "article_link/ja", "article_link/en", "id")


def _authors(entry: etree._Element, language: str) -> list[dict[str, str]]:
    """The names in the article's language; where J-STAGE has none, in the other."""
    for code in (language, "ja", "en"):
        names = filter(None, map(text_of, entry.iterfind(f"author/{code}/name")))
        if people := [_person(name) for name in names]:
            return people
    return []


def _person(name: str) -> dict[str, str]:
    """Japanese names stand family first, Latin ones as they are spoken: Satoshi Kato."""
    if guess_language(name) == "ja" or "," in name:
        return author(name)
    given, _, family = name.rpartition(" ")
    return {"family": family, "given": given}
