"""Alerts that arrive: mails to readers, and collections that grow by themselves."""

import os
import re
import signal
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import replace
from email.message import EmailMessage

import pytest
from click.testing import CliRunner, Result
from flask import Flask

from search.filters import Filters
from search.records import Record
from tests.waiting import LONG
from tests.web.desk.conftest import Growing
from tests.web.mail_sink import MailSink, mail_sink, text_of
from tests.web.page import Page
from tests.web.running import COMMAND
from web.cli import main
from web.desk import alerts, copies, items, outbox, shelf, strategies
from web.desk.accounts import User
from web.desk.alert_mails import due_readers, follow, unfollow
from web.desk.history import change
from web.desk.living import set_living
from web.desk.outbox import Letter, MailError, deliver, mails, post, try_again, written
from web.desk.settings import Settings, keep_settings, settings
from web.desk.store import Store
from web.desk.strategy_answers import SearchRequest
from web.desk.unsubscribing import unsubscribe_token
from web.http.language import spoken
from web.reports.alert_letters import record_address
from web.reports.letters import trial_letter

BASE = "https://search.example.org"


@pytest.fixture
def sink(growing: Growing) -> Iterator[MailSink]:
    """A collection with an alert on 肺炎, followed by a user with an address."""
    with mail_sink() as found:
        store = growing.desk.store
        keep_settings(
            store,
            "a",
            Settings(
                name_ja="見本病院図書室",
                name_en="Example Library",
                address=BASE,
                mail_host=found.host,
                mail_port=found.port,
                mail_security="none",
                mail_sender="library@example.org",
            ),
        )
        number = shelf.create(store, "a", "呼吸器")
        for query in ("肺炎", "喘息"):
            asked = SearchRequest(query, "exact", Filters())
            strategies.run_search(store, "a", number, asked, growing.search)
        alerts.switch_on(store, "a", number, 1)
        user = reader(growing, "tanaka")
        follow(store, user, number, 1)
        yield found


def reader(growing: Growing, name: str) -> User:
    """A user who wants a mail a day; nobody signs in with a password here."""
    accounts = growing.desk.accounts
    if not accounts.exist():
        accounts.add("root", "administrator", None)
    accounts.add(name, "reader", None)
    accounts.set_mail(name, f"{name}@example.org", confirmed=True)
    accounts.set_mail_wishes(name, "ja", "daily")
    return accounts.user(name)


def send(growing: Growing) -> Result:
    file = str(growing.desk.store.path)
    arguments = ["alerts", "send", "--library", str(growing.path), "--collections", file]
    return CliRunner().invoke(main, arguments)


def another_day(growing: Growing) -> None:
    with growing.desk.store.writing() as db:
        db.execute("update users set digested = '2020-01-01T00:00:00+00:00'")


