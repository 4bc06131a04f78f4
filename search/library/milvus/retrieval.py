"""Which generation of a library is live in Milvus, and its legs, followed in the background."""

import atexit
import logging
import threading
import weakref
from dataclasses import dataclass
from pathlib import Path

from search.library.legs import Opened
from search.library.manifest import GENERATIONS, LibraryError, check_sizes, live_folder
from search.library.milvus.address import MilvusAddress
from search.library.milvus.leases import Leases
from search.library.milvus.milvus_legs import MilvusLegs
from search.library.milvus.milvus_server import MilvusError, MilvusServer
from search.library.milvus.stored_generation import Published

# Seconds between two looks at the alias and at what is served.
_FOLLOWED = 1.0
# Seconds that a call of such a look may take; and for which the first one is waited for.
_PATIENCE = 1.0
_FIRST = 5.0
# Seconds between two looks at least, however often requests fail.
_PAUSE = 0.1
# What a replica may be without.
_NOT_NEEDED = "vectors.faiss"

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Seen:
    """What the last look that was answered has seen: the generation that the alias leads to, all
    that Milvus holds, and the folder in the replica, None where that does not have it whole."""

    live: Published | None = None
    held: frozenset[Published] = frozenset()
    folder: Path | None = None
    answered: bool = True


# Milvus has never answered.
_NOTHING = _Seen(answered=False)


class MilvusRetrieval:
    """Milvus answers; its alias names the live generation, whatever CURRENT of a replica says, so
    that all processes move to it together. See :class:`search.library.legs.Retrieval`.

    A thread of its own looks at the alias, and whether what is served here is answered; no request
    does. While Milvus has never answered, CURRENT of the replica says what is served, by words
    alone.
    """

    def __init__(self, address: MilvusAddress) -> None:
        self._server = MilvusServer(address, _PATIENCE)
        self._leases = Leases(self._server)
        self._seen = _NOTHING
        self._served: weakref.WeakSet[MilvusLegs] = weakref.WeakSet()
        self._trouble: tuple[object, ...] = ()
        self._leasing = True
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._looked, self._wanted, self._ended = (threading.Event() for _ in range(3))

    def pointer(self, library: Path) -> _Seen:
        """What was seen last."""
        if self._thread is None:
            with self._lock:
                if self._thread is None:
                    self._thread = threading.Thread(
                        target=self._follow, args=[library], name="milvus", daemon=True
                    )
                    self._thread.start()
                    atexit.register(self.close)
        if not self._looked.wait(_FIRST):
            # Nobody else waits for it.
            self._looked.set()
        return self._seen

    def live(self, library: Path) -> Path | None:
        """The folder of the generation that the alias leads to; while Milvus has never answered,
        and at the start where the replica has another one that Milvus holds, the replica's own.

        Raises:
            LibraryError: when nothing is published there, or the replica has no such generation.
        """
        address, seen = self._server.address, self._seen
        if not seen.answered:
            return live_folder(library)
        if seen.folder is not None:
            return seen.folder
        if seen.live is None:
            raise LibraryError(
                f"{address}: nothing is published there; run: "
                f"jmedsearch publish {library} --to {address}"
            )
        lacking = (
            f"{library} has no whole copy of generation {seen.live.generation} as it was published "
            f"to {address}: copy the folder of the library there anew"
        )
        own = None if self._served else live_folder(library)
        if own is None or Published.of(address, own) not in seen.held:
            raise LibraryError(lacking)
        _log.error("%s; answers begin from generation %s", lacking, own.name)
        return own

    def legs(self, opened: Opened) -> MilvusLegs:
        """The collections of an opened generation."""
        published = Published.of(self._server.address, opened.path)
        legs = MilvusLegs(self._server, published, opened, self._wanted.set)
        if self._seen.answered:
            try:
                legs.check()
            except MilvusError as error:
                self._complain(error)
        self._served.add(legs)
        self._wanted.set()
        return legs

    def published(self, library: Path) -> str | None:  # noqa: ARG002 - the alias is elsewhere
        """The name of the generation that the alias leads to, as seen last."""
        return self._seen.live.generation if self._seen.live else None

    def close(self) -> None:
        """End the thread and the connection, and say that nothing is served here any more."""
        atexit.unregister(self.close)
        self._ended.set()
        self._wanted.set()
        if self._thread is not None:
            self._thread.join()
        self._server.close()

    def _follow(self, library: Path) -> None:
        while not self._ended.is_set():
            try:
                self._look(library)
            except LibraryError as error:
                self._complain(error)
                if isinstance(error, MilvusError) and error.trouble in ("unreachable", "slow"):
                    # The next look makes a connection of its own: this one may be what is broken.
                    self._server.hang_up()
            except Exception:  # noqa: BLE001 - without this thread lists stay by words for ever
                _log.exception("what %s answers cannot be read", self._server.address)
                self._server.hang_up()
            self._looked.set()
            self._ended.wait(_PAUSE)
            self._wanted.wait(_FOLLOWED)
            self._wanted.clear()
        try:
            self._leases.keep(set())
        except LibraryError:
            return

    def _look(self, library: Path) -> None:
        """See what is live there, and whether what is served here is answered.

        Raises:
            MilvusError: when the server does not answer.
        """
        address = self._server.address
        served = list(self._served)
        try:
            held = Published.among(
                self._server.call("list_collections", timeout=_PATIENCE), address
            )
            live = _live_among(self._server, held)
        except MilvusError as error:
            for legs in served:
                legs.trouble = error.trouble
            raise
        folder = self._seen.folder if live == self._seen.live else None
        if folder is None and live is not None:
            folder = _whole(library, address, live)
        self._seen = _Seen(live, frozenset(held), folder)
        well = True
        for legs in served:
            try:
                legs.check()
            except MilvusError as error:
                well = False
                self._complain(error)
        if well:
            self._complain(None)
        self._lease({legs.published for legs in served})

    def _lease(self, served: set[Published]) -> None:
        try:
            self._leases.keep(served)
            self._leasing = True
        except MilvusError as error:
            if self._leasing:
                self._leasing = False
                _log.warning(
                    "%s; publication cannot be told what is served here, and may release it",
                    str(error),
                )

    def _complain(self, error: LibraryError | None) -> None:
        """Say once that something is wrong, and once that it is well again."""
        kind: tuple[object, ...] = ()
        if isinstance(error, MilvusError):
            kind = error.trouble, error.fault
        elif error is not None:
            kind = (str(error),)
        if kind == self._trouble:
            return
        if error is not None:
            _log.error("%s; ranked search is by words alone meanwhile", str(error))
        else:
            _log.warning("%s answers", self._server.address)
        self._trouble = kind


def live(server: MilvusServer) -> Published | None:
    """The collections that a library's alias leads to; None where there is no such alias.

    Raises:
        MilvusError: when the server does not answer.
    """
    names = server.call("list_collections")
    return _live_among(server, Published.among(names, server.address))


def _live_among(server: MilvusServer, held: list[Published]) -> Published | None:
    for published in reversed(held):
        if server.address.name in server.call("list_aliases", published.passages)["aliases"]:
            return published
    return None


def _whole(library: Path, address: MilvusAddress, live: Published) -> Path | None:
    """The folder of a generation in a replica; None where it is not all there, or another's."""
    folder = library / GENERATIONS / live.generation
    try:
        if Published.of(address, folder) != live:
            return None
        missing = [p for p in check_sizes(folder) if not p.startswith(_NOT_NEEDED)]
    except (OSError, LibraryError):
        return None
    return None if missing else folder
