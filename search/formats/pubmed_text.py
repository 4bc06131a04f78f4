"""PubMed's formats for people to read, saved as text: "Abstract (text)" and "Summary (text)".

Both number their records. Abstract parts a record into paragraphs: citation, title, authors,
workplaces, abstract, identifiers; Summary runs authors, title and citation on as sentences.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

from search.formats.fields.dates import date_of
from search.formats.fields.dois import clean_doi
from search.formats.fields.languages import language_code
from search.formats.fields.names import people_in
from search.formats.fields.nlm_texts import nlm_texts
from search.formats.fields.places import place_in
from search.formats.fields.retractions import retraction_state
from search.formats.syntax.lines import head_text, text_lines
from search.formats.syntax.read_items import Item, Rejected, record_or_rejected
from search.formats.syntax.tagged import paragraphs, unwrapped

_MAX_RECORD = 4 * 1024 * 1024
# Hundreds of authors at most; what goes on for longer is no summary.
_LONGEST_SUMMARY = 20_000
_DATE = r"(?:1[89]|20)\d\d\b"
# 12. J Ex Med. 2019 Mar 5;12(3):45-50. doi: …; a numbered list in an abstract has no such line.
_ABSTRACT = re.compile(
    rf"\d{{1,6}}\. (?=\S.{{0,300}}?\. {_DATE}|[A-Z][^.]{{50,90}}\.?$)(.*)", re.DOTALL
)
_SUMMARY = re.compile(r"\d{1,6}: (?=\S)(.*)", re.DOTALL)
_CITED = re.compile(
    rf"(?P<journal>\S.{{0,300}}?)\. (?P<date>{_DATE}[^;:.]{{0,40}})(?P<place>[;:.].{{0,300}})?"
)
_PMID = re.compile(r"\bPMID: (\d{1,8})\b")
_IDENTIFIERS = re.compile(r"^(?:DOI|PMCID|PMID): \S", re.MULTILINE)
_IN_LANGUAGE = re.compile(r"\[Article in ([A-Z][a-z]+)(?:[;,][^\]]*)?\]")
_LANGUAGE = re.compile(r"(?<=\. )([A-Z][a-z]+(?:, [A-Z][a-z]+)*)\.(?= |$)")
# What PubMed prints beside an abstract.
_BESIDE = re.compile(
    r"(?:Author information:|Collaborators?:|Comment (?:in|on)|Erratum (?:in|for)|Update (?:in|of)|"
    r"Retraction (?:in|of)|(?:Retracted|Corrected) and republished|Expression of concern|"
    r"Republished (?:in|from)|Summary for patients in|Original report in|Cites:|Copyright |©|"
    r"\(c\) |"
    r"Conflict of interest statement:|Publication [Tt]ypes?:|MeSH [Tt]erms:|Substances:|"
    r"Grant [Ss]upport:|\[(?:Article|Indexed) |Full text links|Free PMC|Similar articles)"
)
_ABOUT = re.compile(
    r"^(?P<kind>Retraction in|Erratum in|Expression of concern in)\b", re.IGNORECASE | re.MULTILINE
)
_MARKS = re.compile(r"\(\d{1,3}\)|\(\#\d{1,3}\)")
_NAMED = re.compile(
    r"^(?:[^\W\d_][\w'’ .-]{0,60} [A-Z]{1,4}(?: (?:Jr|Sr|[2-4](?:nd|rd|th)|I{2,3}))?"
    r"(?:\(\d{1,3}\))*(?:, |; |\.\s*$)|"
    r"[^\n]{1,200}(?:Group|Collaborat\w+|Investigators|Consortium|Society|Network)\.$)"
)
_GROUP = re.compile(
    r"(?:[A-Z][^.;]{0,150} )?(?:Group|Collaborat\w+|Investigators|Consortium|Society|Network|"
    r"Committee)\. "
)
_ALONE = re.compile(r"[^\W\d_][\w'’-]{0,40}(?: [\w'’-]{1,40}){0,3} [A-Z]{1,4}\. ")
_SENTENCE = re.compile(r"[a-z)\]]{4}[.?!]\]?\.? ")
# Supplements and electronic pages, which have other shapes than 12(3):45-50.
_PLACE = re.compile(
    r"(?P<volume>[^():;.]{1,30})?(?:\((?P<issue>[^()]{1,40})\))?:(?P<pages>[^.;]{1,40})"
)
_ENDS_TITLE = re.compile(r"[.?!]\]?\.? ")


@dataclass
class _Numbered:
    """The lines of a record after its number, and where it begins."""

    line: int
    lines: list[str]
    fault: str = ""

    def blocks(self) -> list[str]:
        """The paragraphs, with line feeds between their lines."""
        text = "\n".join(line.strip() for line in self.lines)
        return [block.strip("\n") for block in re.split(r"\n{2,}", text) if block.strip()]


def recognises_abstract(head: bytes) -> bool:
    """A numbered citation, and identifiers on lines of their own below it."""
    return _begins(head, _ABSTRACT) and bool(_IDENTIFIERS.search(head_text(head)))


def recognises_summary(head: bytes) -> bool:
    """A numbered citation that ends in its PMID."""
    text = head_text(head)
    return _begins(head, _SUMMARY) and bool(_PMID.search(text)) and not _IDENTIFIERS.search(text)


def read_abstract(stream: BinaryIO) -> Iterator[Item]:
    """Records of the stream; one that can't be taken is a :class:`Rejected` with its line."""
    for record in _numbered(stream, _ABSTRACT, _PMID, empty=2):
        yield _item(record, _of_abstract)


