"""`jmedsearch collection …`."""

import json
from pathlib import Path

from click.testing import CliRunner

from search.records import Record
from web.cli import main
from web.desk import items
from web.desk.desk import open_desk


def test_a_collection_by_commands_alone(tmp_path: Path) -> None:
    file = str(tmp_path / "c.db")

    def run(*arguments: str, code: int = 0) -> str:
        result = CliRunner().invoke(main, ["collection", *arguments, "--collections", file])
        assert result.exception is None or isinstance(result.exception, SystemExit)
        assert result.exit_code == code, result.output
        return result.output

    assert run("create", "看護", "--description", "病棟") == "1\n"
    ris = tmp_path / "a.ris"
    ris.write_text("TY  - JOUR\nID  - a1\nTI  - 転倒予防\nER  - \nTY  - JOUR\nER  - \n")
    output = run("add-file", "1", str(ris))
    assert "1 added, 0 there already" in output
    assert "line 5" in output
    assert "0 added, 1 there already" in run("add-file", "1", str(ris))
    empty = tmp_path / "empty.ris"
    empty.write_text("TY  - JOUR\nER  - \nTY  - JOUR\nER  - \n")
    changes = run("history", "1")
    output = run("add-file", "1", str(empty), code=1)
    assert f"{empty}: none of its 2 records can be read; nothing was added" in output
    assert "line 1" in output
    assert run("history", "1") == changes
    run("add-file", "9", str(empty), code=1)
    desk = open_desk(Path(file))
    items.add(desk.store, "x", 1, [(Record("b", title="褥瘡", language="ja"), "library")])
    first, _ = items.record_ids(desk.store, 1)
    assert run("tag", "1", "採用", first) == "1\n"
    items.annotate(desk.store, "x", 1, first, "二行の\n覚え書き")
    assert f"1. 転倒予防  ({first}) #採用\n     二行の\n" in run("show", "1")
    assert len(json.loads(run("show", "1", "--tag", "採用", "--json"))) == 1
    assert run("tag", "1", "採用", first, "--off") == "1\n"
    assert run("remove", "1", "b") == "1\n"
    changes = json.loads(run("history", "1", "--json"))
    assert [c["action"] for c in changes][:2] == ["remove records", "untag records"]
    assert "(command line)  remove records  records: 1" in run("history", "1")
    assert run("undo", str(changes[0]["id"])) == "remove records\n"
    run("return", "1", str(changes[-1]["id"]))
    assert "0 records" in run("list")
    run("undo", "99", code=1)
    run("show", "7", code=1)

    run("return", "1", str(changes[1]["id"]))
    exported = tmp_path / "c.json"
    exported.write_text(run("export", "1"))
    assert run("import", str(exported)) == "2\n"
    assert [c["records"] for c in json.loads(run("list", "--json"))] == [2, 2]
    assert "nbib drops note: all" in run("export", "1", "--format", "nbib")
    assert "is no collection" in run("import", str(ris), code=1)
    desk.store.close()


def test_adding_what_the_library_does_not_have_fails(small_library: Path, tmp_path: Path) -> None:
    file = str(tmp_path / "c.db")
    CliRunner().invoke(main, ["collection", "create", "x", "--collections", file])
    add = ["collection", "add", "1", "--library", str(small_library), "--collections", file]
    result = CliRunner().invoke(main, [*add, "99999999"])
    assert result.exit_code == 1
    assert "no record has 99999999" in result.output
    assert CliRunner().invoke(main, [*add, "a", "99999999"]).exit_code == 0
    assert CliRunner().invoke(main, [*add, "a"]).exit_code == 0


def test_adding_needs_identifiers_or_an_expression(tmp_path: Path) -> None:
    arguments = ["collection", "add", "1", "--library", str(tmp_path)]
    result = CliRunner().invoke(main, [*arguments, "--collections", str(tmp_path / "c.db")])
    assert result.exit_code == 2
    assert "--exact" in result.output
