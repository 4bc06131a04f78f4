"""CiNii Research as JSON-LD: answers of its OpenSearch, and single records.

https://support.nii.ac.jp/en/cir/r_opensearch (``format=json``: a channel with ``items``) and
https://support.nii.ac.jp/en/cir/r_json (a record at ``/crid/….json``). The abstract of a search
result is in one language; a single record has title, abstract and names in several.

Not taken over: affiliations, projects, citations, links to other databases.
"""

import json
import re
from collections.abc import Iterator
from typing import Any, BinaryIO

from search.formats.fields.dates import date_of
from search.formats.fields.dois import clean_doi
from search.formats.fields.identifiers import ichushi_id_in, issn_in
from search.formats.fields.languages import language_code, side_by_side
from search.formats.fields.markup import plain_text
from search.formats.fields.names import author
from search.formats.fields.page_ranges import page_range
from search.formats.fields.retractions import retraction_state
from search.formats.fields.scripts import text_language
from search.formats.syntax.pieces import chunks, cut
from search.formats.syntax.read_items import Item, Rejected, record_or_rejected

# Beginnings that can't stand inside a JSON string, where a quote is escaped. An object that has
# an address of CiNii and nothing else is a link; one of another type is a person or a project.
_BEGIN = re.compile(
    rb"\{\s{0,64}(?:"
    rb'(?P<item>"@id"\s{0,64}:\s{0,64}"https?://cir\.nii\.ac\.jp/crid/[^"\s]{1,100}"'
    rb'\s{0,64},\s{0,64}"(?:title|@type"\s{0,64}:\s{0,64}"item)")'
    rb'|(?P<document>"@context"\s{0,64}:))'
)
_ITEMS = re.compile(rb'"items"\s*:\s*\[')
_CHANNEL = re.compile(rb'"@type"\s*:\s*"channel"|"items"\s*:\s*\[')
# Control characters in a text are left out later, as in every format.
_DECODER = json.JSONDecoder(strict=False)
_PMID = re.compile(r"\d{1,8}$")
_CINII = re.compile(rb"cir\.nii\.ac\.jp|ci\.nii\.ac\.jp")


def recognises(head: bytes) -> bool:
    """JSON with an address of CiNii."""
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    return start in (b"{", b"[") and bool(_CINII.search(head)) and bool(_BEGIN.search(head))


def read(stream: BinaryIO) -> Iterator[Item]:
    """Records of the stream; a broken one is a :class:`Rejected`."""
    for piece in cut(chunks(stream), _BEGIN):
        if isinstance(piece, Rejected):
            yield piece
            continue
        if piece.kind == "document" and _CHANNEL.search(piece.data):
            # What surrounds the results is no record; an object among them was one once.
            if b"{" in _ITEMS.split(piece.data, maxsplit=1)[-1][1:]:
                yield Rejected("item 1", "its beginning is missing")
            continue
        text = piece.data.decode(errors="surrogateescape")
        try:
            data, end = _DECODER.raw_decode(text)
            text[:end].encode()
        except UnicodeEncodeError:
            yield Rejected(piece.place, "not UTF-8")
            continue
        except (ValueError, RecursionError) as error:
            yield Rejected(piece.place, f"not JSON: {error}")
            continue
        build = _item if piece.kind == "item" else _document
        number = _address(data).rpartition("/crid/")[2]
        yield record_or_rejected(piece.place, build(data), "cinii", number)
        if '"title"' in text[end:]:
            yield Rejected(piece.place, "another item follows it whose beginning is missing")


def _item(data: dict[str, Any]) -> dict[str, Any]:
    """A result of the OpenSearch: every text in one language."""
    title, abstract = _first(data.get("title")), _first(data.get("description"))
    identifiers = _identifiers(data.get("dc:identifier"))
    language = text_language(title or abstract, language_code(_first(data.get("dc:language"))))
    return _record(
        data,
        identifiers,
        {language: (title, abstract)},
        language,
        authors=_strings(data.get("dc:creator")),
        journal=_first(data.get("prism:publicationName")),
        issn=_first(data.get("prism:issn")),
        publication=data,
        keywords=_strings(data.get("dc:subject")),
        kind=_first(data.get("dc:type")),
        doi=_first(data.get("prism:doi")),
    )


def _document(data: dict[str, Any]) -> dict[str, Any]:
    """A record at ``/crid/….json``: titles, abstracts and names in their languages."""
    publication = _object(data.get("publication"))
    titles = _by_language(data.get("dc:title"))
    abstracts = _by_language(
        [
            notation
            for description in _objects(data.get("description"))
            if description.get("type", "abstract") == "abstract"
            for notation in _list(description.get("notation"))
        ]
    )
    named = language_code(_first(data.get("dc:language")))
    language = named if named in titles else next(iter(titles), named)
    names = [_by_language(c.get("foaf:name")) for c in _objects(data.get("creator"))]
    journal = _by_language(publication.get("prism:publicationName"))
    numbers = _identifiers(publication.get("publicationIdentifier"))
    return _record(
        data,
        _identifiers([item.get("identifier") for item in _objects(data.get("productIdentifier"))]),
        {
            code: (titles.get(code, ""), abstracts.get(code, ""))
            for code in dict.fromkeys([*titles, *abstracts])
        },
        language,
        authors=[_preferred(name, language) for name in names],
        journal=_preferred(journal, language),
        issn=next((numbers[n] for n in ("PISSN", "ISSN", "EISSN", "LISSN") if n in numbers), ""),
        publication=publication,
        keywords=[
            word
            for topic in _objects(data.get("foaf:topic"))
            for word in _strings(topic.get("dc:title"))
        ],
        kind=_first(data.get("@type")),
    )


