"""A Python client of the API.

    client = Client("http://127.0.0.1:8000", token="jmed_…")
    for hit in client.search("妊娠中の抗てんかん薬", year_from=2015).hits:
        print(hit.rank, hit.record.title)

Answers are the classes that the server answers with, so they are typed and checked. It needs
nothing beyond the standard library's HTTP; it takes no redirects, which could carry the token
elsewhere. Asks again, a few times, where the server says that it is busy.

==================  =======================================================
error               cause
==================  =======================================================
ClientError         the server cannot be reached, or is none
  ApiError          the server says no: ``status`` and ``problem`` say why
    TokenError      it does not know the token, or wants one (401)
==================  =======================================================
"""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from http import HTTPStatus
from http.client import HTTPException, HTTPMessage
from typing import IO, Any, TypeVar
from urllib.parse import quote, urlencode, urlsplit

from pydantic import BaseModel, ValidationError

from search.records import Record, record_from_dict
from web.api.models import (
    BatchBody,
    ExactBody,
    ExactHitBody,
    Problem,
    ReadyBody,
    RecordBody,
    SearchBody,
    SimilarBody,
)
from web.api.suggest_models import CompleteBody, SuggestBody

_Body = TypeVar("_Body", bound=BaseModel)
# Seconds; what the server asks for beyond is told to the caller instead.
_LONGEST_WAIT = 30.0
_BUSY = {429, 503}
_PAGE = 100


class ClientError(Exception):
    """No answer of the API."""


class ApiError(ClientError):
    """An answer that says no."""

    def __init__(self, status: int, problem: Problem) -> None:
        super().__init__(f"{status} {problem.title}: {problem.detail}")
        self.status = status
        self.problem = problem


class TokenError(ApiError):
    """The server wants a token, or does not know the one that it was given."""


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(
        self, req: Any, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> None:
        """Take none: the answer is an error."""


class Client:
    """One server, asked as one user. Safe to use from several threads."""

    def __init__(
        self, address: str, token: str = "", *, timeout: float = 30.0, retries: int = 2
    ) -> None:
        """``address`` is the server's, without /api; ``timeout`` in seconds.

        Raises:
            ValueError: when the address is none of the web, or the token cannot be one.
        """
        if token and not (token.isascii() and token.isprintable() and " " not in token):
            raise ValueError("the token is none: it has signs that no token has; copy it anew")
        if urlsplit(address).scheme not in {"http", "https"} or not urlsplit(address).hostname:
            raise ValueError(f"{address!r} is no address of the web")
        self._address = address.rstrip("/")
        self._token = token
        self._timeout = timeout
        self._retries = retries
        self._opener = urllib.request.build_opener(_NoRedirects())

    def ready(self) -> ReadyBody:
        """What the server answers from."""
        return self._get("/readyz", ReadyBody)

    def search(self, query: str, **parameters: Any) -> SearchBody:
        """A page of the ranked list: filters, ``page``, ``per_page`` and ``cursor`` as the API
        calls them."""
        return self._get("/api/v1/search", SearchBody, q=query, **parameters)

    def search_batch(self, queries: Sequence[str], **parameters: Any) -> tuple[SearchBody, ...]:
        """The first page for each of up to 50 queries, with the same filters."""
        searches = [{"q": query, **parameters} for query in queries]
        content = json.dumps({"searches": searches}).encode()
        with self._open("/api/v1/search/batch", {}, content) as answer:
            return _parsed(answer.read(), BatchBody).answers

    def exact(self, expression: str, **parameters: Any) -> ExactBody:
        """A page of the complete set for an expression."""
        return self._get("/api/v1/exact", ExactBody, q=expression, **parameters)

    def exact_hits(self, expression: str, **parameters: Any) -> Iterator[ExactHitBody]:
        """Every hit of the set, page after page, also while the library changes."""
        parameters.setdefault("per_page", _PAGE)
        page = self.exact(expression, **parameters)
        yield from page.hits
        while page.next_cursor:
            page = self.exact(expression, **parameters, cursor=page.next_cursor)
            yield from page.hits

    def exact_records(self, expression: str, **parameters: Any) -> Iterator[Record]:
        """Every record of the set, from one generation, as the server reads them."""
        asked = {"q": expression, "format": "jsonl", **parameters}
        with self._open("/api/v1/exact/export", asked) as answer:
            try:
                for line in answer:
                    yield record_from_dict(json.loads(line))
            except (OSError, HTTPException) as error:
                raise ClientError(f"the answer ended too early: {error}") from error

    def record(self, record_id: str) -> RecordBody:
        """One record by its id."""
        return self._get(f"/api/v1/records/{quote(record_id, safe='')}", RecordBody)

    def similar(self, record_id: str, limit: int = 10) -> SimilarBody:
        """The records nearest in meaning to one."""
        address = f"/api/v1/records/{quote(record_id, safe='')}/similar"
        return self._get(address, SimilarBody, limit=limit)

    def suggest(self, query: str, **parameters: Any) -> SuggestBody:
        """Terms of the library for a query."""
        return self._get("/api/v1/suggest", SuggestBody, q=query, **parameters)

    def complete(self, query: str, limit: int = 8) -> CompleteBody:
        """Terms for the word that is being typed."""
        return self._get("/api/v1/complete", CompleteBody, q=query, limit=limit)

    def _get(self, path: str, body: type[_Body], **parameters: Any) -> _Body:
        with self._open(path, parameters) as answer:
            return _parsed(answer.read(), body)

    def _open(self, path: str, parameters: dict[str, Any], content: bytes | None = None) -> Any:
        query = urlencode(
            {
                name: str(value).lower() if isinstance(value, bool) else value
                for name, value in parameters.items()
                if value is not None
            },
            doseq=True,
        )
        request = urllib.request.Request(  # noqa: S310 - the scheme was checked
            f"{self._address}{path}{'?' if query else ''}{query}",
            data=content,
            headers={"Content-Type": "application/json"} if content is not None else {},
        )
        if self._token:
            request.add_unredirected_header("Authorization", f"Bearer {self._token}")
        for left in range(self._retries, -1, -1):
            try:
                return self._opener.open(request, timeout=self._timeout)
            except urllib.error.HTTPError as error:
                with error:
                    wait = _wait(error) if left else None
                    if wait is None:
                        raise _api_error(error) from error
                time.sleep(wait)
            except (OSError, HTTPException) as error:
                raise ClientError(f"{self._address} cannot be reached: {error}") from error
        raise AssertionError


def _wait(error: urllib.error.HTTPError) -> float | None:
    """Seconds after which the server wants to be asked again; None where it does not."""
    asked = error.headers.get("Retry-After", "")
    if error.code in _BUSY and asked.isdigit() and int(asked) <= _LONGEST_WAIT:
        return float(asked)
    return None


def _api_error(error: urllib.error.HTTPError) -> ClientError:
    kind = TokenError if error.code == HTTPStatus.UNAUTHORIZED else ApiError
    try:
        return kind(error.code, Problem.model_validate_json(error.read()))
    except ValidationError:
        return ClientError(f"{error.url.partition('?')[0]} answered {error.code} {error.reason}")


def _parsed(content: bytes, body: type[_Body]) -> _Body:
    try:
        return body.model_validate_json(content)
    except ValidationError as error:
        raise ClientError(f"this is no answer of jmedsearch's API: {error}") from error
