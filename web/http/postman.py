"""Mails go out while nobody waits for them: on one thread of this process.

What is to be sent lies in the outbox (:mod:`web.desk.outbox`), so nothing is lost where the process
ends; ``jmedsearch alerts send`` hands over what is left, too.
"""

import logging
import queue
import threading
from collections.abc import Callable
from datetime import UTC, datetime

from flask import Flask, current_app
from werkzeug.exceptions import ServiceUnavailable

from web.desk.outbox import deliver, next_due
from web.desk.store import Store
from web.http import services

_KEY = "jmedsearch.postman"
_log = logging.getLogger("jmedsearch.mail")
# Requests for mails that wait for the thread; who asks for more is told to come again.
_MOST_WAITING = 200
# Seconds between two looks at what is to be tried again.
_SHORTEST_WAIT, _LONGEST_WAIT = 30.0, 3600.0


class Postman:
    """One thread, begun with its first work, that writes and hands over mails."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._work: queue.Queue[Callable[[], None]] = queue.Queue(_MOST_WAITING)
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def later(self, work: Callable[[], None]) -> None:
        """Do ``work`` when there is time for it, and hand over what is due then.

        Raises:
            ServiceUnavailable: when too much waits already.
        """
        try:
            self._work.put_nowait(work)
        except queue.Full as error:
            raise ServiceUnavailable("too many mails wait: come again later") from error
        with self._lock:
            if self._thread is None:
                # A daemon: what it has not handed over lies in the outbox.
                self._thread = threading.Thread(target=self._run, name="postman", daemon=True)
                self._thread.start()

    def deliver(self) -> None:
        """Hand over what is due, soon."""
        self.later(lambda: None)

    def wait(self) -> None:
        """Wait until all that was asked for is done."""
        self._work.join()

    def _run(self) -> None:
        while True:
            try:
                work = self._work.get(timeout=self._seconds_to_next())
            except queue.Empty:
                self._safely(lambda: None)
                continue
            self._safely(work)
            self._work.task_done()

    def _safely(self, work: Callable[[], None]) -> None:
        try:
            work()
            deliver(self._store)
        except Exception as error:  # noqa: BLE001 - the thread goes on, whatever one mail met
            # Its kind alone: messages of exceptions can hold addresses and links.
            _log.error("a mail could not be handled: %s", type(error).__name__)

    def _seconds_to_next(self) -> float | None:
        """How long nothing has to be done; None where that is for whoever asks next."""
        try:
            due = next_due(self._store)
        except Exception:  # noqa: BLE001 - the file is locked or gone: looked at again
            return _LONGEST_WAIT
        if due is None:
            return None
        left = (datetime.fromisoformat(due) - datetime.now(UTC)).total_seconds()
        return min(max(left, _SHORTEST_WAIT), _LONGEST_WAIT)


def install(app: Flask, store: Store | None) -> None:
    """Give ``app`` a postman, where it has a store."""
    app.extensions[_KEY] = Postman(store) if store else None


def postman() -> Postman:
    """The postman of the application that serves this request."""
    found: Postman | None = current_app.extensions[_KEY]
    assert found is not None
    assert services.desk() is not None
    return found
