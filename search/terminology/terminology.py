"""What is known of medical names: looked up by name, or found in a text.

A terminology is one SQLite file or several, opened for reading. Beside its tables each holds a trie
of its names (marisa-trie: succinct, read as it lies), so that a text is searched for a hundred
thousand names in microseconds.
"""

import sqlite3
import threading
from collections.abc import Iterable, Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import marisa_trie

from search.terminology.concepts import SHORT, Concept, Label, Language, Mention, Notation, Source
from search.terminology.keys import Keyed, key

# The layout of the file; another one is not read.
FORMAT = 1
_KEPT = 8192
_MEND = "remove it, or add it again (jmedsearch terminology add)"
# Characters of the longest name that is looked for.
_LONGEST = 120


class TerminologyError(ValueError):
    """A file that is no terminology, or one of another version."""


class Terminology:
    """Several terminology files as one. Safe to call from several threads.

    Raises:
        TerminologyError: for a file that cannot be read; the message names it.
    """

    def __init__(self, files: Sequence[Path]) -> None:
        self._files = [_File(path) for path in files]
        self.concept = lru_cache(_KEPT)(self._concept)

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

    def broader(self, concept: Concept) -> tuple[Concept, ...]:
        """The concepts right above."""
        return self._related(concept, "broader", "concept")

    def narrower(self, concept: Concept) -> tuple[Concept, ...]:
        """The concepts right below."""
        return self._related(concept, "concept", "broader")

    def names_drawn(self, language: Language, count: int) -> list[str]:
        """About ``count`` preferred names of a language, from all over the first file: the same
        ones each time."""
        return self._files[0].drawn(language, count)

    def _related(self, concept: Concept, column: str, of: str) -> tuple[Concept, ...]:
        numbers = self._files[concept.file].related(column, of, concept.number)
        return tuple(self.concept(concept.file, number) for number in numbers)

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


class _File:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._local = threading.local()
        try:
            ((found,),) = self._rows("pragma user_version")
            if found != FORMAT:
                raise TerminologyError(f"{path} is no terminology of format {FORMAT}: {_MEND}")
            ((trie,),) = self._rows("select names from automaton")
        except (sqlite3.Error, ValueError) as error:
            raise TerminologyError(
                f"{path} cannot be read as a terminology ({error}): {_MEND}"
            ) from error
        self.names = marisa_trie.Trie().frombytes(trie)

    def _rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        if not hasattr(self._local, "connection"):
            # Nobody writes into it while it is read: it is replaced as a whole.
            address = f"{self._path.resolve().as_uri()}?mode=ro&immutable=1"
            self._local.connection = sqlite3.connect(address, uri=True)
        connection: sqlite3.Connection = self._local.connection
        return connection.execute(query, values).fetchall()

    def related(self, column: str, of: str, number: int) -> list[int]:
        query = f"select {column} from relation where {of} = ? order by 1"  # noqa: S608
        return [found for (found,) in self._rows(query, number)]

    def called(self, wanted: str) -> list[int]:
        if wanted not in self.names:
            return []
        query = "select distinct concept from label where key = ? order by concept"
        return [number for (number,) in self._rows(query, wanted)]

    def drawn(self, language: Language, count: int) -> list[str]:
        query = (
            "select text from label where language = ? and kind = 'preferred' and "
            "concept % max(1, (select count(*) from label where language = ? and "
            "kind = 'preferred') / ?) = 0 order by concept limit ?"
        )
        return [text for (text,) in self._rows(query, language, language, count, count)]

    def concept(self, file: int, number: int) -> Concept:
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

    def sources(self) -> Iterable[Source]:
        rows = self._rows("select name, version, licence, url from source order by number")
        return [Source(*row) for row in rows]


def _certain(own: str, written: str, concepts: Sequence[Concept]) -> bool:
    """Whether a name of this key, written so, means one concept only, and is no short
    abbreviation. SIDS is none, although its key has lost the s; aids are not AIDS."""
    short = own.isascii() and len(own) <= SHORT
    return len(concepts) == 1 and not (
        short and not (len(written) > SHORT and written.isascii() and written.isupper())
    )


def _joined(concepts: Sequence[Concept]) -> Concept:
    labels = {(label.language, key(label.text)): label for c in concepts for label in c.labels}
    notations = dict.fromkeys(notation for c in concepts for notation in c.notations)
    return Concept(concepts[0].file, concepts[0].number, tuple(labels.values()), tuple(notations))


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