class TestDigests:
    def test_what_is_new_comes_once(self, growing: Growing, sink: MailSink) -> None:
        assert send(growing).exit_code == 0
        assert sink.received == []
        growing.index(
            {
                "id": "f/1",
                "title": "肺炎の画像",
                "abstract": "胸部の所見。",
                "authors": [{"family": "山田", "given": "太郎"}],
                "journal": "内科",
                "date": "2026-03",
            }
        )
        done = send(growing)
        assert (done.exit_code, done.output) == (
            0,
            "mails: 1 handed over, 0 tried again later, 0 given up\n",
        )
        assert send(growing).output == ""
        (mail,) = sink.received
        assert mail["To"] == "tanaka@example.org"
        assert mail["Subject"] == "見本病院図書室：新着1件"
        text = text_of(mail)
        for part in ("呼吸器 #1", "肺炎の画像", "山田 太郎", "内科", "胸部の所見"):
            assert part in text
        assert f"{BASE}/records/f%2F1" in text or f"{BASE}/records/f/1" in text
        html = mail.get_body(("html",))
        assert html is not None
        page = Page(html.get_content())
        assert page.all("html", lang="ja")
        assert page.all("a", href=f"{BASE}/collections/1/strategy/1/alert")
        # Another day, another record: only that.
        another_day(growing)
        growing.index({"id": "g", "title": "肺炎の疫学"})
        send(growing)
        assert "肺炎の疫学" in text_of(sink.received[1])
        assert "肺炎の画像" not in text_of(sink.received[1])

    def test_at_most_one_a_day_or_a_week(self, growing: Growing, sink: MailSink) -> None:
        growing.index({"id": "f", "title": "肺炎の画像"})
        send(growing)
        growing.index({"id": "g", "title": "肺炎の疫学"})
        send(growing)
        assert len(sink.received) == 1
        store, accounts = growing.desk.store, growing.desk.accounts
        accounts.set_mail_wishes("tanaka", "en", "weekly")
        assert due_readers(store) == []
        another_day(growing)
        send(growing)
        assert sink.received[1]["Subject"] == "Example Library: 1 new record"
        accounts.set_mail_wishes("tanaka", "en", "never")
        another_day(growing)
        assert due_readers(store) == []

    def test_nobody_is_told_of_what_they_do_not_follow(
        self, growing: Growing, sink: MailSink
    ) -> None:
        store = growing.desk.store
        alerts.switch_on(store, "a", 1, 2)
        follow(store, reader(growing, "suzuki"), 1, 2)
        growing.index({"id": "f", "title": "肺炎の画像"}, {"id": "g", "title": "喘息の診断"})
        send(growing)
        told = {mail["To"]: text_of(mail) for mail in sink.received}
        assert "喘息" not in told["tanaka@example.org"]
        assert "肺炎" not in told["suzuki@example.org"]

    @pytest.mark.parametrize("how", ["off", "deleted", "unfollowed", "locked", "unconfirmed"])
    def test_whoever_may_not_or_will_not_is_not_told(
        self, growing: Growing, sink: MailSink, how: str
    ) -> None:
        store, accounts = growing.desk.store, growing.desk.accounts
        growing.index({"id": "f", "title": "肺炎の画像"})
        if how == "off":
            alerts.switch_off(store, "a", 1, 1)
        elif how == "deleted":
            shelf.delete(store, "a", 1)
        elif how == "unfollowed":
            unfollow(store, accounts.user("tanaka"), 1, 1)
        elif how == "locked":
            accounts.set_disabled("tanaka", True)
        else:
            accounts.set_mail("tanaka", "other@example.org", confirmed=False)
        assert send(growing).exit_code == 0
        assert sink.received == []

    def test_abstracts_that_must_not_be_passed_on_stay_here(
        self, growing: Growing, sink: MailSink
    ) -> None:
        growing.index(
            {
                "id": "f",
                "title": "肺炎の画像",
                "abstract": "秘密の所見。",
                "abstract_license": "disallow",
            }
        )
        send(growing)
        (mail,) = sink.received
        assert "肺炎の画像" in text_of(mail)
        assert all("秘密" not in str(part.get_content()) for part in mail.iter_parts())

    def test_names_and_titles_begin_no_other_line_and_no_element(
        self, growing: Growing, sink: MailSink
    ) -> None:
        store = growing.desk.store
        hostile = "x\r\nBcc: evil@example.com\r\n\r\n<script>alert(1)</script>"
        with change(store, "a", "describe", 1) as opened:
            opened.db.execute("update collections set name = ?", [hostile])
            opened.db.execute("update searches set name = ?", [hostile])
        growing.index({"id": "f", "title": f"肺炎 {hostile}", "journal": hostile})
        assert send(growing).exit_code == 0
        (mail,) = sink.received
        assert mail["Bcc"] is None
        assert sink.envelopes[0].rcpt_tos == ["tanaka@example.org"]
        html = mail.get_body(("html",))
        assert html is not None
        assert "<script" not in html.get_content()

    def test_a_great_many_are_a_number_and_a_link(self, growing: Growing, sink: MailSink) -> None:
        long = "肺炎" * 2000
        growing.index(*({"id": f"n{n}", "title": long, "abstract": long} for n in range(300)))
        send(growing)
        (mail,) = sink.received
        assert len(mail.as_bytes()) < outbox.LARGEST_MAIL
        assert "新着300件" in mail["Subject"]
        assert "残り270件" in text_of(mail)

    def test_a_search_that_cannot_be_run_stops_no_other(
        self, growing: Growing, sink: MailSink
    ) -> None:
        store = growing.desk.store
        asked = SearchRequest("#1 OR #2", "combination", Filters())
        strategies.run_search(store, "a", 1, asked, growing.search)
        alerts.switch_on(store, "a", 1, 3)
        follow(store, growing.desk.accounts.user("tanaka"), 1, 3)
        strategies.delete(store, "a", 1, 2)
        growing.index({"id": "f", "title": "肺炎の画像"})
        done = send(growing)
        assert done.exit_code == 1
        assert "#3 of collection 1 cannot be run" in done.output
        assert "肺炎の画像" in text_of(sink.received[0])


