"""Which generation of a library is live in Milvus, and its legs."""

import threading
import time
from pathlib import Path

from search.legs import Opened
from search.manifest import GENERATIONS, LibraryError
from search.milvus.address import MilvusAddress
from search.milvus.collections import Published
from search.milvus.legs import MilvusLegs
from search.milvus.server import MilvusServer

# Seconds after which the alias is looked at again.
_FOLLOWED = 1.0
# Seconds that a request waits for that: it is answered from the generation before.
_PATIENCE = 1.0


class MilvusRetrieval:
    """Milvus answers; its alias names the live generation, whatever CURRENT of a replica says, so
    that all processes move to it together. See :class:`search.legs.Retrieval`."""

    def __init__(self, address: MilvusAddress) -> None:
        self._server = MilvusServer(address)
        self._lock = threading.Lock()
        self._looked: tuple[float, Published | None] = (0.0, None)

    def pointer(self, library: Path) -> Published | None:  # noqa: ARG002 - the alias is elsewhere
        """The collections that the alias leads to, looked up at most once a second."""
        looked, found = self._looked
        if time.monotonic() - looked < _FOLLOWED:
            return found
        # While one thread looks, the others go on with what they know.
        if not self._lock.acquire(blocking=found is None):
            return found
        try:
            if self._looked[0] == looked:
                self._looked = time.monotonic(), live(self._server)
            return self._looked[1]
        finally:
            self._lock.release()

    def live(self, library: Path) -> Path | None:
        """The folder of the generation that the alias leads to.

        Raises:
            LibraryError: when nothing is published there, or the replica has no such generation.
        """
        address = self._server.address
        found = self.pointer(library)
        if found is None:
            raise LibraryError(
                f"{address}: nothing is published there; run: "
                f"jmedsearch publish {library} --to {address}"
            )
        folder = library / GENERATIONS / found.generation
        try:
            same = Published.of(address, folder) == found
        except FileNotFoundError:
            same = False
        if not same:
            raise LibraryError(
                f"{library} has no copy of generation {found.generation} as it was published to "
                f"{address}: copy the folder of the library there anew"
            )
        return folder

    def legs(self, opened: Opened) -> MilvusLegs:
        """The collections of an opened generation."""
        published = Published.of(self._server.address, opened.path)
        return MilvusLegs(self._server, published, opened)


def live(server: MilvusServer) -> Published | None:
    """The collections that a library's alias leads to; None where there is no such alias.

    Raises:
        MilvusError: when the server does not answer.
    """
    name = server.address.name
    names = server.call("list_collections", timeout=_PATIENCE)
    for published in reversed(Published.among(names, server.address)):
        found = server.call("list_aliases", published.passages, timeout=_PATIENCE)
        if name in found["aliases"]:
            return published
    return None
