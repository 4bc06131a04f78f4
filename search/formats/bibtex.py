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

from search.formats.fields.dates import date_from_parts, date_of
from search.formats.fields.dois import clean_doi
from search.formats.fields.identifiers import ichushi_id_in, issn_in, pmid_in
from search.formats.fields.keywords import words_in
from search.formats.fields.languages import language_of, side_by_side
from search.formats.fields.markup import decoded, plain_text, something
from search.formats.fields.names import author
from search.formats.fields.notices import SEPARATOR, notice_of, notice_text
from search.formats.fields.page_ranges import page_range
from search.formats.fields.retractions import retraction_state
from search.formats.syntax.lines import head_text, text_lines
from search.formats.syntax.read_items import Item, Rejected, record_or_rejected
from search.formats.syntax.tagged import paragraphs, unwrapped
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
    r"^[ \t]{0,80}@[ \t]{0,8}[A-Za-z]+[ \t]{0,8}[{(][ \t]{0,8}"
    # Mendeley leaves keys out: @article{, and even @article{ author = ...
    r"(?:[^\n,={}]{0,200},|\r?\n?[ \t]{0,8}(?:author|title|year|journal)[ \t]{0,8}=)",
    re.MULTILINE,
)
# Where a brace is still open, only these open the next entry all the same: the one before is
# damaged. Anything else is a line of an abstract: "@RISK (Palisade) was used".
_KINDS = {
    *("article", "book", "booklet", "collection", "conference", "dataset", "inbook"),
    *("incollection", "inproceedings", "manual", "mastersthesis", "misc", "online", "patent"),
    *("periodical", "phdthesis", "proceedings", "report", "software", "techreport", "thesis"),
    *("unpublished", "string", "comment", "preamble"),
}
_NO_KEY = re.compile(
    r"(\s{0,80}@\s{0,8}[A-Za-z]+\s{0,8}[{(])(\s{0,20}),|"
    r"(\s{0,80}@\s{0,8}[A-Za-z]+\s{0,8}[{(])(?=\s{0,80}[A-Za-z]+\s{0,8}=)"
)
_BRACES = re.compile(r"(?<!\\)[{}]")
_MAX_ENTRY = 256 * 1024
_MAX_STRINGS = 64 * 1024
_IF_MATHS = re.compile(r"\\ifmmode\b.{0,200}?\\else\b\s?(.{0,200}?)\\fi\b(?:\{\})?", re.DOTALL)
_EXTENDED = re.compile(r"\s{0,5}(family|given|prefix|suffix)(?:-i)?\s{0,5}=", re.IGNORECASE)
_BARE = re.compile(r"(?<!\\)([%&])")
_NEEDS_DECODING = re.compile(r"[\\{}$~]")
_ESCAPES = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\^{}",
    **{c: f"\\{c}" for c in "&%#_$"},
    # Parsers count braces, escaped or not: one alone would cost them the whole file.
    "{": r"\textbraceleft{}",
    "}": r"\textbraceright{}",
}
# Runs that LaTeX reads as one sign.
_LIGATURES = re.compile(r"(?<=-)(?=-)|(?<=')(?=')|(?<=`)(?=`)|(?<=[?!])(?=`)|(?<=[<,>])(?=[<,>])")

