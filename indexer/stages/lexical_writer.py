"""Writing the lexical index: an update adds and deletes documents, and links the rest."""

import shutil
from collections.abc import Iterable
from pathlib import Path

import tantivy

from indexer.stages.staging import link_files
from search.library.lexical_index import document, open_index
from search.records import Record

_HEAP = 128_000_000


def write_lexical(
    directory: Path,
    previous: Path | None,
    removed: Iterable[int],
    records: Iterable[tuple[int, Record]],
) -> None:
    """The index of ``previous`` without the documents ``removed``, plus ``records``.

    tantivy's segment files are immutable and are shared by hard link; the two files that name
    them are replaced by tantivy and therefore copied.
    """
    if previous is None:
        index = open_index(directory, create=True)
    else:
        link_files(previous, directory)
        for name in ("meta.json", ".managed.json"):
            (directory / name).unlink()
            shutil.copy2(previous / name, directory / name)
        index = open_index(directory)
    # One thread: the same records give the same index, and Sudachi is the slower part anyway.
    writer = index.writer(_HEAP, 1)
    for number in removed:
        # Not by term: tantivy-py takes a Python integer for a signed one, and finds nothing.
        writer.delete_documents_by_query(tantivy.Query.term_query(index.schema, "number", number))
    for number, record in records:
        writer.add_document(document(number, record))
    writer.commit()
    writer.wait_merging_threads()
