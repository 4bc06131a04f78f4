"""MEDLINE's tagged text (.nbib, MEDLARS), as PubMed and PubMed Central export it.

The tags are described in NLM's "MEDLINE/PubMed Data Element (Field) Descriptions". What they
can't say of a record is written as ``OID`` (other id), ``jmedsearch`` being the providing source.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO

from search.formats.fields.dates import date_of
from search.formats.fields.dois import clean_doi
from search.formats.fields.identifiers import is_trial_register, issn_in
from search.formats.fields.languages import three_letters
from search.formats.fields.markup import plain_text
from search.formats.fields.names import family_first, people
from search.formats.fields.nlm_texts import nlm_texts
from search.formats.fields.notices import notice_of, notice_text
from search.formats.fields.page_ranges import page_range
from search.formats.fields.retractions import retraction_state
from search.formats.syntax.lines import head_text
from search.formats.syntax.read_items import Item, Rejected, record_or_rejected
from search.formats.syntax.tagged import TaggedRecord, tagged_records, unwrapped
from search.records import Author, Record, Translation
from search.text.units import is_cjk

DROPS = {
    "translations": "all but one, English first",
    "language": "where the script belies it",
    "abstract": "line breaks",
    "authors": "commas inside a family name",
}

_TAG = re.compile(
    r"([A-Z][A-Z0-9]{1,3})(?:(?<=....)|(?<=...) |(?<=..)  )-(?:[ \t](.*)|$)", re.DOTALL
)
_BEGIN = re.compile(r"^(?:PMID|PMC |OWN |STAT|DCOM|FAU |LID |OID )- ?\S", re.MULTILINE)
# Tags of notices about the record: how PubMed names them, and the state of the same weight.
_NOTICES = {
    "RIN": ("Retraction", "RetractionIn"),
    "RRI": ("Retraction and Republication", "RetractionIn"),
    "PRIN": ("Partial Retraction", "ErratumIn"),
    "ECI": ("Expression of Concern", "ExpressionOfConcernIn"),
    "EIN": ("Erratum", "ErratumIn"),
    "CRI": ("Correction and Republication", "ErratumIn"),
}
_NOTICE_PMID = re.compile(r"\.?\s{0,3}PMID:\s{0,3}(\d{1,8})$")
_KIND_OF_ABSTRACT = re.compile(r"(?:Publisher|AIDS|KIE|PIP|NASA|plain-language-summary): ")
_OWN = re.compile(r"jmedsearch: (id|ichushi|url|retraction|notice|abstract):(.*)", re.DOTALL)
_NO_PMID = "0"
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def recognises(head: bytes) -> bool:
    """A tag of three or four letters that only MEDLINE has, such as ``PMID-`` and ``FAU -``."""
    return bool(_BEGIN.search(head_text(head)))


def read(stream: BinaryIO) -> Iterator[Item]:
    """Records of the stream; one that can't be taken is a :class:`Rejected` with its line."""
    once = frozenset({"PMID", "PMC"})
    last = frozenset({"SO"})
    for item in tagged_records(
        stream, _TAG, once=once, last=last, blank_closes=True, indented=True
    ):
        place = f"line {item.line}"
        if item.fault:
            yield Rejected(place, item.fault)
        else:
            yield record_or_rejected(place, _fields(item), "pmc", item.first("PMC"))


def _fields(item: TaggedRecord) -> dict[str, Any]:
    own: dict[str, list[str]] = {}
    for value in item.all("OID"):
        if found := _OWN.match(unwrapped(value)):
            own.setdefault(found.group(1), []).append(found.group(2).strip())
    pmid = item.first("PMID").split(" ")[0]
    pmid = "" if pmid == _NO_PMID else pmid
    doi = next(
        (clean_doi(v) for v in item.all("LID", "AID") if v.endswith("[doi]")),
        clean_doi(item.first("SO")),
    )
    texts = _texts(item, "".join(own.get("abstract", [])[:1]))
    tag = next((t for t in ("FAU", "AU", "FED", "ED") if t in item.by_tag), "")
    names = [plain_text(unwrapped(v)) for t, v in item.fields if t in (tag, "CN") and v]
    authors = people(names)
    types = item.all("PT")
    notices = [
        (notice, weight)
        for tag, value in item.fields
        if tag in _NOTICES
        for notice, weight in [_notice(tag, unwrapped(value))]
    ]
    kept = [notice_of(value) for value in own.get("notice", [])]
    date = date_of(item.first("DP")) or date_of(item.first("DEP"))
    book = item.first("BTI", "CTI")
    return {
        **texts,
        "id": "".join(own.get("id", [])[:1]),
        "pmid": pmid,
        "doi": doi,
        "ichushi_id": "".join(own.get("ichushi", [])[:1]),
        "url": "".join(own.get("url", [])[:1]),
        "authors": authors,
        "journal": unwrapped(item.first("JT", "TA") or (book if item.first("TI") else "")),
        "date": date,
        "volume": item.first("VI"),
        "issue": item.first("IP"),
        "pages": page_range(item.first("PG")),
        "issn": issn_in(item.all("IS")),
        "keywords": list(dict.fromkeys(filter(None, map(_keyword, _words(item))))),
        "publication_types": [unwrapped(t) for t in types],
        "trial_ids": _trial_ids(item),
        "notices": [*(notice for notice, _ in notices), *kept],
        "retraction": "".join(own.get("retraction", [])[:1])
        or retraction_state(texts["title"], [*types, *(weight for _, weight in notices)]),
    }