class TestUnsubscribing:
    def test_by_one_click_without_signing_in_from_any_site(
        self, growing: Growing, sink: MailSink
    ) -> None:
        growing.index({"id": "f", "title": "肺炎の画像"})
        send(growing)
        (mail,) = sink.received
        assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        found = re.fullmatch(rf"<{BASE}(/unsubscribe/\S+)>", mail["List-Unsubscribe"])
        assert found
        path = found.group(1)
        client = growing.app.test_client()
        accounts = growing.desk.accounts
        # Looking at it ends nothing: programs look at links.
        assert client.get(path).status_code == 200
        assert accounts.user("tanaka").digest == "daily"
        headers = {"Origin": "https://mail.example.com", "Sec-Fetch-Site": "cross-site"}
        done = client.post(path, data={"List-Unsubscribe": "One-Click"}, headers=headers)
        assert done.status_code == 200
        assert accounts.user("tanaka").digest == "never"

    def test_a_forged_address_ends_nothing(self, growing: Growing, sink: MailSink) -> None:
        store, client = growing.desk.store, growing.app.test_client()
        user = growing.desk.accounts.user("tanaka")
        token = unsubscribe_token(store, user)
        other = unsubscribe_token(store, replace(user, id=1))
        for forged in (
            *(f"{user.id}-x", f"1{token}", token[:-1], f"{user.id}-{other.partition('-')[2]}"),
            *("x", "-", "9" * 30 + "-x", "あ-x"),
        ):
            assert client.post(f"/unsubscribe/{forged}").status_code == 404
        assert growing.desk.accounts.user("tanaka").digest == "daily"


