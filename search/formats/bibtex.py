"""BibTeX and BibLaTeX. bibtexparser parses each entry and pylatexenc its LaTeX; the stream is cut
into entries here, because the parser reads a file as a whole.

Names in kanji without a comma are family first (山田 太郎), as Japanese databases write them
against BibTeX's rule. Fields that BibTeX has no name for (``record_id`` …) are our own.
"""

import logging
import re
from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO

from bibtexparser.entrypoint import parse_string
from bibtexparser.middlewares.names import (
    parse_single_name_into_parts,
    split_multiple_persons_names,
)
from bibtexparser.model import Block, DuplicateFieldKeyBlock, Entry, ParsingFailedBlock
from pylatexenc.latex2text import (  # type: ignore[import-untyped]
    LatexNodes2Text,
    MacroTextSpec,
    get_default_latex_context_db,
)

from search.formats.dates import date_from_parts, date_of
from search.formats.dois import clean_doi
from search.formats.identifiers import ichushi_id_in, issn_in, pmid_in
from search.formats.identity import record_id
from search.formats.items import Item, Rejected, record_or_rejected
from search.formats.languages import language_of, side_by_side
from search.formats.lines import head_text, text_lines
from search.formats.names import author
from search.formats.notices import SEPARATOR, notice_of, notice_text
from search.formats.pages import page_range
from search.formats.retractions import retraction_state
from search.formats.tagged import paragraphs, unwrapped
from search.records import Record, guess_language

DROPS = {
    "translations": "all but the first",
    "language": "where the script belies it",
    "abstract": "line breaks inside a sentence",
    "keywords": "semicolons",
    "publication_types": "semicolons",
}

_BEGIN = re.compile(r"[ \t]{0,80}@[ \t]{0,8}([A-Za-z]+)[ \t]{0,8}[{(]")
_ENTRY = re.compile(
    # J-STAGE's keys have a space in them: 山田 太郎2020.
    r"^[ \t]{0,80}@[ \t]{0,8}[A-Za-z]+[ \t]{0,8}[{(][ \t]{0,8}[^\n,={}]{1,200},",
    re.MULTILINE,
)
_MAX_ENTRY = 256 * 1024
_MAX_STRINGS = 64 * 1024
_BARE = re.compile(r"(?<!\\)([%&])")
_NEEDS_DECODING = re.compile(r"[\\{}$~]")
_ESCAPES = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\^{}",
    **{c: f"\\{c}" for c in "&%#_${}"},
}
# Runs that LaTeX reads as one sign.
_LIGATURES = re.compile(r"(?<=-)(?=-)|(?<=')(?=')|(?<=`)(?=`)|(?<=[?!])(?=`)|(?<=[<,>])(?=[<,>])")

_CONTEXT = get_default_latex_context_db()
# What Zotero writes for these signs, and pylatexenc does not know.
_CONTEXT.add_context_category(
    "signs",
    prepend=True,
    macros=[
        MacroTextSpec(name, sign)
        for name, sign in (("textless", "<"), ("textgreater", ">"), ("textbar", "|"))
    ],
)
_LATEX = LatexNodes2Text(math_mode="text", strict_latex_spaces=False, latex_context=_CONTEXT)

logging.getLogger("pylatexenc").setLevel(logging.ERROR)
logging.getLogger("bibtexparser").setLevel(logging.ERROR)


def recognises(head: bytes) -> bool:
    """A line that opens an entry: ``@article{key,``."""
    return bool(_ENTRY.search(head_text(head)))


def read(stream: BinaryIO) -> Iterator[Item]:
    """Records of the stream; one that can't be taken is a :class:`Rejected` with its line."""
    strings = ""
    for number, kind, text in _entries(stream):
        place = f"line {number}"
        if kind == "string":
            strings += text if len(strings) + len(text) < _MAX_STRINGS else ""
        elif kind in ("comment", "preamble"):
            continue
        elif not text:
            yield Rejected(place, f"longer than {_MAX_ENTRY // 1024} KiB")
        else:
            yield from _items(place, strings, text)


