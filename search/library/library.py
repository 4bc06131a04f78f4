"""A library, followed from generation to generation: which one answers, and from when on."""

import logging
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path

from search.library.generation import Generation
from search.library.legs import EmbeddedRetrieval, Retrieval
from search.library.manifest import LibraryError

_log = logging.getLogger(__name__)


class Library:
    """A library folder, followed from generation to generation.

    ``retrieval`` says who answers the legs of its searches and which generation is live there, by
    default the folder itself.
    """

    def __init__(self, path: Path, retrieval: Retrieval | None = None) -> None:
        self.path = path
        self._retrieval = retrieval or EmbeddedRetrieval()
        self._lock = threading.Lock()
        self._open: Generation | None = None
        self._pointer: object = None
        self._complained: object = None
        # What is to be done with a new generation before it is in use; where something is, that
        # and its opening are beside the answers from the one before.
        self.prepare: Callable[[Generation], object] | None = None

    @property
    def is_built_here(self) -> bool:
        """Whether the folder answers itself, so that what is built in it is what is searched."""
        return isinstance(self._retrieval, EmbeddedRetrieval)

    @property
    def published(self) -> str | None:
        """The name of the generation that is live, which this process may not have yet; None where
        that is not known."""
        return self._retrieval.published(self.path)

    def generation(self) -> Generation:
        """The live generation, reopened when another has been published.

        While one thread opens it, which takes a while where it is large, the others go on with the
        one before, and so they all do where it turns out to be damaged.

        Raises:
            LibraryError: when there is none, or the first one cannot be read.
        """
        before = self._open
        # One look at the pointer a request: what it says is read only after it was replaced.
        pointer = self._retrieval.pointer(self.path)
        if before is not None and pointer is not None and pointer == self._pointer:
            return before
        try:
            live = self._retrieval.live(self.path)
        except LibraryError as error:
            if before is None:
                raise
            # Looked for again with the next request: it may come.
            self._go_on(before, error, pointer)
            return before
        if live is None:
            raise LibraryError(
                f"{self.path}: no library here; build one with: "
                f"jmedsearch index SOURCE --library {self.path}"
            )
        if before is not None and before.path == live:
            self._pointer = pointer
            return before
        if not self._lock.acquire(blocking=before is None):
            assert before is not None
            return before
        if before is not None and self.prepare is not None:
            taking = (live, pointer, before)
            threading.Thread(target=self._take, args=taking, name="next-generation").start()
            return before
        self._take(live, pointer, before)
        assert self._open is not None
        return self._open

    def _take(self, live: Path, pointer: object, before: Generation | None) -> None:
        """Open a generation and have it in use, unless it is damaged; then let go of the lock."""
        try:
            if self._open is None or self._open.path != live:
                try:
                    opened = Generation(live, self._retrieval)
                except LibraryError as error:
                    if before is None:
                        raise
                    self._go_on(before, error, pointer)
                    self._pointer = pointer
                    return
                if before is not None and self.prepare is not None:
                    try:
                        self.prepare(opened)
                    except (LibraryError, sqlite3.Error):
                        # Whoever needs what is missing is told so.
                        _log.exception("generation %s could not be prepared", opened.name)
                self._open = opened
                self._pointer = pointer
        finally:
            self._lock.release()

    def _go_on(self, before: Generation, error: LibraryError, pointer: object) -> None:
        """Say once for each publication that what was good before is better than nothing."""
        if pointer != self._complained:
            # Its text alone: the error would keep the generation in memory as long as the line.
            _log.error("%s; answers go on from generation %s", str(error), before.name)
            self._complained = pointer