def read_summary(stream: BinaryIO) -> Iterator[Item]:
    """Records of the stream; one that can't be taken is a :class:`Rejected` with its line."""
    for record in _numbered(stream, _SUMMARY, _PMID, empty=1):
        yield _item(record, _of_summary)


def _begins(head: bytes, number: re.Pattern[str]) -> bool:
    first = next((line for line in head_text(head).splitlines() if line.strip()), "")
    return bool(number.match(first))


def _numbered(
    stream: BinaryIO, number: re.Pattern[str], ends: re.Pattern[str], empty: int
) -> Iterator[_Numbered]:
    """The records of a stream. Each begins with its number after an empty line, or after as many
    as ``empty`` when it has what ``ends`` a record; where the number is missing then, what follows
    is a damaged record and not the rest of the one before."""
    record: _Numbered | None = None
    size, blank, ended = 0, empty, True
    for at, text, cut in text_lines(stream):
        found = number.match(text) if blank else None
        if found or (blank >= empty and ended and text.strip()):
            if record:
                yield record
            record = _Numbered(at, [], "" if found else "its number is missing")
            size, ended, text = 0, False, found.group(1) if found else text
        blank = 0 if text.strip() else blank + 1
        if record is None:
            continue
        ended = ended or bool(ends.search(text))
        size += len(text) + 1
        if cut or size > _MAX_RECORD:
            record.fault = f"longer than {_MAX_RECORD // 1024**2} MiB"
            record.lines.clear()
        elif not record.fault:
            record.lines.append(text)
    if record:
        yield record


def _item(record: _Numbered, fields_of: Any) -> Item:
    place = f"line {record.line}"
    if record.fault:
        return Rejected(place, record.fault)
    fields = fields_of(record)
    if isinstance(fields, str):
        return Rejected(place, fields)
    return record_or_rejected(place, fields)