def _entries(stream: BinaryIO) -> Iterator[tuple[int, str, str]]:
    """Line, kind and text of each entry, up to the line where the next one opens; the text of one
    that is too long is empty."""
    begin, kind, size = 0, "", 0
    parts: list[str] = []
    for number, text, cut in text_lines(stream):
        if found := _BEGIN.match(text):
            if kind:
                yield begin, kind, "\n".join(parts)
            begin, kind, size, parts = number, found.group(1).lower(), 0, []
        size += len(text) + 1
        if cut or size > _MAX_ENTRY:
            parts, size = [], _MAX_ENTRY
        elif kind:
            parts.append(text)
    if kind:
        yield begin, kind, "\n".join(parts)


def _items(place: str, strings: str, text: str) -> Iterator[Item]:
    try:
        blocks: list[Block] = parse_string(f"{strings}\n{text}").blocks
    except RecursionError:
        yield Rejected(place, "nested too deeply")
        return
    found = False
    for block in blocks:
        entry: Block | None = block
        if isinstance(block, DuplicateFieldKeyBlock):
            entry = block.ignore_error_block
        elif isinstance(block, ParsingFailedBlock):
            found = True
            yield Rejected(place, f"not BibTeX: {str(block.error).strip() or 'broken entry'}"[:300])
            continue
        if isinstance(entry, Entry):
            found = True
            try:
                yield record_or_rejected(place, _fields(entry))
            except RecursionError:
                yield Rejected(place, "nested too deeply")
    if not found:
        yield Rejected(place, "not BibTeX: no entry could be read")


def _fields(entry: Entry) -> dict[str, Any]:
    raw: dict[str, str] = {}
    for field in entry.fields:
        raw.setdefault(field.key.lower(), str(field.value))
    plain = {name: _decoded(value) for name, value in raw.items() if name != "author"}
    authors = _authors(raw.get("author", ""))
    title = unwrapped(plain.get("title", ""))
    doi = clean_doi(plain.get("doi", "")) or clean_doi(plain.get("url", ""))
    pmid = plain.get("pmid", "")
    if not pmid and plain.get("eprinttype", "").lower() == "pubmed":
        pmid = plain.get("eprint", "")
    pmid = pmid if pmid.isdecimal() else pmid_in([plain.get("url", ""), plain.get("note", "")])
    ichushi_id = plain.get("ichushi_id", "") or ichushi_id_in([plain.get("url", "")])
    date = date_of(plain.get("date", "")) or date_from_parts(
        plain.get("year", ""), plain.get("month", ""), plain.get("day", "")
    )
    types = _listed(plain.get("type", "") or plain.get("publication_types", ""))
    notices = [notice_of(text) for text in plain.get("notices", "").split(SEPARATOR) if text]
    return {
        **_texts(plain, title),
        "id": plain.get("record_id", "")
        or record_id(
            pmid=pmid,
            ichushi_id=ichushi_id,
            doi=doi,
            title=title,
            year=date[:4],
            author=authors[0]["family"] if authors else "",
        ),
        "authors": authors,
        "journal": unwrapped(
            next((v for n in ("journal", "journaltitle", "booktitle") if (v := plain.get(n))), "")
        ),
        "date": date,
        "volume": plain.get("volume", ""),
        "issue": plain.get("number", "") or plain.get("issue", ""),
        "pages": page_range(plain.get("pages", "").replace("–", "-").replace("--", "-")),
        "doi": doi,
        "pmid": pmid,
        "ichushi_id": ichushi_id,
        "url": plain.get("url", ""),
        "keywords": _listed(plain.get("keywords", "") or plain.get("keyword", "")),
        "publication_types": types,
        "issn": issn_in([plain.get("issn", "")]),
        "trial_ids": _listed(plain.get("trial_ids", "")),
        "notices": notices,
        "retraction": plain.get("retraction", "") or retraction_state(title, types),
    }


