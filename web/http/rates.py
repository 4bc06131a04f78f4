"""How often one client may ask: requests, and attempts with a password.

A rate is kept by the clock that never jumps, as the moment until which a client has used what it
may (GCRA: one number a client). Libraries for this count by the wall clock, and lock everybody out,
or nobody, once that is set.
"""

import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from math import ceil

from flask import Flask, current_app, request
from werkzeug.exceptions import TooManyRequests

from web.http import access
from web.http.clients import client_network
from web.http.overload import PROBES

_RATE = re.compile(r"(\d{1,6})/(second|minute|hour)")
_SECONDS = {"second": 1.0, "minute": 60.0, "hour": 3600.0}
# Keys beyond that many are looked through for those that have used nothing lately.
_KEYS = 10_000


@dataclass(frozen=True)
class Rate:
    """``count`` within ``seconds``: all at once, or one after the other."""

    count: int
    seconds: float

    @classmethod
    def parse(cls, text: str) -> "Rate":
        """A rate as it is written: 600/minute.

        Raises:
            ValueError: when it is none.
        """
        found = _RATE.fullmatch(text)
        if not found or not int(found.group(1)):
            raise ValueError(
                f"{text!r} is no rate: write a number, / and second, minute or hour, as in "
                "600/minute"
            )
        return cls(int(found.group(1)), _SECONDS[found.group(2)])


class Allowance:
    """What is left of a rate, for each key. Safe to use from several threads."""

    def __init__(self, rate: Rate, clock: Callable[[], float] = time.monotonic) -> None:
        self.rate = rate
        self._clock = clock
        self._used: dict[str, float] = {}
        self._lock = threading.Lock()

    def take(self, key: str) -> float:
        """Use one; 0, or the seconds after which there is one again, and none is used."""
        each = self.rate.seconds / self.rate.count
        moment = self._clock()
        with self._lock:
            if len(self._used) > _KEYS:
                self._used = {k: until for k, until in self._used.items() if until > moment}
            until = max(self._used.get(key, moment), moment) + each
            if until - moment > self.rate.seconds + each / 1000:
                return until - moment - self.rate.seconds
            self._used[key] = until
        return 0.0

    def give_back(self, key: str) -> None:
        """Have one that was taken not count."""
        with self._lock:
            if key in self._used:
                self._used[key] -= self.rate.seconds / self.rate.count


# Attempts with one name from one address, and with any name from it: enough for slips, and for a
# ward behind one address; guessing a password takes years. And with one name from all addresses:
# whoever has many of them may keep a user out for an hour, but not guess for a month.
_NAME_ATTEMPTS = Rate(10, 600.0)
_ADDRESS_ATTEMPTS = Rate(100, 600.0)
_ACCOUNT_ATTEMPTS = Rate(60, 3600.0)
# Links for a forgotten password: for one name or address of mail, from wherever they are asked for,
# so that nobody's mailbox is filled; and from one address.
_FORGOTTEN = Rate(5, 3600.0)
_FORGETFUL = Rate(20, 3600.0)


@dataclass(frozen=True)
class _Rates:
    requests: Allowance | None
    names: Allowance
    addresses: Allowance
    accounts: Allowance
    forgotten: Allowance
    forgetful: Allowance


def install(app: Flask, rate: Rate | None) -> None:
    """Hold clients of ``app`` to ``rate`` (None: to none), and attempts with a password always."""
    app.extensions["jmedsearch.rates"] = _Rates(
        Allowance(rate) if rate else None,
        Allowance(_NAME_ATTEMPTS),
        Allowance(_ADDRESS_ATTEMPTS),
        Allowance(_ACCOUNT_ATTEMPTS),
        Allowance(_FORGOTTEN),
        Allowance(_FORGETFUL),
    )
    app.before_request(_check)


class PasswordAttempt:
    """An attempt with a password, to sign in or to change it, which counts from its start, so that
    many at once count as many.

    Raises:
        TooManyRequests: when there were too many.
    """

    def __init__(self, name: str) -> None:
        rates: _Rates = current_app.extensions["jmedsearch.rates"]
        address, account = _client(), name.strip().casefold()[:200]
        self._taken = [
            (rates.addresses, address),
            (rates.names, f"{address} {account}"),
            (rates.accounts, account),
        ]
        for allowance, key in self._taken:
            _refuse(allowance.take(key), "too many attempts with a password")

    def succeeded(self) -> None:
        """Have it not count."""
        for allowance, key in self._taken:
            allowance.give_back(key)


def count_forgotten(told: str) -> None:
    """Count a link that is asked for by mail, for a name or an address that may be anybody's or
    nobody's: it counts alike.

    Raises:
        TooManyRequests: when there were too many.
    """
    rates: _Rates = current_app.extensions["jmedsearch.rates"]
    why = "too many links for a new password"
    _refuse(rates.forgetful.take(_client()), why)
    _refuse(rates.forgotten.take(told.casefold()), why)


def count_more(requests: int) -> None:
    """Count this request as so many more.

    Raises:
        TooManyRequests: when the client may not make as many.
    """
    for _ in range(requests):
        _count()


def _check() -> None:
    if request.path not in PROBES and request.endpoint != "pages.static":
        _count()


def _count() -> None:
    rates: _Rates = current_app.extensions["jmedsearch.rates"]
    if rates.requests is None:
        return
    found = access.identity()
    # Whoever is known is counted by name: a hospital may share one address.
    known = found is not None and found.kind in {"session", "token", "proxy"}
    key = f"user {found.name}" if found is not None and known else f"address {_client()}"
    _refuse(rates.requests.take(key), "too many requests")


def _client() -> str:
    admission: access.Admission = current_app.config["ADMISSION"]
    return client_network(admission.trusted_proxy)


def _refuse(seconds: float, why: str) -> None:
    if seconds > 0:
        wait = ceil(seconds)
        raise TooManyRequests(f"{why}: come again in {wait} s", retry_after=wait)
