"""A Milvus server as we ask it: errors are ours, and say what is wrong with the connection.

Requests ask by :meth:`MilvusServer.ask`: on one of a few threads of their own (a bulkhead), with a
moment by which they go on without an answer, whatever pymilvus does until then: it tries again and
connects again inside of a call, beyond the time that it was given. Whoever has time, publication
and the thread that follows the alias, asks by :meth:`MilvusServer.call`.
"""

import logging
import os
import re
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from search.extras import how_to_install
from search.library.legs import Trouble, UnreachableError
from search.library.manifest import LibraryError
from search.library.milvus.address import MilvusAddress
from search.library.milvus.diagnosis import Fault, connection_fault

# Seconds that a call may take.
TIMEOUT = 5.0
# Requests that wait for the engine at once; the other threads of a process answer what needs none.
_AT_ONCE = min(4, max(2, (os.cpu_count() or 1) // 2))
# Seconds that a request waits until it may ask.
_ROOM = 0.25
# Seconds after which what may pass by itself is tried again.
_PAUSE = 1.0
_TOKEN = "JMEDSEARCH_MILVUS_TOKEN"  # noqa: S105 - its name
_AUTHORITY = "JMEDSEARCH_MILVUS_CA"
# milvus-lite hangs up on who asks whether it is still there while nothing is under way. A server
# that was away for long is found again within seconds of its return, over a connection of our own.
_GRPC = {
    "grpc.keepalive_permit_without_calls": False,
    "grpc.initial_reconnect_backoff_ms": 500,
    "grpc.max_reconnect_backoff_ms": 2000,
    "grpc.use_local_subchannel_pool": 1,
}
_LITE = "milvus_lite"
# The first version that ranks term lists.
_RANKS_WORDS = (2, 5)
# How servers say that it is not for us to ask, whatever code comes with it.
_NOT_FOR_US = re.compile(r"auth check failure|authenticat|permission deny|privilege", re.I)
_LOADING = re.compile(
    r"not (fully )?loaded|not ready|loading|not? available|unavailable|initializ|recover", re.I
)


class MilvusError(UnreachableError):
    """Milvus does not answer, or not as it should: names the server and what it said.

    ``fault`` says what is wrong with the connection, where it is the connection.
    """

    def __init__(
        self, message: str, trouble: Trouble = "unreachable", fault: Fault | None = None
    ) -> None:
        super().__init__(message, trouble)
        self.fault = fault

    @property
    def passes(self) -> bool:
        """Whether it may be well after a while without anybody's doing."""
        lasting = self.fault in ("token", "certificate", "TLS", "name")
        return not lasting and self.trouble != "refused"


class MilvusServer:
    """A connection that is made when it is first needed. Safe to use from several threads.

    What may pass by itself is tried again by :meth:`call` for ``patience`` seconds; ``waiting`` is
    told what is waited for.
    """

    def __init__(
        self,
        address: MilvusAddress,
        timeout: float = TIMEOUT,
        patience: float = 0.0,
        waiting: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.address = address
        self._timeout = timeout
        self._patience = patience
        self._waiting = waiting
        self._client: Any = None
        self._lock = threading.Lock()
        self._room = threading.BoundedSemaphore(_AT_ONCE)
        self._asking = ThreadPoolExecutor(_AT_ONCE, "milvus")

    def call(self, method: str, *arguments: Any, **options: Any) -> Any:
        """The result of a method of ``pymilvus.MilvusClient``. ``patience`` may be another one for
        what is not to be repeated.

        Raises:
            MilvusError: when the server does not answer in time or refuses.
        """
        end = time.monotonic() + options.pop("patience", self._patience)
        said = ""
        while True:
            try:
                return self._called(method, arguments, options)
            except MilvusError as error:
                if not error.passes or time.monotonic() + _PAUSE > end:
                    raise
                if str(error) != said:
                    said = str(error)
                    self._waiting(said)
                if error.trouble in ("unreachable", "slow"):
                    self.hang_up()
                time.sleep(_PAUSE)

    def ask(self, until: float, method: str, *arguments: Any, **options: Any) -> Any:
        """What :meth:`call` gives, for somebody who waits for it: by ``until``
        (:func:`time.monotonic`) at the latest, and only while few others wait.

        Raises:
            MilvusError: when there is no answer by then.
        """
        if not self._room.acquire(timeout=max(0.0, min(_ROOM, until - time.monotonic()))):
            raise MilvusError(f"{self.address}: Milvus is asked enough already", "busy")
        left = max(0.0, min(until - time.monotonic(), self._timeout))
        try:
            asked = self._asking.submit(
                self._called, method, arguments, {**options, "timeout": left}
            )
        except BaseException:
            self._room.release()
            raise
        asked.add_done_callback(lambda _: self._room.release())
        try:
            return asked.result(left)
        except TimeoutError as error:
            raise MilvusError(f"{self.address}: Milvus does not answer in time", "slow") from error

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

    def hang_up(self) -> None:
        """Give the connection back; the next call makes another."""
        with self._lock:
            client, self._client = self._client, None
        if client is not None:
            client.close()

    def close(self) -> None:
        """Give the connection and the threads back."""
        self.hang_up()
        self._asking.shutdown(wait=False, cancel_futures=True)

    def _called(self, method: str, arguments: tuple[Any, ...], options: dict[str, Any]) -> Any:
        packages = _packages()
        timeout = options.get("timeout", self._timeout)
        try:
            called = getattr(self._connected(packages, timeout), method)
            return called(*arguments, **{**options, "timeout": timeout})
        except packages.errors as error:
            raise self._told(error, packages) from error

    def _connected(self, packages: "_Packages", timeout: float) -> Any:
        with self._lock:
            if self._client is None:
                options: dict[str, Any] = {"grpc_options": _GRPC, "dedicated": True}
                if (authority := _authority()) and self.address.uri.startswith("https:"):
                    options["server_pem_path"] = str(authority)
                self._client = packages.client(
                    uri=self.address.uri,
                    token=os.environ.get(_TOKEN, ""),
                    timeout=min(timeout, TIMEOUT),
                    **options,
                )
            return self._client

    def _told(self, error: Exception, packages: "_Packages") -> MilvusError:
        """What an error of pymilvus or gRPC means."""
        said = _said(error)
        codes = {str(code) for one in _chain(error) for code in _codes(one)}
        if codes & {"UNAUTHENTICATED", "PERMISSION_DENIED"} or _NOT_FOR_US.search(said):
            return MilvusError(
                f"{self.address}: Milvus does not take who asks, or does not let them "
                f"({said}): put USER:PASSWORD, or a key, into {_TOKEN}",
                "refused",
                "token",
            )
        if "DEADLINE_EXCEEDED" in codes and "UNAVAILABLE" not in codes and self._client:
            return MilvusError(f"{self.address}: Milvus does not answer in time ({said})", "slow")
        answered = isinstance(error, packages.milvus_error) and "Fail connecting" not in said
        if answered and not codes & {"UNAVAILABLE", "DEADLINE_EXCEEDED", "CANCELLED"}:
            trouble: Trouble = "loading" if _LOADING.search(said) else "refused"
            return MilvusError(
                f"{self.address}: Milvus does not answer as it should ({said})", trouble
            )
        found = connection_fault(self.address.uri, _authority())
        if found is None:
            return MilvusError(f"{self.address}: Milvus does not answer ({said})")
        fault, reason = found
        return MilvusError(f"{self.address}: {reason}", fault=fault)


def _authority() -> Path | None:
    """The file with the certificates that the server's has to be signed by, where one is named.

    Raises:
        LibraryError: when it cannot be read.
    """
    named = os.environ.get(_AUTHORITY, "")
    if not named:
        return None
    file = Path(named)
    try:
        with file.open("rb"):
            return file
    except OSError as error:
        raise LibraryError(f"{_AUTHORITY}: {file} cannot be read ({error.strerror})") from error


class _Packages(NamedTuple):
    client: Any
    milvus_error: type[Exception]
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
    errors = (MilvusException, grpc.RpcError, grpc.FutureTimeoutError, ValueError)
    return _Packages(MilvusClient, MilvusException, errors)


def _chain(error: BaseException | None) -> list[BaseException]:
    """An error and what it came of."""
    found: list[BaseException] = []
    while error is not None and error not in found:
        found.append(error)
        error = error.__cause__ or error.__context__
    return found


def _codes(error: BaseException) -> list[str]:
    """The names of the gRPC statuses that an error carries."""
    code = getattr(error, "code", None)
    code = code() if callable(code) else code
    named = getattr(code, "name", None)
    return [named] if named else []


def _said(error: Exception) -> str:
    """The first line of what an error says."""
    message = getattr(error, "message", "") or ""
    if not message and callable(details := getattr(error, "details", None)):
        message = details() or ""
    message = message or str(error) or type(error).__name__
    return str(message).splitlines()[0][:300]
