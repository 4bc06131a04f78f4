"""The settings of an installation: on the page, as a file, and what they change."""

import io
from contextlib import suppress
from pathlib import Path

import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from tests.web.desk.conftest import app_without_library
from tests.web.page import Page
from web.cli import main
from web.desk.account_links import invitations
from web.desk.addresses import is_host, is_mail_address, is_site_address
from web.desk.desk import Desk, open_desk
from web.desk.history import ConflictError
from web.desk.logo import logo
from web.desk.mail_password import keep_mail_password, mail_password, origin
from web.desk.settings import Settings, SettingsError, keep_settings, settings
from web.desk.settings_file import SettingsFileError, read_settings

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 50
FULL = """\
institution:
  name_ja: 見本病院図書室
  name_en: Example Hospital Library
  logo: logo.png
who_may_search: anyone
link_resolver: https://resolver.example.org/?sid=x
address: https://search.example.org/
mail:
  host: smtp.example.org
  port: 465
  security: tls
  user: robot
  sender: library@example.org
"""


@pytest.fixture
def client(desk: Desk) -> FlaskClient:
    return app_without_library(desk).test_client()


def command(desk: Desk, *arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(main, ["settings", *arguments, "--collections", str(desk.store.path)])
    return done.exit_code, done.output


class TestAddresses:
    @pytest.mark.parametrize("text", ["a@example.org", "a.b+c@x-y.example.org", "a@localhost"])
    def test_addresses_of_mail(self, text: str) -> None:
        assert is_mail_address(text)

    @pytest.mark.parametrize(
        "text",
        [
            *("", "a", "a@", "@b", "a@b@c", "a b@c", "a@b\r\nBcc: c@d", "a@b,c@d", "<a@b>"),
            *("あ@b", '"a"@b', "a@b;c", "a@" + "b" * 300, "a@b c", "a@-b", "\0@b", "a@b\n"),
        ],
    )
    def test_what_is_none(self, text: str) -> None:
        assert not is_mail_address(text)

    @given(st.text())
    def test_none_can_begin_another_line(self, text: str) -> None:
        if is_mail_address(text):
            assert "\n" not in text
            assert "\r" not in text

    def test_sites_and_hosts(self) -> None:
        assert is_site_address("https://search.example.org/books")
        for wrong in (
            "javascript:x",
            "https://a/?q=1",
            "https://u:p@a/",
            "https://a b/",
            "ftp://a",
        ):
            assert not is_site_address(wrong)
        assert is_host("smtp.example.org")
        assert is_host("192.0.2.1")
        for wrong in ("", "a b", "a/b", "-a", "http://a"):
            assert not is_host(wrong)


class TestKeeping:
    def test_what_was_kept_is_read_by_another_process(self, desk: Desk) -> None:
        assert settings(desk.store) == Settings()
        wanted = Settings(name_ja=" 図書室 ", address="https://a.example.org/")
        keep_settings(desk.store, "a", wanted)
        other = open_desk(desk.store.path)
        assert settings(other.store).name_ja == "図書室"
        assert settings(other.store).address == "https://a.example.org"
        assert settings(other.store).name("en") == "図書室"
        other.store.close()

    def test_all_that_is_wrong_is_told_and_nothing_kept(self, desk: Desk) -> None:
        wrong = Settings(
            name_ja="a\nb",
            link_resolver="javascript:x",
            address="https://a/?b",
            mail_host="a b",
            mail_port=0,
            mail_sender="a\r\nBcc: b@c",
        )
        with pytest.raises(SettingsError) as told:
            keep_settings(desk.store, "a", wrong)
        assert [fault.field for fault in told.value.faults] == [
            *("name_ja", "link_resolver", "address", "mail_host", "mail_sender", "mail_port")
        ]
        assert settings(desk.store) == Settings()

    def test_two_who_change_them_at_once_are_told(self, desk: Desk) -> None:
        keep_settings(desk.store, "a", Settings(name_ja="甲"), Settings())
        with pytest.raises(ConflictError):
            keep_settings(desk.store, "b", Settings(name_ja="乙"), Settings())
        assert settings(desk.store).name_ja == "甲"

    def test_mail_needs_a_server_a_sender_and_an_address(self) -> None:
        assert not Settings(mail_host="a", mail_sender="a@b").sends_mail
        assert Settings(mail_host="a", mail_sender="a@b", address="https://a").sends_mail

    def test_the_password_is_no_part_of_a_backup(
        self, desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert origin(desk.store) == "none"
        keep_mail_password(desk.store, "geheim-geheim")
        assert mail_password(desk.store) == "geheim-geheim"
        desk.store.backup(tmp_path / "backup.db")
        assert b"geheim" not in (tmp_path / "backup.db").read_bytes()
        (kept,) = desk.store.path.parent.glob("*.smtp-password")
        assert kept.stat().st_mode & 0o077 == 0
        monkeypatch.setenv("JMEDSEARCH_SMTP_PASSWORD", "from outside")
        assert mail_password(desk.store) == "from outside"
        (tmp_path / "credential").write_text("from a file\n")
        monkeypatch.setenv("JMEDSEARCH_SMTP_PASSWORD_FILE", str(tmp_path / "credential"))
        assert mail_password(desk.store) == "from a file"
        assert origin(desk.store) == "file"
        monkeypatch.undo()
        keep_mail_password(desk.store, "")
        assert origin(desk.store) == "none"


class TestPage:
    def test_the_name_stands_on_every_page_in_its_language(
        self, client: FlaskClient, desk: Desk
    ) -> None:
        form = {"name_ja": "見本病院図書室", "name_en": "Example <b>Library", "mail_port": "25"}
        done = client.post("/settings", data=form, follow_redirects=True)
        assert done.status_code == 200, done.text
        assert "見本病院図書室</title>" in client.get("/collections?lang=ja").text
        assert "Example &lt;b&gt;Library</title>" in client.get("/collections?lang=en").text
        assert settings(desk.store).mail_port == 25
        assert settings(desk.store).who_may_search == "accounts"

    def test_what_is_wrong_stands_beside_its_field_and_what_was_typed_stays(
        self, client: FlaskClient, desk: Desk
    ) -> None:
        form = {"name_ja": "甲", "address": "javascript:1", "mail_port": "x", "who_may_search": "y"}
        refused = client.post("/settings", data=form)
        assert refused.status_code == 400
        page = Page(refused.text)
        (address,) = page.all("input", id="address")
        assert address["value"] == "javascript:1"
        assert address["aria-invalid"] == "true"
        assert page.all("p", id=address["aria-describedby"])
        assert settings(desk.store) == Settings()

    def test_the_password_is_kept_and_never_shown(self, client: FlaskClient, desk: Desk) -> None:
        client.post("/settings", data={"mail_password": "geheim-geheim"})
        assert mail_password(desk.store) == "geheim-geheim"
        client.post("/settings", data={"mail_password": ""})
        assert mail_password(desk.store) == "geheim-geheim"
        assert "geheim" not in client.get("/settings").text
        client.post("/settings", data={"forget_password": "1"})
        assert mail_password(desk.store) == ""
        client.post("/settings", data={"mail_password": "a\nb"})
        assert mail_password(desk.store) == ""

    def test_a_form_that_is_old_changes_nothing(self, client: FlaskClient, desk: Desk) -> None:
        (seen,) = Page(client.get("/settings").text).all("input", name="seen")
        keep_settings(desk.store, "b", Settings(name_ja="乙"))
        form = {"seen": seen["value"], "name_ja": "甲"}
        assert client.post("/settings", data=form).status_code == 409
        assert settings(desk.store).name_ja == "乙"

    def test_a_logo_is_a_picture_without_scripts(self, client: FlaskClient, desk: Desk) -> None:
        def send(content: bytes, name: str = "logo.png") -> int:
            data = {"logo": (io.BytesIO(content), name, "image/svg+xml")}
            return client.post("/settings/logo", data=data).status_code

        assert client.get("/logo").status_code == 404
        svg = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"
        for wrong in (svg, b"", b"<html>", PNG + b"\0" * 300_000, b"RIFF....WAVE"):
            assert send(wrong) == 400
        assert send(PNG) == 303
        (picture,) = Page(client.get("/help").text).all("img")
        assert client.get(picture["src"]).data == PNG
        shown = client.get("/logo")
        assert (shown.data, shown.content_type) == (PNG, "image/png")
        assert shown.headers["X-Content-Type-Options"] == "nosniff"
        assert "default-src 'none'" in shown.headers["Content-Security-Policy"]
        client.post("/settings/logo", data={"do": "remove"})
        assert logo(desk.store) is None


class TestFile:
    def test_a_file_says_it_all_and_says_it_again(self, desk: Desk, tmp_path: Path) -> None:
        (tmp_path / "logo.png").write_bytes(PNG)
        file = tmp_path / "settings.yaml"
        file.write_text(FULL)
        status, told = command(desk, "apply", str(file))
        assert status == 0, told
        assert "institution.logo" in told
        found = settings(desk.store)
        assert found.who_may_search == "anyone"
        assert (found.mail_port, found.mail_security) == (465, "tls")
        assert logo(desk.store)
        assert command(desk, "apply", str(file)) == (0, "")
        file.write_text(command(desk, "show")[1])
        assert command(desk, "apply", str(file)) == (0, "")
        assert settings(desk.store) == found
        # What a file does not name stays; what it leaves empty is taken away.
        file.write_text("institution:\n  name_en:\n  logo:\n")
        assert command(desk, "apply", str(file)) == (0, "institution.name_en\ninstitution.logo\n")
        assert settings(desk.store).name_ja == "見本病院図書室"

    def test_a_file_invites_those_who_have_no_account_yet(self, desk: Desk, tmp_path: Path) -> None:
        file = tmp_path / "settings.yaml"
        people = (
            "accounts:\n- name: 鈴木\n- {name: 田中, role: administrator, mail: t@example.org}\n"
        )
        file.write_text(f"address: https://a.example.org\n{people}")
        status, told = command(desk, "apply", str(file))
        assert status == 0, told
        assert "田中: https://a.example.org/invitations/" in told
        assert {one.name: one.role for one in invitations(desk.store)} == {
            "田中": "administrator",
            "鈴木": "reader",
        }
        assert command(desk, "apply", str(file)) == (0, "")

    @pytest.mark.parametrize(
        ("text", "told"),
        [
            ("accounts: x\n", "line 1: accounts is a list"),
            ("accounts:\n- {name: a, password: x}\n", "line 2: an account has"),
            ("accounts:\n- {name: a, role: king}\n", "line 2: a role is one of"),
            ("accounts:\n- {name: a, role: reader}\n", "line 2: the first account"),
            ("institution:\n  name: x\n", "line 2: institution.name is no setting"),
            ("a: [", "line 1"),
            ("- a\n", "line 1: names and values"),
            ("mail:\n  port: many\n", "line 2: mail.port is a number"),
            ("mail:\n  port: 70000\n", "line 2: mail_port"),
            ("address: x\naddress: y\n", "line 2: address stands there twice"),
            ("\nwho_may_search: nobody\n", "line 2: who_may_search"),
            ("mail: 5\n", "line 1: mail has names and values"),
            ("address: [a]\n", "line 1: address has one value"),
            ("institution:\n  logo: gone.png\n", "line 2"),
            ("address: !!python/object/apply:os.system [x]\n", "line 1: address has one value"),
        ],
    )
    def test_what_is_wrong_is_told_with_its_line(
        self, desk: Desk, tmp_path: Path, text: str, told: str
    ) -> None:
        file = tmp_path / "settings.yaml"
        file.write_text(text)
        status, output = command(desk, "apply", str(file))
        assert status == 1
        assert told in output.replace("\n", " ")
        assert "Traceback" not in output
        assert settings(desk.store) == Settings()

    def test_a_file_that_is_not_there(self, desk: Desk, tmp_path: Path) -> None:
        status, output = command(desk, "apply", str(tmp_path / "gone.yaml"))
        assert (status, "gone.yaml" in output) == (1, True)

    @given(st.text(max_size=60))
    def test_whatever_a_file_holds_is_read_or_refused(self, text: str) -> None:
        with suppress(SettingsFileError):
            read_settings(text, "a")