def _record(
    data: dict[str, Any],
    identifiers: dict[str, str],
    texts: dict[str, tuple[str, str]],
    language: str,
    *,
    authors: list[str],
    journal: str,
    issn: str,
    publication: dict[str, Any],
    keywords: list[str],
    kind: str,
    doi: str = "",
) -> dict[str, Any]:
    """The fields that both shapes share; ``publication`` holds those of ``prism``."""
    address = _address(data)
    doi = clean_doi(identifiers.get("DOI", "") or doi)
    pmid = identifiers.get("PMID", "")
    pmid = pmid if _PMID.match(pmid) else ""
    ichushi_id = ichushi_id_in(_addresses(data))
    people = [_person(name) for name in authors if name]
    date = date_of(_first(publication.get("prism:publicationDate")) or _first(data.get("dc:date")))
    fields = side_by_side(language, texts)
    return {
        **fields,
        "pmid": pmid,
        "ichushi_id": ichushi_id,
        "doi": doi,
        "authors": people,
        "journal": journal,
        "date": date,
        "volume": _first(publication.get("prism:volume")),
        "issue": _first(publication.get("prism:number")),
        "pages": page_range(
            _first(publication.get("prism:startingPage")),
            _first(publication.get("prism:endingPage")),
        ),
        "issn": issn_in([issn]),
        "url": address if address.startswith("http") else "",
        "keywords": list(dict.fromkeys(keywords)),
        "publication_types": [kind] if kind else [],
        "retraction": retraction_state(fields["title"]),
    }


def _address(data: dict[str, Any]) -> str:
    return _first(data.get("@id")).removesuffix(".json")


def _person(name: str) -> dict[str, str]:
    """Names stand family first where they are Japanese, have a comma or write the family name in
    capitals (``YAMADA Taro``); other Latin ones stand as they are spoken."""
    first, _, rest = name.partition(" ")
    if text_language(name) != "en" or "," in name:
        return author(name)
    if len(first) > 2 and first.isupper() and rest and not rest.isupper():
        return {"family": first.capitalize(), "given": rest}
    given, _, family = name.rpartition(" ")
    return {"family": family, "given": given}


def _identifiers(value: Any) -> dict[str, str]:
    """Numbers by their kind: ``{"@type": "cir:DOI", "@value": "10.…"}``."""
    numbers: dict[str, str] = {}
    for item in _objects(value):
        kind = _first(item.get("@type")).removeprefix("cir:").upper()
        numbers.setdefault(kind, _first(item.get("@value")))
    return numbers


def _addresses(data: dict[str, Any]) -> list[str]:
    """Where else the item is, 医中誌Web among others."""
    identifiers = [
        *_list(data.get("dc:identifier")),
        *(item.get("identifier") for item in _objects(data.get("productIdentifier"))),
    ]
    linked = [*_objects(data.get("url")), *_objects(data.get("link"))]
    return [*_strings(identifiers), *(_first(item.get("@id")) for item in linked)]


def _by_language(value: Any) -> dict[str, str]:
    """Texts by their language; readings in kana (``ja-Kana``) and romanised ones are left out."""
    texts: dict[str, str] = {}
    for item in _list(value):
        text = _first(item)
        named = _first(item.get("@language")) if isinstance(item, dict) else ""
        if text and named.lower() not in ("ja-kana", "ja-hrkt", "ja-latn"):
            texts.setdefault(text_language(text, language_code(named)), text)
    return texts


def _preferred(texts: dict[str, str], language: str) -> str:
    return texts.get(language) or next(iter(texts.values()), "")


def _first(value: Any) -> str:
    return next(iter(_strings(value)), "")


def _strings(value: Any) -> list[str]:
    """The texts of a value as JSON-LD may write it: text, number, ``{"@value": …}``, or a list."""
    texts = []
    for item in _list(value):
        plain = item.get("@value") if isinstance(item, dict) else item
        if isinstance(plain, int | float) and not isinstance(plain, bool):
            plain = str(plain)
        if isinstance(plain, str) and (text := " ".join(plain_text(plain).split())):
            texts.append(text)
    return texts


def _objects(value: Any) -> list[dict[str, Any]]:
    return [item for item in _list(value) if isinstance(item, dict)]


def _object(value: Any) -> dict[str, Any]:
    return next(iter(_objects(value)), {})


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]
