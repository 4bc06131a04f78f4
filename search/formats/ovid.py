"""Ovid's text exports: tagged (Reprint/Medlars) and with the names of the fields (Citation).

Each record begins with its number between angle brackets.

Ovid's database guides describe the fields; their tags differ little between MEDLINE, Embase,
PsycINFO and others.
"""

import re
from collections.abc import Iterator
from typing import Any, BinaryIO

from search.formats.fields.dates import date_of
from search.formats.fields.dois import clean_doi
from search.formats.fields.identifiers import issn_in, pmid_in, trial_id_of
from search.formats.fields.languages import language_code
from search.formats.fields.names import people
from search.formats.fields.nlm_texts import nlm_texts
from search.formats.fields.page_ranges import page_range
from search.formats.fields.places import place_in
from search.formats.fields.retractions import retraction_state
from search.formats.syntax.lines import head_text
from search.formats.syntax.read_items import Item, Rejected, record_or_rejected
from search.formats.syntax.tagged import TaggedRecord, paragraphs, tagged_records, unwrapped

# The names of the fields, to their tags; those without a tag here only end the field before.
_LABELS = {
    "Unique Identifier": "UI", "Accession Number": "AN", "PMID": "PM", "PubMed ID": "PM",
    "Medline PMID": "PM", "Title": "TI", "Article Title": "TI", "Original Title": "OT",
    "Vernacular Title": "OT", "Authors": "AU", "Author": "AU", "Authors Full Name": "FA",
    "Author Full Name": "FA", "Author Full Names": "FA", "Source": "SO", "Journal Name": "JN",
    "Journal": "JN", "Abstract": "AB", "MeSH Subject Headings": "MH", "Subject Headings": "SH",
    "Subject Heading": "SH", "EMTREE Subject Headings": "SH", "Key Concepts": "KW",
    "Keyword Heading": "KW", "Keywords": "KW", "Author Keywords": "KW", "Publication Type": "PT",
    "Language": "LG", "Date of Publication": "DP", "Publication Date": "DP",
    "Year of Publication": "YR", "Digital Object Identifier": "DO", "DOI": "DO", "ISSN": "IS",
    "ISSN Print": "IS", "ISSN Electronic": "IS", "Volume": "VI", "Issue": "IP",
    "Issue/Part": "IP", "Page": "PG", "Pages": "PG", "Clinical Trial Number": "CN",
    "Secondary Source ID": "SI", "Database": "DB",
    "Status": "", "Institution": "", "Author Affiliation": "", "Country of Publication": "",
    "Publisher": "", "Copyright": "", "Comments": "", "Registry Number/Name of Substance": "",
    "CAS Registry Number": "", "Entry Date": "", "Revision Date": "", "Update Date": "",
    "Create Date": "", "Journal Subset": "", "Publication Status": "", "Grant Information": "",
    "NLM Journal Code": "", "ISO Journal Abbreviation": "", "Link to the Ovid Full Text": "",
    "Link to the External Link Resolver": "", "Correspondence Address": "", "Web URL": "UR",
    "Version ID": "", "Record Owner": "", "Journal Abbreviation": "JA", "Emtree Heading": "SH",
    "Drug Index Terms": "SH", "Conference Information": "", "Article Number": "AR",
}  # fmt: skip
_NAMES = "|".join(sorted(map(re.escape, _LABELS), key=len, reverse=True))
_TAG = re.compile(
    rf"(<(?=\d{{1,7}}\.? ?>\s*$)|[A-Z][A-Z0-9]{{1,3}}(?=(?:(?<=..)|(?<=...)) {{0,2}}-(?: |$))|"
    rf"(?:{_NAMES})(?=:?\s*$))(?: {{0,2}}-|:)?[ \t]?(.*)",
    re.DOTALL,
)
_BEGIN = re.compile(
    rf"^<\d{{1,7}}\.? ?>\s*^(?:[A-Z][A-Z0-9] {{2}}- |(?:{_NAMES})\s*$)|^VN {{2}}- Ovid",
    re.MULTILINE,
)
_NUMBER = re.compile(r"(\d{1,8})(?= |\n|$|\.)")
_EMBASE = re.compile(r"embase", re.IGNORECASE)
_MEDLINE = re.compile(r"medline", re.IGNORECASE)
_DATABASE = re.compile(r"<.*|\(.*?\)|\b(?:19|20)\d\d\b.*|\bovid\b", re.IGNORECASE | re.DOTALL)
_VOLUME = re.compile(r"Vol\.\s?(?P<volume>[\w-]{1,20})(?:\s?\((?P<issue>[^()]{1,40})\))?")
_NO_WORD = re.compile(r"[^a-z0-9]+")
_NO_PAGES = re.compile(r"no pagination.*", re.IGNORECASE)
_QUALIFIER = re.compile(r"/.*|\s*\[[^\[\]]{1,200}\]$", re.DOTALL)