def _texts(plain: dict[str, str], title: str) -> dict[str, Any]:
    abstract = paragraphs(plain.get("abstract", ""))
    language = language_of(plain.get("language", "") or plain.get("langid", ""), title or abstract)
    texts = {language: (title, abstract)}
    other = (
        unwrapped(plain.get("translated_title", "")),
        paragraphs(plain.get("translated_abstract", "")),
    )
    if any(other):
        code = plain.get("translated_language", "") or guess_language("".join(other))
        texts[code if code != language else "und"] = other
    return side_by_side(language, texts)


def _decoded(value: str) -> str:
    """LaTeX as text. A bare ``%`` or ``&`` is that sign: exports forget to escape them."""
    if not _NEEDS_DECODING.search(value):
        return value.strip()
    # The sign itself, not the accent that pylatexenc makes of it.
    value = value.replace(r"\textasciicircum{}", "^").replace(r"\^{}", "^")
    text: str = _LATEX.latex_to_text(_BARE.sub(r"\\\1", value))
    return text.strip()


def _authors(value: str) -> list[dict[str, str]]:
    people = []
    for name in split_multiple_persons_names(" ".join(value.split())):
        if name.strip().lower() == "others":
            continue
        if name.startswith("{") and name.endswith("}") and name.count("{") == name.count("}"):
            people.append({"family": _decoded(name), "given": ""})
            continue
        person = author(_decoded(name))
        if "," not in name and not person["given"] and " " in person["family"] and name.isascii():
            parts = parse_single_name_into_parts(name, strict=False)
            person = {
                "family": _decoded(" ".join([*parts.von, *parts.last])),
                "given": _decoded(" ".join([*parts.first, *parts.jr])),
            }
        people.append(person)
    return [person for person in people if person["family"]]


def _listed(value: str) -> list[str]:
    separator = r"[;；\n]" if re.search("[;；]", value) else r"[,，、\n]"
    return list(dict.fromkeys(w for word in re.split(separator, value) if (w := word.strip())))


def write(records: Iterable[Record], stream: BinaryIO) -> None:
    """Write records as UTF-8 BibTeX."""
    for record in records:
        kind = "article" if record.journal else "misc"
        key = re.sub(r"[^A-Za-z0-9:./_+-]", "-", record.id)
        fields = [
            f"  {name} = {{{value if name in ('author', 'month') else _encoded(value)}}}"
            for name, value in _values(record)
            if value
        ]
        body = ",\n".join(fields)
        stream.write(f"@{kind}{{{key},\n{body}\n}}\n\n".encode())


def _values(record: Record) -> Iterator[tuple[str, str]]:
    other = next(iter(record.translations), None)
    year, _, month = record.date.partition("-")
    yield "author", " and ".join(_person(a.family, a.given) for a in record.authors)
    yield "title", record.title
    yield "journal", record.journal
    yield "year", year
    yield "month", month[:2]
    yield "day", month[3:]
    yield "volume", record.volume
    yield "number", record.issue
    yield "pages", record.pages.replace("-", "--")
    yield "doi", record.doi
    yield "issn", record.issn
    yield "url", record.url
    yield "pmid", record.pmid
    yield "ichushi_id", record.ichushi_id
    yield "language", record.language
    yield "keywords", _joined(record.keywords)
    yield "type", _joined(record.publication_types)
    yield "abstract", record.abstract
    if other:
        yield "translated_title", other.title
        yield "translated_abstract", other.abstract
        yield "translated_language", other.language
    yield "trial_ids", _joined(record.trial_ids)
    yield "retraction", record.retraction
    yield "notices", SEPARATOR.join(map(notice_text, record.notices))
    yield "record_id", record.id


def _person(family: str, given: str) -> str:
    if not given:
        return f"{{{_encoded(family)}}}"
    # A lone "and" would part two people, so it goes into braces.
    return ", ".join(re.sub(r"(?i)\band\b", r"{\g<0>}", _encoded(part)) for part in (family, given))


def _joined(words: tuple[str, ...]) -> str:
    # A single one that holds a comma would be read as two.
    return "; ".join(words) + (";" if len(words) == 1 and re.search("[,，、]", words[0]) else "")


def _encoded(text: str) -> str:
    return "".join(_ESCAPES.get(c, c) for c in _LIGATURES.sub("\0", text)).replace("\0", "{}")
