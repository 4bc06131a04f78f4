"""Which records are the same, and which might be: one set of rules for libraries and collections.

The same record: same id, PMID or 医中誌ID, or same DOI with agreeing titles. Such records are
merged without asking. Others that look alike are proposed to the librarian: the same DOI with a
clearly different title; a preprint or a conference abstract and the article of the same title and
first author; the same title, year and first author; or nearly the same title (half and full width,
旧字体, punctuation, a subtitle that one of them lacks).
"""

import hashlib
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import product
from typing import Literal, get_args

from search.records import Record
from search.text.kanji import new_forms

Reason = Literal["doi", "version", "title", "near"]
REASONS: dict[Reason, str] = {
    "doi": "same DOI, different titles",
    "version": "preprint or conference abstract and article",
    "title": "same title, year and first author",
    "near": "nearly the same title",
}

_AGREEING = 0.9
_NO_WORD = re.compile(r"[\W_]+")
_WIDE = r"\u3005-\u30ff\u3400-\u9fff\uf900-\ufaff"
# A subtitle's mark: a dash only where it is no hyphen, no sign between digits.
_SUBTITLE = re.compile(
    rf"(?<!\d):|:(?!\d)|[―—]|(?<!\d)[~〜]|[~〜](?!\d)|(?<=\s)[-‐–−](?=\s)"
    rf"|(?<=[{_WIDE}])[-‐–−](?=[{_WIDE}])"
)
# Titles below this weight (a Japanese character counts two) say too little alone: Editorial, 序文.
_TELLING = 24
_SHORTEST_MAIN = 8
# Abstracts of at least this length with fewer common runs of characters are of different papers.
_COMPARABLE = 100
_RUN = 4
_COMMON_RUNS = 0.3

Stage = Literal["preprint", "conference", "article"]
_PREPRINT = re.compile(
    r"preprint|プレプリント|\b(?:bio|med|ar|chem)rxiv\b|research square|\bjxiv\b|\bssrn\b",
    re.IGNORECASE,
)
# bioRxiv and medRxiv, SSRN, Research Square, Preprints.org, arXiv, Jxiv.
_PREPRINT_DOI = re.compile(
    r"10\.(?:1101/(?:19|20)\d\d\.|1101/\d{6}$|64898|2139/ssrn|21203|20944|48550|51094)"
)
_CONFERENCE = re.compile(
    r"会議録|学会抄録|\bcongress|\bconference|meeting abstract|proceedings", re.IGNORECASE
)
# Years that an article appears after its preprint or its first report at a conference.
_STAGES_APART = 3


@dataclass(frozen=True)
class _Title:
    """A title for comparison: ``plain`` without case, width and punctuation; ``full`` also in new
    forms; ``main`` the same before the subtitle."""

    plain: str
    full: str
    main: str


def identity_keys(record: Record) -> set[int]:
    """Numbers under which a record that is the same can be found."""
    named = (("pmid", record.pmid), ("ichushi", record.ichushi_id), ("doi", record.doi.lower()))
    return {_key(name, value) for name, value in named if value}


def title_keys(record: Record) -> set[int]:
    """Numbers under which a record that might be the same can be found, with its DOI's."""
    keys = {_key("doi", record.doi.lower())} if record.doi else set()
    for title in _titles(record):
        for text in {title.full, title.main}:
            narrowed = "" if _weight(text) >= _TELLING else f"|{record.year}|{_initial(record)}"
            keys.add(_key("title", text + narrowed))
    return keys


def same(record: Record, other: Record) -> bool:
    """Whether two records are one beyond doubt."""
    if record.id == other.id:
        return True
    if record.pmid and record.pmid == other.pmid:
        return True
    if record.ichushi_id and record.ichushi_id == other.ichushi_id:
        return True
    return _same_doi(record, other) and _titles_agree(record, other)


def stage(record: Record) -> Stage:
    """Whether a record is a preprint, a conference's abstract or paper, or else an article, as its
    publication types, its journal and its DOI say."""
    types = "; ".join(record.publication_types)
    if _PREPRINT.search(f"{types}; {record.journal}") or _PREPRINT_DOI.match(record.doi):
        return "preprint"
    return "conference" if _CONFERENCE.search(types) else "article"


