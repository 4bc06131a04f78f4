"""What a record holds for exact search, field by field: the texts and the whole values.

One place says it, for the index, for marking and for whoever checks a result by hand.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Literal

from search.formats.fields.dois import clean_doi
from search.records import Author, Record
from search.text.fold import to_lexical
from search.text.units import is_cjk, value_key
from search.text.variants import fold

Area = Literal["title", "abstract", "keywords"]
# Searched by strings of units.
AREAS: tuple[Area, ...] = ("title", "abstract", "keywords")
# Searched by whole values, or by their beginnings.
VALUES = (
    "author",
    "first_author",
    "identifier",
    "issn",
    "journal_name",
    "keyword",
    "last_author",
    "publication_type",
    "subheading",
    "title_key",
)

_NO_WORD = re.compile(r"[\W_]+")
_INITIAL = re.compile(r"[^\W\d_]+")
_MAX_KEY = 1000
# Lancet (London, England): the place is not typed.
_PLACE = re.compile(r"\s*[(（][^()（）]*[)）]\s*$")
_MAJOR = re.compile(r"^\s*\*|\*\s*$")


def area_texts(record: Record) -> dict[Area, list[str]]:
    """The texts of each area as they are stored; no match goes from one into the next."""
    versions = list(record.versions())
    return {
        "title": [v.title for v in versions if v.title],
        "abstract": [v.abstract for v in versions if v.abstract],
        "keywords": list(record.keywords),
    }


def field_values(record: Record) -> dict[str, list[str]]:
    """The whole values of a record by field, each in the form in which it is compared."""
    authors = record.authors
    headings = [_MAJOR.sub("", k) for k in record.keywords]
    found = {
        "author": [key for a in authors for key in author_keys(a)],
        "first_author": author_keys(authors[0]) if authors else [],
        "last_author": author_keys(authors[-1]) if authors else [],
        "identifier": list(identifier_keys(record)),
        "issn": [to_lexical(record.issn).replace("-", "")],
        "journal_name": [value_key(record.journal), value_key(_PLACE.sub("", record.journal))],
        # A heading with a subheading (Heart Failure/drug therapy) is also the heading alone.
        "keyword": [value_key(part) for h in headings for part in (h, h.split("/")[0])],
        "publication_type": [
            value_key(part) for t in record.publication_types for part in (t, *t.split("/"))
        ],
        "subheading": [value_key(part) for h in headings for part in h.split("/")[1:]],
        "title_key": [title_key(v.title) for v in record.versions()],
    }
    return {name: list(dict.fromkeys(filter(None, keys))) for name, keys in found.items()}


def author_keys(author: Author) -> list[str]:
    """The forms under which an author is found: ``yamada``, ``yamada taro``, ``yamada t``; 山田 and
    山田太郎."""
    family, given = value_key(author.family), value_key(author.given)
    if not given:
        return [family]
    if is_cjk(given):
        return list(dict.fromkeys((family, value_key(f"{author.family} {author.given}"))))
    initials = "".join(word[0] for word in _INITIAL.findall(fold(author.given)))
    # Given names that are written as initials in one (Yamada TK) are initials already.
    if author.given.isupper() and len(given) <= len("abc") and " " not in given:
        initials = given
    whole = value_key(f"{author.family} {author.given}")
    return list(dict.fromkeys((family, whole, value_key(f"{family} {initials}"))))


def identifier_key(text: str) -> str:
    """An identifier as it is compared: width and case folded, without blanks; a DOI without what
    it is wrapped in."""
    return "".join(to_lexical(clean_doi(text) or text).split())[:_MAX_KEY]


def identifier_keys(record: Record) -> Iterator[str]:
    """A record's id, DOI, PMID, 医中誌 number and trial numbers; the first three numbers also with
    their kind before them (``pmid:30776994``), so that one is not taken for another."""
    yield identifier_key(record.id)
    for kind, value in (
        ("doi", record.doi),
        ("pmid", record.pmid),
        ("ichushi", record.ichushi_id),
    ):
        if key := identifier_key(value):
            yield key
            yield f"{kind}:{key}"
    yield from _trial_keys(record.trial_ids)


def _trial_keys(trial_ids: Iterable[str]) -> Iterator[str]:
    for trial in trial_ids:
        # JPRN-UMIN000012345 and ClinicalTrials.gov/NCT01234567 are typed without the register.
        key = identifier_key(trial)
        yield key
        yield re.split(r"[/:]|(?<=^jprn)-", key)[-1]


def title_key(title: str) -> str:
    """A whole title as it is compared: folded, letters and digits only."""
    return _NO_WORD.sub("", fold(title))[:_MAX_KEY]


def first_day(date: str) -> int:
    """``YYYY``, ``YYYY-MM`` or ``YYYY-MM-DD`` as the number YYYYMMDD of its first day."""
    year, month, day = (*date.split("-"), "01", "01")[:3]
    return int(year + month + day)
