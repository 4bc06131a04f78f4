"""Invitations, forgotten passwords and addresses of mail: links that can be used once."""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from click.testing import CliRunner
from flask import Flask
from flask.testing import FlaskClient

from tests.web.desk.conftest import PASSWORD, app_without_library
from tests.web.desk.test_account_pages import NEW, client_of, send, value_of
from tests.web.mail_sink import MailSink, mail_sink, text_of
from tests.web.page import Page
from web.cli import main
from web.desk.account_links import (
    accept,
    end_invitation,
    forgetful,
    invitation,
    invitations,
    invite,
    open_reset,
    reset_password,
)
from web.desk.accounts import AccountError
from web.desk.desk import Desk
from web.desk.settings import Settings, keep_settings
from web.http.postman import postman

pytestmark = pytest.mark.slow

LINK = re.compile(r"https://search\.example\.org/books(/\S+)")


@pytest.fixture
def app(staffed: Desk) -> Flask:
    return app_without_library(staffed)


@pytest.fixture
def sink(staffed: Desk) -> Iterator[MailSink]:
    with mail_sink() as found:
        keep_settings(staffed.store, "a", settings_for(found))
        yield found


def settings_for(sink: MailSink) -> Settings:
    return Settings(
        name_ja="見本病院図書室",
        name_en="Example Library",
        address="https://search.example.org/books",
        mail_host=sink.host,
        mail_port=sink.port,
        mail_security="none",
        mail_sender="library@example.org",
    )


def posted(app: Flask) -> None:
    """Wait until the postman has done all that it was asked for."""
    with app.app_context():
        postman().wait()


def join(client: FlaskClient, secret: str, status: int, **form: str) -> str:
    filled = {"secret": secret, "name": "鈴木", "password": NEW, "again": NEW} | form
    response = client.post("/invitation", data=filled)
    assert response.status_code == status, response.text
    return response.text


class TestInvitations:
    def test_whoever_has_one_chooses_name_and_password_and_is_in(
        self, app: Flask, staffed: Desk
    ) -> None:
        administrator, guest = client_of(app, staffed, "administrator"), app.test_client()
        link = value_of(send(administrator, "/users", do="invite", role="librarian"), "newlink")
        secret = link.rpartition("/")[2]
        assert secret not in administrator.get("/users").text
        assert guest.get(f"/invitations/{secret}").status_code == 200
        assert "一致しません" in join(guest, secret, 400, again="x")
        assert "10文字以上" in join(guest, secret, 400, password="x", again="x")
        assert "同じ名前" in join(guest, secret, 400, name="READER")
        weak = "sakura2024!"
        assert join(guest, secret, 400, password=weak, again=weak)
        join(guest, secret, 303)
        assert staffed.accounts.user("鈴木").role == "librarian"
        assert guest.get("/collections").status_code == 200
        # Used up, and nobody can tell it from one that never was.
        forged = f"{secret[:-1]}x"
        answers = [app.test_client().get(f"/invitations/{one}") for one in (secret, forged)]
        assert [answer.status_code for answer in answers] == [404, 404]
        assert answers[0].text.replace(secret, forged) == answers[1].text
        assert join(app.test_client(), secret, 404, name="佐藤")
        assert len(staffed.accounts.users()) == 4

    def test_it_ends_by_itself_or_by_an_administrator(self, app: Flask, staffed: Desk) -> None:
        store = staffed.store
        over = invite(store, "a", "reader", life=timedelta(seconds=-1))
        taken_back = invite(store, "a", "reader", name="佐藤")
        client = client_of(app, staffed, "administrator")
        assert "佐藤" in client.get("/users").text
        number = invitations(store)[0].id
        send(client, "/users", do="end invitation", invitation=number)
        for secret in (over, taken_back, "", "x" * 5000, "../x"):
            assert invitation(store, secret) is None
            with pytest.raises(AccountError) as told:
                accept(staffed.accounts, store, secret, "佐藤", NEW)
            assert told.value.fault == "link"
        with pytest.raises(AccountError):
            end_invitation(store, 99)

    def test_of_two_who_use_it_at_once_one_does(self, staffed: Desk) -> None:
        secret = invite(staffed.store, "a", "reader")
        first, second = (staffed.accounts for _ in range(2))
        accept(first, staffed.store, secret, "甲", NEW)
        with pytest.raises(AccountError):
            accept(second, staffed.store, secret, "乙", NEW)
        assert [user.name for user in staffed.accounts.users()][-1] == "甲"

    def test_only_administrators_invite(self, app: Flask, staffed: Desk) -> None:
        for who in ("librarian", "reader"):
            client = client_of(app, staffed, who)
            assert client.post("/users", data={"do": "invite", "role": "reader"}).status_code == 403
        with pytest.raises(AccountError):
            invite(staffed.store, "a", "reader", mail="a@b\r\nBcc: c@d")
        with pytest.raises(AccountError):
            invite(staffed.store, "a", "reader", name="Reader")

    def test_the_first_one_is_an_administrators(self, desk: Desk) -> None:
        with pytest.raises(AccountError):
            invite(desk.store, "a", "reader")
        secret = invite(desk.store, "a", "administrator")
        client = app_without_library(desk).test_client()
        join(client, secret, 303)
        assert client.get("/users").status_code == 200

    def test_it_goes_by_mail_and_its_address_counts_as_confirmed(
        self, app: Flask, staffed: Desk, sink: MailSink
    ) -> None:
        client = client_of(app, staffed, "administrator")
        page = send(client, "/users", do="invite", role="reader", mail="new@example.org")
        assert "招待メールを送りました" in page
        posted(app)
        (mail,) = sink.received
        assert mail["To"] == "new@example.org"
        assert mail["From"].addresses[0].display_name == "見本病院図書室"
        found = LINK.search(text_of(mail))
        assert found
        path = found.group(1)
        assert path.startswith("/invitations/")
        assert app.test_client().get(path).status_code == 200
        join(app.test_client(), path.rpartition("/")[2], 303)
        user = staffed.accounts.user("鈴木")
        assert (user.mail, user.mail_confirmed) == ("new@example.org", True)
        # What lets somebody in is kept no longer than it must be.
        kept = staffed.store.connection.execute("select content from mails").fetchall()
        assert [row["content"] for row in kept] == [None]


