"""Who serves which generation, as Milvus itself knows it: an alias for each process.

Such an alias leads to the passages that its process answers from, and says until when, in seconds
since 1970: ``NAME_served_PROCESS_UNTIL``. It is renewed long before, and dropped when the process
has moved on or ends; one of a process that was killed runs out by itself. Publication keeps what
somebody serves.
"""

import re
import time
import uuid
from collections.abc import Iterable

from search.library.milvus.address import MilvusAddress
from search.library.milvus.milvus_server import MilvusError, MilvusServer
from search.library.milvus.stored_generation import Published

# Seconds that a lease lasts, and after which it is renewed: clocks may differ by minutes.
LASTING = 600
_RENEWED = 180
# Seconds that Milvus may take for one.
_PATIENCE = 1.0


def read_leases(
    server: MilvusServer, several: Iterable[Published]
) -> tuple[set[Published], list[str]]:
    """Of some generations those that somebody serves, and the aliases of leases that ran out.

    Raises:
        MilvusError: when the server does not answer.
    """
    pattern = _pattern(server.address)
    served: set[Published] = set()
    over: list[str] = []
    for published in several:
        for alias in server.call("list_aliases", published.passages)["aliases"]:
            if found := pattern.fullmatch(alias):
                if int(found["until"]) > time.time():
                    served.add(published)
                else:
                    over.append(alias)
    return served, over


class Leases:
    """Those of this process. Not safe to call from several threads."""

    def __init__(self, server: MilvusServer) -> None:
        self._server = server
        self._process = uuid.uuid4().hex[:12]
        self._held: dict[Published, tuple[str, float]] = {}

    def keep(self, served: set[Published]) -> None:
        """Have leases for the generations that are served, and for no others.

        Raises:
            MilvusError: when the server does not answer, or does not let us.
        """
        for published in [p for p in self._held if p not in served]:
            self._drop(self._held.pop(published)[0])
        for published in served:
            before, since = self._held.get(published, ("", 0.0))
            if before and time.monotonic() - since < _RENEWED:
                continue
            number = len(self._held)
            until = int(time.time()) + LASTING
            alias = f"{self._server.address.name}_served_{self._process}{number:02}_{until}"
            self._server.call("create_alias", published.passages, alias, timeout=_PATIENCE)
            self._held[published] = alias, time.monotonic()
            if before:
                self._drop(before)

    def _drop(self, alias: str) -> None:
        try:
            self._server.call("drop_alias", alias, timeout=_PATIENCE)
        except MilvusError:
            # It runs out by itself, and publication drops it.
            return


def _pattern(address: MilvusAddress) -> re.Pattern[str]:
    return re.compile(rf"{re.escape(address.name)}_served_[0-9a-f]+_(?P<until>\d+)")
