"""One source asked over HTTP: only there, in its pace, again where that helps, never more than so
much.

httpx2 is the client that the base install has anyway, by way of tokenizers; it takes proxies from
HTTPS_PROXY and NO_PROXY and certificates from the system's store, as hospitals set them, and has
types. Retries are of our own: those of urllib3 and httpx-retries know the head of an answer, while
a truncated answer and one that is no JSON come to light in its body.
"""

import contextlib
import logging
import ssl
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from importlib.metadata import version
from typing import TypeVar
from urllib.parse import quote, urlsplit

import httpx2

from indexer.harvest.harvest_errors import CursorError, NetworkError, SourceError
from indexer.harvest.network import Network, SourceName
from indexer.harvest.pace import Clock, Pace

Answer = TypeVar("Answer")
Parameters = Mapping[str, str | int]

# What the readers of such answers take at most.
LONGEST_ANSWER = 64 * 1024 * 1024
_SECONDS_AN_ANSWER = 600.0
_SECONDS_OF_SILENCE = 60.0
_TRIES = 6
# Who asks to come back later than that is not waited for.
_LONGEST_WAIT = 900.0
_AGAIN = {408, 425, 429, 500, 502, 503, 504}
# A source that has forgotten a cursor says so in one of these ways.
_FORGOTTEN = {400, 404, 410}
_REFUSED = 400
_SHOWN = 200
_SHORTEST_KEY = 6
# These would write addresses into logs, and with them keys.
for _name in ("httpx2", "httpcore2"):
    logging.getLogger(_name).setLevel(logging.WARNING)


class DamagedError(Exception):
    """An answer that is not whole, or not what the source's protocol has: worth asking again."""

    def __init__(self, reason: str, after: float | None = None) -> None:
        super().__init__(reason)
        self.after = after


