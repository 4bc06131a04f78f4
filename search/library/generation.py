"""A generation of a library opened for reading: its records, passages, vectors and terms.

:mod:`indexer` writes what is read here; :mod:`search.library.manifest` says what it is made of.
"""

import json
import math
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from search.encoder.model_directory import ModelDirectory
from search.filters import Filters
from search.library.expansion import NearTerms
from search.library.heard_names import Names
from search.library.legs import Added, EmbeddedRetrieval, Opened, Retrieval, Trouble
from search.library.lexical_index import LexicalIndex
from search.library.manifest import SAMPLE_NOTE, LibraryError, Manifest, check_readily
from search.library.owners import read_owners
from search.library.passage_set import PassageSet
from search.library.pauses import pausing
from search.library.query_words import QueryWords, query_words
from search.library.read_only import ReadOnlyDatabase
from search.library.scored_records import Ranking
from search.library.segments import Segments
from search.library.term_vectors import TermVectors
from search.records import Author, Heading, Notice, Record, Retraction, Translation
from search.storage_faults import ADVICE, fault_of

_VECTOR_INDEX = "vectors.faiss"
# How many passages that are titles and that are more are compared, which quantile of their scores,
# and what share of the difference is taken off.
_MIN_SAMPLE = 30
_MAX_SAMPLE = 500
_SAMPLE_QUANTILE = 0.98
_SHORTNESS = 0.5
# Records read from SQLite in one query.
_AT_ONCE = 500


@dataclass(frozen=True)
class Passage:
    """Where a vector came from: a span of ``text`` of the record's version in ``language``."""

    number: int
    record: int
    language: str
    start: int
    end: int


@dataclass(frozen=True)
class Database:
    """What a library holds of a database: its name (empty where nobody said it), the date of the
    last search there and of the last import, the items read, and those that were copies of others
    within an import."""

    name: str
    searched: str
    imported: str
    read: int
    duplicate: int


@dataclass(frozen=True)
class NearestRecords:
    """The records nearest to a vector, and of each the number of its best passage (n,) int64."""

    ranking: Ranking = field(default_factory=Ranking)
    passages: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))

    def passages_of(self, numbers: Sequence[int]) -> dict[int, int]:
        """The best passages of those of some records that are among them."""
        places = self.ranking.places_of(numbers)
        return {number: int(self.passages[place]) for number, place in places.items()}


