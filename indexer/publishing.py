"""A library's live generation into Milvus: loaded beside what is served there, then switched to."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from indexer.staging import BuildError, locked
from indexer.vectors import EXACT
from search.generation import Generation
from search.lexical import record_terms
from search.manifest import LibraryError, live_generation
from search.milvus import MilvusAddress, MilvusServer
from search.milvus.collections import (
    Published,
    add_filter_fields,
    add_words_field,
    filter_fields,
    word_list,
)
from search.milvus.retrieval import live

# Rows of one insertion: some 4 MB.
_ROWS = 1000
# Seconds that a step of Milvus may take: flushing, indexing and loading wait for all of it.
_PATIENCE = 3600.0
# k1 and b as in tantivy.
_BM25 = {"bm25_k1": 1.2, "bm25_b": 0.75}


@dataclass(frozen=True)
class Publication:
    """What was published: the generation's name, its passages, whether its term lists are ranked
    there too, and the generations that are no longer kept."""

    generation: str
    passages: int
    ranks_words: bool
    dropped: tuple[str, ...]


def publish(
    library: Path, address: MilvusAddress, advance: Callable[[int], None] = lambda _: None
) -> Publication:
    """Load the live generation of ``library`` and switch the alias of ``address`` to it.

    The generation that was live there is kept, for processes that have not moved on yet; older ones
    are dropped. What a killed run has left is dropped and loaded anew. ``advance`` is told how many
    passages came in.

    Raises:
        BuildError, LibraryError: with what to do.
    """
    server = MilvusServer(address, _PATIENCE)
    with locked(library):
        folder = live_generation(library)
        if folder is None:
            raise LibraryError(f"{library}: no library here")
        published = Published.of(address, folder)
        before = live(server)
        generation = Generation(folder)
        ranks_words = server.ranks_words()
        if before != published:
            _drop(server, [published])
            _load_passages(server, published, generation, advance)
            if ranks_words:
                _load_words(server, published, generation)
            _switch(server, published, before)
        names = server.call("list_collections")
        gone = [p for p in Published.among(names, address) if p not in (published, before)]
        _drop(server, gone)
        server.close()
    return Publication(
        folder.name,
        generation.manifest.passages,
        ranks_words,
        tuple(p.generation for p in gone),
    )


def _drop(server: MilvusServer, several: Iterable[Published]) -> None:
    there = set(server.call("list_collections"))
    for published in several:
        for name in {published.passages, published.words} & there:
            server.call("drop_collection", name)


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
    server.call("create_collection", published.passages, schema=schema)
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
        _passage_rows(generation),
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
    server.call("create_collection", published.words, schema=schema)
    rows = (
        {"number": number, "words": word_list(record_terms(record)), **filter_fields(record)}
        for number, record in generation.all_records()
    )
    _load(server, published.words, rows, index, generation.manifest.records)


def _passage_rows(generation: Generation) -> Iterator[dict[str, Any]]:
    owners = generation.owners
    numbers = np.flatnonzero(owners.record_of >= 0)
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
    rows: Iterator[dict[str, Any]],
    index: Any,
    count: int,
    advance: Callable[[int], None] = lambda _: None,
) -> None:
    """Insert rows, index them and have them ready to be searched.

    Raises:
        BuildError: when Milvus holds another number of rows than were inserted.
    """
    while some := list(islice(rows, _ROWS)):
        server.call("insert", collection, some)
        advance(len(some))
    server.call("flush", collection)
    server.call("create_index", collection, index)
    server.call("load_collection", collection)
    found = server.call(
        "query", collection, filter="", output_fields=["count(*)"], consistency_level="Strong"
    )[0]["count(*)"]
    if found != count:
        raise BuildError(
            f"{server.address}: {collection} holds {found} rows of {count}; what is served there "
            "is as it was. Run the same command again"
        )


def _switch(server: MilvusServer, published: Published, before: Published | None) -> None:
    name = server.address.name
    server.call("alter_alias" if before else "create_alias", published.passages, name)
