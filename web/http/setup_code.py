"""The code that opens a new installation to whoever can read where it was started, and to nobody
else.

Where only this machine reaches the server, its single user needs none. Elsewhere whoever came first
would own the installation: so the first account takes a code that stands in the terminal, or in the
service's log. It is good for one browser, until there is an account, or the server ends.
"""

import hmac
import secrets
import threading

COOKIE = "setup"
# Without letters and digits that look alike; some 99 bits.
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
_GROUPS, _IN_GROUP = 4, 5


class SetupCode:
    """A code that is shown once, and the secret of the browser in which it was typed."""

    def __init__(self) -> None:
        self.code = "-".join(
            "".join(secrets.choice(_LETTERS) for _ in range(_IN_GROUP)) for _ in range(_GROUPS)
        )
        self._secret = ""
        self._lock = threading.Lock()

    def enter(self, typed: str) -> str | None:
        """A secret for whoever types the code for the first time; None for all others."""
        cleaned = "".join(typed.lower().split()).encode("utf-8", "replace")
        with self._lock:
            if self._secret or not hmac.compare_digest(cleaned, self.code.encode()):
                return None
            self._secret = secrets.token_urlsafe(24)
            return self._secret

    def holds(self, secret: str) -> bool:
        """Whether this is the secret that the code was given for."""
        return bool(self._secret) and hmac.compare_digest(
            secret.encode("utf-8", "replace"), self._secret.encode()
        )

    @property
    def is_used(self) -> bool:
        """Whether it was typed already."""
        return bool(self._secret)
