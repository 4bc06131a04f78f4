"""One terminology file, opened for reading: its tables and the trie of its names.

Files of format 1 have neither scope notes nor qualifiers; they are read all the same.
"""

import sqlite3
import threading
from collections.abc import Collection, Iterable, Iterator
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any

import marisa_trie

from search.terminology.concepts import (
    SHORT,
    Concept,
    Label,
    Language,
    Notation,
    ScopeNote,
    Source,
)
from search.text.units import value_key

# The layout that is written, and those that are read.
FORMAT = 2
READABLE = (1, FORMAT)
_MEND = "remove it, or add it again (jmedsearch terminology add)"
# Values of one SQL statement.
_AT_ONCE = 500


class TerminologyError(ValueError):
    """A file that is no terminology, or one of another version."""


class OpenedFile:
    """A file, safe to read from several threads.

    Raises:
        TerminologyError: for a file that cannot be read; the message names it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._local = threading.local()
        try:
            ((self._format,),) = self._rows("pragma user_version")
            if self._format not in READABLE:
                raise TerminologyError(f"{path} is no terminology of format {FORMAT}: {_MEND}")
            ((trie,),) = self._rows("select names from automaton")
        except (sqlite3.Error, ValueError) as error:
            raise TerminologyError(
                f"{path} cannot be read as a terminology ({error}): {_MEND}"
            ) from error
        self.names = marisa_trie.Trie().frombytes(trie)

    def related(self, column: str, of: str, number: int) -> list[int]:
        """The numbers right above (``broader``) or below (``concept``) a concept."""
        query = f"select distinct {column} from relation where {of} = ? order by 1"  # noqa: S608
        return [found for (found,) in self._rows(query, number)]

    def below(self, numbers: Collection[int]) -> set[int]:
        """All concepts right below some."""
        query = "select concept from relation where broader in ({})"
        return {found for (found,) in self._each(query, numbers)}

    def called(self, wanted: str) -> list[int]:
        """The concepts that have a name of this key."""
        if wanted not in self.names:
            return []
        query = "select distinct concept from label where key = ? order by concept"
        return [number for (number,) in self._rows(query, wanted)]

    def own_keys(self, numbers: Collection[int]) -> dict[int, dict[str, bool]]:
        """Of some concepts the keys of the names that mean just these, and whether each is a
        preferred one's."""
        query = (
            "select concept, key, kind from label where concept in ({}) "
            "and kind in ('preferred', 'exact', 'spelling')"
        )
        found: dict[int, dict[str, bool]] = {number: {} for number in numbers}
        for number, own, kind in self._each(query, numbers):
            found[number][own] = kind == "preferred"
        return found

    def only_called(self, keys: Collection[str]) -> dict[str, int]:
        """Of some keys those that one concept alone has, with that."""
        known = [wanted for wanted in keys if wanted in self.names]
        query = (
            "select key, min(concept) from label where key in ({}) group by key "
            "having count(distinct concept) = 1 "
            "and max(kind in ('preferred', 'exact', 'spelling'))"
        )
        return dict(self._each(query, known))

    def headings(self, numbers: Collection[int]) -> Iterator[str]:
        """The names of some concepts as headings are compared: preferred ones, and others that
        neither another concept has nor laypeople say, nor are short abbreviations."""
        query = "select text, kind from label where concept in ({}) and kind != 'lay'"
        for text, kind in self._each(query, numbers):
            found = value_key(text)
            if not found or found in self._shared[kind == "preferred"]:
                continue
            if kind == "preferred" or len(found) > SHORT or not found.isascii():
                yield found

    @cached_property
    def _shared(self) -> tuple[set[str], set[str]]:
        """The names, as headings are compared, that several concepts have; and those that several
        have as their preferred one."""
        query = (
            "select text, concept, kind from label where key in (select key from label "
            "group by key having count(distinct concept) > 1)"
        )
        having: dict[str, set[int]] = {}
        preferring: dict[str, set[int]] = {}
        for text, concept, kind in self._rows(query):
            own = value_key(text)
            having.setdefault(own, set()).add(concept)
            if kind == "preferred":
                preferring.setdefault(own, set()).add(concept)
        return (
            {own for own, concepts in having.items() if len(concepts) > 1},
            {own for own, concepts in preferring.items() if len(concepts) > 1},
        )

    def beginning_with(self, start: str, most: int) -> list[int]:
        """Concepts with a name that begins so, those with the shortest first."""
        keys = sorted(islice(self.names.iterkeys(start), 20 * most), key=lambda k: (len(k), k))
        query = "select distinct concept from label where key = ? order by concept"
        found = dict.fromkeys(
            number for own in keys[: 2 * most] for (number,) in self._rows(query, own)
        )
        return list(found)[:most]

    def containing(self, part: str, most: int) -> list[int]:
        """Concepts with a name that has ``part`` somewhere, those with the shortest first."""
        query = (
            "select concept from label where instr(key, ?) group by concept "
            "order by min(length(key)), concept limit ?"
        )
        return [number for (number,) in self._rows(query, part, most)]

    def coded(self, scheme: str, code: str) -> list[int]:
        """The concepts with a code."""
        query = "select concept from notation where scheme = ? and code = ? order by concept"
        return [number for (number,) in self._rows(query, scheme, code)]

    def drawn(self, language: Language, count: int) -> list[str]:
        """About ``count`` preferred names of a language, from all over the file."""
        query = (
            "select text from label where language = ? and kind = 'preferred' and "
            "concept % max(1, (select count(*) from label where language = ? and "
            "kind = 'preferred') / ?) = 0 order by concept limit ?"
        )
        return [text for (text,) in self._rows(query, language, language, count, count)]

    def concept(self, file: int, number: int) -> Concept:
        """A concept; ``file`` says which of several files this one is."""
        labels = self._rows(
            "select text, language, kind, source.name from label "
            "join source on source.number = label.source where concept = ? "
            "order by kind != 'preferred', label.rowid",
            number,
        )
        notations = self._rows(
            "select scheme, code, source.name from notation "
            "join source on source.number = notation.source where concept = ?",
            number,
        )
        return Concept(
            file,
            number,
            tuple(Label(*row) for row in labels),
            tuple(Notation(*row) for row in notations),
        )

    def scope_notes(self, number: int) -> list[ScopeNote]:
        """What a concept means."""
        if self._format < FORMAT:
            return []
        query = (
            "select text, language, source.name from note "
            "join source on source.number = note.source where concept = ? order by note.rowid"
        )
        return [ScopeNote(*row) for row in self._rows(query, number)]

    def qualifiers(self, number: int) -> list[str]:
        """The qualifiers that may stand with a concept."""
        if self._format < FORMAT:
            return []
        query = "select distinct name from qualifier where concept = ? order by name"
        return [name for (name,) in self._rows(query, number)]

    def top(self, most: int) -> list[int]:
        """The concepts that others lie under and that lie under none."""
        query = (
            "select distinct broader from relation where broader not in "
            "(select concept from relation) order by broader limit ?"
        )
        return [number for (number,) in self._rows(query, most)]

    def sources(self) -> Iterable[Source]:
        """Where the file's statements come from."""
        rows = self._rows("select name, version, licence, url from source order by number")
        return [Source(*row) for row in rows]

    def _each(self, query: str, values: Collection[object]) -> Iterator[tuple[Any, ...]]:
        """The rows of a query for some values, a few hundred at a time."""
        left = iter(values)
        while chosen := list(islice(left, _AT_ONCE)):
            yield from self._rows(query.format(", ".join("?" * len(chosen))), *chosen)

    def _rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        if not hasattr(self._local, "connection"):
            # Nobody writes into it while it is read: it is replaced as a whole.
            address = f"{self._path.resolve().as_uri()}?mode=ro&immutable=1"
            self._local.connection = sqlite3.connect(address, uri=True)
        connection: sqlite3.Connection = self._local.connection
        return connection.execute(query, values).fetchall()
