"""What a terminology adds to an expression: headings with all that lies under them, and words that
name one concept searched as its heading and its other names, too.

As 医中誌Web and PubMed map what is typed (自動マッピング, automatic term mapping). What a complete
set may not gain by it is left out: a name that several concepts have and an abbreviation of up to
three letters are not mapped; what laypeople say, such abbreviations and short kana are not looked
for in texts, and who is studied (高齢者, aged) is added as a heading alone. The words that were
typed always stay, so that nothing is lost; words after NOT are never mapped, for they would take
records away.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, get_args

from search import budget
from search.exact.expression import Expression, Or, Term
from search.terminology.concepts import SHORT, Concept, Label
from search.terminology.keys import key
from search.terminology.terminology import Terminology, is_short
from search.text.units import is_cjk, texts, value_key
from search.text.variants import fold

# Whether nothing is added (as in searches that were kept before there was a thesaurus), headings
# are exploded, or words are mapped, too.
ThesaurusUse = Literal["none", "explode", "map"]
USES: tuple[ThesaurusUse, ...] = get_args(ThesaurusUse)

# Concepts that a heading may have under it; MeSH's widest have some thousands.
MOST_NARROWER = 10_000
# Words in a row that are tried as one name, and names that one expression's words are mapped to.
_LONGEST_NAME = 8
_MOST_MAPPED = 50
# Other names of a concept that are looked for in texts.
_MOST_NAMES = 20
# Concepts that a name may mean, as far as they are told.
_MOST_OFFERED = 5
_SHORTEST_KANA = 4
_KANA = re.compile("[\u3041-\u30ff]+")


@dataclass(frozen=True)
class SearchedHeading:
    """A heading as the terminology knows it: the term as it is written out, the concept, its other
    names that count as the heading, and how many concepts under it are included."""

    heading: str
    concept: str
    names: tuple[str, ...]
    narrower: int


@dataclass(frozen=True)
class MappedWords:
    """Words as they were typed, the concept that they name, and what is searched for them."""

    written: str
    concept: str
    expression: str


@dataclass(frozen=True)
class UnsureWord:
    """A name of several things, or a short abbreviation, that was searched as typed: where it
    stands, and what it may mean."""

    written: str
    start: int
    end: int
    concepts: tuple[str, ...]


class TooWideError(ValueError):
    """A heading with too many narrower ones."""


class Thesaurus:
    """A terminology as one expression uses it; remembers what was added."""

    def __init__(self, terminology: Terminology, *, mapping: bool) -> None:
        self._terminology = terminology
        self.mapping = mapping
        self.headings: list[SearchedHeading] = []
        self.mapped: list[MappedWords] = []
        self.unsure: list[UnsureWord] = []
        # Terms that stand in the tree and were not typed.
        self.added = 0

    def heading(self, term: Term) -> Term | None:
        """A term in a field of headings with all values that it stands for; None where the
        terminology does not know it.

        Raises:
            TooWideError: when too much lies under it.
        """
        if term.truncated:
            return term
        name, qualifier = term.text, ""
        concept = heading_concept(self._terminology, name)
        if concept is None and "/" in name:
            name, _, qualifier = name.rpartition("/")
            concept = heading_concept(self._terminology, name)
        if concept is None:
            return None
        return self._with_values(term, concept, qualifier)

    def segments(self, words: Sequence[str]) -> Iterator[tuple[int, int, Concept | None]]:
        """Bare words in a row, divided from the left into the longest names of one concept, and
        single words that are none: half-open spans."""
        start = 0
        while start < len(words):
            for end in range(min(len(words), start + _LONGEST_NAME), start, -1):
                concept = self._named(" ".join(words[start:end]))
                if concept is not None:
                    yield start, end, concept
                    break
            else:
                end = start + 1
                yield start, end, None
            start = end

    def map_words(self, written: str, typed: Expression, concept: Concept) -> Expression:
        """What is searched for words that name a concept: its heading, the words, other names."""
        japanese = any(map(is_cjk, written))
        name = heading_name(self._terminology, concept, japanese=japanese) or written
        heading = Term("heading", name)
        try:
            found = self._with_values(heading, concept, "")
        except TooWideError:
            heading = replace(heading, field="heading-alone")
            found = self._with_values(heading, concept, "")
        names = [] if concept.is_check_tag else self._texts(written, concept)
        result = Or((found, typed, *(Term("text", name) for name in names)))
        self.added += 1 + len(names)
        self.mapped.append(MappedWords(written, concept.name, str(result)))
        return result

    def offer(self, written: str, start: int, end: int) -> None:
        """Remember what a word may mean that is not mapped, where the terminology knows it."""
        names = [c.name for c in self._terminology.meant(written)[:_MOST_OFFERED]]
        # Its own name says nothing new.
        names = [name for name in names if value_key(name) != value_key(written)]
        if names:
            self.unsure.append(UnsureWord(written, start, end, tuple(names)))

    def _named(self, words: str) -> Concept | None:
        """The one concept that typed words are mapped to."""
        if len(self.mapped) >= _MOST_MAPPED:
            return None
        budget.check("search")
        found = self._terminology.meant(words)
        if len(found) != 1 or is_short(key(words), words):
            return None
        return found[0]

    def _with_values(self, term: Term, concept: Concept, qualifier: str) -> Term:
        alone = term.field in {"heading-alone", "major-alone"}
        exploded = None if alone else self._terminology.explosion(concept, MOST_NARROWER)
        if exploded is None and not alone:
            raise TooWideError(term.text)
        own = self._terminology.headings(concept.places)
        chosen = own
        narrower = 0
        if exploded is not None and exploded.narrower:
            budget.spend("headings", exploded.places)
            chosen = own | exploded.names
            narrower = exploded.narrower
        if qualifier:
            chosen = frozenset(value_key(f"{name}/{qualifier}") for name in chosen)
        found = replace(term, also=tuple(sorted(chosen - {value_key(term.text)})))
        said = SearchedHeading(
            str(term), concept.name, tuple(sorted(own - {value_key(term.text)})), narrower
        )
        if said not in self.headings:
            self.headings.append(said)
        return found

    def _texts(self, written: str, concept: Concept) -> list[str]:
        """The names that are looked for in texts beside what was typed: not what texts with that
        have anyway."""
        found: list[str] = []
        had = [texts(fold(written))]
        for label in concept.labels:
            units = texts(fold(label.text))
            if not _stands_alone(label) or len(found) == _MOST_NAMES:
                continue
            certain = self._terminology.certain(label.text)
            if certain is None or any(_within(part, units) for part in had):
                continue
            found.append(label.text)
            had.append(units)
        return found


def heading_concept(terminology: Terminology, name: str) -> Concept | None:
    """The one concept that a heading names, a preferred name before others; None where there are
    several, or none."""
    found = terminology.meant(name)
    if len(found) > 1:
        wanted = value_key(name)
        found = tuple(
            concept
            for concept in found
            if any(
                label.kind == "preferred" and value_key(label.text) == wanted
                for label in concept.labels
            )
        )
    return found[0] if len(found) == 1 else None


def heading_name(terminology: Terminology, concept: Concept, *, japanese: bool) -> str | None:
    """What a concept is called in an expression: its preferred name in that language, or else in
    the other one, if it means this concept alone; None where none does."""
    for label in sorted(concept.labels, key=lambda label: (label.language == "ja") != japanese):
        if label.kind != "preferred" or set(label.text) & set('"[]'):
            continue
        found = heading_concept(terminology, label.text)
        if found is not None and found.places[0] in concept.places:
            return label.text
    return None


def _stands_alone(label: Label) -> bool:
    """Whether a name means its concept in any text."""
    letters = key(label.text)
    if label.kind == "lay" or '"' in label.text or "*" in label.text:
        return False
    if letters.isascii():
        return len(letters) > SHORT
    return len(letters) >= (_SHORTEST_KANA if _KANA.fullmatch(letters) else 2)


def _within(part: Sequence[str], whole: Sequence[str]) -> bool:
    """Whether units stand in a row among others."""
    return any(
        list(whole[start : start + len(part)]) == list(part)
        for start in range(len(whole) - len(part) + 1)
    )