class TestForgottenPasswords:
    def ask(self, app: Flask, told: str) -> str:
        response = app.test_client().post("/forgotten", data={"name": told})
        assert response.status_code == 200
        posted(app)
        return response.text

    def test_a_link_comes_to_the_confirmed_address_alone(
        self, app: Flask, staffed: Desk, sink: MailSink
    ) -> None:
        accounts = staffed.accounts
        accounts.set_mail("reader", "r@example.org", confirmed=True)
        accounts.set_mail("librarian", "l@example.org", confirmed=False)
        answers = {
            told: self.ask(app, told)
            for told in ("reader", "R@example.org", "librarian", "nobody", "administrator", "%")
        }
        # Nobody learns which of them there are.
        assert len(set(answers.values())) == 1
        assert [mail["To"] for mail in sink.received] == ["r@example.org"] * 2
        first, second = (LINK.search(text_of(mail)) for mail in sink.received)
        assert first
        assert second
        # Asked for again: the one before ends.
        assert app.test_client().get(first.group(1)).status_code == 404
        secret = second.group(1).rpartition("/")[2]
        session, token = (
            accounts.open_session(accounts.user("reader")),
            accounts.add_token("reader", "", "read", timedelta(days=1)),
        )
        client = app.test_client()
        form = {"secret": secret, "password": NEW, "again": NEW, "end_tokens": "1"}
        assert client.post("/password", data=form | {"again": "x"}).status_code == 400
        assert client.post("/password", data=form | {"password": "x"}).status_code == 400
        assert client.post("/password", data=form).status_code == 303
        assert accounts.check_password("reader", NEW)
        assert accounts.session_user(session) is None
        assert accounts.token_user(token) is None
        assert client.post("/password", data=form).status_code == 404

    def test_it_can_be_asked_for_a_few_times_by_whoever_it_is(
        self, app: Flask, staffed: Desk, sink: MailSink
    ) -> None:
        client = app.test_client()

        def status(name: str) -> int:
            return client.post("/forgotten", data={"name": name}).status_code

        assert [status("nobody") for _ in range(6)] == [200] * 5 + [429]
        assert [status("Reader") for _ in range(6)] == [200] * 5 + [429]
        assert [status(f"n{n}") for n in range(12)][-1] == 429

    def test_who_is_locked_out_or_signs_in_elsewhere_gets_none(self, staffed: Desk) -> None:
        accounts = staffed.accounts
        accounts.add("sso", "reader", None)
        for name in ("sso", "reader"):
            accounts.set_mail(name, "r@example.org", confirmed=True)
        assert [user.name for user in forgetful(staffed.store, "r@example.org")] == ["reader"]
        secret = open_reset(staffed.store, "a", "reader")
        accounts.set_disabled("reader", True)
        assert forgetful(staffed.store, "reader") == []
        with pytest.raises(AccountError):
            reset_password(accounts, staffed.store, secret, NEW, end_tokens=False)

    def test_without_mail_an_administrator_hands_a_link_over(
        self, app: Flask, staffed: Desk
    ) -> None:
        assert app.test_client().post("/forgotten", data={"name": "reader"}).status_code == 400
        assert "管理者" in app.test_client().get("/forgotten").text
        client = client_of(app, staffed, "administrator")
        link = value_of(send(client, "/users", do="link", name="reader"), "newlink")
        secret = link.rpartition("/")[2]
        # A new password that is set otherwise ends it.
        staffed.accounts.set_password("reader", "ward wet cabbage")
        form = {"secret": secret, "password": NEW, "again": NEW}
        assert app.test_client().post("/password", data=form).status_code == 404
        send(client, "/users", 400, do="link", name="nobody")

    def test_the_link_leads_where_people_reach_it_whatever_the_request_says(
        self, app: Flask, staffed: Desk, sink: MailSink
    ) -> None:
        staffed.accounts.set_mail("reader", "r@example.org", confirmed=True)
        evil = {"Host": "evil.example.com"}
        app.test_client().post("/forgotten", data={"name": "reader"}, headers=evil)
        posted(app)
        (mail,) = sink.received
        assert "evil" not in mail.as_string()
        assert LINK.search(text_of(mail))


