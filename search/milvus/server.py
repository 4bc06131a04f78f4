"""A Milvus server as we ask it: errors are ours, and where it is gone nobody waits for long."""

import logging
import os
import re
import threading
import time
from functools import cache
from typing import Any, NamedTuple

from search.extras import how_to_install
from search.legs import UnreachableError
from search.manifest import LibraryError
from search.milvus.address import MilvusAddress

# Seconds that a search may take, or an outage, before it is answered that there is no answer.
TIMEOUT = 5.0
# Seconds for which nobody tries again what could not be reached.
_PAUSE = 1.0
_TOKEN = "JMEDSEARCH_MILVUS_TOKEN"  # noqa: S105 - its name
# milvus-lite hangs up on who asks whether it is still there while nothing is under way.
_GRPC = {"grpc.keepalive_permit_without_calls": False}
_LITE = "milvus_lite"
# The first version that ranks term lists.
_RANKS_WORDS = (2, 5)


class MilvusError(UnreachableError):
    """Milvus does not answer, or not as it should: names the server and what it said."""


class MilvusServer:
    """A connection that is made when it is first needed. Safe to use from several threads."""

    def __init__(self, address: MilvusAddress, timeout: float = TIMEOUT) -> None:
        self.address = address
        self._timeout = timeout
        self._client: Any = None
        self._lock = threading.Lock()
        self._failed: tuple[float, str] | None = None

    def call(self, method: str, *arguments: Any, **options: Any) -> Any:
        """The result of a method of ``pymilvus.MilvusClient``.

        Raises:
            MilvusError: when the server does not answer in time or refuses.
        """
        if self._failed and time.monotonic() < self._failed[0]:
            raise MilvusError(self._failed[1])
        packages = _packages()
        try:
            called = getattr(self._connected(packages), method)
            return called(*arguments, **{"timeout": self._timeout, **options})
        except packages.errors as error:
            said = f"{self.address}: Milvus does not answer as it should ({_said(error)})"
            if "timeout" not in options:
                self._failed = time.monotonic() + _PAUSE, said
            raise MilvusError(said) from error

    def ranks_words(self) -> bool:
        """Whether it can rank term lists by BM25.

        Raises:
            MilvusError: when the server does not answer.
        """
        version = str(self.call("get_server_version"))
        if version.startswith(_LITE):
            return True
        numbers = re.search(r"(\d+)\.(\d+)", version)
        return numbers is not None and tuple(map(int, numbers.groups())) >= _RANKS_WORDS

    def close(self) -> None:
        """Give the connection back."""
        with self._lock:
            if self._client is not None:
                self._client.close()
                self._client = None

    def _connected(self, packages: "_Packages") -> Any:
        with self._lock:
            if self._client is None:
                token = os.environ.get(_TOKEN, "")
                self._client = packages.client(
                    uri=self.address.uri,
                    token=token,
                    timeout=self._timeout,
                    grpc_options=_GRPC,
                )
            return self._client


class _Packages(NamedTuple):
    client: Any
    errors: tuple[type[Exception], ...]


@cache
def _packages() -> _Packages:
    try:
        import grpc
        from pymilvus import MilvusClient
        from pymilvus.exceptions import MilvusException
    except ModuleNotFoundError as error:
        raise LibraryError(
            f"the package for Milvus is missing: {how_to_install('milvus')}"
        ) from error
    # It logs tracebacks of what we answer; ours is the line that operators read.
    logging.getLogger("pymilvus").setLevel(logging.CRITICAL)
    # ValueError: what gRPC raises of a channel that another thread has just closed.
    return _Packages(MilvusClient, (MilvusException, grpc.RpcError, ValueError))


def _said(error: Exception) -> str:
    """The first line of what an error says."""
    message = getattr(error, "message", "") or str(error) or type(error).__name__
    return str(message).splitlines()[0]
