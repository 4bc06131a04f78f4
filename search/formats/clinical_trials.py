"""ClinicalTrials.gov's API, version 2: a study, or a list of studies, as JSON.

https://clinicaltrials.gov/data-api/api
"""

from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO

from search.formats.fields.dates import date_of
from search.formats.fields.languages import language_of
from search.formats.syntax.json_documents import head_has, listed, mapping, records, text, texts
from search.formats.syntax.read_items import Item


def recognises(head: bytes) -> bool:
    """A study's protocol."""
    return head_has(head, b'"protocolSection":')


def read(stream: BinaryIO) -> Iterator[Item]:
    """Records of the stream; a study that can't be one is a :class:`~search.formats.Rejected`."""
    return records(stream, _items, _fields, "study")


def _items(document: Any) -> list[Any]:
    return listed(mapping(document).get("studies", document))


def _fields(study: Mapping[str, Any]) -> tuple[dict[str, Any], str, str]:
    protocol = mapping(study.get("protocolSection"))
    part = {name: mapping(value) for name, value in protocol.items()}
    named, told = part.get("identificationModule", {}), part.get("descriptionModule", {})
    number = text(named.get("nctId"))
    title = text(named.get("officialTitle")) or text(named.get("briefTitle"))
    parts = (text(told.get("briefSummary")), text(told.get("detailedDescription")))
    abstract = "\n".join(filter(None, parts))
    others = [text(mapping(i).get("id")) for i in listed(named.get("secondaryIdInfos"))]
    sponsor = mapping(part.get("sponsorCollaboratorsModule", {}).get("leadSponsor"))
    condition = part.get("conditionsModule", {})
    arms = listed(part.get("armsInterventionsModule", {}).get("interventions"))
    words = [
        *texts(condition.get("conditions")),
        *texts(condition.get("keywords")),
        *(text(mapping(arm).get("name")) for arm in arms),
    ]
    begun = mapping(part.get("statusModule", {}).get("startDateStruct"))
    kind = text(part.get("designModule", {}).get("studyType"))
    return (
        {
            "title": title,
            "abstract": abstract,
            "language": language_of("", title or abstract),
            "authors": [{"family": name, "given": ""} for name in texts(sponsor.get("name"))],
            "journal": "ClinicalTrials.gov",
            "date": date_of(text(begun.get("date"))),
            "url": f"https://clinicaltrials.gov/study/{number}" if number else "",
            "keywords": list(dict.fromkeys(filter(None, words))),
            "publication_types": ["Clinical Trial Protocol", *([kind] if kind else [])],
            "trial_ids": list(dict.fromkeys(filter(None, [number, *others]))),
        },
        "trial",
        number,
    )