class TestAddresses:
    def test_a_link_shows_that_it_is_theirs(
        self, app: Flask, staffed: Desk, sink: MailSink
    ) -> None:
        client, accounts = client_of(app, staffed, "reader"), staffed.accounts
        form = {"do": "address", "mail": "r@example.org"}
        assert "現在のパスワード" in send(client, "/account/mail", 400, **form, old="x")
        assert send(
            client, "/account/mail", 400, **form | {"mail": "r@x\r\nBcc: a@b"}, old=PASSWORD
        )
        send(client, "/account/mail", **form, old=PASSWORD)
        posted(app)
        assert not accounts.user("reader").mail_confirmed
        (mail,) = sink.received
        found = LINK.search(text_of(mail))
        assert found
        # A mail program that looks into links confirms nothing.
        assert app.test_client().get(found.group(1)).status_code == 200
        assert not accounts.user("reader").mail_confirmed
        secret = found.group(1).rpartition("/")[2]
        confirmed = app.test_client().post("/mail", data={"secret": secret})
        assert confirmed.status_code == 200
        assert accounts.user("reader").mail_confirmed
        assert app.test_client().post("/mail", data={"secret": secret}).status_code == 404

    def test_a_link_to_an_address_that_was_changed_since_confirms_none(
        self, app: Flask, staffed: Desk, sink: MailSink
    ) -> None:
        client = client_of(app, staffed, "reader")
        for mail in ("first@example.org", "second@example.org"):
            send(client, "/account/mail", do="address", mail=mail, old=PASSWORD)
        posted(app)
        first = LINK.search(text_of(sink.received[0]))
        assert first
        assert app.test_client().get(first.group(1)).status_code == 404
        assert not staffed.accounts.user("reader").mail_confirmed

    def test_wishes(self, app: Flask, staffed: Desk) -> None:
        client = client_of(app, staffed, "reader")
        send(client, "/account/mail", do="wishes", digest="daily", language="en")
        user = staffed.accounts.user("reader")
        assert (user.digest, user.language) == ("daily", "en")
        for wrong in ({"digest": "hourly"}, {"language": "xx"}, {"do": "x"}):
            form = {"do": "wishes", "digest": "daily", "language": "en"} | wrong
            send(client, "/account/mail", 400, **form)


def test_the_same_by_command(staffed: Desk) -> None:
    def run(*arguments: str, status: int = 0) -> str:
        done = CliRunner().invoke(
            main, ["user", *arguments, "--collections", str(staffed.store.path)]
        )
        assert done.exit_code == status, done.output
        return done.stdout.strip()

    keep_settings(staffed.store, "a", Settings(address="https://a.example.org"))
    link = run(
        "invite", "鈴木", "--role", "librarian", "--mail", "s@example.org", "--expires", "2d"
    )
    assert link.startswith("https://a.example.org/invitations/")
    assert "鈴木" in run("invitations")
    run("invitations", "--end", str(invitations(staffed.store)[0].id))
    assert run("invitations") == ""
    run("invite", "--expires", "91d", status=2)
    run("invite", "reader", status=1)
    link = run("reset", "reader")
    secret = link.rpartition("/")[2]
    reset_password(staffed.accounts, staffed.store, secret, NEW, end_tokens=True)
    run("mail", "reader", "r@example.org")
    assert staffed.accounts.user("reader").mail_confirmed
    assert "r@example.org" in run("list")
    run("mail", "reader", "no address", status=1)


@pytest.mark.parametrize("address", ["/forgotten", "/invitations/x", "/mail/x", "/unsubscribe/1-x"])
def test_the_pages_are_in_both_languages(app: Flask, address: str) -> None:
    for language in ("ja", "en"):
        shown = app.test_client().get(f"{address}?lang={language}")
        assert Page(shown.text).all("html", lang=language)
