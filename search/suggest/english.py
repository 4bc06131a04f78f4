"""English partners of Japanese terms: nothing is translated by guess.

What the terminology knows for certain comes from there. Of other terms the library is asked, the
surest source first: a record's text that gives the English name in brackets
(筋萎縮性側索硬化症（amyotrophic lateral sclerosis）); English headings of the records that carry
the term as a heading; phrases of English titles and abstracts whose Japanese version has the
term. The last two need company: the Dice coefficient of the two sets of records, and more than
one record.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Literal

from search.exact import ExactSearch, quoted
from search.library.generation import Generation
from search.records import Record
from search.suggest.synonyms import bracketed
from search.terminology.concepts import SHORT, Concept, Language
from search.text.fold import nfkc, to_lexical

Source = Literal["terminology", "brackets", "heading", "text"]

# The records of a term that are read.
_READ = 300
_MIN_RECORDS = 2
_MIN_DICE = 0.5
_MOST = 3
_MOST_NAMES = 5
_LATIN = re.compile(r"[A-Za-z][A-Za-z0-9 '/,-]*[A-Za-z0-9]")
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9'-]*")
_DIGITS = re.compile(r"\d+")
_LONGEST = 5


def _small_words() -> frozenset[str]:
    file = resources.files("search.suggest") / "english_small_words.txt"
    lines = file.read_text(encoding="utf-8").splitlines()
    return frozenset(word for line in lines if not line.startswith("#") for word in line.split())


SMALL_WORDS = _small_words()


@dataclass(frozen=True)
class Partner:
    """An English term for a Japanese one: where it comes from, in how many records the two stand
    together (one of the terminology: in how many it stands), and whether some record carries it as
    a heading."""

    english: str
    source: Source
    records: int
    heading: bool


def is_latin(term: str) -> bool:
    """Whether a term is in Latin letters already, as PubMed reads it."""
    return nfkc(term).isascii()


def names(concept: Concept, language: Language) -> list[str]:
    """The names of a concept that a strategy asks for: the preferred one, exact ones, and
    abbreviations long enough to mean nothing else."""
    return [
        label.text
        for label in concept.labels
        if label.language == language
        and label.kind in ("preferred", "exact", "abbreviation")
        and (label.kind != "abbreviation" or len(label.text) > SHORT)
        # Turned round (carcinoma, hepatocellular): a heading, which nobody writes in a text.
        and ", " not in label.text
    ][:_MOST_NAMES]


def partners(
    exact: ExactSearch, generation: Generation, term: str, concept: Concept | None = None
) -> tuple[Partner, ...]:
    """The English partners of a Japanese term, best first: the names of its ``concept`` in the
    terminology, or else what the library shows; none where it shows none."""
    if concept is not None and (known := names(concept, "en")):
        return tuple(
            Partner(name, "terminology", exact.count(quoted(name)), _is_heading(exact, name))
            for name in known
        )
    numbers = exact.numbers(quoted(term), most=_READ).tolist()
    records = list(generation.records_in_order(numbers))
    found: dict[str, Partner] = {}
    counted = Counter(
        to_lexical(name) for record in records for name in set(_in_brackets(record, term))
    )
    for name, count in counted.most_common(_MOST):
        found[name] = Partner(name, "brackets", count, _is_heading(exact, name))
    for name, count in _together(exact, _headings(records, term), '"{}"[mh]', len(records)):
        found.setdefault(name, Partner(name, "heading", count, True))
    if len(found) < _MOST:
        bilingual = [r for r in records if any(v.language == "en" for v in r.versions())]
        for name, count in _together(exact, _phrases(bilingual), '"{}"[tiab]', len(bilingual)):
            if not any(name in known or known in name for known in found):
                found[name] = Partner(name, "text", count, _is_heading(exact, name))
    # A type that the term names is not lost: 2型糖尿病 is no "type diabetes".
    digits = set(_DIGITS.findall(to_lexical(term)))
    return tuple(p for p in found.values() if set(_DIGITS.findall(p.english)) >= digits)[:_MOST]


def _in_brackets(record: Record, term: str) -> Iterable[str]:
    for version in record.versions():
        for beside in bracketed(version.text, term):
            name = re.sub(r"\s+", " ", beside).strip(" .")
            if _LATIN.fullmatch(name) and len(name) > 1:
                yield name


def _headings(records: Sequence[Record], term: str) -> Counter[str]:
    folded = to_lexical(term)
    return Counter(
        to_lexical(keyword)
        for record in records
        if folded in map(to_lexical, record.keywords)
        for keyword in set(record.keywords)
        if is_latin(keyword)
    )


def _phrases(records: Sequence[Record]) -> Counter[str]:
    """Runs of up to five words of English versions that begin and end with a word of content, in
    how many records."""
    counts: Counter[str] = Counter()
    for record in records:
        inside: set[str] = set()
        for version in record.versions():
            if version.language == "en":
                for clause in re.split(r"[^\w\s'-]+", version.text):
                    inside |= _runs([w.casefold() for w in _WORD.findall(clause)])
        counts.update(inside)
    return counts


def _runs(words: Sequence[str]) -> set[str]:
    return {
        " ".join(words[start:end])
        for start in range(len(words))
        for end in range(start + 1, min(start + _LONGEST, len(words)) + 1)
        if SMALL_WORDS.isdisjoint((words[start], words[end - 1])) and len(words[end - 1]) > 2
    }


def _together(
    exact: ExactSearch, counts: Counter[str], expression: str, records: int
) -> list[tuple[str, int]]:
    """Names that stand with the term in enough records, and seldom without it; the longest of
    those that say as much."""
    likely = [
        (name, count)
        for name, count in counts.most_common(40)
        if count >= _MIN_RECORDS and 2 * count / (count + records) >= _MIN_DICE
    ]
    scored = []
    for name, count in likely:
        total = exact.count(expression.format(name.replace('"', " ")))
        dice = 2 * count / max(total + records, 1)
        if dice >= _MIN_DICE:
            scored.append((round(dice, 2), len(name), name, count))
    scored.sort(reverse=True)
    return [(name, count) for _, _, name, count in scored[:_MOST]]


def _is_heading(exact: ExactSearch, name: str) -> bool:
    return exact.count(f"{quoted(name)}[mh]") > 0
