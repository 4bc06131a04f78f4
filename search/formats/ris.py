"""RIS, in the dialects of the databases and reference managers that librarians export from.

The tags are those of the RIS specification of 2011 and what databases made of them. What the
specification has no tag for is written in its user-definable fields, as ``name:value``.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any, BinaryIO

from search.formats.fields.dates import date_of
from search.formats.fields.dois import clean_doi
from search.formats.fields.identifiers import (
    accession_in,
    ichushi_id_in,
    issn_in,
    own_id,
    pmid_in,
    trial_id_of,
)
from search.formats.fields.languages import language_code, language_of, side_by_side
from search.formats.fields.markup import present
from search.formats.fields.names import family_first, people, people_in
from search.formats.fields.notices import notice_of, notice_text
from search.formats.fields.page_ranges import page_range
from search.formats.fields.remarks import Remarked, remarks_in
from search.formats.fields.retractions import retraction_state
from search.formats.syntax.lines import head_text
from search.formats.syntax.read_items import Item, Rejected, record_or_rejected
from search.formats.syntax.tagged import TaggedRecord, joined, paragraphs, tagged_records, unwrapped
from search.records import Record, guess_language

DROPS = {
    "translations": "all but the first",
    "language": "where the script belies it",
    "abstract": "line breaks inside a sentence",
    "authors": "commas inside a family name",
}

_TAG = re.compile(r"([A-Z][A-Z0-9]) {1,2}-(?:[ \t](.*)|$)", re.DOTALL)
# Some programs know no type and leave it out; a tag of RIS follows then.
_BEGIN = re.compile(
    r"^TY {1,2}-(?:[ \t]{0,8}\S|[ \t]{0,8}\r?\n(?:\r?\n)?[A-Z][A-Z0-9] {1,2}-)", re.MULTILINE
)
_TITLES = ("TI", "T1", "BT", "CT", "ST")
# A note or a kind that is nothing but a DOI.
_BARE_DOI = re.compile(
    r"\W{0,3}(?:doi\W{0,4}|https?://(?:dx\.)?doi\.org/)?10\.\d{4,9}/\S{1,200}\s*$", re.IGNORECASE
)
_USER = ("U1", "U2", "U3", "U4", "U5")
_OWN = re.compile(r"(id|pmid|ichushi|trial|retraction|notice|abstract):(.*)", re.DOTALL)
_MAX_URL = 2000
_LINKS = ("UR", "L1", "L2", "L3", "LK", "US")
_BETWEEN_URLS = re.compile(r"[;\s]+(?=https?://)")
_NO_TYPE = re.compile(r"10\.\d{4}|^doi|^\d|https?:", re.IGNORECASE)
_EMBASE = re.compile(r"L\d{6,12}$")
# Ovid puts an address after it: 30776994 [http://…].
_NUMBER = re.compile(r"(\d{1,8})(?= \[|$)")
_DATABASE = re.compile(r"<.*|\(.*?\)|\b(?:19|20)\d\d\b.*|\bovid\b", re.IGNORECASE | re.DOTALL)
_NO_WORD = re.compile(r"[^a-z0-9]+")
_ACCESSION = re.compile(r"[\w.:-]{4,60}$")


def recognises(head: bytes) -> bool:
    """A line that opens a record with ``TY  -``."""
    return bool(_BEGIN.search(head_text(head)))


def read(stream: BinaryIO, remarked: Remarked | None = None) -> Iterator[Item]:
    """Records of the stream; one that can't be taken is a :class:`Rejected` with its line.
    ``remarked`` is told what ``N1`` holds."""
    parts = tagged_records(stream, _TAG, opens=frozenset({"TY"}), closes=frozenset({"ER"}))
    for item in _whole(parts):
        place = f"line {item.line}"
        if item.fault:
            yield Rejected(place, item.fault)
        else:
            found = record_or_rejected(place, _fields(item), *_accession(item, item.all(*_LINKS)))
            if remarked and isinstance(found, Record) and (remarks := remarks_in(item.all("N1"))):
                remarked(found.id, remarks)
            yield found


def _whole(parts: Iterable[TaggedRecord]) -> Iterator[TaggedRecord]:
    """The records of a file, where some stand before their own ``TY`` or go on after their ``ER``.

    In a file that begins with another tag than ``TY``, every record does. Elsewhere, what has a
    title but no ``TY`` is a damaged record, and what has neither belongs to the record before it,
    unless that has the same tags.
    """
    last: TaggedRecord | None = None
    ahead: TaggedRecord | None = None
    begins_with_type: bool | None = None
    try:
        for part in parts:
            typed = any(tag == "TY" for tag, _ in part.fields)
            titled = bool(part.first(*_TITLES))
            if begins_with_type is None:
                begins_with_type = typed
            if typed or part.closed or part.fault:
                if last:
                    yield last
                last = part
                if ahead and (begins_with_type or not typed or (titled and ahead.first(*_TITLES))):
                    yield ahead
                elif ahead:
                    last = joined(ahead, part)
                ahead = None
            elif last and begins_with_type and not titled and _goes_on(last, part):
                last = joined(last, part)
            else:
                if ahead:
                    yield ahead
                ahead = part
    except Exception:
        # What was read before the stream broke is whole.
        if last:
            yield last
        raise
    yield from filter(None, (last, ahead))


def _goes_on(record: TaggedRecord, part: TaggedRecord) -> bool:
    return not record.fault and not record.by_tag.keys() & part.by_tag.keys()


def _fields(item: TaggedRecord) -> dict[str, Any]:
    own = _own_marks(item)
    links = item.all(*_LINKS)
    notes = [line for value in item.all("M3", "N1", "M1") for line in value.split("\n")]
    doi = (
        clean_doi(item.first("DO", "DI"))
        or clean_doi(
            " ".join([item.first("L3"), *(link for link in links if "doi.org/10." in link)])
        )
        or clean_doi(next(filter(_BARE_DOI.match, notes), ""))
    )
    texts = _texts(item, "".join(own.get("abstract", [])[:1]))
    types = [t for t in item.all("M3", "PT") if not _NO_TYPE.search(t)]
    listed = item.all("AU", "A1")
    names = [n for value in listed for n in re.split(r"[;；\n]", value) if n.strip()]
    # CENTRAL names registered trials by their number, where a paper has its authors.
    trials = list(dict.fromkeys(filter(None, map(trial_id_of, names))))
    names = [name for name in names if not trial_id_of(name)]
    # Some write all authors into one field, between commas.
    authors = people_in(names[0]) if len(names) == 1 else people(names)
    data: dict[str, Any] = {
        **texts,
        "authors": authors,
        "journal": unwrapped(item.first("JF", "JO", "T2", "JA", "J2", "J1")),
        "date": _date(item),
        "volume": item.first("VL", "VO"),
        "issue": item.first("IS", "CP", "NO"),
        "pages": _pages(item),
        "doi": doi,
        "pmid": "".join(own.get("pmid", [])[:1]) or _pmid(item, links),
        "ichushi_id": "".join(own.get("ichushi", [])[:1]) or _ichushi_id(item, links),
        "url": _BETWEEN_URLS.split(item.first("UR", "LK")[:_MAX_URL])[0],
        "keywords": _keywords(item),
        "publication_types": types,
        "issn": issn_in(item.all("SN")),
        "trial_ids": own.get("trial", []) or trials,
        "notices": [notice_of(value) for value in own.get("notice", [])],
    }
    data["retraction"] = "".join(own.get("retraction", [])[:1]) or retraction_state(
        data["title"], [*types, *(notice["kind"] for notice in data["notices"])]
    )
    data["id"] = "".join(own.get("id", [])[:1]) or own_id(item.first("ID"))
    return data


def _own_marks(item: TaggedRecord) -> dict[str, list[str]]:
    marks: dict[str, list[str]] = {}
    for value in item.all(*_USER):
        if found := _OWN.match(unwrapped(value)):
            marks.setdefault(found.group(1), []).append(found.group(2).strip())
    return marks


def _texts(item: TaggedRecord, language_of_abstract: str) -> dict[str, Any]:
    """Title and abstract, and a translation where the record has either in two languages.

    ``language_of_abstract`` is our own word for whose abstract ``AB`` is."""
    title, translated = unwrapped(item.first(*_TITLES)), unwrapped(item.first("TT"))
    found = (present(paragraphs(value)) for value in item.all("AB", "N2"))
    abstracts = [abstract for abstract in found if abstract]
    named, second = (*item.first("LA").split(";"), "", "")[:2]
    language, second = language_of(named, title or "".join(abstracts[:1])), language_code(second)
    own = guess_language(title or "".join(abstracts[:1]))
    texts = {language: (title, "")}
    if translated and translated != title:
        second = second or guess_language(translated)
        second = second if second != language else "und"
        texts[second] = (translated, "")
    of_translation = ("AB", "") in item.fields and translated
    if len(abstracts) == 1 and (of_translation or (second and language_of_abstract == second)):
        # Earlier versions of ours said by an empty AB whose abstract N2 is.
        texts[second] = (translated, abstracts.pop())
    for abstract in abstracts:
        script = guess_language(abstract)
        # The second of two abstracts in one script belongs to the translation, if there is one.
        code = language if script == own and not texts[language][1] else second or script
        if not texts.get(code, ("", ""))[1]:
            texts[code] = (texts.get(code, ("", ""))[0], abstract)
    return side_by_side(language, texts)


def _date(item: TaggedRecord) -> str:
    """The fullest date of the year of publication; ``DA`` may be the day of a download, ``Y2`` is
    that of an access."""
    written = [item.first(tag) for tag in ("PY", "Y1", "YR", "DP", "DA")]
    dates = [date for date in map(date_of, written) if date]
    if not dates:
        return ""
    year = dates[0][:4]
    if len(dates[0]) == 4:
        # EndNote and Web of Science give the day without the year.
        dates.append(date_of(f"{year} {item.first('DA', 'PD')}"))
    return max((date for date in dates if date.startswith(year)), key=len)


def _pages(item: TaggedRecord) -> str:
    first, last = item.first("SP", "PG"), item.first("EP")
    return page_range(first, last) or item.first("C7", "AR")


def _keywords(item: TaggedRecord) -> list[str]:
    values = item.all("KW")
    if len(values) == 1:
        values = re.split(r"[;；\n]", values[0])
    words = (word for value in values for word in value.split("\n"))
    return list(dict.fromkeys(w for word in words if (w := word.strip().strip("*"))))


def _pmid(item: TaggedRecord, links: list[str]) -> str:
    database = " ".join(item.all("DB", "DP")).lower()
    places: tuple[str, ...] = ("PM",)
    if "embase" in database:
        places = ("PM", "C5")
    elif "scopus" in database:
        places = ("PM", "C2")
    elif re.search(r"pubmed|medline|\bnlm\b", database):
        places = ("PM", "AN", "ID")
    for value in item.all(*places):
        if found := _NUMBER.match(value):
            return found.group(1)
    return pmid_in([*links, *item.all("AN", "C3", "XR", "N1", *_USER)])


def _ichushi_id(item: TaggedRecord, links: list[str]) -> str:
    if found := ichushi_id_in(links):
        return found
    if re.search("医中誌|ichushi|医学中央雑誌", " ".join(item.all("DB", "DP")), re.IGNORECASE):
        for value in item.all("AN", "ID", "U1"):
            if re.match(r"[0-9A-Z]{8,12}$", value):
                return value
    return ""


def _accession(item: TaggedRecord, links: list[str]) -> tuple[str, str]:
    for value in item.all("U2", "AN"):
        if _EMBASE.match(value):
            return "embase", value
    if found := re.match(r"(?:WOS:)?([A-Z]?\d{14,15})$", item.first("AN")):
        return "wos", found.group(1)
    source, accession = accession_in([*links, item.first("AN"), item.first("ID")])
    if source:
        return source, accession
    if found := re.search(r"proquest\.com/.*?docview/(\d+)", item.first("UR")[:_MAX_URL]):
        return "proquest", found.group(1)
    return _in_database(item)


def _in_database(item: TaggedRecord) -> tuple[str, str]:
    """The number that the database named in ``DB`` gives: Ovid's, EBSCO's and others'."""
    name = _DATABASE.sub("", item.first("DB").casefold())
    # EBSCO goes on after the number: 123456789. Language: English.
    source, number = _NO_WORD.sub("-", name).strip("-"), item.first("AN").split(". ")[0]
    if source == "embase" and number.isdecimal():
        # Embase.com writes an L before the same number.
        return source, f"L{number}"
    return (source, number) if source and _ACCESSION.match(number) else ("", "")


