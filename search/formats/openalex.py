"""OpenAlex's API: a work, or a list of works, as JSON (https://docs.openalex.org)."""

from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO

from search.formats.fields.dates import date_of
from search.formats.fields.dois import clean_doi
from search.formats.fields.identifiers import issn_in
from search.formats.fields.languages import language_of
from search.formats.fields.names import people
from search.formats.fields.page_ranges import page_range
from search.formats.syntax.json_documents import head_has, listed, mapping, records, text, texts
from search.formats.syntax.read_items import Item

_LONGEST_ABSTRACT = 20_000


def recognises(head: bytes) -> bool:
    """An address of a work of OpenAlex."""
    return head_has(head, b'"id":"https://openalex.org/W')


def read(stream: BinaryIO) -> Iterator[Item]:
    """Records of the stream; a work that can't be one is a :class:`~search.formats.Rejected`."""
    return records(stream, _items, _fields, "work")


def _items(document: Any) -> list[Any]:
    return listed(mapping(document).get("results", document))


def _fields(work: Mapping[str, Any]) -> tuple[dict[str, Any], str, str]:
    title = text(work.get("title")) or text(work.get("display_name"))
    abstract = _abstract(work.get("abstract_inverted_index"))
    place = mapping(work.get("biblio"))
    location = mapping(work.get("primary_location"))
    source = mapping(location.get("source"))
    authorships = [mapping(a) for a in listed(work.get("authorships"))]
    names = [text(mapping(a.get("author")).get("display_name")) for a in authorships]
    pmid = text(mapping(work.get("ids")).get("pmid")).rpartition("/")[2]
    kind = text(work.get("type"))
    words = [text(mapping(k).get("display_name")) for k in listed(work.get("keywords"))]
    mesh = [text(mapping(m).get("descriptor_name")) for m in listed(work.get("mesh"))]
    return (
        {
            "title": title,
            "abstract": abstract,
            "language": language_of(text(work.get("language")), title or abstract),
            "authors": people(names, as_spoken=True),
            "journal": text(source.get("display_name")),
            "date": date_of(text(work.get("publication_date")))
            or date_of(text(work.get("publication_year"))),
            "volume": text(place.get("volume")),
            "issue": text(place.get("issue")),
            "pages": page_range(text(place.get("first_page")), text(place.get("last_page"))),
            "doi": clean_doi(text(work.get("doi"))),
            "pmid": pmid if pmid.isdecimal() else "",
            "url": text(location.get("landing_page_url")),
            "keywords": [word for word in dict.fromkeys([*mesh, *words]) if word],
            "publication_types": [kind] if kind else [],
            "issn": issn_in(texts(source.get("issn_l")) + texts(source.get("issn"))),
            "retraction": "retracted" if work.get("is_retracted") is True else "",
        },
        "openalex",
        text(work.get("id")).rpartition("/")[2],
    )


def _abstract(index: Any) -> str:
    """The text of an inverted index: each word with the places where it stands."""
    places = {
        place: word
        for word, found in mapping(index).items()
        for place in listed(found)
        if isinstance(place, int) and 0 <= place < _LONGEST_ABSTRACT
    }
    return " ".join(places[place] for place in sorted(places))
