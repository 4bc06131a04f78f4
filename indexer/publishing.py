"""A library's live generation into Milvus: loaded beside what is served there, then switched to.

Each step may be repeated: what is there is not made again, and a run that was broken off goes on
with the rows that are missing. Milvus holds in memory what is loaded, so nothing stays loaded but
the live generation and what some web process still serves (:mod:`search.library.milvus.leases`).
"""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from indexer.stages.staging import BuildError, locked
from indexer.stages.vector_index_writer import EXACT
from search.library.generation import Generation
from search.library.lexical_index import record_terms
from search.library.manifest import LibraryError, live_folder
from search.library.milvus import MilvusAddress, MilvusError, MilvusServer
from search.library.milvus.leases import read_leases
from search.library.milvus.retrieval import live
from search.library.milvus.stored_generation import (
    Published,
    add_filter_fields,
    add_words_field,
    filter_fields,
    word_list,
)

# Rows of one insertion: some 4 MB.
_ROWS = 1000
# Seconds that a call may take; flushing, indexing and loading wait for all of it.
_CALL = 60.0
_STEP = 3600.0
# Seconds for which a server that is not ready is waited for: where nobody listens, for the address
# may be wrong; where somebody does who says nothing yet; and later, when it has answered.
_ABSENT = 10.0
_SILENT = 120.0
_PATIENCE = 600.0
# Seconds between two looks at who still serves what was replaced.
_LOOK = 1.0
# k1 and b as in tantivy.
_BM25 = {"bm25_k1": 1.2, "bm25_b": 0.75}


@dataclass(frozen=True)
class Publication:
    """What was published: the generation's name, its passages, whether its term lists are ranked
    there too; the generations that are no longer kept, and those that stay loaded beside it,
    because web processes serve them."""

    generation: str
    passages: int
    ranks_words: bool
    dropped: tuple[str, ...]
    still_served: tuple[str, ...] = ()


def publish(
    library: Path,
    address: MilvusAddress,
    advance: Callable[[int], None] = lambda _: None,
    waiting: Callable[[str], None] = lambda _: None,
    wait: float = 0.0,
) -> Publication:
    """Load the live generation of ``library`` and switch the alias of ``address`` to it.

    What web processes serve stays as it is. For ``wait`` seconds at most they are waited for to
    move on; then the generation that was live is released: it is kept, to go back to, and takes no
    memory. Older ones are dropped. What a killed run has left is gone on with. ``advance`` is told
    how many passages came in, ``waiting`` why the server is waited for, where it is not ready.

    Raises:
        BuildError, LibraryError: with what to do.
    """
    server = MilvusServer(address, _CALL, _PATIENCE, waiting)
    with locked(library):
        folder = live_folder(library)
        if folder is None:
            raise LibraryError(f"{library}: no library here")
        ranks_words = _ranks_words(address, waiting)
        try:
            published = Published.of(address, folder)
            before = live(server)
            generation = Generation(folder)
            # First of all, for what comes takes its place.
            kept = {published, before or published}
            if before == published:
                # To go back to, as it was kept when this one came.
                kept |= set(_held(server, but=published)[-1:])
            dropped, _ = _tidy(server, kept)
            if before != published:
                _load_passages(server, published, generation, advance)
                if ranks_words:
                    _load_words(server, published, generation)
                _switch(server, published, before)
            more, served = _tidy(server, kept, published, time.monotonic() + wait)
            _release(server, published, served)
        finally:
            server.close()
    return Publication(
        folder.name,
        generation.manifest.passages,
        ranks_words,
        tuple(p.generation for p in [*dropped, *more]),
        tuple(p.generation for p in served),
    )


def _ranks_words(address: MilvusAddress, waiting: Callable[[str], None]) -> bool:
    """Whether the server at ``address`` can rank term lists by BM25: the first that it is asked."""
    with closing(MilvusServer(address, patience=_ABSENT, waiting=waiting)) as server:
        try:
            return server.ranks_words()
        except MilvusError as error:
            if error.fault is not None or not error.passes:
                raise
    # Somebody listens there: an engine that starts or recovers.
    with closing(MilvusServer(address, patience=_SILENT, waiting=waiting)) as server:
        return server.ranks_words()


def _held(server: MilvusServer, but: Published | None = None) -> list[Published]:
    """The generations that Milvus holds, oldest first, ``but`` one."""
    names = server.call("list_collections")
    return [p for p in Published.among(names, server.address) if p != but]


def _tidy(
    server: MilvusServer,
    kept: set[Published],
    published: Published | None = None,
    until: float = 0.0,
) -> tuple[list[Published], list[Published]]:
    """Drop what is neither to be ``kept`` nor served. What was dropped, and what is served beside
    what is ``published``, once nothing is or it is ``until``."""
    dropped: list[Published] = []
    while True:
        held = _held(server)
        served, over = read_leases(server, held)
        for alias in over:
            server.call("drop_alias", alias)
        gone = [p for p in held if p not in served | kept]
        _drop(server, gone)
        dropped += gone
        left = [p for p in held if p in served and p != published]
        if not left or time.monotonic() >= until:
            return dropped, left
        time.sleep(_LOOK)


def _drop(server: MilvusServer, several: Iterable[Published]) -> None:
    there = set(server.call("list_collections"))
    for published in several:
        for name in {published.passages, published.words} & there:
            server.call("drop_collection", name)


def _release(server: MilvusServer, published: Published, served: list[Published]) -> None:
    """Have nothing in memory but what is live and what is served."""
    names = set(server.call("list_collections"))
    for held in Published.among(names, server.address):
        if held not in (published, *served):
            for name in {held.passages, held.words} & names:
                server.call("release_collection", name)