def recognises(head: bytes) -> bool:
    """A record's number between angle brackets and a field below it, or Ovid's first line."""
    return bool(_BEGIN.search(head_text(head).replace("\r\n", "\n")))


def read(stream: BinaryIO) -> Iterator[Item]:
    """Records of the stream; one that can't be taken is a :class:`Rejected` with its line."""
    for item in tagged_records(stream, _TAG, opens=frozenset({"<"}), once=frozenset({"UI"})):
        place = f"line {item.line}"
        if item.fault:
            yield Rejected(place, item.fault)
        else:
            found = _Values(item)
            yield record_or_rejected(place, _fields(found), *_accession(found))


class _Values:
    """The values of a record by tag, whether the export gives tags or names."""

    def __init__(self, item: TaggedRecord) -> None:
        self._by_tag: dict[str, list[str]] = {}
        for name in item.by_tag:
            self._by_tag.setdefault(_LABELS.get(name, name), []).extend(item.all(name))

    def all(self, *tags: str) -> list[str]:
        return [value for tag in tags for value in self._by_tag.get(tag, ())]

    def first(self, *tags: str) -> str:
        return next(iter(self.all(*tags)), "")

    def lines(self, *tags: str) -> list[str]:
        return [line for value in self.all(*tags) for line in value.split("\n") if line.strip()]


def _fields(values: _Values) -> dict[str, Any]:
    texts = nlm_texts(
        filter(None, map(language_code, values.lines("LG", "LA"))),
        unwrapped(values.first("TI")),
        unwrapped(values.first("OT", "TT")),
        paragraphs(values.first("AB")),
        (),
    )
    source = unwrapped(values.first("SO"))
    journal, place = _cited(source)
    names = [
        name
        for line in values.lines("FA" if values.all("FA") else "AU")
        for name in line.split(";")
        if name.strip(" .")
    ]
    types = [kind for line in values.lines("PT") for kind in line.split(";")]
    words = [
        _QUALIFIER.sub("", word.strip().strip("*")).strip(" *")
        for line in values.lines("MH", "SH", "KW")
        for word in re.split(r"[;；]", line)
    ]
    trials = map(trial_id_of, re.split(r"[\s/;,]+", " ".join(values.all("CN", "SI"))))
    database = values.first("DB")
    pmid = _number(values.first("PM"))
    if not pmid and not _EMBASE.search(database):
        number = values.first("UI", "AN")
        medline = _MEDLINE.search(database) or values.all("MH") or not database
        pmid = _number(number) if medline else ""
    return {
        **texts,
        "authors": people(names),
        "journal": unwrapped(values.first("JN", "JT")) or journal or values.first("JA", "TA"),
        "date": max(
            date_of(values.first("DP", "DG")), place.pop("date", ""), date_of(values.first("YR")),
            key=len,
        ),
        "volume": values.first("VI", "VO") or place.get("volume", ""),
        "issue": values.first("IP") or place.get("issue", ""),
        "pages": page_range(_NO_PAGES.sub("", values.first("PG")))
        or place.get("pages", "")
        or values.first("AR"),
        "doi": clean_doi(values.first("DO", "DI"))
        or next((d for v in values.all("ID", "UR") if "doi" in v and (d := clean_doi(v))), ""),
        "pmid": pmid or pmid_in(values.all("UR")),
        "keywords": list(dict.fromkeys(filter(None, words))),
        "publication_types": [kind.strip(" .") for kind in types if kind.strip(" .")],
        "issn": issn_in(values.all("IS")),
        "trial_ids": list(dict.fromkeys(filter(None, trials))),
        "retraction": retraction_state(texts["title"], types),
    }  # fmt: skip


def _number(text: str) -> str:
    found = _NUMBER.match(text)
    return found.group(1) if found else ""


def _cited(source: str) -> tuple[str, dict[str, str]]:
    """The journal of Ovid's source, and its volume, issue, pages and date.

    ``Ex Medicine. 12(3):45-50, 2019 Mar 5.``, ``Ex Medicine. Vol.12(3), 2019, pp. 45-50.``
    """
    journal, _, rest = source.partition(". ")
    place = place_in(rest)
    if found := _VOLUME.match(rest):
        place |= {name: value for name, value in found.groupdict().items() if value}
    place["date"] = date_of(re.sub(r"^[^,]*,", "", rest)) or date_of(rest)
    return journal.strip(" ."), place


def _accession(values: _Values) -> tuple[str, str]:
    """The database and the number that it gives, as the reader of RIS names them."""
    name = _DATABASE.sub("", values.first("DB").casefold())
    source = _NO_WORD.sub("-", name).strip("-")
    number = values.first("UI", "AN").split("\n")[0].split(" ")[0]
    if source.startswith("embase"):
        return "embase", number if number.startswith("L") else f"L{number}"
    return source or "ovid", number
