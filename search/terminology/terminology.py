"""What is known of medical names: looked up by name, or found in a text.

A terminology is one SQLite file or several, opened for reading. Beside its tables each holds a trie
of its names (marisa-trie: succinct, read as it lies), so that a text is searched for a hundred
thousand names in microseconds.
"""

import re
from collections.abc import Collection, Iterable, Sequence
from functools import cache, lru_cache
from pathlib import Path

from search.terminology.concepts import (
    SHORT,
    Concept,
    Explosion,
    Language,
    Mention,
    ScopeNote,
    Source,
)
from search.terminology.keys import Keyed, key
from search.terminology.opened_file import OpenedFile
from search.text.units import value_key

_KEPT = 8192
_WIDE = 64
# Characters of the longest name that is looked for.
_LONGEST = 120


class Terminology:
    """Several terminology files as one. Safe to call from several threads.

    Raises:
        TerminologyError: for a file that cannot be read; the message names it.
    """

    def __init__(self, files: Sequence[Path]) -> None:
        self._files = [OpenedFile(path) for path in files]
        self.concept = lru_cache(_KEPT)(self._concept)
        # What lies under a heading is asked for again and again; the widest have 50 000 names.
        self._explosion = lru_cache(_WIDE)(self._exploded)

    @property
    def sources(self) -> list[Source]:
        """Where the statements come from, in the order of the files."""
        return [source for file in self._files for source in file.sources()]

    def concepts_called(self, name: str) -> tuple[Concept, ...]:
        """The concepts that have this name, whatever its spelling; none where it is unknown."""
        wanted = key(name)
        return self._called(wanted) if wanted else ()

    def certain(self, name: str) -> Concept | None:
        """The one concept that ``name`` means for certain; None where there are several, or none,
        or it is an abbreviation of up to three letters."""
        found = self.concepts_called(name)
        return found[0] if _certain(key(name), name, found) else None

    def mentions(self, text: str) -> list[Mention]:
        """The names in ``text``, from the left, the longest at each place."""
        keyed = Keyed(text)
        found: list[Mention] = []
        after = 0
        for start in keyed.starts:
            if start < after:
                continue
            ends = {
                start + len(name)
                for file in self._files
                for name in file.names.prefixes(keyed.text[start : start + _LONGEST])
                if start + len(name) in keyed.ends
            }
            if not ends:
                continue
            after = max(ends)
            name = keyed.text[start:after]
            concepts = self._called(name)
            first, last = keyed.original_span(start, after)
            sure = _certain(name, text[first:last], concepts)
            found.append(Mention(first, last, concepts, sure))
        return found

    def meant(self, name: str) -> tuple[Concept, ...]:
        """The concepts that have just this name, but for width, case, signs and a plural: aging is
        not aged, though their stems are one."""
        wanted = _singular(name)
        found = (
            self.whole((concept.file, concept.number))
            for concept in self.concepts_called(name)
            if any(_singular(label.text) == wanted for label in concept.labels)
        )
        return _each_once(found)

    def found(self, text: str, most: int) -> tuple[Concept, ...]:
        """Concepts for words as one types them into a thesaurus: of just this name first, then
        with a name that begins so, then with one that has them somewhere."""
        wanted = key(text)
        if not wanted:
            return ()
        found = list(self._called(wanted))
        for look in (OpenedFile.beginning_with, OpenedFile.containing):
            for n, file in enumerate(self._files):
                if len(found) < most:
                    found += [self.whole((n, number)) for number in look(file, wanted, most)]
        return _each_once(found)[:most]

    def coded(self, scheme: str, code: str) -> tuple[Concept, ...]:
        """The concepts with a code of a classification."""
        return _each_once(
            self.whole((n, number))
            for n, file in enumerate(self._files)
            for number in file.coded(scheme, code)
        )

    def broader(self, concept: Concept) -> tuple[Concept, ...]:
        """The concepts right above."""
        return self._related(concept, "broader", "concept")

    def narrower(self, concept: Concept) -> tuple[Concept, ...]:
        """The concepts right below."""
        return self._related(concept, "concept", "broader")

    def under(self, concept: Concept, most: int) -> set[tuple[int, int]] | None:
        """Where all stands that lies under a concept, with itself and with what is the same in
        other files: file and number. None where there are more than ``most``."""
        found = set(concept.places)
        left = found
        while left:
            below = {
                (n, number)
                for n, numbers in _by_file(left).items()
                for number in self._files[n].below(numbers)
            }
            # What is the same elsewhere leads down, but to nothing else that is the same.
            left = (below | self._elsewhere(below - found)) - found
            found |= left
            if len(found) > most:
                return None
        return found

    def headings(self, places: Iterable[tuple[int, int]]) -> frozenset[str]:
        """What concepts are called where they are headings of records, in the form in which whole
        values are compared (:func:`search.text.units.value_key`)."""
        return frozenset(
            name
            for n, numbers in _by_file(places).items()
            for name in self._files[n].headings(numbers)
        )

    def explosion(self, concept: Concept, most: int) -> Explosion | None:
        """A concept as heading with all that lies under it; None where that is more than ``most``
        concepts."""
        return self._explosion(concept, most)

    def _exploded(self, concept: Concept, most: int) -> Explosion | None:
        places = self.under(concept, most)
        if places is None:
            return None
        return Explosion(self.headings(places), len(places), self._size(places) - 1)

    def _size(self, among: set[tuple[int, int]]) -> int:
        """How many concepts stand at these places, each of which may be in several files."""
        return sum(
            not any(other in among and other < place for other in same)
            for place, same in self._same(among).items()
        )

    def scope_notes(self, concept: Concept) -> list[ScopeNote]:
        """What a concept means, in the words of its sources."""
        return [note for n, number in concept.places for note in self._files[n].scope_notes(number)]

    def qualifiers(self, concept: Concept) -> list[str]:
        """The qualifiers that may stand with a concept."""
        found = (q for n, number in concept.places for q in self._files[n].qualifiers(number))
        return list(dict.fromkeys(found))

    def top(self, most: int) -> tuple[Concept, ...]:
        """Concepts under which others lie and that lie under none."""
        found = (
            self.whole((n, number))
            for n, file in enumerate(self._files)
            for number in file.top(most)
        )
        return _each_once(found)[:most]

    def whole(self, place: tuple[int, int]) -> Concept:
        """The concept that stands there, with what other files say of it."""
        others = sorted(self._elsewhere({place}))
        concepts = [self.concept(*where) for where in (place, *others)]
        return _joined(concepts) if others else concepts[0]

    def names_drawn(self, language: Language, count: int) -> list[str]:
        """About ``count`` preferred names of a language, from all over the first file: the same
        ones each time."""
        return self._files[0].drawn(language, count)

    def _related(self, concept: Concept, column: str, of: str) -> tuple[Concept, ...]:
        return _each_once(
            self.whole((n, related))
            for n, number in concept.places
            for related in self._files[n].related(column, of, number)
        )

    def _elsewhere(self, places: Collection[tuple[int, int]]) -> set[tuple[int, int]]:
        """Where else the concepts stand that stand at these places."""
        found = {place for same in self._same(places).values() for place in same}
        return found - set(places)

    def _same(
        self, places: Collection[tuple[int, int]]
    ) -> dict[tuple[int, int], list[tuple[int, int]]]:
        """Of each place those of the same concept in other files: they share a name, which each
        file has for one concept alone. The preferred names decide, or else the others; nothing is
        the same as two concepts of a file."""
        found: dict[tuple[int, int], list[tuple[int, int]]] = {place: [] for place in places}
        if len(self._files) == 1:
            return found
        for n, numbers in _by_file(places).items():
            own = self._files[n].own_keys(numbers)
            keys = {name for names in own.values() for name in names}
            keys = set(self._files[n].only_called(keys))
            for m, other in enumerate(self._files):
                if m == n:
                    continue
                there = other.only_called(keys)
                for number, names in own.items():
                    same = {there[k] for k, preferred in names.items() if preferred and k in there}
                    same = same or {there[k] for k in names if k in there}
                    if len(same) == 1:
                        found[n, number].append((m, same.pop()))
        return found

    def _called(self, wanted: str) -> tuple[Concept, ...]:
        """One file's concept and another's of the same name are one where each has but one."""
        found = [
            [self.concept(n, number) for number in file.called(wanted)]
            for n, file in enumerate(self._files)
        ]
        if all(len(concepts) <= 1 for concepts in found) and sum(map(len, found)) > 1:
            return (_joined([concepts[0] for concepts in found if concepts]),)
        return tuple(concept for concepts in found for concept in concepts)

    def _concept(self, file: int, number: int) -> Concept:
        """The concept of that number in the nth file."""
        return self._files[file].concept(file, number)