def _texts(item: TaggedRecord, language_of_abstract: str) -> dict[str, Any]:
    """Title, abstract, language and translations; each further abstract has its language after
    it. ``language_of_abstract`` is our own word for whose abstract ``AB`` is."""
    others: list[tuple[str, str]] = []
    for tag, value in item.fields:
        if tag == "OAB":
            others.append(("", _KIND_OF_ABSTRACT.sub("", unwrapped(value))))
        elif tag == "OABL":
            others.append((value, others.pop()[1] if others and not others[-1][0] else ""))
    # A book as a whole has its own title alone.
    title = unwrapped(item.first("TI") or item.first("BTI", "CTI"))
    original, abstract = (unwrapped(item.first(tag)) for tag in ("TT", "AB"))
    if abstract and language_of_abstract:
        others, abstract = [(language_of_abstract, abstract)], ""
    return nlm_texts(item.all("LA"), title, original, abstract, others)


def _words(item: TaggedRecord) -> Iterator[str]:
    for tag, value in item.fields:
        if tag == "MH":
            yield unwrapped(value).split("/")[0]
        elif tag == "OT":
            yield unwrapped(value)


def _keyword(word: str) -> str:
    return word.strip().strip("*")


def _trial_ids(item: TaggedRecord) -> list[str]:
    parts = (value.partition("/") for value in item.all("SI"))
    return list(
        dict.fromkeys(number for bank, _, number in parts if number and is_trial_register(bank))
    )


def _notice(tag: str, value: str) -> tuple[dict[str, str], str]:
    kind, weight = _NOTICES[tag]
    found = _NOTICE_PMID.search(value)
    reference = value[: found.start()] + "." if found else value
    return {"kind": kind, "reference": reference, "pmid": found.group(1) if found else ""}, weight


def write(records: Iterable[Record], stream: BinaryIO) -> None:
    """Write records as UTF-8 MEDLINE text, each followed by an empty line."""
    for record in records:
        tags = (
            (tag, " ".join(map(str.strip, value.split("\n"))))
            for tag, value in _tags(record)
            if value
        )
        lines = [f"{tag:<4}- {value}" for tag, value in tags]
        stream.write(("\r\n".join(lines) + "\r\n\r\n").encode())


def _tags(record: Record) -> Iterator[tuple[str, str]]:
    own = Translation(record.language, record.title, record.abstract)
    other = next((t for t in record.translations if t.language == "en" and t.title), None)
    shown, original = (other, own) if other and own.title else (own, other)
    if not other:
        original = next(iter(record.translations), None)
    # Importers know the format, and where a record begins, by this tag, and take a number only.
    yield "PMID", record.pmid or _NO_PMID
    yield "IS", f"{record.issn} (Print)" if record.issn else ""
    yield "VI", record.volume
    yield "IP", record.issue
    yield "DP", _medline_date(record.date)
    yield "TI", f"[{shown.title}]" if shown is other else shown.title
    yield "PG", record.pages
    yield "LID", f"{record.doi} [doi]" if record.doi else ""
    # The only abstract is the abstract, whatever its language is: importers know no other.
    yield "AB", shown.abstract or (original.abstract if original else "")
    moved = original.language if original and original.abstract and not shown.abstract else ""
    if original and not moved:
        yield "OAB", original.abstract
        yield "OABL", three_letters(original.language)
    for person in record.authors:
        yield "FAU", family_first(person.family, person.given)
        yield "AU", _short(person)
    yield "LA", three_letters(record.language)
    yield from (("SI", f"{_register(number)}/{number}") for number in record.trial_ids)
    yield from (("PT", kind) for kind in record.publication_types)
    if original:
        yield "TT", original.title
    # Zotero takes a DOI from here alone.
    yield "AID", f"{record.doi} [doi]" if record.doi else ""
    yield "JT", record.journal
    tags = {kind: tag for tag, (kind, _) in _NOTICES.items()}
    for notice in record.notices:
        if notice.kind in tags and notice.reference.endswith(".") and notice.pmid:
            yield tags[notice.kind], f"{notice.reference} PMID: {notice.pmid}"
        else:
            yield "OID", f"jmedsearch: notice:{notice_text(notice)}"
    yield from (("OT", word) for word in record.keywords)
    yield "OID", f"jmedsearch: id:{record.id}"
    for name, value in (
        ("abstract", moved),
        ("ichushi", record.ichushi_id),
        ("url", record.url),
        ("retraction", record.retraction),
    ):
        yield "OID", f"jmedsearch: {name}:{value}" if value else ""


def _short(person: Author) -> str:
    """A name as ``AU`` has it: the family name and initials; a Japanese one whole."""
    if is_cjk(person.given):
        return f"{person.family} {person.given}"
    initials = "".join(word[0] for word in person.given.split())
    return f"{person.family} {initials}".strip()


def _medline_date(date: str) -> str:
    parts = date.split("-")
    if len(parts) > 1:
        parts[1] = _MONTHS[int(parts[1]) - 1]
    return " ".join(parts)


def _register(number: str) -> str:
    return "ClinicalTrials.gov" if number.startswith("NCT") else "ICTRP"
