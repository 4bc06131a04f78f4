"""A library opened for reading: the records, passages and vectors of its live generation.

:mod:`indexer` writes what is read here; :mod:`search.manifest` says what it is made of.
"""

import json
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path

import faiss
import numpy as np
from numpy.typing import NDArray

from search.encoder.model_directory import ModelDirectory
from search.filters import Filters
from search.lexical import LexicalIndex
from search.manifest import SAMPLE_NOTE, LibraryError, Manifest, Segment, live_generation
from search.read_only import ReadOnlyDatabase
from search.records import Author, Notice, Record, Retraction, Translation

# How many passages with and without an abstract are compared, and which quantile of their scores.
_MIN_SAMPLE = 30
_MAX_SAMPLE = 500
_SAMPLE_QUANTILE = 0.98
# One passage in so many is few.
_FEW = 10
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


class Generation:
    """One immutable state of a library, opened for reading. Methods are safe to call from several
    threads."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.manifest = Manifest.read(path)
        try:
            self.lexical = LexicalIndex(path / "lexical")
            self._records_db = ReadOnlyDatabase(path / "records.db")
            self._terms_db = ReadOnlyDatabase(path / "terms.db")
            self._faiss = faiss.read_index(str(path / "vectors.faiss"))
            self._segments = [_OpenSegment(path / "vectors", s) for s in self.manifest.segments]
        except (OSError, RuntimeError, ValueError, sqlite3.Error) as error:
            raise LibraryError(
                f"{path}: damaged ({error}); check it with: jmedsearch verify {path.parents[1]}"
            ) from error
        self._record_of, self._bare = self._read_owners()
        self._last_record = int(self._record_of.max(initial=-1))
        live = self._record_of >= 0
        self._live = None if live.all() else np.flatnonzero(live)
        self._samples = self._draw_samples()

    @property
    def name(self) -> str:
        """The generation's number as its folder writes it."""
        return self.path.name

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

    def term_vectors(self) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """The numbers of the terms that have a vector of their own, and the vectors (n, dim),
        L2-normalised but for rounding; none where the library was made without."""
        there = self.terms.execute("select 1 from sqlite_master where name = 'term_vectors'")
        if there.fetchone() is None:
            return np.zeros(0, np.int64), np.zeros((0, self.manifest.dim), np.float32)
        rows = self.terms.execute("select number, scale, codes from term_vectors").fetchall()
        codes = np.frombuffer(b"".join(row[2] for row in rows), np.int8)
        scales = np.array([row[1] for row in rows], np.float32)
        vectors = codes.reshape(len(rows), self.manifest.dim) * scales[:, None]
        return np.array([row[0] for row in rows], np.int64), vectors

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

    def ids(self, numbers: Sequence[int]) -> list[str]:
        """The ids of records, in the order of ``numbers``."""
        rows = self.database.execute(
            "select records.id from json_each(?) wanted "
            "join records on records.number = wanted.value order by wanted.key",
            [json.dumps([int(number) for number in numbers])],
        )
        return [row["id"] for row in rows]

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
        return np.array([self._segment(n).vector(n) for n in numbers], np.float32)

    def sentences(self, number: int) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
        """Sentence vectors (n, dim) float32 of a passage and their spans (n, 2)."""
        return self._segment(number).sentences(number)

    def best_passages(
        self, query: NDArray[np.float32], limit: int, filters: Filters
    ) -> list[tuple[int, float, int]]:
        """The ``limit`` nearest records to a query vector (dim,), each by its best passage.

        Gives (record number, score, passage number), best first, ties by record number. The score
        is the inner product, less what a bare title gains by its shortness.
        """
        allowed = self._allowed(filters)
        shift = self._bare_advantage(query)
        if shift is None:
            return self._best(query, limit, allowed)
        everything = allowed if allowed is not None else np.arange(len(self._record_of))
        is_bare = self._bare[everything]
        with_abstract = self._best(query, limit, everything[~is_bare])
        bare = self._best(query, limit, everything[is_bare])
        merged = with_abstract + [(r, score - shift, p) for r, score, p in bare]
        best: dict[int, tuple[int, float, int]] = {}
        for item in sorted(merged, key=lambda item: (-item[1], item[0])):
            best.setdefault(item[0], item)
        return list(best.values())[:limit]

    def average_score(self, query: NDArray[np.float32]) -> float:
        """What a passage scores on average for a query vector (dim,), from a sample of them."""
        return float(self._mean_passage @ query)

    @cached_property
    def _mean_passage(self) -> NDArray[np.float32]:
        live = np.flatnonzero(self._record_of >= 0)
        chosen = np.random.default_rng(1).permutation(live)[:_MAX_SAMPLE]
        if not len(chosen):
            return np.zeros(self.manifest.dim, np.float32)
        mean: NDArray[np.float32] = self.vectors(np.sort(chosen).tolist()).mean(axis=0)
        return mean

    def _best(
        self, query: NDArray[np.float32], limit: int, allowed: NDArray[np.int64] | None
    ) -> list[tuple[int, float, int]]:
        total = len(allowed) if allowed is not None else len(self._record_of)
        wanted = limit
        while total:
            wanted = min(wanted, total)
            scores, numbers = self._nearest(query, wanted, allowed)
            records, first = np.unique(self._record_of[numbers], return_index=True)
            if len(records) >= limit or wanted == total:
                order = np.lexsort((records, -scores[first]))[:limit]
                best = first[order]
                columns = (records[order], scores[best], numbers[best])
                return list(zip(*(c.tolist() for c in columns), strict=True))
            # Several passages of one record took places: ask for more until records suffice.
            wanted *= 2
        return []

    def _bare_advantage(self, query: NDArray[np.float32]) -> float | None:
        """By how much passages that are a bare title look nearer to this query than they are.

        A title is short, as queries are, and mean-pooled vectors of short texts are alike: bare
        titles would fill every list. Over a sample of each kind, the scores that the best
        fiftieth reaches are compared; the difference is what shortness alone is worth. None
        where the library has too few of either kind.
        """
        if self._samples is None:
            return None
        bare, with_abstract = (
            float(np.quantile(sample @ query, _SAMPLE_QUANTILE)) for sample in self._samples
        )
        return bare - with_abstract

    def _draw_samples(self) -> tuple[NDArray[np.float32], NDArray[np.float32]] | None:
        generator = np.random.default_rng(0)
        live = self._record_of >= 0
        kinds = [np.flatnonzero(live & kind) for kind in (self._bare, ~self._bare)]
        if min(len(numbers) for numbers in kinds) < _MIN_SAMPLE:
            return None
        bare, with_abstract = (
            self.vectors(np.sort(generator.permutation(n)[:_MAX_SAMPLE]).tolist()) for n in kinds
        )
        return bare, with_abstract

    def _nearest(
        self, query: NDArray[np.float32], limit: int, allowed: NDArray[np.int64] | None
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        parameters = None
        if allowed is not None:
            parameters = faiss.SearchParameters(sel=_selector(allowed, len(self._record_of)))
        scores, numbers = self._faiss.search(query[None, :], limit, params=parameters)
        found = numbers[0] >= 0
        return scores[0][found], numbers[0][found]

    def _allowed(self, filters: Filters) -> NDArray[np.int64] | None:
        """The passages that may be found, those of records that the filters leave in; None for
        all."""
        if not filters:
            return self._live
        numbers = self.lexical.numbers(filters)
        kept = np.zeros(self._last_record + 2, bool)
        kept[numbers] = True
        return np.flatnonzero(kept[self._record_of])  # -1 is the last entry: never kept

    def _read_owners(self) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """The record number of every stored vector, -1 where its passage is gone, and whether
        the passage is a bare title: its version of the record has no abstract."""
        count = sum(s.passages for s in self.manifest.segments)
        record_of, bare = np.full(count, -1, np.int64), np.zeros(count, bool)
        rows = np.array(
            self.database.execute(
                "select p.number, p.record, case when p.language = r.language then r.abstract = '' "
                "else not exists (select 1 from json_each(r.translations) t "
                "where t.value ->> 'language' = p.language "
                "and coalesce(t.value ->> 'abstract', '') != '') end "
                "from passages p join records r on r.number = p.record"
            ).fetchall(),
            np.int64,
        ).reshape(-1, 3)
        record_of[rows[:, 0]] = rows[:, 1]
        bare[rows[:, 0]] = rows[:, 2]
        return record_of, bare

    def _segment(self, number: int) -> "_OpenSegment":
        return next(s for s in reversed(self._segments) if number >= s.segment.base)


def _selector(allowed: NDArray[np.int64], total: int) -> faiss.IDSelector:
    """What leaves ``allowed`` of ``total`` vectors in: few are gone through one by one, of many
    each vector is looked up."""
    if len(allowed) * _FEW < total:
        return faiss.IDSelectorArray(allowed)
    bits = np.zeros(total, bool)
    bits[allowed] = True
    return faiss.IDSelectorBitmap(np.packbits(bits, bitorder="little"))


class _OpenSegment:
    """A vector segment's files, memory-mapped."""

    def __init__(self, directory: Path, segment: Segment) -> None:
        self.segment = segment
        self._rows, self._codes, self._scales, self._spans, self._first = (
            np.load(directory / f"{segment.name}.{part}.npy", mmap_mode="r")
            for part in SEGMENT_PARTS
        )
        if len(self._rows) != segment.passages or len(self._codes) != segment.sentences:
            raise ValueError(f"segment {segment.name} has another length than its manifest says")

    def vector(self, number: int) -> NDArray[np.float16]:
        row: NDArray[np.float16] = self._rows[number - self.segment.base]
        return row

    def sentences(self, number: int) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
        row = number - self.segment.base
        rows = slice(self._first[row], self._first[row + 1])
        vectors = self._codes[rows].astype(np.float32) * self._scales[rows][:, None]
        return vectors, np.asarray(self._spans[rows])


# passages f16 (n, dim); sentences int8 (m, dim) with one float32 scale a row; spans int32 (m, 2)
# in the version's text; first sentence of each passage int64 (n + 1).
SEGMENT_PARTS = ("passages", "sentences", "scales", "spans", "first")


# Columns of ``records`` that hold JSON arrays.
JSON_COLUMNS = (
    "authors",
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
    return Record(**values)


_RECORD_FIELDS = tuple(f.name for f in fields(Record))
_STRUCTURES: dict[str, Callable[..., object]] = {
    "authors": Author,
    "notices": Notice,
    "translations": Translation,
}


class Library:
    """A library folder, followed from generation to generation."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._open: Generation | None = None

    def generation(self) -> Generation:
        """The live generation, reopened when another has been published.

        While one thread opens it, which takes a while where it is large, the others go on with the
        one before.

        Raises:
            LibraryError: when there is none, or it cannot be read.
        """
        live = live_generation(self.path)
        if live is None:
            raise LibraryError(
                f"{self.path}: no library here; build one with: "
                f"jmedsearch index SOURCE --library {self.path}"
            )
        before = self._open
        if before is not None and before.path == live:
            return before
        if not self._lock.acquire(blocking=before is None):
            assert before is not None
            return before
        try:
            if self._open is None or self._open.path != live:
                self._open = Generation(live)
            return self._open
        finally:
            self._lock.release()