def _load_passages(
    server: MilvusServer,
    published: Published,
    generation: Generation,
    advance: Callable[[int], None],
) -> None:
    from pymilvus import DataType, MilvusClient

    schema = MilvusClient.create_schema(auto_id=False, enable_dynamic_field=False)
    schema.add_field("number", DataType.INT64, is_primary=True)
    schema.add_field("record", DataType.INT64)
    schema.add_field("bare", DataType.BOOL)
    add_filter_fields(schema)
    schema.add_field("vector", DataType.FLOAT_VECTOR, dim=generation.manifest.dim)
    index = MilvusClient.prepare_index_params()
    if generation.manifest.passages <= EXACT:
        index.add_index("vector", index_type="FLAT", metric_type="IP")
    else:
        index.add_index(
            "vector",
            index_type="HNSW",
            metric_type="IP",
            params={"M": 32, "efConstruction": 200},
        )
    _load(
        server,
        published.passages,
        schema,
        lambda first: _passage_rows(generation, first),
        index,
        generation.manifest.passages,
        advance,
    )


def _load_words(server: MilvusServer, published: Published, generation: Generation) -> None:
    from pymilvus import DataType, Function, FunctionType, MilvusClient

    schema = MilvusClient.create_schema(auto_id=False, enable_dynamic_field=False)
    schema.add_field("number", DataType.INT64, is_primary=True)
    add_filter_fields(schema)
    add_words_field(schema)
    schema.add_field("ranked", DataType.SPARSE_FLOAT_VECTOR)
    schema.add_function(
        Function(
            name="bm25",
            function_type=FunctionType.BM25,
            input_field_names=["words"],
            output_field_names=["ranked"],
        )
    )
    index = MilvusClient.prepare_index_params()
    index.add_index("ranked", index_type="SPARSE_INVERTED_INDEX", metric_type="BM25", params=_BM25)

    def rows(first: int) -> Iterator[dict[str, Any]]:
        for number, record in islice(generation.all_records(), first, None):
            words = word_list(record_terms(record))
            yield {"number": number, "words": words, **filter_fields(record)}

    _load(server, published.words, schema, rows, index, generation.manifest.records)


def _passage_rows(generation: Generation, first: int) -> Iterator[dict[str, Any]]:
    owners = generation.owners
    numbers = np.flatnonzero(owners.record_of >= 0)[first:]
    bare = set(owners.bare.numbers().tolist())
    for start in range(0, len(numbers), _ROWS):
        few = numbers[start : start + _ROWS].tolist()
        records = owners.record_of[few].tolist()
        fields = {n: filter_fields(r) for n, r in generation.records(sorted(set(records))).items()}
        for number, record, vector in zip(few, records, generation.vectors(few), strict=True):
            yield {
                "number": number,
                "record": record,
                "bare": number in bare,
                "vector": vector,
                **fields[record],
            }


def _load(
    server: MilvusServer,
    collection: str,
    schema: Any,
    rows: Callable[[int], Iterator[dict[str, Any]]],
    index: Any,
    count: int,
    advance: Callable[[int], None] = lambda _: None,
) -> None:
    """Have ``count`` rows in a collection, indexed and ready to be searched. ``rows`` gives them
    from the n-th on; those that are there already are the first ones.

    Raises:
        BuildError: when Milvus holds another number of rows than were inserted.
    """
    there = _rows_there(server, collection)
    # Of what is not whole insertions nobody knows which rows it is.
    begun = there if there == count or there % _ROWS == 0 else 0
    if begun:
        _fill(server, collection, rows, begun, advance)
        if _ready(server, collection, index) == count:
            return
    # New, or an earlier run inserted some rows twice.
    if server.call("has_collection", collection):
        server.call("drop_collection", collection)
    server.call("create_collection", collection, schema=schema)
    advance(-begun)
    _fill(server, collection, rows, 0, advance)
    found = _ready(server, collection, index)
    if found != count:
        server.call("drop_collection", collection)
        raise BuildError(
            f"{server.address}: {collection} held {found} rows of {count}; what is served there "
            "is as it was. Run the same command again"
        )


def _rows_there(server: MilvusServer, collection: str) -> int:
    if not server.call("has_collection", collection):
        return 0
    server.call("flush", collection, timeout=_STEP)
    return int(server.call("get_collection_stats", collection)["row_count"])


def _fill(
    server: MilvusServer,
    collection: str,
    rows: Callable[[int], Iterator[dict[str, Any]]],
    first: int,
    advance: Callable[[int], None],
) -> None:
    advance(first)
    left = rows(first)
    while some := list(islice(left, _ROWS)):
        try:
            server.call("insert", collection, some, patience=0.0)
        except MilvusError as error:
            if not error.passes:
                raise
            # They may have come in all the same.
            server.call("upsert", collection, some)
        advance(len(some))


def _ready(server: MilvusServer, collection: str, index: Any) -> int:
    """Index and load a collection; how many rows it has then."""
    server.call("flush", collection, timeout=_STEP)
    if not server.call("list_indexes", collection):
        server.call("create_index", collection, index, timeout=_STEP)
    server.call("load_collection", collection, timeout=_STEP)
    found = server.call(
        "query", collection, filter="", output_fields=["count(*)"], consistency_level="Strong"
    )
    return int(found[0]["count(*)"])


def _switch(server: MilvusServer, published: Published, before: Published | None) -> None:
    name = server.address.name
    server.call("alter_alias" if before else "create_alias", published.passages, name)