class Generation:
    """One immutable state of a library, opened for reading. Methods are safe to call from several
    threads."""

    def __init__(self, path: Path, retrieval: Retrieval | None = None) -> None:
        self.path = path
        self.manifest = Manifest.read(path)
        # A replica that asks a server for vectors may do without their index.
        without = _VECTOR_INDEX if retrieval is not None else ""
        if problems := check_readily(path, self.manifest, without=without):
            raise LibraryError(
                f"{path}: damaged ({problems[0]}); check it with: "
                f"jmedsearch verify {path.parents[1]}"
            )
        try:
            self.lexical = LexicalIndex(path / "lexical")
            self._records_db = ReadOnlyDatabase(path / "records.db")
            self._terms_db = ReadOnlyDatabase(path / "terms.db")
            self._segments = Segments(path / "vectors", self.manifest.segments, self.manifest.dim)
            owners = read_owners(path, self._segments.passages)
            self._legs = (retrieval or EmbeddedRetrieval()).legs(
                Opened(path, self.manifest, self.lexical, self._records_db, self._segments, owners)
            )
        except LibraryError:
            raise
        except (OSError, RuntimeError, ValueError, sqlite3.Error) as error:
            if isinstance(error, OSError) and fault_of(error) in {"read-only", "unopened"}:
                advice = ADVICE["unopened"]
                raise LibraryError(f"{path}: cannot be opened ({error}). {advice}") from error
            raise LibraryError(
                f"{path}: damaged ({error}); check it with: jmedsearch verify {path.parents[1]}"
            ) from error
        self.owners = owners
        live = PassageSet.where(owners.record_of >= 0)
        self._samples = self._draw_samples(live & owners.bare, live - owners.bare)

    @property
    def name(self) -> str:
        """The generation's number as its folder writes it."""
        return self.path.name

    @property
    def trouble(self) -> Trouble | None:
        """Why ranked lists are by words alone at present; None where they are whole."""
        return self._legs.trouble

    @property
    def is_sample(self) -> bool:
        """Whether the records are the project's own fictional ones."""
        return SAMPLE_NOTE in self.manifest.notes

    def check_encoder(self, model: ModelDirectory) -> None:
        """Refuse an encoder other than the library's own.

        Raises:
            LibraryError: naming both models and the command that rebuilds.
        """
        self.manifest.check_encoder(model, self.path.parents[1])

    # Records

    @property
    def database(self) -> sqlite3.Connection:
        """A connection to ``records.db`` for this thread to read with."""
        return self._records_db.connection()

    @property
    def terms(self) -> sqlite3.Connection:
        """A connection to ``terms.db`` for this thread to read with."""
        return self._terms_db.connection()

    @cached_property
    def term_vectors(self) -> TermVectors:
        """The vectors of the most frequent terms; of none where the library was made without."""
        there = self.terms.execute("select 1 from sqlite_master where name = 'term_vectors'")
        rows = (
            list(
                pausing(
                    self.terms.execute(
                        "select number, scale, codes from term_vectors order by number"
                    )
                )
            )
            if there.fetchone()
            else []
        )
        codes = np.frombuffer(b"".join(row[2] for row in rows), np.int8)
        return TermVectors(
            np.array([row[0] for row in rows], np.int64),
            codes.reshape(len(rows), self.manifest.dim),
            np.array([row[1] for row in rows], np.float32),
        )

    @cached_property
    def near_terms(self) -> NearTerms:
        """The terms that have a vector, to find those nearest to a query."""
        vectors = self.term_vectors
        texts = dict(
            pausing(
                self.terms.execute(
                    "select number, term from terms join term_vectors using (number)"
                )
            )
            if len(vectors)
            else ()
        )
        return NearTerms([texts[number] for number in vectors.numbers.tolist()], vectors)

    @cached_property
    def names(self) -> Names:
        """The library's words by what is heard of them, to find a name in the other script."""
        return Names(self.lexical)

    def query_words(self, text: str) -> QueryWords:
        """What BM25 looks for of a query."""
        return query_words(self.lexical, text, lambda: self.names)

    def record(self, record_id: str) -> tuple[int, Record] | None:
        """The number and the record that an id leads to: its own, or one merged into it."""
        row = self.database.execute(
            "select * from records where number = (select record from origins where id = ?)",
            [record_id],
        ).fetchone()
        return (row["number"], record_from_row(row)) if row else None

    def present(self, record_ids: Sequence[str]) -> dict[str, tuple[int, Retraction]]:
        """Of some ids those that lead to a record: its number and its retraction state."""
        rows = self.database.execute(
            "select wanted.value id, records.number, retraction from json_each(?) wanted "
            "join origins on origins.id = wanted.value "
            "join records on records.number = origins.record",
            [json.dumps(record_ids)],
        )
        return {row["id"]: (row["number"], row["retraction"]) for row in rows}

    def records(self, numbers: Sequence[int]) -> dict[int, Record]:
        """Records by number."""
        marks = ",".join("?" * len(numbers))
        rows = self.database.execute(
            f"select * from records where number in ({marks})",  # noqa: S608 - marks only
            list(map(int, numbers)),
        )
        return {row["number"]: record_from_row(row) for row in rows}

    def sharing(self, keys: Iterable[int]) -> dict[int, Record]:
        """The records, by number, that have one of some keys of identity
        (:func:`search.matching.identity_keys`)."""
        rows = self.database.execute(
            "select distinct record from record_keys where key in (select value from json_each(?))",
            [json.dumps(list(keys))],
        )
        return self.records([row["record"] for row in rows])

    def ids(self, numbers: Sequence[int]) -> list[str]:
        """The ids of records, in the order of ``numbers``."""
        rows = self.database.execute(
            "select records.id from json_each(?) wanted "
            "join records on records.number = wanted.value order by wanted.key",
            [json.dumps([int(number) for number in numbers])],
        )
        return [row["id"] for row in rows]

    def numbers_end(self) -> int:
        """The first number after those of all records, which may have gaps."""
        (last,) = self.database.execute("select max(number) from records").fetchone()
        return 0 if last is None else int(last) + 1

    def imported(self, numbers: Sequence[int]) -> dict[int, tuple[str, str]]:
        """When records came into the library, and when they were imported last (ISO 8601)."""
        rows = self.database.execute(
            "select record, min(started) first, max(started) last from json_each(?) wanted "
            "join origins on origins.record = wanted.value "
            "join imports on imports.number = origins.import group by record",
            [json.dumps([int(number) for number in numbers])],
        )
        return {row["record"]: (row["first"], row["last"]) for row in rows}

    def databases(self) -> list[Database]:
        """What was imported, by the database that it came from, in the order of import."""
        rows = self.database.execute(
            "select database name, max(searched) searched, max(started) imported, "
            "sum(read) read, sum(duplicate) duplicate from imports "
            "group by database order by min(number)"
        )
        return [Database(**row) for row in rows]

    def records_in_order(self, numbers: Sequence[int]) -> Iterator[Record]:
        """Records one after another in the order of ``numbers``, a few in memory at a time."""
        for start in range(0, len(numbers), _AT_ONCE):
            few = numbers[start : start + _AT_ONCE]
            records = self.records(few)
            yield from (records[int(number)] for number in few)

    def all_records(self) -> Iterator[tuple[int, Record]]:
        """Every record by number, in order."""
        for row in self.database.execute("select * from records order by number"):
            yield row["number"], record_from_row(row)

    def journals(self) -> list[tuple[str, int]]:
        """Journals with their number of records, most records first."""
        rows = self.database.execute(
            "select journal, count(*) n from records where journal != '' "
            "group by journal order by n desc, journal"
        )
        return [(row["journal"], row["n"]) for row in rows]

    def languages(self) -> list[tuple[str, int]]:
        """Languages with their number of records, most records first."""
        rows = self.database.execute(
            "select language, count(*) n from record_languages group by language "
            "order by n desc, language"
        )
        return [(row["language"], row["n"]) for row in rows]

    def years(self) -> tuple[int, int] | None:
        """The first and the last year of publication, None where no record has one."""
        low, high = self.database.execute("select min(year), max(year) from records").fetchone()
        return None if low is None else (low, high)

    # Vectors

    def passages_of(self, record: int) -> list[Passage]:
        """The passages of a record, in order."""
        rows = self.database.execute(
            "select number, record, language, start, end from passages "
            "where record = ? order by number",
            [record],
        )
        return [Passage(*row) for row in rows]

    def passage(self, number: int) -> Passage:
        """The passage with this number."""
        row = self.database.execute(
            "select number, record, language, start, end from passages where number = ?", [number]
        ).fetchone()
        return Passage(*row)

    def vectors(self, numbers: Iterable[int]) -> NDArray[np.float32]:
        """Passage vectors (n, dim) float32, from the stored f16 rows."""
        return self._segments.vectors(np.fromiter(numbers, np.int64))

    def sentences(self, number: int) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
        """Sentence vectors (n, dim) float32 of a passage and their spans (n, 2)."""
        return self._segments.sentences(number)

    def nearest_records(
        self,
        query: NDArray[np.float32],
        limit: int,
        filters: Filters,
        until: float = math.inf,
    ) -> NearestRecords:
        """The ``limit`` nearest records to a query vector (dim,), each by its best passage.

        The score is the inner product, less what a bare title gains by its shortness. ``until`` is
        the moment (:func:`time.monotonic`) by which an answer is of use.

        Raises:
            UnreachableError: when who knows the vectors does not answer by then.
        """
        handicap = self.bare_advantage(query)
        # Several passages of one record take places: asked for are as many more as there are.
        wanted = math.ceil(limit * max(1.0, self.manifest.passages / max(self.manifest.records, 1)))
        while True:
            scores, numbers = self._legs.nearest(query, wanted, filters, handicap, until)
            records, first = np.unique(self.owners.record_of[numbers], return_index=True)
            if len(records) >= limit or len(numbers) < wanted:
                order = np.lexsort((records, -scores[first]))[:limit]
                best = first[order]
                return NearestRecords(Ranking(records[order], scores[best]), numbers[best])
            wanted *= 2

    def best_by_words(
        self,
        query_terms: Sequence[str],
        limit: int,
        filters: Filters,
        added: Added = (),
        until: float = math.inf,
    ) -> Ranking:
        """The best ``limit`` record numbers with their BM25 scores, ties by number.

        ``added`` are terms that are looked for too.
        """
        return self._legs.by_words(query_terms, limit, filters, added, until)

    def average_score(self, query: NDArray[np.float32]) -> float:
        """What a passage scores on average for a query vector (dim,), from a sample of them."""
        return float(self._mean_passage @ query)

    @cached_property
    def _mean_passage(self) -> NDArray[np.float32]:
        live = np.flatnonzero(self.owners.record_of >= 0)
        chosen = np.random.default_rng(1).permutation(live)[:_MAX_SAMPLE]
        if not len(chosen):
            return np.zeros(self.manifest.dim, np.float32)
        mean: NDArray[np.float32] = self.vectors(np.sort(chosen).tolist()).mean(axis=0)
        return mean

    def bare_advantage(self, query: NDArray[np.float32]) -> float | None:
        """By how much passages that are a bare title look nearer to this query than they are.

        A title is short, as queries are, and mean-pooled vectors of short texts are alike. Over a
        sample of each kind, the scores that the best fiftieth reaches are compared; half of the
        difference is what shortness alone is worth: the other half is that titles say what a
        record is about. None where the library has too few of either kind.
        """
        if self._samples is None:
            return None
        bare, with_abstract = (
            float(np.quantile(sample @ query, _SAMPLE_QUANTILE)) for sample in self._samples
        )
        return _SHORTNESS * (bare - with_abstract)

    def _draw_samples(
        self, *kinds: PassageSet
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]] | None:
        generator = np.random.default_rng(0)
        if min(kind.count for kind in kinds) < _MIN_SAMPLE:
            return None
        bare, with_abstract = (
            self.vectors(np.sort(generator.permutation(n)[:_MAX_SAMPLE]).tolist())
            for n in (kind.numbers() for kind in kinds)
        )
        return bare, with_abstract


# Columns of ``records`` that hold JSON arrays.
JSON_COLUMNS = (
    "authors",
    "headings",
    "keywords",
    "notices",
    "publication_types",
    "translations",
    "trial_ids",
)


def record_from_row(row: sqlite3.Row) -> Record:
    """A record from its row in ``records.db``: checked when it was stored, so not again."""
    values = {name: row[name] for name in _RECORD_FIELDS}
    for name in JSON_COLUMNS:
        stored = row[name]
        items = json.loads(stored) if stored != "[]" else ()
        kind = _STRUCTURES.get(name)
        values[name] = tuple(kind(**item) for item in items) if kind else tuple(items)
    values["to_complete"] = bool(values["to_complete"])
    return Record(**values)


_RECORD_FIELDS = tuple(f.name for f in fields(Record))
_STRUCTURES: dict[str, Callable[..., object]] = {
    "authors": Author,
    "headings": Heading,
    "notices": Notice,
    "translations": Translation,
}
