"""Writes a terminology file."""

import sqlite3
from collections import defaultdict
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import marisa_trie

from indexer.terminology.joining import Joined
from search.terminology.concepts import Source
from search.terminology.keys import key
from search.terminology.opened_file import FORMAT

_SCHEMA = f"""
pragma user_version = {FORMAT};
create table source (number integer primary key, name text, version text, licence text, url text);
create table concept (number integer primary key);
create table label (concept integer, text text, language text, kind text, key text, source integer);
create table notation (concept integer, scheme text, code text, source integer);
create table relation (concept integer, broader integer, source integer);
create table note (concept integer, text text, language text, source integer);
create table qualifier (concept integer, name text, source integer);
create table automaton (names blob);
"""
_INDEXES = """
create index label_by_key on label (key);
create index label_by_concept on label (concept);
create index notation_by_concept on notation (concept);
create index notation_by_code on notation (scheme, code);
create index note_by_concept on note (concept);
create index qualifier_by_concept on qualifier (concept);
create index relation_by_concept on relation (concept);
create index relation_by_broader on relation (broader);
"""


def write_terminology(path: Path, concepts: Sequence[Joined], sources: Sequence[Source]) -> None:
    """Write a file with these concepts, in the place of one that is there; broader names and codes
    that no concept or several have are left out."""
    partial = path.with_name(path.name + ".partial")
    partial.unlink(missing_ok=True)
    numbers = {source: n for n, source in enumerate(sources)}
    named: defaultdict[str, set[int]] = defaultdict(set)
    for n, concept in enumerate(concepts):
        for own in concept.labels:
            named[own].add(n)
    coded: defaultdict[tuple[str, str], set[int]] = defaultdict(set)
    for n, concept in enumerate(concepts):
        for code in concept.notations:
            coded[code].add(n)
    with closing(sqlite3.connect(partial)) as database:
        database.executescript(_SCHEMA)
        database.executemany(
            "insert into source values (?, ?, ?, ?, ?)",
            [(n, s.name, s.version, s.licence, s.url) for s, n in numbers.items()],
        )
        database.executemany("insert into concept values (?)", [(n,) for n in range(len(concepts))])
        database.executemany(
            "insert into label values (?, ?, ?, ?, ?, ?)",
            [
                (n, *label, own, numbers[source])
                for n, concept in enumerate(concepts)
                for own, (label, source) in concept.labels.items()
            ],
        )
        database.executemany(
            "insert into notation values (?, ?, ?, ?)",
            [
                (n, *code, numbers[source])
                for n, concept in enumerate(concepts)
                for code, source in concept.notations.items()
            ],
        )
        database.executemany(
            "insert into relation values (?, ?, ?)",
            sorted(
                {
                    (n, above): (n, above, numbers[source])
                    for n, concept in enumerate(concepts)
                    for found, source in [
                        *((named.get(key(name), set()), s) for name, s in concept.broader.items()),
                        *((coded.get(c, set()), s) for c, s in concept.broader_codes.items()),
                    ]
                    for above in _only(found, n)
                }.values()
            ),
        )
        database.executemany(
            "insert into note values (?, ?, ?, ?)",
            [
                (n, *note, numbers[source])
                for n, concept in enumerate(concepts)
                for note, source in concept.notes.items()
            ],
        )
        database.executemany(
            "insert into qualifier values (?, ?, ?)",
            [
                (n, name, numbers[source])
                for n, concept in enumerate(concepts)
                for name, source in concept.qualifiers.items()
            ],
        )
        names = marisa_trie.Trie(sorted(named))
        database.execute("insert into automaton values (?)", (names.tobytes(),))
        database.executescript(_INDEXES)
        database.commit()
        database.execute("vacuum")
    partial.replace(path)


def _only(found: set[int], own: int) -> set[int]:
    return found if len(found) == 1 and own not in found else set()
