"""The first run: over an empty folder, open to this machine or to whoever has the code."""

import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.waiting import LONG
from tests.web.desk.conftest import PASSWORD, app_without_library
from tests.web.running import announced, start_server
from web.cli.program import main
from web.desk.desk import Desk
from web.http.access import Admission
from web.http.setup_code import SetupCode


def test_the_single_user_of_a_machine_takes_the_steps(desk: Desk) -> None:
    client = app_without_library(desk).test_client()
    assert client.get("/").headers["Location"] == "/start"
    kept = client.post("/start", data={"name_ja": "架空病院図書室", "who_may_search": "anyone"})
    assert kept.status_code == 303
    assert "架空病院図書室" in client.get("/start").text
    unequal = {"name": "mori", "password": PASSWORD, "again": "other"}
    assert client.post("/start/account", data=unequal).status_code == 400
    made = client.post(
        "/start/account", data={"name": "mori", "password": PASSWORD, "again": PASSWORD}
    )
    assert made.status_code == 303
    assert desk.accounts.user("mori").role == "administrator"
    # Signed in with it; nobody else makes another this way.
    assert client.get("/start").status_code == 200
    stranger = app_without_library(desk).test_client()
    assert stranger.get("/start").headers["Location"].startswith("/sign-in")
    refused = stranger.post(
        "/start/account", data={"name": "x", "password": PASSWORD, "again": PASSWORD}
    )
    assert refused.headers["Location"].startswith("/sign-in")
    assert len(desk.accounts.users()) == 1


def test_from_elsewhere_only_the_code_opens_it_and_only_once(desk: Desk) -> None:
    setup = SetupCode()
    app = app_without_library(desk, Admission(local=False, setup=setup))
    first, second = app.test_client(), app.test_client()
    assert first.get("/start").headers["Location"] == "/start/code"
    assert "コード" in first.get("/start/code").text
    assert first.post("/start/account", data={"name": "x"}).status_code in (303, 401)
    assert first.post("/start/code", data={"code": "wrong"}).status_code == 403
    assert first.post("/start/code", data={"code": f" {setup.code.upper()} "}).status_code == 303
    assert second.post("/start/code", data={"code": setup.code}).status_code == 403
    # It makes the account, and nothing else.
    for address in ("/collections", "/library/import", "/users", "/settings", "/library/backups"):
        assert first.get(address).headers["Location"] == "/start"
        assert second.get(address).headers["Location"] == "/start/code"
    assert first.post("/users", data={"do": "add", "name": "x"}).headers["Location"] == "/start"
    made = first.post(
        "/start/account", data={"name": "mori", "password": PASSWORD, "again": PASSWORD}
    )
    assert made.status_code == 303
    assert first.get("/library/import").status_code == 200
    # From now on the code is worth nothing.
    assert second.post("/start/code", data={"code": setup.code}).status_code == 404


@pytest.mark.servers
def test_an_empty_folder_is_served_and_others_are_refused(tmp_path: Path) -> None:
    library = tmp_path / "library"
    collections = ("--collections", str(tmp_path / "collections.db"))
    absent = CliRunner().invoke(main, ["serve", "--library", str(library), *collections])
    assert "no library here" in absent.output
    library.mkdir()
    (library / "letter.docx").touch()
    foreign = CliRunner().invoke(main, ["serve", "--library", str(library), *collections])
    assert "no library here" in foreign.output
    (library / "letter.docx").unlink()
    process = start_server(
        *("serve", "--library", str(library), "--host", "0.0.0.0", "--port", "0", *collections)
    )
    assert announced(process)
    process.terminate()
    _, errors = process.communicate(timeout=LONG)
    assert "Code (初期設定コード): " in errors or "初期設定コード" in errors
    assert "/start" in errors
    assert process.returncode == 0
    assert isinstance(process, subprocess.Popen)