class Connection:
    """Asks one source. Every address is the source's own and a path of ours: none that a record, an
    answer or a user names. Redirects are not followed."""

    def __init__(
        self,
        source: SourceName,
        base: str,
        per_second: float,
        network: Network,
        clock: Clock,
    ) -> None:
        settings = network.of(source)
        self.source = source
        self.key = settings.key
        self.contact = network.contact
        self.base = settings.base or base
        self._clock = clock
        self._pace = Pace(settings.requests_per_second or per_second, clock)
        self._client = httpx2.Client(
            headers={
                "User-Agent": f"jmedsearch/{version('jmedsearch')} (mailto:{network.contact})"
            },
            timeout=_SECONDS_OF_SILENCE,
            follow_redirects=False,
            proxy=network.proxy or None,
            verify=_certificates(network) if network.certificates else True,
        )

    def close(self) -> None:
        """Close what is open."""
        self._client.close()

    def ask(
        self,
        path: str,
        parameters: Parameters,
        read: Callable[[bytes], Answer],
        *,
        post: bool = False,
        headers: Mapping[str, str] | None = None,
        is_cursor: bool = False,
        refusals: bool = False,
    ) -> Answer:
        """What ``read`` makes of the answer; it raises DamagedError where that is not whole. The
        question is put again where the source is busy or the answer damaged. ``is_cursor`` says
        that it asks to go on somewhere, ``refusals`` that ``read`` takes an answer 400 as well.

        Raises:
            SourceError: when the source refuses, or gives no usable answer.
            CursorError: when it refuses to go on there.
        """
        url = self.base + path
        tried = 0
        while True:
            self._pace.wait()
            try:
                return read(self._answer(url, parameters, post, headers or {}, is_cursor, refusals))
            except DamagedError as trouble:
                tried += 1
                wait = 2.0**tried if trouble.after is None else trouble.after
                if wait > _LONGEST_WAIT:
                    raise SourceError(
                        f"{self.source} asks to come back in {wait / 60:.0f} minutes "
                        f"({trouble}); what was harvested is kept, go on then"
                    ) from trouble
                if tried == _TRIES:
                    raise SourceError(
                        f"{self.source} gave no usable answer in {_TRIES} tries; the last: "
                        f"{trouble}. What was harvested is kept, go on later"
                    ) from trouble
            self._clock.sleep(wait)

    def hidden(self, data: bytes) -> bytes:
        """An answer without the institution's key: some sources repeat the question in it."""
        if len(self.key) < _SHORTEST_KEY:
            return data
        for key in (self.key, quote(self.key, safe="")):
            data = data.replace(key.encode(), b"KEY")
        return data

    def _answer(
        self,
        url: str,
        parameters: Parameters,
        post: bool,
        headers: Mapping[str, str],
        is_cursor: bool,
        refusals: bool,
    ) -> bytes:
        values = {name: str(value) for name, value in parameters.items() if value != ""}
        end = self._clock.seconds() + _SECONDS_AN_ANSWER
        content = bytearray()
        try:
            with self._client.stream(
                "POST" if post else "GET",
                url,
                headers=dict(headers),
                data=values if post else None,
                params=None if post else values,
            ) as response:
                for part in response.iter_bytes():
                    content += part
                    if len(content) > LONGEST_ANSWER:
                        raise SourceError(
                            f"{self.source} answers with more than {LONGEST_ANSWER // 1024**2} "
                            "MiB; that is no page of records, and was not read on"
                        )
                    if self._clock.seconds() > end:
                        raise DamagedError(f"no end in {_SECONDS_AN_ANSWER / 60:.0f} minutes")
                if not (refusals and response.status_code == _REFUSED):
                    self._check(response, bytes(content), is_cursor)
        except httpx2.ProxyError as error:
            raise DamagedError("the proxy does not let it through") from error
        except httpx2.TimeoutException as error:
            raise DamagedError(f"{self.host} does not answer") from error
        except (httpx2.DecodingError, httpx2.RemoteProtocolError) as error:
            raise DamagedError("the answer broke off, or is none of HTTP") from error
        except httpx2.HTTPError as error:
            raise DamagedError(f"{self.host} cannot be reached ({_cause(error)})") from error
        return bytes(content)

    @property
    def host(self) -> str:
        """Whom it asks."""
        return urlsplit(self.base).netloc.rpartition("@")[2]

    def _check(self, response: httpx2.Response, content: bytes, is_cursor: bool) -> None:
        """Raise what a status other than success means."""
        status = response.status_code
        if response.is_success:
            return
        if status in _AGAIN:
            after = _retry_after(response.headers.get("Retry-After", ""), self._clock.now())
            raise DamagedError(f"{self.host} answers {status}{self._said(content)}", after)
        if 300 <= status < 400:
            raise SourceError(
                f"{self.source} answers {status}, to ask at another address; only {self.host} is "
                "asked, wherever an answer points to"
            )
        if is_cursor and status in _FORGOTTEN:
            raise CursorError(f"{self.source} does not know any more where reading was to go on")
        hint = "; is the key in the settings right?" if status in (401, 403) else ""
        raise SourceError(f"{self.source} answers {status}{self._said(content)}{hint}")

    def _said(self, content: bytes) -> str:
        """What an answer says of a refusal, if that is no page for browsers."""
        text = " ".join(self.hidden(content).decode("utf-8", "replace").split())
        if not text or text.lstrip("\ufeff").startswith(("<!DOCTYPE html", "<html", "<!doctype")):
            return ""
        return f": {text[:_SHOWN]}"


def _certificates(network: Network) -> ssl.SSLContext:
    context = ssl.create_default_context()
    try:
        context.load_verify_locations(cafile=network.certificates)
    except (OSError, ssl.SSLError) as error:
        raise NetworkError(
            f"{network.certificates}: no certificates (PEM) can be read there"
        ) from error
    return context


def _cause(error: Exception) -> str:
    """Why a connection failed: a certificate, a name, a refusal. No address stands in there."""
    return " ".join(str(error).split())[:_SHOWN] or type(error).__name__


def _retry_after(value: str, now: datetime) -> float | None:
    """The seconds that ``Retry-After`` names, as a number or a date."""
    if value.strip().isdecimal():
        return min(float(value), 10 * _LONGEST_WAIT)
    with contextlib.suppress(ValueError, OverflowError):
        date = parsedate_to_datetime(value)
        if date.tzinfo is None:
            date = date.replace(tzinfo=UTC)
        return max(0.0, (date - now).total_seconds())
    return None
