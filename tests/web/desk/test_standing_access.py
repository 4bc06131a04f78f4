"""Restoring a backup: what lets people in, and what had been ended since."""

from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from search.records import Record
from web.cli import main
from web.desk import items, shares, shelf
from web.desk.account_links import invitations, invite
from web.desk.desk import Desk, open_desk
from web.desk.standing_access import reopened

LIFE = timedelta(days=1)


@pytest.fixture
def backup(staffed: Desk, tmp_path: Path) -> Path:
    """A backup after which a token, a link, a user and a password were ended or changed."""
    store, accounts = staffed.store, staffed.accounts
    number = shelf.create(store, "a", "共有")
    items.add(store, "a", number, [(Record("r", title="t", language="en"), "library")])
    accounts.add_token("reader", "nightly", "read", LIFE)
    shares.share(store, "a", number)
    accounts.open_session(accounts.user("librarian"))
    invite(store, "a", "reader")
    store.backup(tmp_path / "backup.db")
    accounts.revoke_token(1)
    shares.end_share(store, "a", number, 1)
    accounts.set_disabled("reader", True)
    accounts.set_password("librarian", "ward wet cabbage")
    return tmp_path / "backup.db"


def restored(desk: Desk, backup: Path, *options: str, answers: str = "") -> Result:
    return CliRunner().invoke(
        main,
        ["collection", "restore", str(backup), *options, "--collections", str(desk.store.path)],
        input=answers,
    )


def open_now(desk: Desk) -> tuple[int, int, int]:
    return (
        sum(desk.accounts.open_sessions().values()),
        sum(t.revoked is None for t in desk.accounts.tokens()),
        sum(s.revoked is None for s in shares.shares(desk.store, 1)),
    )


def test_it_says_what_a_backup_opens_again_and_offers_to_end_it(
    staffed: Desk, backup: Path
) -> None:
    assert open_now(staffed) == (0, 0, 0)
    result = restored(staffed, backup, answers="y\n\n")
    assert result.exit_code == 0, result.output
    assert "tokens ended since the backup, which come back: 1 (reader nightly)" in result.stderr
    assert "links ended since, which come back: 1 of collection 1" in result.stderr
    assert "locked out or gone since, who are let in again: reader" in result.stderr
    assert "whose password of then holds again: librarian" in result.stderr
    assert "1 sessions, 1 tokens, 1 links, 0 feeds, 1 account links ended" in result.stdout
    assert invitations(staffed.store) == []
    assert open_now(staffed) == (0, 0, 0)
    assert not staffed.accounts.user("reader").disabled


@pytest.mark.parametrize(
    ("options", "answers", "expected"),
    [
        ((), "y\nn\n", (1, 1, 1)),
        (("--keep-access",), "y\n", (1, 1, 1)),
        (("--yes", "--keep-access"), "", (1, 1, 1)),
        (("--yes",), "", (0, 0, 0)),
        (("--yes", "--end-access"), "", (0, 0, 0)),
        (("--end-access",), "y\n", (0, 0, 0)),
    ],
)
def test_options_for_scripts(
    staffed: Desk,
    backup: Path,
    options: tuple[str, ...],
    answers: str,
    expected: tuple[int, int, int],
) -> None:
    assert restored(staffed, backup, *options, answers=answers).exit_code == 0
    assert open_now(staffed) == expected


def test_nothing_is_replaced_without_a_yes(staffed: Desk, backup: Path) -> None:
    assert restored(staffed, backup, answers="n\n").exit_code == 1
    assert staffed.accounts.user("reader").disabled


def test_a_file_that_cannot_be_read_any_more_hides_nothing_but_stops_nothing(
    staffed: Desk, backup: Path
) -> None:
    staffed.store.close()
    staffed.store.path.write_bytes(b"rubbish" * 100)
    assert reopened(backup, staffed.store.path).tokens == ()
    result = restored(staffed, backup, "--yes")
    assert result.exit_code == 0, result.output
    assert "1 tokens" in result.stdout


def test_files_with_accounts_and_decisions_are_for_their_owner(
    staffed: Desk, backup: Path, tmp_path: Path
) -> None:
    path = staffed.store.path
    log = path.with_name(f"{path.name}-wal")
    assert log.exists()
    staffed.store.close()
    # As a version before, or a careless copy, left it.
    path.chmod(0o644)
    exported = tmp_path / "c.json"
    command = ["collection", "export", "1", "--collections", str(path), "--output", str(exported)]
    assert CliRunner().invoke(main, command).exit_code == 0
    again = CliRunner().invoke(main, command)
    assert (again.exit_code, "File exists" in again.output) == (1, True)
    for file in (path, backup, exported):
        assert file.stat().st_mode & 0o777 == 0o600, file
    path.chmod(0o644)
    desk = open_desk(path)
    shelf.create(desk.store, "a", "新規")
    for file in (path, log):
        assert file.stat().st_mode & 0o777 == 0o600, file
    desk.store.close()
