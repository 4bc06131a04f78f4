"""RefWorks' tagged format, as it and databases export it: ``T1`` and a value a line.

Not taken over: editors, publisher, notes, user fields.
"""

import re
from collections.abc import Iterator
from typing import Any, BinaryIO

from search.formats.fields.dates import date_of
from search.formats.fields.dois import clean_doi
from search.formats.fields.identifiers import accession_in, ichushi_id_in, issn_in, own_id, pmid_in
from search.formats.fields.languages import language_code, language_of, side_by_side
from search.formats.fields.names import people, people_in
from search.formats.fields.page_ranges import page_range
from search.formats.fields.retractions import retraction_state
from search.formats.syntax.lines import head_text
from search.formats.syntax.read_items import Item, Rejected, record_or_rejected
from search.formats.syntax.tagged import TaggedRecord, paragraphs, tagged_records, unwrapped
from search.records import guess_language

# Only these: a line of an abstract may begin with two capitals.
_TAG = re.compile(
    r"(RT|SR|ID|A[1-6]|T[1-3]|J[FO12]|YR|FD|VO|IS|SP|OP|K1|AB|NO|ED|PB|PP|SN|AV|AD|AN|LA|CL|SF|OT|"
    r"LK|DO|CN|DB|DS|IP|RD|ST|U1[0-5]|U[1-9]|UL|SL|LL|CR|WT|WV|WP|FL|OL|PMID|ER)(?:[ \t](.*)|$)",
    re.DOTALL,
)
_BEGIN = re.compile(r"^RT [A-Z][A-Za-z]+.*\n(?:[^\n]*\n){0,40}?(?:T1|A1) \S", re.MULTILINE)
_PUBMED = re.compile(r"pubmed|medline", re.IGNORECASE)
_NUMBER = re.compile(r"\d{1,8}$")


def recognises(head: bytes) -> bool:
    """A line that opens a record with ``RT`` and a kind, and a title or an author below it."""
    return bool(_BEGIN.search(head_text(head).replace("\r\n", "\n")))


def read(stream: BinaryIO) -> Iterator[Item]:
    """Records of the stream; one that can't be taken is a :class:`Rejected` with its line."""
    for item in tagged_records(stream, _TAG, opens=frozenset({"RT"}), closes=frozenset({"ER"})):
        place = f"line {item.line}"
        if item.fault:
            yield Rejected(place, item.fault)
        else:
            accession = accession_in([*item.all("LK", "UL"), item.first("AN")])
            yield record_or_rejected(place, _fields(item), *accession)


def _fields(item: TaggedRecord) -> dict[str, Any]:
    links = [line for value in item.all("LK", "UL") for line in value.split("\n")]
    notes = item.all("NO", "AN", "U1", "U2", "U3")
    pmid = item.first("PMID") or pmid_in([*links, *notes])
    if not pmid and _PUBMED.search(" ".join(item.all("DB", "DS"))):
        pmid = next((n for n in item.all("AN") if _NUMBER.match(n)), "")
    texts = _texts(item)
    names = [name for value in item.all("A1") for name in re.split(r"[;\n]", value) if name.strip()]
    year, day = date_of(item.first("YR")), date_of(item.first("FD"))
    if year and not day and item.first("FD"):
        day = date_of(f"{year} {item.first('FD')}")
    kind = item.first("RT")
    return {
        **texts,
        "id": own_id(item.first("ID")),
        "authors": people_in(names[0]) if len(names) == 1 else people(names),
        "journal": unwrapped(item.first("JF", "JO", "T2")),
        "date": day if day.startswith(year) and len(day) > len(year) else year,
        "volume": item.first("VO"),
        "issue": item.first("IS"),
        "pages": page_range(item.first("SP"), item.first("OP")),
        "doi": clean_doi(item.first("DO"))
        or next((d for link in links if "doi.org/" in link and (d := clean_doi(link))), ""),
        "pmid": pmid,
        "ichushi_id": ichushi_id_in(links),
        "url": next((link for link in links if link.startswith("http")), ""),
        "keywords": [
            word.strip().strip("*")
            for value in item.all("K1")
            for word in re.split("[;；\n]", value)
        ],
        "publication_types": [kind] if kind else [],
        "issn": issn_in(item.all("SN")),
        "retraction": retraction_state(texts["title"], [kind]),
    }


def _texts(item: TaggedRecord) -> dict[str, Any]:
    title, original = unwrapped(item.first("T1")), unwrapped(item.first("OT"))
    abstract = paragraphs(item.first("AB"))
    named = item.first("LA").split(";")[0]
    language = language_of(named, title or abstract)
    texts = {language: (title, "" if title else abstract)}
    if original and original != title:
        code = language_code(named)
        code = code if code and code != language else guess_language(original)
        texts[code if code != language else "und"] = (original, "")
    if title and abstract:
        script = guess_language(abstract)
        # The abstract of a record with two titles stands with the one that is in its script.
        own = script if script in texts else language
        texts[own] = (texts[own][0], abstract)
    return side_by_side(language, texts)
