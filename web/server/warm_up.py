"""What a new process loads before its first answer, and what beside the first ones.

The first query of a process is slow; nobody shall be the one to make it. Ranked search is ready
when the service begins to listen; suggestions, completions and corrections need the library's
terms, which take longer than all the rest: whoever asks for them meanwhile waits for them, and
nobody else does. A generation that is published later is in use once all of that is loaded.
"""

import gc
import logging
import sqlite3
import threading

from search.library.generation import Generation
from search.library.manifest import LibraryError
from search.library.pauses import beside_answers
from search.ranked.engine import Engine
from search.spelling.correction import Corrector
from search.suggest.completion import Completer

_QUERY = "高血圧"
_TYPED = "高血"
# Seconds between two looks whether a library is there.
_LOOKED_EVERY = 0.5

_log = logging.getLogger(__name__)


def warm_up(engine: Engine, completer: Completer, corrector: Corrector) -> threading.Thread:
    """Have ranked search ready, and the rest soon: the thread that is returned loads it, and is to
    be waited for before the process ends.

    Raises:
        LibraryError, ModelError: when the library or the model cannot be used.
    """
    engine.search(_QUERY, with_facets=True)

    def prepare(generation: Generation) -> None:
        with beside_answers():
            completer.prepare(generation)
            corrector.prepare(generation)
            _ = generation.near_terms, generation.names

    engine.library.prepare = prepare
    rest = threading.Thread(target=_rest, args=(engine, completer, corrector), name="warm-up")
    rest.start()
    return rest


def warm_up_when_there(
    engine: Engine, completer: Completer, corrector: Corrector, ending: threading.Event
) -> threading.Thread:
    """Have all ready as soon as a library that is not there yet is: the first search in it would
    take longer than a request may. The thread ends with ``ending``, and is to be waited for."""

    def wait() -> None:
        while not ending.wait(_LOOKED_EVERY):
            if engine.library.published is None:
                continue
            try:
                warm_up(engine, completer, corrector).join()
            except LibraryError:
                _log.exception("the first generation cannot be used")
            return

    thread = threading.Thread(target=wait, name="warm-up-when-there")
    thread.start()
    return thread


def _rest(engine: Engine, completer: Completer, corrector: Corrector) -> None:
    # What is loaded now stays: there is nothing for the collector to find.
    gc.disable()
    try:
        corrector.offers(engine.generation(), _QUERY)
        _ = engine.generation().names
        completer.suggester.suggest(_QUERY)
        completer.complete(_TYPED)
    except sqlite3.Error:
        _log.exception("the library's terms cannot be read; check it with: jmedsearch verify")
    finally:
        # Hundreds of thousands of terms are not looked through again for every few requests.
        gc.freeze()
        gc.enable()
