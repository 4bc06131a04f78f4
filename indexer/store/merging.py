"""One record out of several that are the same."""

import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from search.matching import merit, stage
from search.records import Author, Record, Retraction, Translation


def merge(records: Sequence[Record]) -> Record:
    """One record out of several, in order of import: a pure function of them.

    The first gives the id and the language, so that neither changes with what comes later. The
    best copy (:func:`search.matching.merit`) gives its titles. Other fields come from the copies
    of its stage, and from the rest only where these lack them: an article does not get the pages
    of its conference abstract. Among them the fuller field wins, the earlier where they are equal,
    and the first identifier. Keywords, trial numbers and notices of all are joined, versions in
    other languages become translations, and the gravest retraction state counts.
    """
    first = records[0]
    if len(records) == 1:
        return first
    best = max(records, key=merit)
    leading = [r for r in records if stage(r) == stage(best)]
    others = [r for r in records if stage(r) != stage(best)]
    versions = _merged_versions(best, leading, others)
    own = versions.pop(first.language)

    # Volume, issue and pages belong together: no copy of another stage completes them.
    placed = leading if any(r.journal or r.volume or r.pages for r in leading) else records

    def chosen(choose: Callable[[Iterable[str]], str], name: str) -> str:
        return choose(getattr(r, name) for r in leading) or choose(
            getattr(r, name) for r in (placed if name in _PLACE else records)
        )

    return replace(
        first,
        title=own.title,
        abstract=own.abstract,
        translations=tuple(v for v in versions.values() if v.title or v.abstract),
        **{name: chosen(_longest, name) for name in ("journal", "date", "pages")},
        **{name: chosen(_first, name) for name in _FIRST},
        authors=max((r.authors for r in leading), key=_fullness)
        or max((r.authors for r in records), key=_fullness),
        keywords=_union(r.keywords for r in records),
        publication_types=_union(r.publication_types for r in leading),
        trial_ids=_union(r.trial_ids for r in records),
        notices=tuple(dict.fromkeys(n for r in records for n in r.notices)),
        retraction=max((r.retraction for r in records), key=_GRAVITY.index),
    )


_PLACE = ("journal", "volume", "issue", "pages", "issn")
_FIRST = ("volume", "issue", "doi", "pmid", "ichushi_id", "url", "issn")
_GRAVITY: tuple[Retraction, ...] = ("", "corrected", "expression of concern", "retracted")


def _merged_versions(
    best: Record, leading: Sequence[Record], others: Sequence[Record]
) -> dict[str, Translation]:
    """Title and abstract by language: the title of the best copy, else the longest; the longest
    abstract, of the leading copies where they have one."""
    versions: dict[str, Translation] = {}
    titles = {v.language: v.title for v in best.versions() if v.title}
    for group in (leading, others):
        found: dict[str, Translation] = {}
        for v in (v for record in group for v in record.versions()):
            known = found.get(v.language, Translation(v.language))
            found[v.language] = Translation(
                v.language,
                titles.get(v.language) or _longest((known.title, v.title)),
                _longest((known.abstract, v.abstract)),
            )
        for language, v in found.items():
            known = versions.get(language, v)
            versions[language] = Translation(
                language, known.title or v.title, known.abstract or v.abstract
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