def _of_abstract(record: _Numbered) -> dict[str, Any] | str:
    citation, *rest = record.blocks() or [""]
    at = next((i for i, block in enumerate(rest) if _IDENTIFIERS.search(block)), len(rest))
    ends, rest = "\n".join(rest[at : at + 1]), rest[:at]
    found = _CITED.match(unwrapped(citation))
    if not found or not rest:
        return "no citation and title as PubMed has them"
    title, *rest = rest
    named = _IN_LANGUAGE.search("\n".join(rest))
    about = [hit.group("kind").replace(" ", "") for hit in _ABOUT.finditer("\n".join(rest))]
    texts = [block for block in rest if not _BESIDE.match(block) and not _workplaces(block)]
    authors = texts.pop(0) if texts and _NAMED.match(unwrapped(texts[0])) else ""
    pmid = _PMID.search(ends)
    return {
        **_texts(unwrapped(title), _paragraphs(texts), named.group(1) if named else ""),
        **_citation(found),
        "authors": _people(_MARKS.sub("", unwrapped(authors))),
        "pmid": pmid.group(1) if pmid else "",
        "doi": clean_doi("".join(line for line in ends.split("\n") if line.startswith("DOI:")))
        or clean_doi(unwrapped(citation)),
        "retraction": retraction_state(title, _states(about)),
    }


def _paragraphs(blocks: list[str]) -> str:
    """The paragraphs of an abstract; each section of a structured one begins a line."""
    return "\n".join(
        paragraphs(block) if "\n" in block else block for block in map(_sections, blocks)
    )


def _sections(block: str) -> str:
    lines: list[list[str]] = [[]]
    for line in block.split("\n"):
        if lines[-1] and re.match(r"[A-Z][A-Z &/,-]{3,60}: ", line):
            lines.append([])
        lines[-1].append(line)
    return "\n".join(unwrapped("\n".join(section)) for section in lines)


def _workplaces(block: str) -> bool:
    return bool(re.match(r"\(\d{1,3}\)\S", block))


def _states(about: list[str]) -> list[str]:
    names = {"retractionin": "RetractionIn", "erratumin": "ErratumIn"}
    return [names.get(kind.lower(), "ExpressionOfConcernIn") for kind in about]


def _of_summary(record: _Numbered) -> dict[str, Any] | str:
    text = unwrapped("\n".join(record.lines))[:_LONGEST_SUMMARY]
    pmid = _PMID.search(text)
    text = text[: pmid.start()].strip() if pmid else text
    begun = next((m for p in (_NAMED, _ALONE, _GROUP) if (m := p.match(text))), None)
    at = text.find(". ", begun.end() - 2) + 2 if begun else 0
    # What looks like a name may be a title: Vitamin C. Ex Med. 2001.
    parsed = (_titled(text[at:]) if at > 1 else None) or _titled(text)
    if not parsed:
        return "no authors, title and citation as PubMed has them"
    title, found = parsed
    cited = found.string
    authors = text[: at - 2] if at > 1 and text[at:].startswith(title) else ""
    named = _LANGUAGE.search(cited)
    return {
        **_texts(title, "", named.group(1).split(",")[0] if named else ""),
        **_citation(found),
        "authors": _people(authors),
        "pmid": pmid.group(1) if pmid else "",
        "doi": clean_doi(cited),
        "retraction": retraction_state(title),
    }


def _titled(text: str) -> tuple[str, re.Match[str]] | None:
    """The title that a text begins with, and the citation after it."""
    for end in _ENDS_TITLE.finditer(text):
        found = _CITED.match(text[end.end() :])
        # The journal is what stands right before the year: there is no sentence in it.
        if found and not _SENTENCE.search(found.group("journal")):
            return text[: end.end()].strip(), found
    return None


def _people(text: str) -> list[dict[str, str]]:
    """The persons, and the groups that follow them after semicolons."""
    return [person for part in text.rstrip(". ").split(";") for person in people_in(part.strip())]


def _texts(title: str, abstract: str, language: str) -> dict[str, Any]:
    named = language_code(language)
    return nlm_texts([language] if named else [], title, "", abstract, ())


def _citation(found: re.Match[str]) -> dict[str, str]:
    text = (found.group("place") or "").lstrip(";. ")
    place = place_in(text)
    if not place and (parts := _PLACE.match(text)):
        place = {name: value.strip() for name, value in parts.groupdict("").items()}
    return {
        "journal": found.group("journal").strip(),
        "date": date_of(found.group("date")),
        **place,
    }