def _each_once(concepts: Iterable[Concept]) -> tuple[Concept, ...]:
    seen: set[tuple[int, int]] = set()
    found = []
    for concept in concepts:
        if not seen.intersection(concept.places):
            found.append(concept)
        seen.update(concept.places)
    return tuple(found)


def _by_file(places: Iterable[tuple[int, int]]) -> dict[int, set[int]]:
    found: dict[int, set[int]] = {}
    for n, number in places:
        found.setdefault(n, set()).add(number)
    return found


_PLURAL = re.compile(r"(?<=[a-z]{2})(?:ies|y|s)$")


def _singular(name: str) -> str:
    """A name as it is compared whole, words in Latin letters without what makes a plural of
    them."""
    words = value_key(name).split(" ")
    return " ".join(_PLURAL.sub(lambda m: "" if m[0] == "s" else "y", word) for word in words)


def _certain(own: str, written: str, concepts: Sequence[Concept]) -> bool:
    """Whether a name of this key, written so, means one concept only, and is no short
    abbreviation. SIDS is none, although its key has lost the s; aids are not AIDS."""
    return len(concepts) == 1 and not is_short(own, written)


def is_short(own: str, written: str) -> bool:
    """Whether a name of this key, written so, is an abbreviation of up to three letters."""
    short = own.isascii() and len(own) <= SHORT
    return short and not (len(written) > SHORT and written.isascii() and written.isupper())


def _joined(concepts: Sequence[Concept]) -> Concept:
    labels = {(label.language, key(label.text)): label for c in concepts for label in c.labels}
    notations = dict.fromkeys(notation for c in concepts for notation in c.notations)
    first, *others = [place for concept in concepts for place in concept.places]
    return Concept(*first, tuple(labels.values()), tuple(notations), tuple(others))


def shipped_file() -> Path:
    """The terminology that ships."""
    return Path(__file__).with_name("terminology.db")


def added_files(folder: Path) -> list[Path]:
    """The terminologies in a folder, by name; none where there is no folder."""
    return sorted(folder.glob("*.db"))


@cache
def bundled() -> Terminology:
    """The terminology that ships, alone."""
    return Terminology([shipped_file()])
