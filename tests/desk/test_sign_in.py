"""Signing in, and trying to without being allowed to."""

from tests.desk.conftest import PASSWORD, app_without_library
from web.collections.desk import Desk


def test_passwords_cannot_be_tried_out(staffed: Desk) -> None:
    client = app_without_library(staffed).test_client()

    def status(name: str, password: str) -> int:
        return client.post("/sign-in", data={"name": name, "password": password}).status_code

    # Overlong ones are refused without hashing, and count all the same.
    assert status("reader", PASSWORD) == 303
    assert [status("reader", "x" * 2000) for _ in range(10)] == [401] * 10
    refused = client.post("/sign-in", data={"name": "Reader ", "password": PASSWORD})
    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) > 0
    assert status("librarian", PASSWORD) == 303