_CONTEXT = get_default_latex_context_db()
# What Zotero and we write for these signs, and pylatexenc does not know.
_SIGNS = {
    "textless": "<",
    "textgreater": ">",
    "textbar": "|",
    "textbraceleft": "{",
    "textbraceright": "}",
}
_CONTEXT.add_context_category(
    "signs", prepend=True, macros=[MacroTextSpec(name, sign) for name, sign in _SIGNS.items()]
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
    begin, kind, size, depth = 0, "", 0, 0
    parts: list[str] = []
    for number, text, cut in text_lines(stream):
        found = _BEGIN.match(text)
        if found and (depth <= 0 or _opens(found, text)):
            if kind:
                yield begin, kind, "\n".join(parts)
            begin, kind, size, parts, depth = number, found.group(1).lower(), 0, [], 0
        if "{" in text or "}" in text:
            depth += sum(1 if brace == "{" else -1 for brace in _BRACES.findall(text))
        size += len(text) + 1
        if cut or size > _MAX_ENTRY:
            parts, size = [], _MAX_ENTRY
        elif kind and parts and text.lstrip()[:1] == "@":
            # The parser would begin an entry at such a line.
            parts[-1] += f" {text}"
        elif kind:
            parts.append(text)
    if kind:
        yield begin, kind, "\n".join(parts)


def _opens(found: re.Match[str], text: str) -> bool:
    """Whether a line opens an entry where the one before is not closed."""
    return found.group(1).lower() in _KINDS and ("," in text or "=" in text)


def _items(place: str, strings: str, text: str) -> Iterator[Item]:
    text = _NO_KEY.sub(lambda m: f"{m.group(1) or m.group(3)}no-key,", text, count=1)
    try:
        blocks: list[Block] = parse_string(f"{strings}\n{text}").blocks
    except RecursionError:
        yield Rejected(place, "nested too deeply")
        return
    found = False
    for block in blocks:
        entry: Block | None = block
        if isinstance(block, DuplicateFieldKeyBlock):
            # Not yet freed of what encloses its values.
            entry = _bare(block.ignore_error_block)
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


def _bare(entry: Block | None) -> Block | None:
    if isinstance(entry, Entry):
        for field in entry.fields:
            value = str(field.value).strip()
            if value[:1] + value[-1:] in ('""', "{}") and len(value) > 1:
                field.value = value[1:-1]
    return entry


def _fields(entry: Entry) -> dict[str, Any]:
    raw: dict[str, str] = {}
    for field in entry.fields:
        name, value = field.key.lower(), str(field.value)
        if name in ("keywords", "keyword") and raw.get(name):
            # Science Direct gives each keyword a field of its own.
            raw[name] += f"; {value}"
        else:
            raw.setdefault(name, value)
    plain = {
        name: something(plain_text(_decoded(value)))
        for name, value in raw.items()
        if name not in ("author", "editor")
    }
    authors = _authors(raw.get("author", "") or raw.get("editor", ""))
    title = unwrapped(plain.get("title", ""))
    doi = clean_doi(raw.get("doi", "").replace("\\", "")) or clean_doi(plain.get("url", ""))
    pmid = plain.get("pmid", "")
    if not pmid and plain.get("eprinttype", "").lower() == "pubmed":
        pmid = plain.get("eprint", "")
    pmid = pmid if pmid.isdecimal() else pmid_in([plain.get("url", ""), plain.get("note", "")])
    ichushi_id = plain.get("ichushi_id", "") or ichushi_id_in([plain.get("url", "")])
    date = date_of(plain.get("date", "")) or date_from_parts(
        plain.get("year", ""), plain.get("month", ""), plain.get("day", "")
    )
    types = words_in(plain.get("type", "") or plain.get("publication_types", ""))
    notices = [notice_of(text) for text in plain.get("notices", "").split(SEPARATOR) if text]
    return {
        **_texts(plain, title),
        "id": plain.get("record_id", ""),
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
        "keywords": words_in(plain.get("keywords", "") or plain.get("keyword", "")),
        "publication_types": types,
        "issn": issn_in([plain.get("issn", "")]),
        "trial_ids": words_in(plain.get("trial_ids", "")),
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
    code = plain.get("translated_language", "") or guess_language("".join(other))
    if abstract and not other[1] and plain.get("abstract_language", "") == code != language:
        # The only abstract is that of the translation.
        texts[language], other = (title, ""), (other[0], abstract)
    if any(other):
        texts[code if code != language else "und"] = other
    return side_by_side(language, texts)


def _decoded(value: str) -> str:
    """LaTeX as text. A bare ``%`` or ``&`` is that sign: exports forget to escape them."""
    if not _NEEDS_DECODING.search(value):
        return value.strip()
    # The sign itself, not the accent that pylatexenc makes of it.
    value = value.replace(r"\textasciicircum{}", "^").replace(r"\^{}", "^")
    # Both halves of what asks whether this is mathematics are the same sign.
    value = _IF_MATHS.sub(r"\1", value)
    text: str = _LATEX.latex_to_text(_BARE.sub(r"\\\1", value))
    return text.strip()


def _authors(value: str) -> list[dict[str, str]]:
    value = decoded(value) if "&" in value else value
    people = []
    for name in split_multiple_persons_names(" ".join(_IF_MATHS.sub(r"\1", value).split())):
        if name.strip().lower() == "others":
            continue
        if _EXTENDED.match(name):
            people.append(_extended(name))
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


def _extended(name: str) -> dict[str, str]:
    """A name in biblatex's extended format: ``family=Berg, given=Anna, prefix={van der}``."""
    parts: dict[str, str] = {}
    last = ""
    for piece in _outside_braces(name):
        key, equals, value = piece.partition("=")
        if equals and _EXTENDED.match(piece):
            last = key.strip().lower()
            parts[last] = _decoded(value.strip()).strip('" ')
        elif last:
            parts[last] += f", {_decoded(piece)}"
    family = " ".join(filter(None, (parts.get("prefix", ""), parts.get("family", ""))))
    given = " ".join(filter(None, (parts.get("given", ""), parts.get("suffix", ""))))
    return {"family": family or given, "given": given if family else ""}


def _outside_braces(text: str) -> list[str]:
    parts, depth = [""], 0
    for character in text:
        depth += (character == "{") - (character == "}")
        if character == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    return parts


def write(records: Iterable[Record], stream: BinaryIO) -> None:
    """Write records as UTF-8 BibTeX."""
    for record in records:
        kind = "article" if record.journal else "misc"
        key = re.sub(r"[^A-Za-z0-9:./_+-]", "-", record.id)
        fields = [
            f"  {name} = {{{_field(name, value)}}}" for name, value in _values(record) if value
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
    yield "pages", record.pages
    yield "doi", record.doi
    yield "issn", record.issn
    yield "url", record.url
    yield "pmid", record.pmid
    yield "ichushi_id", record.ichushi_id
    yield "language", record.language
    yield "keywords", _joined(record.keywords)
    yield "type", _joined(record.publication_types)
    # The only abstract stands where other programs look for one.
    yield "abstract", record.abstract or (other.abstract if other else "")
    if other:
        yield "translated_title", other.title
        yield "translated_abstract", other.abstract if record.abstract else ""
        yield "translated_language", other.language
        yield "abstract_language", "" if record.abstract or not other.abstract else other.language
    yield "trial_ids", _joined(record.trial_ids)
    yield "retraction", record.retraction
    yield "notices", SEPARATOR.join(map(notice_text, record.notices))
    yield "record_id", record.id


def _field(name: str, value: str) -> str:
    if name in ("author", "month"):
        return value
    # A range of pages has an en dash, which is two hyphens here; elsewhere two stay two.
    return _encoded(value).replace("-", "--") if name == "pages" else _encoded(value)


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