def write(
    records: Iterable[Record],
    stream: BinaryIO,
    notes: Callable[[Record], Iterable[str]] | None = None,
) -> None:
    """Write records as UTF-8 RIS with CR LF, as the specification asks; ``notes`` gives what N1
    shall hold of a record."""
    for record in records:
        lines = [f"{tag}  - {_on_lines(value)}" for tag, value in _tags(record) if value]
        lines += [f"N1  - {_on_lines(note)}" for note in (notes(record) if notes else ())]
        stream.write("\r\n".join(["TY  - JOUR", *lines, "ER  - ", "", ""]).encode())


def _on_lines(value: str) -> str:
    # Indented, so that no line of a text can be taken for a tag.
    return "\r\n      ".join(line.strip() for line in value.split("\n") if line.strip())


def _tags(record: Record) -> Iterator[tuple[str, str]]:
    yield "ID", record.id
    yield "TI", record.title
    other = next(iter(record.translations), None)
    if other:
        yield "TT", other.title
    yield from (("AU", family_first(person.family, person.given)) for person in record.authors)
    yield "T2", record.journal
    if record.date:
        yield "PY", record.date[:4]
        yield "DA", f"{record.date.replace('-', '/')}{'/' * (4 - len(record.date.split('-')))}"
    yield "VL", record.volume
    yield "IS", record.issue
    first, _, last = record.pages.partition("-")
    whole = page_range(first, last) != record.pages
    yield "SP", record.pages if whole else first
    yield "EP", "" if whole else last
    yield "DO", record.doi
    yield "SN", record.issn
    yield "UR", record.url
    yield (
        "LA",
        "; ".join(code for code in (record.language, other.language if other else "") if code),
    )
    # Other programs look for an abstract in AB and nowhere else, whatever its language is.
    yield "AB", record.abstract or (other.abstract if other else "")
    if other and other.abstract and record.abstract:
        yield "N2", other.abstract
    elif other and other.abstract:
        yield "U5", f"abstract:{other.language}"
    yield from (("KW", word) for word in record.keywords)
    yield from (("M3", kind) for kind in record.publication_types)
    if not own_id(record.id):
        yield "U1", f"id:{record.id}"
    if record.pmid:
        yield "AN", record.pmid
        yield "DB", "PubMed"
        yield "U1", f"pmid:{record.pmid}"
    if record.ichushi_id:
        yield "U2", f"ichushi:{record.ichushi_id}"
    yield from (("U3", f"trial:{number}") for number in record.trial_ids)
    if record.retraction:
        yield "U4", f"retraction:{record.retraction}"
    yield from (("U5", f"notice:{notice_text(notice)}") for notice in record.notices)
