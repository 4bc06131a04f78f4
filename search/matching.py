"""Which records are the same, and which might be: one set of rules for libraries and collections.

The same record: same PMID or 医中誌ID; same DOI with agreeing titles; or the same title, year and
first author, where first page or, a page missing, volume agree. Such records are merged without
asking, and :func:`sameness` says why. Never merged are records with different PMIDs, 医中誌IDs or
accession numbers of one database, and what has different titles. Others that look alike are
proposed to the librarian: the same DOI with a clearly different title; a preprint or a conference
abstract and the article of the same title and first author; the same title, year and first author;
or nearly the same title (half and full width, 旧字体, punctuation, a subtitle that one of them
lacks).
"""

import hashlib
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache
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

# Why two records are the same.
Sameness = Literal["id", "pmid", "ichushi", "doi", "place"]
SAMENESS: dict[Sameness, str] = {
    "id": "same id",
    "pmid": "same PMID",
    "ichushi": "same 医中誌ID",
    "doi": "same DOI, agreeing titles",
    "place": "same title, year, first author and page or volume",
}

_AGREEING = 0.9
_NO_WORD = re.compile(r"[\W_]+")
_WIDE = r"\u3005-\u30ff\u3400-\u9fff\uf900-\ufaff"
# What PubMed and others add to a title: [Article in Japanese], [Japanese]. It is no part of it.
_LANGUAGE_ADDED = re.compile(
    r"\s*[\[(](?:article in |in )?(?:japanese|english|chinese|german|french|spanish|italian|"
    r"russian|portuguese|korean|polish|dutch|turkish|danish|swedish|norwegian|hungarian|czech|"
    r"hebrew|和文|英文|日本語|英語)[\])]\.?\s*$",
    re.IGNORECASE,
)
_DIGITS = re.compile(r"\d+|第[一二三四五六七八九十]+|(?<![a-z])[ivx]{1,4}(?![a-z])")
_JOURNAL_WORD = re.compile(r"\w+")
_SMALL_WORDS = {"the", "of", "and", "in", "for", "on", "a", "an", "de", "der", "und", "et"}
_FIRST_PAGE = re.compile(r"[a-z]*0*(\d+)")
# Ids that a database gave, unlike those of registers that several quote.
_NO_ACCESSION = {"doi", "hash", "pmid", "ichushi"}
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
    keys |= place_keys(record)
    for title in _titles(record):
        for text in {title.full, title.main}:
            narrowed = "" if _weight(text) >= _TELLING else f"|{record.year}|{_initial(record)}"
            keys.add(_key("title", text + narrowed))
    return keys


def place_keys(record: Record) -> set[int]:
    """Numbers under which a record of the same title, year and first author can be found, also
    where so many share the title that it tells nothing: Editorial, Reply."""
    page = _first_page(record)
    if not record.year:
        return set()
    return {
        _key("place", f"{title.full}|{record.year}|{_initial(record)}|{where}")
        for title in _titles(record)
        for where in (f"p{page}", f"v{record.volume}")
        if len(where) > 1
    }


def same(record: Record, other: Record) -> bool:
    """Whether two records are one beyond doubt."""
    return sameness(record, other) is not None


def sameness(record: Record, other: Record) -> Sameness | None:
    """Why two records are one beyond doubt; None where there is doubt."""
    if _numbers_differ(record, other):
        return None
    if record.id == other.id and not other_work(record, other):
        return "id"
    if record.pmid and record.pmid == other.pmid and not _elsewhere(record, other):
        return "pmid"
    if (
        record.ichushi_id
        and record.ichushi_id == other.ichushi_id
        and not _elsewhere(record, other)
    ):
        return "ichushi"
    if (
        _same_doi(record, other)
        and _titles_agree(record, other)
        and not _apart_in_a_supplement(record, other)
    ):
        return "doi"
    return "place" if _same_place(record, other) else None