def suspicion(own: Sequence[Record], others: Sequence[Record]) -> Reason | None:
    """Why two records, each given as all that was imported of it, might be one; None if nothing
    says so."""
    found = {_suspicion(a, b) for a, b in product(own, others)}
    return next((reason for reason in get_args(Reason) if reason in found), None)


def _suspicion(a: Record, b: Record) -> Reason | None:
    if _same_doi(a, b):
        return "doi"
    pairs = list(product(_titles(a), _titles(b)))
    if not any(_same_title(x, y) for x, y in pairs):
        return None
    by_same = _same_person(_person(a), _person(b))
    if by_same and stage(a) != stage(b) and _years_apart(a, b) <= _STAGES_APART:
        return "version"
    if by_same and a.year == b.year is not None and any(x.plain == y.plain for x, y in pairs):
        return "title"
    if _years_apart(a, b) > 1:
        return None
    # What both have: the shorter of the two, where one lacks a subtitle.
    shared = (min(x.full, y.full, key=len) for x, y in pairs if _same_title(x, y))
    telling = max(map(_weight, shared)) >= _TELLING
    known_others = not by_same and _comparable(_person(a), _person(b))
    if known_others or not (telling or (by_same and a.year == b.year)):
        return None
    return None if _different_abstracts(a, b) else "near"


def _years_apart(a: Record, b: Record) -> int:
    return abs(a.year - b.year) if a.year and b.year else 0


def _same_doi(a: Record, b: Record) -> bool:
    return bool(a.doi) and a.doi.lower() == b.doi.lower()


def _titles_agree(a: Record, b: Record) -> bool:
    own, other = list(_titles(a)), list(_titles(b))
    if not own or not other:
        return True
    return any(_same_title(x, y) or _alike(x.full, y.full) for x, y in product(own, other))


def _same_title(x: _Title, y: _Title) -> bool:
    # Two subtitles that differ are two parts of a series.
    return x.full == y.full or x.full == y.main or x.main == y.full


def _alike(x: str, y: str) -> bool:
    matcher = SequenceMatcher(None, x, y, autojunk=False)
    return matcher.quick_ratio() >= _AGREEING and matcher.ratio() >= _AGREEING


def _different_abstracts(a: Record, b: Record) -> bool:
    for x, y in product(a.versions(), b.versions()):
        if x.language == y.language and min(len(x.abstract), len(y.abstract)) >= _COMPARABLE:
            left, right = _runs(x.abstract), _runs(y.abstract)
            return len(left & right) < _COMMON_RUNS * min(len(left), len(right))
    return False


def _runs(text: str) -> set[str]:
    folded = _folded(text)
    return {folded[i : i + _RUN] for i in range(len(folded) - _RUN + 1)}


def _titles(record: Record) -> Iterator[_Title]:
    for version in record.versions():
        whole = unicodedata.normalize("NFKC", version.title)
        plain = _folded(whole)
        if not plain:
            continue
        full = new_forms(plain)
        mark = _SUBTITLE.search(whole)
        main = new_forms(_folded(whole[: mark.start()])) if mark else full
        yield _Title(plain, full, main if _weight(main) >= _SHORTEST_MAIN else full)


def _folded(text: str) -> str:
    return _NO_WORD.sub("", unicodedata.normalize("NFKC", text).casefold())


def _person(record: Record) -> str:
    """The first author's family name; the whole name where it is Japanese, because many sources
    don't part it (山田太郎)."""
    if not record.authors:
        return ""
    author = record.authors[0]
    family = new_forms(_folded(author.family))
    return family + new_forms(_folded(author.given)) if _is_wide(family) else family


def _initial(record: Record) -> str:
    person = _person(record)
    return person[:1] if _is_wide(person) else person


def _is_wide(text: str) -> bool:
    return any(c > "\u2e80" for c in text)


def _same_person(person: str, other: str) -> bool:
    if not person or not other:
        return False
    begins = person.startswith(other) or other.startswith(person)
    return person == other or (begins and _is_wide(person))


def _comparable(person: str, other: str) -> bool:
    """Whether two names, if different, are two people: 山田 and Yamada may be one."""
    return bool(person and other) and person.isascii() == other.isascii()


def _weight(text: str) -> int:
    return len(text) if text.isascii() else sum(2 if c > "\u2e80" else 1 for c in text)


def _key(kind: str, value: str) -> int:
    digest = hashlib.blake2b(f"{kind}:{value}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, signed=True)
