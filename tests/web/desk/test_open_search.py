"""What ships, over a socket: anyone searches, mails bring people in."""

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest

from tests.waiting import LONG
from tests.web.desk.conftest import app_without_library
from tests.web.desk.test_access import routes
from tests.web.desk.test_served import Answer, Service
from tests.web.mail_sink import MailSink, mail_sink, text_of
from web.desk.desk import Desk, open_desk
from web.desk.settings import Settings, keep_settings
from web.http.access import ACCESS

pytestmark = [pytest.mark.servers, pytest.mark.model]

BASE = "https://search.example.org"
NEW = "ward wet cabbage"
LINK = re.compile(rf"{BASE}(/\S+)")
HTML = {"Accept": "text/html"}


@dataclass
class Installation:
    """A service where anyone may search, and the mail server that it hands its mails to."""

    service: Service
    sink: MailSink
    desk: Desk

    def post(self, path: str, session: str = "", **form: str) -> Answer:
        """A form, as a browser sends it."""
        headers = HTML | {"Content-Type": "application/x-www-form-urlencoded"}
        if session:
            headers["Cookie"] = f"session={session}"
        return self.service.ask("POST", path, headers, urlencode(form).encode())

    def mailed_path(self) -> str:
        """Where the link of the next mail leads."""
        found = LINK.search(text_of(self.sink.arrivals.get(timeout=LONG)))
        assert found
        return found.group(1)


@pytest.fixture(scope="module")
def installation(
    sample_library: Path, staff_file: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation]:
    file = Path(shutil.copy(staff_file, tmp_path_factory.mktemp("open") / "collections.db"))
    desk = open_desk(file)
    with mail_sink() as sink:
        keep_settings(
            desk.store,
            "a",
            Settings(
                name_ja="見本病院図書室",
                who_may_search="anyone",
                address=BASE,
                mail_host=sink.host,
                mail_port=sink.port,
                mail_security="none",
                mail_sender="library@example.org",
            ),
        )
        service = Service(sample_library, file)
        yield Installation(service, sink, desk)
        assert service.end() == ""
    desk.store.close()


def test_every_route_is_open_to_guests_or_asks_them_to_sign_in(
    installation: Installation, staffed: Desk
) -> None:
    wrong = []
    for endpoint, method, address in routes(app_without_library(staffed)):
        answer = installation.service.ask(method, address, HTML)
        sent_away = (answer.headers["Location"] or "").startswith("/sign-in")
        asked = endpoint not in {"account.sign_in", "account.sign_out"} and (
            answer.status == 401 or sent_away
        )
        if answer.status in {403, *range(500, 600)} or asked != (
            ACCESS[endpoint] not in {"anyone", "search"}
        ):
            wrong.append((endpoint, method, answer.status))
    assert wrong == []


def test_guests_search_on_pages_and_in_the_api(installation: Installation) -> None:
    ask = installation.service.ask
    page = ask("GET", f"/?q={quote('心房細動')}&lang=ja", HTML)
    assert page.status == 200
    assert "/sign-in" in page.content.decode()
    assert "見本病院図書室" in page.content.decode()
    assert ask("GET", f"/api/v1/search?q={quote('心房細動')}").status == 200
    assert ask("GET", f"/api/v1/exact?q={quote('心房細動')}").status == 200
    assert ask("GET", "/api/v1/collections").status == 401
    assert ask("GET", "/api/v1/search?q=a", {"Authorization": "Bearer jmed_x"}).status == 401


def test_somebody_is_invited_forgets_the_password_and_comes_back(
    installation: Installation,
) -> None:
    accounts = installation.desk.accounts
    session = accounts.open_session(accounts.user("administrator"))
    invited = installation.post(
        "/users", session, do="invite", role="librarian", mail="suzuki@example.org"
    )
    assert invited.status == 303
    path = installation.mailed_path()
    assert installation.service.ask("GET", path, HTML).status == 200
    secret = path.rpartition("/")[2]
    form = {"secret": secret, "name": "suzuki", "password": NEW, "again": NEW}
    joined = installation.post("/invitation", **form)
    assert joined.status == 303
    cookie = {"Cookie": (joined.headers["Set-Cookie"] or "").partition(";")[0]}
    assert installation.service.ask("GET", "/collections", HTML | cookie).status == 200
    assert installation.post("/invitation", **form | {"name": "other"}).status == 404
    # Forgotten: the mail comes, and everybody else gets the same answer.
    answers = [installation.post("/forgotten", name=name) for name in ("suzuki", "nobody")]
    assert answers[0].content == answers[1].content
    secret = installation.mailed_path().rpartition("/")[2]
    other = "cabbage wet ward door"
    changed = installation.post("/password", secret=secret, password=other, again=other)
    assert changed.status == 303
    assert installation.service.ask("GET", "/collections", HTML | cookie).status == 303
    assert installation.post("/sign-in", name="suzuki", password=other).status == 303
    # Another site's page can neither invite nor change settings with a session that is open.
    foreign = {"Cookie": f"session={session}", "Origin": "https://evil.example.com"}
    for path in ("/users", "/settings", "/settings/logo", "/settings/trial", "/account/mail"):
        assert installation.service.ask("POST", path, HTML | foreign, b"do=invite").status == 403