def other_work(a: Record, b: Record) -> bool:
    """Whether two records of one id are two works. A DOI names what its journal registered, which
    may be a whole supplement; a number can be mistyped; an id of another kind is its source's own
    word and always right."""
    source = a.id.partition(":")[0]
    if source in ("doi", "hash"):
        return not _titles_agree(a, b) or _apart_in_a_supplement(a, b)
    return source in ("pmid", "ichushi") and _elsewhere(a, b)


def titles_agree(a: Record, b: Record) -> bool:
    """Whether two records have the same or nearly the same title in some language, or one none."""
    return _titles_agree(a, b)


def distinct_id(record: Record) -> str:
    """An id for a record whose own leads to another work: the same whenever it comes again."""
    told = f"{record.title}|{_person(record)}|{record.pages}|{record.journal}"
    digest = hashlib.blake2b(told.encode(errors="replace"), digest_size=4).hexdigest()
    return f"{record.id.partition('~')[0][:150]}~{digest}"


def numbers_differ(a: Record, b: Record) -> bool:
    """Whether two records have different PMIDs, 医中誌IDs or accession numbers of one database, so
    that no third record makes them one."""
    return _numbers_differ(a, b)


def _numbers_differ(a: Record, b: Record) -> bool:
    """Whether two records have different numbers of one register or database."""
    if a.pmid and b.pmid and a.pmid != b.pmid:
        return True
    if a.ichushi_id and b.ichushi_id and a.ichushi_id != b.ichushi_id:
        return True
    source, _, number = a.id.partition(":")
    other_source, _, other = b.id.partition(":")
    if not (number and other) or source in _NO_ACCESSION or source != other_source:
        return False
    return number != other


def _elsewhere(a: Record, b: Record) -> bool:
    """Whether two records of one number are two works all the same, because somebody mistyped it:
    other titles, and another first author, page or year."""
    if _titles_agree(a, b):
        return False
    persons = _person(a), _person(b)
    others = _comparable(*persons) and not _same_person(*persons)
    return others or _pages_differ(a, b) or _years_apart(a, b) > 1


def _apart_in_a_supplement(a: Record, b: Record) -> bool:
    """Whether two records of one DOI are two contributions of a supplement: numbered parts, other
    first authors, or other pages of a conference's abstracts."""
    if not _same_numbering(a, b):
        return True
    persons = _person(a), _person(b)
    if _comparable(*persons) and not _same_person(*persons) and _pages_differ(a, b):
        return True
    return _pages_differ(a, b) and "conference" in (stage(a), stage(b))


def _same_numbering(a: Record, b: Record) -> bool:
    pairs = list(product(a.versions(), b.versions()))
    shared = [(x.title, y.title) for x, y in pairs if x.language == y.language]
    return not shared or any(_digits(x) == _digits(y) or not (x and y) for x, y in shared)


def _digits(title: str) -> list[str]:
    return _DIGITS.findall(unicodedata.normalize("NFKC", title).casefold())


def _same_place(a: Record, b: Record) -> bool:
    """Whether two records have the same title, year and first author, and nothing speaks against
    it: the first page agrees, or where one has none, the volume."""
    if not (a.year and a.year == b.year):
        return False
    if not any(x.full == y.full for x, y in product(_titles(a), _titles(b))):
        return False
    pages, persons = (_first_page(a), _first_page(b)), (_person(a), _person(b))
    same_volume = bool(a.volume) and a.volume == b.volume
    # 会長挨拶 and Editorial stand on the same page of every issue.
    if not (any(persons) and _tells(a)) and _issues_differ(a, b):
        return False
    if not any(persons):
        # Without authors everything else has to agree.
        return same_volume and all(pages) and pages[0] == pages[1]
    if not _same_person(*persons) or not (_tells(a) or _one_journal(a, b)):
        return False
    if all(pages):
        return pages[0] == pages[1] and not _volumes_differ(a, b)
    return same_volume and stage(a) == stage(b)


