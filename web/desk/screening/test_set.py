"""Decisions as a test collection: qrels, the strategy's searches as queries and as runs.

In BEIR's layout (``corpus.jsonl``, ``queries.jsonl``, ``qrels/test.tsv``), which ``jmedsearch
eval`` reads, with the qrels once more in TREC's format and TREC runs named as ``eval --peers``
wants them.
"""

import io
import json
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from search.formats import FORMATS
from search.library.generation import Generation
from web.desk.history import CollectionError
from web.desk.items import items
from web.desk.screening.outcomes import GOES_ON, Screened, screened
from web.desk.screening.plan import Stage
from web.desk.searches import Search, found_by, searches
from web.desk.shelf import collection
from web.desk.store import Store

# The query that is the collection's own question; runs of sets, which no words ask for, are its.
QUESTION = "question"


def test_set(
    store: Store, number: int, stage: Stage, generation: Generation, name: str
) -> dict[str, bytes]:
    """The files of a test collection called ``name``, by path.

    The queries are the collection's name and description, and each ranked search of its strategy;
    the same decisions judge all of them: 1 for what was included (or maybe), 0 for what was
    excluded. A run holds what the last run of a search found, in the order in which it is kept,
    which of a set says nothing. Ids are those that the library has now.

    Raises:
        UnknownError: when there is no such collection.
        CollectionError: when nothing was included.
    """
    shown = collection(store, number)
    judged = _judged(screened(store, number, stage))
    if not any(judged.values()):
        raise CollectionError("a test set needs at least one record that was included")
    _, found = items(store, number, record_ids=judged)
    now = _ids_now(generation, [item.record.id for item in found])
    gains = {now.get(i, i): gain for i, gain in judged.items()}
    strategy = searches(store, number)
    queries = {QUESTION: f"{shown.name} {shown.description}".strip()}
    queries |= {_query_id(s): s.asked.query for s in strategy if s.asked.syntax == "ranked"}
    corpus = io.BytesIO()
    writer = FORMATS["beir"].write
    assert writer is not None
    writer((item.record for item in found), corpus)
    files = {
        "corpus.jsonl": corpus.getvalue(),
        "queries.jsonl": "".join(
            json.dumps({"_id": i, "text": text}, ensure_ascii=False) + "\n"
            for i, text in queries.items()
        ).encode(),
        "qrels/test.tsv": "".join(
            [
                "query-id\tcorpus-id\tscore\n",
                *(f"{q}\t{i}\t{gain}\n" for q in queries for i, gain in gains.items()),
            ]
        ).encode(),
        "qrels/test.qrels": "".join(
            f"{q} 0 {i} {gain}\n" for q in queries for i, gain in gains.items()
        ).encode(),
    }
    for search in strategy:
        system = f"search-{search.number}"
        files[f"runs/{name}.{system}.trec"] = "".join(
            _run(store, search, queries, generation, system)
        ).encode()
    return files


def packed_test_set(store: Store, number: int, stage: Stage, generation: Generation) -> bytes:
    """The files as a ZIP, in a folder ``test-set``.

    Raises:
        UnknownError, CollectionError: as :func:`test_set`.
    """
    name = "test-set"
    found = io.BytesIO()
    with zipfile.ZipFile(found, "w", zipfile.ZIP_DEFLATED) as packed:
        for path, content in test_set(store, number, stage, generation, name).items():
            packed.writestr(f"{name}/{path}", content)
    return found.getvalue()


def write_folder(
    store: Store, number: int, stage: Stage, generation: Generation, directory: Path
) -> None:
    """Write the files into a folder, made where there is none.

    Raises:
        UnknownError, CollectionError: as :func:`test_set`. OSError: when it cannot be written.
    """
    name = directory.resolve().name
    for path, content in test_set(store, number, stage, generation, name).items():
        file = directory / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)


def _judged(found: Screened) -> dict[str, int]:
    settled = found.of("exclude", *GOES_ON)
    return {o.record_id: int(o.state in GOES_ON) for o in settled}


def _ids_now(generation: Generation, record_ids: Sequence[str]) -> dict[str, str]:
    present = generation.present(record_ids)
    ids = generation.ids([number for number, _ in present.values()])
    return dict(zip(present, ids, strict=True))


def _query_id(search: Search) -> str:
    return f"search-{search.number}"


def _run(
    store: Store, search: Search, queries: dict[str, str], generation: Generation, system: str
) -> Iterator[str]:
    ids = found_by(store, search.last)
    now = _ids_now(generation, ids)
    for query in (QUESTION, _query_id(search)):
        if query in queries:
            for rank, record_id in enumerate(ids, 1):
                shown = now.get(record_id, record_id)
                yield f"{query} Q0 {shown} {rank} {len(ids) - rank + 1} {system}\n"