class TestOutbox:
    def letter(self, store: Store, recipient: str = "a@example.org") -> None:
        with store.writing() as db:
            post(db, settings(store), "test", recipient, Letter("件名", "本文"))

    def soon(self, store: Store) -> None:
        with store.writing() as db:
            db.execute("update mails set due = '2020-01-01T00:00:00+00:00'")

    def test_what_is_not_taken_is_tried_again_and_then_given_up(
        self, growing: Growing, sink: MailSink
    ) -> None:
        store = growing.desk.store
        self.letter(store)
        sink.answers = lambda _: "451 come again"
        assert deliver(store) == outbox.Delivery(later=1)
        assert deliver(store) == outbox.Delivery()
        for _ in range(len(outbox.PAUSES)):
            self.soon(store)
            deliver(store)
        (one,) = mails(store)
        assert one.failed
        assert one.fault == "451 come again"
        self.soon(store)
        assert deliver(store) == outbox.Delivery()
        sink.answers = lambda _: "250 taken"
        try_again(store, one.id)
        assert deliver(store) == outbox.Delivery(sent=1)
        assert len(sink.received) == 1

    def test_an_unknown_recipient_is_given_up_at_once_and_stops_no_other(
        self, growing: Growing, sink: MailSink
    ) -> None:
        store = growing.desk.store
        sink.recipients = lambda a: "550 no such user" if a.startswith("a@") else "250 known"
        self.letter(store)
        self.letter(store, "b@example.org")
        assert deliver(store) == outbox.Delivery(sent=1, failed=1)
        assert mails(store)[1].fault == "550 no such user"

    def test_it_is_told_on_the_pages_of_whom_it_concerns(
        self, growing: Growing, sink: MailSink
    ) -> None:
        sink.recipients = lambda _: "550 no such user"
        growing.index({"id": "f", "title": "肺炎の画像"})
        assert send(growing).exit_code == 1
        client = growing.app.test_client()
        accounts = growing.desk.accounts
        client.set_cookie("session", accounts.open_session(accounts.user("tanaka")))
        for address in ("/account", "/collections/1/strategy/1/alert"):
            assert "550 no such user" in client.get(address).text
        sink.recipients = lambda _: "250 known"
        number = mails(growing.desk.store)[0].id
        client.post("/account/mail", data={"do": "again", "mail_number": number})
        self.soon(growing.desk.store)
        send(growing)
        assert len(sink.received) == 1

    def test_a_server_that_is_gone_loses_nothing(self, growing: Growing, sink: MailSink) -> None:
        store = growing.desk.store
        there = settings(store)
        keep_settings(store, "a", replace(there, mail_port=1))
        self.letter(store)
        self.letter(store)
        assert deliver(store) == outbox.Delivery(later=2)
        keep_settings(store, "a", there)
        self.soon(store)
        assert deliver(store) == outbox.Delivery(sent=2)

    def test_nothing_is_said_in_the_clear_where_encryption_is_wanted(
        self, growing: Growing, sink: MailSink
    ) -> None:
        store = growing.desk.store
        wanted = replace(settings(store), mail_security="starttls", mail_user="robot")
        keep_settings(store, "a", wanted)
        self.letter(store)
        assert deliver(store) == outbox.Delivery(later=1)
        assert sink.received == []
        assert "STARTTLS" in mails(store)[0].fault

    def test_the_same_mail_has_the_same_id_however_often_it_is_handed_over(
        self, growing: Growing, sink: MailSink
    ) -> None:
        store = growing.desk.store
        self.letter(store)
        ids: list[str] = []

        def lost(message: EmailMessage) -> str:
            ids.append(message["Message-ID"])
            return "421 bye"

        sink.answers = lost
        deliver(store)
        sink.answers = lambda _: "250 taken"
        self.soon(store)
        deliver(store)
        assert sink.received[0]["Message-ID"] == ids[0]

    def test_a_head_holds_one_line(self, growing: Growing) -> None:
        wanted = Settings(name_ja="図書室\r\nBcc: a@b", mail_sender="l@example.org")
        content, _ = written(wanted, "a@example.org", Letter("件\r\nBcc: x@y\n名" * 50, "x"))
        assert b"\r\nBcc" not in content.partition(b"\r\n\r\n")[0]
        for recipient in ("a@b\r\nBcc: c@d", "a, b@c", ""):
            with pytest.raises(MailError):
                written(wanted, recipient, Letter("x", "x"))
        with pytest.raises(MailError):
            written(wanted, "a@example.org", Letter("x", "x" * outbox.LARGEST_MAIL))

    @pytest.mark.servers
    def test_killed_in_the_middle_nothing_is_lost_and_nothing_is_another_mail(
        self, growing: Growing, sink: MailSink
    ) -> None:
        store = growing.desk.store
        for n in range(40):
            self.letter(store, f"u{n}@example.org")
        for kill_at in (3, 11, 24):
            reached = threading.Event()

            def answer(_: EmailMessage, at: int = kill_at, done: threading.Event = reached) -> str:
                if len(sink.received) + 1 >= at:
                    done.set()
                return "250 taken"

            sink.answers = answer
            process = subprocess.Popen(
                [
                    *(*COMMAND, "alerts", "send", "--library", str(growing.path)),
                    *("--collections", str(store.path)),
                ]
            )
            assert reached.wait(LONG)
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
        assert send(growing).exit_code == 0
        by_recipient: dict[str, set[str]] = {}
        for mail in sink.received:
            by_recipient.setdefault(mail["To"], set()).add(mail["Message-ID"])
        assert set(by_recipient) == {f"u{n}@example.org" for n in range(40)}
        assert all(len(ids) == 1 for ids in by_recipient.values())
        # At most the one under way at each kill was handed over twice, as the same mail.
        assert len(sink.received) <= 43