def _tells(record: Record) -> bool:
    return any(_weight(title.full) >= _TELLING for title in _titles(record))


def _one_journal(a: Record, b: Record) -> bool:
    """Whether two records may be of one journal: a journal's abbreviation is its name."""
    names = [_JOURNAL_WORD.findall(r.journal.casefold()) for r in (a, b)]
    short, long = sorted(names, key=lambda words: len("".join(words)))
    if not short or "".join(short) in "".join(long):
        return True
    left = iter(word for word in long if word not in _SMALL_WORDS)
    return all(
        any(word.startswith(part) for word in left) for part in short if part not in _SMALL_WORDS
    )


def _volumes_differ(a: Record, b: Record) -> bool:
    """Whether two records of one journal are in different volumes: its name may be abbreviated, so
    that another name tells nothing."""
    volumes = a.volume.casefold(), b.volume.casefold()
    return all(volumes) and volumes[0] != volumes[1] and _folded(a.journal) == _folded(b.journal)


def _issues_differ(a: Record, b: Record) -> bool:
    issues = a.issue.casefold().lstrip("0"), b.issue.casefold().lstrip("0")
    return all(issues) and issues[0] != issues[1]


def _pages_differ(a: Record, b: Record) -> bool:
    pages = _first_page(a), _first_page(b)
    return all(pages) and pages[0] != pages[1]


def _first_page(record: Record) -> str:
    """The number of the first page; letters before it, which not every source writes, are left
    out."""
    found = _FIRST_PAGE.match(record.pages.casefold())
    return found.group(1) if found else ""


def stage(record: Record) -> Stage:
    """Whether a record is a preprint, a conference's abstract or paper, or else an article, as its
    publication types, its journal and its DOI say."""
    types = "; ".join(record.publication_types)
    if _PREPRINT.search(f"{types}; {record.journal}") or _PREPRINT_DOI.match(record.doi):
        return "preprint"
    return "conference" if _CONFERENCE.search(types) else "article"


def merit(record: Record) -> tuple[bool, int]:
    """How good a copy of a work is, the better one greater: an article rather than its preprint or
    conference abstract, then how many it has of abstract, DOI and PMID."""
    known = (any(v.abstract for v in record.versions()), record.doi, record.pmid)
    return stage(record) == "article", sum(map(bool, known))


def suspicion(own: Sequence[Record], others: Sequence[Record]) -> Reason | None:
    """Why two records, each given as all that was imported of it, might be one; None if nothing
    says so."""
    found = {_suspicion(a, b) for a, b in product(own, others)}
    return next((reason for reason in get_args(Reason) if reason in found), None)


def _suspicion(a: Record, b: Record) -> Reason | None:
    # Several contributions of a supplement share its DOI.
    if _same_doi(a, b) and not (_pages_differ(a, b) and not _titles_agree(a, b)):
        return None if _numbers_differ(a, b) else "doi"
    pairs = list(product(_titles(a), _titles(b)))
    if not any(_same_title(x, y) for x, y in pairs):
        return None
    by_same = _same_person(_person(a), _person(b))
    if by_same and stage(a) != stage(b) and _years_apart(a, b) <= _STAGES_APART:
        return "version"
    if _numbers_differ(a, b):
        return None
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
        if title := _title(version.title):
            yield title


# A record's titles are asked for under every key that it is stored by.
@lru_cache(maxsize=1024)
def _title(text: str) -> _Title | None:
    whole = _LANGUAGE_ADDED.sub("", unicodedata.normalize("NFKC", text))
    plain = _folded(whole)
    if not plain:
        return None
    full = new_forms(plain)
    mark = _SUBTITLE.search(whole)
    main = new_forms(_folded(whole[: mark.start()])) if mark else full
    return _Title(plain, full, main if _weight(main) >= _SHORTEST_MAIN else full)


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
