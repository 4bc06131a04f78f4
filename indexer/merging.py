"""One record out of several that are the same."""

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import replace

from search.records import Author, Record, Retraction, Translation


def merge(records: Sequence[Record]) -> Record:
    """One record out of several, in order of import: a pure function of them.

    The first gives the id, its language and the identifiers that it has. Otherwise the fuller
    field wins, the earlier where they are equal; lists are joined; versions in other languages
    become translations; the gravest retraction state counts.
    """
    first = records[0]
    if len(records) == 1:
        return first
    versions = _merged_versions(records)
    own = versions.pop(first.language)
    return replace(
        first,
        title=own.title,
        abstract=own.abstract,
        translations=tuple(v for v in versions.values() if v.title or v.abstract),
        authors=max((r.authors for r in records), key=_fullness),
        journal=_longest(r.journal for r in records),
        date=_longest(r.date for r in records),
        volume=_first(r.volume for r in records),
        issue=_first(r.issue for r in records),
        pages=_longest(r.pages for r in records),
        doi=_first(r.doi for r in records),
        pmid=_first(r.pmid for r in records),
        ichushi_id=_first(r.ichushi_id for r in records),
        url=_first(r.url for r in records),
        issn=_first(r.issn for r in records),
        keywords=_union(r.keywords for r in records),
        publication_types=_union(r.publication_types for r in records),
        trial_ids=_union(r.trial_ids for r in records),
        notices=tuple(dict.fromkeys(n for r in records for n in r.notices)),
        retraction=max((r.retraction for r in records), key=_GRAVITY.index),
    )


_GRAVITY: tuple[Retraction, ...] = ("", "corrected", "expression of concern", "retracted")


def _merged_versions(records: Iterable[Record]) -> dict[str, Translation]:
    versions: dict[str, Translation] = {}
    for record in records:
        for v in record.versions():
            known = versions.get(v.language, Translation(v.language))
            versions[v.language] = Translation(
                v.language,
                _longest((known.title, v.title)),
                _longest((known.abstract, v.abstract)),
            )
    return versions


def _fullness(authors: Sequence[Author]) -> tuple[int, int]:
    return len(authors), sum(len(a.given) for a in authors)


def _longest(texts: Iterable[str]) -> str:
    return max(texts, key=len)


def _first(texts: Iterable[str]) -> str:
    return next((t for t in texts if t), "")


def _union(lists: Iterable[Iterable[str]]) -> tuple[str, ...]:
    joined: dict[str, str] = {}
    for items in lists:
        for item in items:
            joined.setdefault(unicodedata.normalize("NFKC", item).casefold(), item)
    return tuple(joined.values())