class TestLivingCollections:
    def test_what_is_new_comes_in_once_as_a_source_of_its_own(
        self, growing: Growing, sink: MailSink
    ) -> None:
        store = growing.desk.store
        set_living(store, "a", 1, 1, True)
        growing.index({"id": "f", "title": "肺炎の画像"})
        assert "1 records added" in send(growing).output
        send(growing)
        assert items.record_ids(store, 1) == ["f"]
        growing.index({"id": "g", "title": "肺炎の疫学"})
        send(growing)
        assert items.record_ids(store, 1) == ["f", "g"]
        sources = copies.sources(store, 1)
        assert [(one.name[:9], one.held) for one in sources] == [("#1 (alert", 1)] * 2
        # Seen by the collection, and told to the reader all the same.
        assert alerts.news(store, 1, alerts.alert(store, 1, 1), growing.search).new == ()
        assert "肺炎の画像" in text_of(sink.received[0])
        set_living(store, "a", 1, 1, False)
        growing.index({"id": "h", "title": "肺炎の予後"})
        send(growing)
        assert items.record_ids(store, 1) == ["f", "g"]

    def test_it_is_switched_on_and_off_on_the_page(self, growing: Growing, sink: MailSink) -> None:
        client = growing.app.test_client()
        accounts = growing.desk.accounts
        client.set_cookie("session", accounts.open_session(accounts.user("root")))
        here = "/collections/1/strategy/1/alert"
        for do, told in (("living", "自動追加をやめる"), ("not living", "自動で追加する")):
            shown = client.post(here, data={"do": do}, follow_redirects=True)
            assert told in shown.text
        assert client.post(f"{here}/mail", data={"do": "follow"}).status_code == 303
        assert "このアラートのメールをやめる" in client.get(here).text
        client.post(f"{here}/mail", data={"do": "unfollow"})
        assert "メールで知らせる" in client.get(here).text
        client.set_cookie("session", accounts.open_session(accounts.user("tanaka")))
        assert client.post(here, data={"do": "living"}).status_code == 403


def test_records_are_linked_as_pages_address_them(growing: Growing) -> None:
    app: Flask = growing.app
    for record_id in ("a", "doi:10.1/x", "a/b", "あ 1", "a?b#c%d"):
        with app.test_request_context("/", base_url=BASE):
            shown = app.url_for("pages.record", record_id=record_id, _external=True)
        assert record_address(BASE, record_id) == shown


def test_of_a_ranked_search_what_is_below_the_line_is_no_news(growing: Growing) -> None:
    engine = growing.engine
    every = [r.id for r in engine.best("肺炎", limit=100)]
    above: list[Record] = list(engine.best("肺炎", limit=100, above_line=True))
    page = engine.search("肺炎")
    lines = [n for n in (page.relevant, page.weak) if n]
    assert [r.id for r in above] == every[: lines[0] if lines else len(every)]


def test_mails_are_said_outside_of_requests_in_either_language() -> None:
    for language in ("ja", "en"):
        with spoken(language):
            letter = trial_letter(Settings(name_ja="甲", name_en="A", address=BASE))
            assert ("甲" if language == "ja" else "A") in letter.subject
