"""The two retrievals of a ranked search, and who answers them.

Whoever does, terms and vectors are ours, and so is the fusion (:mod:`search.ranked.ranking`): a leg
only has to say which passages are nearest to a vector, and which records rank best by BM25, both
among the records that filters leave in. :class:`EmbeddedLegs` answer from the library's own files,
:class:`search.library.milvus.MilvusLegs` from a Milvus cluster.
"""

import json
import math
import sqlite3
import threading
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from search.filters import Filters
from search.library.expansion import Expansion
from search.library.lexical_index import LexicalIndex
from search.library.manifest import CURRENT, LibraryError, Manifest, live_folder
from search.library.owners import Owners
from search.library.passage_set import PassageSet, SplitSet
from search.library.read_only import ReadOnlyDatabase
from search.library.scored_records import Ranking
from search.library.segments import Segments
from search.library.vector_index import VectorIndex

# Of so many filters the passages that they leave in are kept: an eighth of a byte a passage each,
# three where both kinds had to be looked for apart.
_FILTERS = 32
# The passages of so few records are looked up one by one.
_FEW_RECORDS = 2000

# Terms that are looked for beside the query's words, or instead of some of them.
Added = Iterable[Expansion]


# Why whoever answers the legs does not: it cannot be reached, refuses what it is asked, does not
# answer in time, is asked enough already, still loads the generation, or does not hold it.
Trouble = Literal["unreachable", "refused", "slow", "busy", "loading", "missing"]


class UnreachableError(LibraryError):
    """Who answers the legs of a library cannot answer at present, but may again."""

    def __init__(self, message: str, trouble: Trouble = "unreachable") -> None:
        super().__init__(message)
        self.trouble: Trouble = trouble


@dataclass(frozen=True)
class Opened:
    """The files of a generation, opened."""

    path: Path
    manifest: Manifest
    lexical: LexicalIndex
    records: ReadOnlyDatabase
    segments: Segments
    owners: Owners


class Legs(Protocol):
    """The legs of one generation. Safe to call from several threads.

    ``until`` is the moment (:func:`time.monotonic`) by which an answer is of use.
    """

    @property
    def trouble(self) -> Trouble | None:
        """Why vectors cannot be asked for at present; None where they can. Cheap."""
        ...

    def nearest(
        self,
        query: NDArray[np.float32],
        limit: int,
        filters: Filters,
        handicap: float | None = None,
        until: float = math.inf,
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Scores and numbers of the ``limit`` passages nearest to a query vector (dim,), best
        first, among those of records that ``filters`` leave in. A score is the inner product, less
        the ``handicap`` for passages that are a bare title.

        Raises:
            UnreachableError: when who answers cannot be reached.
        """
        ...

    def by_words(
        self,
        query_terms: Sequence[str],
        limit: int,
        filters: Filters,
        added: Added = (),
        until: float = math.inf,
    ) -> Ranking:
        """The best ``limit`` records by BM25, ties by number."""
        ...


class Retrieval(Protocol):
    """Who answers the legs of a library, and which of its generations is live there."""

    def pointer(self, library: Path) -> object:
        """What differs once another generation is live; cheap, for every request asks."""
        ...

    def published(self, library: Path) -> str | None:
        """The name of the generation that is live, whether it can be opened here or not; None
        where that is not known."""
        ...

    def live(self, library: Path) -> Path | None:
        """The folder of the live generation; None where nothing has been published yet.

        Raises:
            LibraryError: when it is not in the library.
        """
        ...

    def legs(self, opened: Opened) -> Legs:
        """The legs of an opened generation.

        Raises:
            LibraryError, OSError, RuntimeError, ValueError: when they cannot be had.
        """
        ...


class EmbeddedRetrieval:
    """The library's own files answer; CURRENT names the live generation."""

    def pointer(self, library: Path) -> tuple[int, ...] | None:
        """What the file system says of CURRENT; None where there is none."""
        try:
            status = (library / CURRENT).stat()
        except OSError:
            return None
        return status.st_ino, status.st_mtime_ns, status.st_ctime_ns, status.st_size

    def published(self, library: Path) -> str | None:
        """What CURRENT says."""
        try:
            return (library / CURRENT).read_text(encoding="utf-8").strip() or None
        except (OSError, ValueError):
            return None

    def live(self, library: Path) -> Path | None:
        """See :func:`search.library.manifest.live_folder`."""
        return live_folder(library)

    def legs(self, opened: Opened) -> "EmbeddedLegs":
        """FAISS and tantivy over the generation's files."""
        return EmbeddedLegs(opened)


class EmbeddedLegs:
    """FAISS finds passages, tantivy finds records."""

    def __init__(self, opened: Opened) -> None:
        self._lexical = opened.lexical
        self._records = opened.records
        self._record_of = opened.owners.record_of
        self._last_record = int(self._record_of.max(initial=-1))
        self._index = VectorIndex(
            opened.path / "vectors.faiss", opened.manifest.vectors, opened.segments
        )
        self._bare = opened.owners.bare
        self._live = SplitSet(PassageSet.where(self._record_of >= 0), self._bare)
        self._filtered: OrderedDict[Filters, SplitSet] = OrderedDict()
        self._filtered_lock = threading.Lock()

    @property
    def trouble(self) -> None:
        """None: files are there."""
        return

    def nearest(
        self,
        query: NDArray[np.float32],
        limit: int,
        filters: Filters,
        handicap: float | None = None,
        until: float = math.inf,  # noqa: ARG002 - a few milliseconds
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """See :class:`Legs`."""
        among = self._allowed(filters) if filters else self._live
        return self._index.nearest(query, limit, among, handicap)

    def by_words(
        self,
        query_terms: Sequence[str],
        limit: int,
        filters: Filters,
        added: Added = (),
        until: float = math.inf,  # noqa: ARG002 - a few milliseconds
    ) -> Ranking:
        """See :class:`Legs`."""
        return self._lexical.search(query_terms, limit, filters, added)

    def _allowed(self, filters: Filters) -> SplitSet:
        """The passages of the records that filters leave in; the last few sets are kept."""
        with self._filtered_lock:
            found = self._filtered.pop(filters, None)
        if found is None:
            found = SplitSet(self._left_in(filters), self._bare)
        with self._filtered_lock:
            self._filtered[filters] = found
            while len(self._filtered) > _FILTERS:
                self._filtered.popitem(last=False)
        return found

    def _left_in(self, filters: Filters) -> PassageSet:
        records = self._lexical.numbers(filters)
        kept = np.zeros(len(self._record_of), bool)
        if len(records) < _FEW_RECORDS:
            database: sqlite3.Connection = self._records.connection()
            rows = database.execute(
                "select number from json_each(?) wanted join passages on record = wanted.value",
                [json.dumps(records.tolist())],
            )
            kept[[row["number"] for row in rows]] = True
        else:
            of_record = np.zeros(self._last_record + 2, bool)
            of_record[records] = True
            kept = of_record[self._record_of]  # -1 is the last entry: never kept
        return PassageSet.where(kept)
