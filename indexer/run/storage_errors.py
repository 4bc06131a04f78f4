"""What an indexing run says where its library cannot be read or written: one line each."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from indexer.stages.staging import BuildError
from search.library.manifest import LibraryError, verify
from search.storage_faults import ADVICE, fault_of


@contextmanager
def told_of_storage(folder: Path | str) -> Iterator[None]:
    """Make one clear error of whatever says that ``folder`` could not be written.

    Raises:
        BuildError: with the reason and what to do about that one.
    """
    try:
        yield
    except (OSError, RuntimeError, ValueError, sqlite3.Error) as error:
        if isinstance(error, ValueError) and not _is_foreign(error):
            raise
        fault = fault_of(error)
        reason = str(error)
        if isinstance(error, OSError) and error.strerror:
            reason = ": ".join(filter(None, (error.strerror, str(error.filename or ""))))
        if fault is not None:
            raise BuildError(
                f"{folder}: cannot be written ({reason}); the live generation is as it was. "
                f"{ADVICE[fault]}, and run the same command again"
            ) from error
        if not isinstance(error, sqlite3.Error):
            raise
        raise BuildError(
            f"{folder}: its database refused a statement ({reason}); the live generation is as it "
            "was. The disk is not at fault: please report this as a mistake of jmedsearch"
        ) from error


@contextmanager
def told_of_damage(live: Path | None) -> Iterator[None]:
    """Make one clear error of whatever is raised where the live generation cannot be read.

    Raises:
        LibraryError: when something is wrong with ``live``, with what to do.
    """
    try:
        yield
    except (EOFError, RuntimeError, ValueError, sqlite3.DatabaseError) as error:
        # A full disk damages nothing.
        if live and _is_foreign(error) and fault_of(error) in {None, "damaged"}:
            check_whole(live, verify(live), error)
        raise


def _is_foreign(error: Exception) -> bool:
    """Kinds of ValueError are ours, and say themselves what they are about."""
    return type(error) is ValueError or not isinstance(error, ValueError)


def check_whole(live: Path, problems: Sequence[str], cause: Exception | None = None) -> None:
    """Refuse to build on a live generation that has problems.

    Raises:
        LibraryError: naming the first of them and what to do.
    """
    if problems:
        raise LibraryError(
            f"{live} is damaged ({problems[0]}): nothing was changed. Go back to an earlier one "
            f"with: jmedsearch generations --library {live.parents[1]} --rollback NUMBER; or index "
            "the sources again into a new folder"
        ) from cause
