"""Europe PMC's REST API: results of a search as JSON (resultType=core or lite).

https://europepmc.org/RestfulWebService
"""

from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO

from search.formats.fields.dates import date_of
from search.formats.fields.dois import clean_doi
from search.formats.fields.identifiers import issn_in
from search.formats.fields.languages import language_of
from search.formats.fields.names import people_in
from search.formats.fields.retractions import retraction_state
from search.formats.syntax.json_documents import head_has, listed, mapping, records, text, texts
from search.formats.syntax.read_items import Item


def recognises(head: bytes) -> bool:
    """A list of results with Europe PMC's names."""
    return head_has(head, b'"resultList":', b'"result":[') and head_has(head, b'"source":"')


def read(stream: BinaryIO) -> Iterator[Item]:
    """Records of the stream; a result that can't be one is a :class:`~search.formats.Rejected`."""
    return records(stream, _items, _fields, "result")


def _items(document: Any) -> list[Any]:
    return listed(mapping(mapping(document).get("resultList")).get("result"))


def _fields(result: Mapping[str, Any]) -> tuple[dict[str, Any], str, str]:
    title, abstract = text(result.get("title")), text(result.get("abstractText"))
    info = mapping(result.get("journalInfo"))
    journal = mapping(info.get("journal"))
    types = texts(mapping(result.get("pubTypeList")).get("pubType"))
    mesh = [
        text(mapping(heading).get("descriptorName"))
        for heading in listed(mapping(result.get("meshHeadingList")).get("meshHeading"))
    ]
    words = texts(mapping(result.get("keywordList")).get("keyword"))
    pmid = text(result.get("pmid"))
    return (
        {
            "title": title,
            "abstract": abstract,
            "language": language_of(text(result.get("language")), title or abstract),
            "authors": _authors(result),
            "journal": text(journal.get("title")) or text(result.get("journalTitle")),
            "date": date_of(text(info.get("dateOfPublication")))
            or date_of(text(result.get("firstPublicationDate")))
            or date_of(text(result.get("pubYear"))),
            "volume": text(info.get("volume")) or text(result.get("journalVolume")),
            "issue": text(info.get("issue")) or text(result.get("issue")),
            "pages": text(result.get("pageInfo")),
            "doi": clean_doi(text(result.get("doi"))),
            "pmid": pmid if pmid.isdecimal() else "",
            "keywords": [word for word in dict.fromkeys([*mesh, *words]) if word],
            "publication_types": types,
            "issn": issn_in(
                [
                    text(journal.get("issn")),
                    text(journal.get("essn")),
                    *texts(result.get("journalIssn")),
                ]
            ),
            "retraction": retraction_state(title, types),
        },
        f"europepmc-{text(result.get('source')).lower()}",
        text(result.get("id")),
    )


def _authors(result: Mapping[str, Any]) -> list[dict[str, str]]:
    listed_people = listed(mapping(result.get("authorList")).get("author"))
    found = []
    for person in map(mapping, listed_people):
        family = text(person.get("lastName")) or text(person.get("collectiveName"))
        given = text(person.get("firstName")) or text(person.get("initials"))
        if family:
            found.append({"family": family, "given": given})
    return found or people_in(text(result.get("authorString")).rstrip("."))
