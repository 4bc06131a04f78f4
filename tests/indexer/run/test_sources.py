"""What a librarian can point at: files, folders, patterns, archives, standard input."""

import io
import os
import tarfile
import zipfile
from pathlib import Path

import pytest

from indexer.run.sources import Source, find_sources, opened
from search.formats import FormatError


def contents(*names: str | Path) -> dict[str, bytes | str]:
    """Every source by name with its content, or with what is wrong."""
    found: dict[str, bytes | str] = {}
    sources = []
    for source in find_sources([str(n) for n in names]):
        if isinstance(source, Source):
            sources.append(source)
        else:
            found[""] = str(source)
    for source, stream in opened(sources):
        found[source.name] = str(stream) if isinstance(stream, FormatError) else stream.read()
        if not isinstance(stream, FormatError):
            stream.seek(0)  # readers look at the beginning twice
            assert stream.read() == found[source.name]
    return found


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "exports"
    (folder / "sub").mkdir(parents=True)
    (folder / "b.ris").write_bytes(b"B")
    (folder / "a.ris").write_bytes(b"A")
    (folder / "sub" / "c.txt").write_bytes(b"C")
    (folder / ".hidden").write_bytes(b"H")
    return folder


def tar(file: Path, members: dict[str, bytes]) -> Path:
    with tarfile.open(file, "w:gz") as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
        link = tarfile.TarInfo("link")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    return file


def test_a_folder_by_name_without_hidden_files(folder: Path) -> None:
    assert list(contents(folder).items()) == [
        (str(folder / "a.ris"), b"A"),
        (str(folder / "b.ris"), b"B"),
        (str(folder / "sub" / "c.txt"), b"C"),
    ]


def test_patterns_and_files_in_the_order_given(folder: Path) -> None:
    found = contents(folder / "sub" / "c.txt", folder / "*.ris")
    assert list(found.values()) == [b"C", b"A", b"B"]
    assert list(contents(folder / "**" / "*.txt").values()) == [b"C"]


def test_a_file_whose_name_looks_like_a_pattern(tmp_path: Path) -> None:
    (tmp_path / "a[1].ris").write_bytes(b"A")
    assert list(contents(tmp_path / "a[1].ris").values()) == [b"A"]


def test_archives_are_read_member_by_member(tmp_path: Path) -> None:
    members = {"2.ris": b"two", "deep/1.ris": b"one", ".DS_Store": b"x", "__MACOSX/2.ris": b"x"}
    with zipfile.ZipFile(tmp_path / "z.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.mkdir("deep")
        for name, content in members.items():
            archive.writestr(name, content)
    tar(tmp_path / "t.tar.gz", members)
    found = contents(tmp_path / "z.zip", tmp_path / "t.tar.gz")
    assert {n.removeprefix(str(tmp_path)): c for n, c in found.items()} == {
        "/z.zip:2.ris": b"two",
        "/z.zip:deep/1.ris": b"one",
        "/t.tar.gz:2.ris": b"two",
        "/t.tar.gz:deep/1.ris": b"one",
    }


def test_a_member_that_climbs_out_stays_a_name(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    file = tar(tmp_path / "in" / "x.tgz", {"../out.ris": b"A"})
    before = sorted(tmp_path.rglob("*"))
    assert list(contents(file).values()) == [b"A"]
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.slow
def test_bombs_are_refused_and_neighbours_read(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "z.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb.ris", bytes(80 * 1024**2))
        archive.writestr("good.ris", b"A")
    found = list(contents(tmp_path / "z.zip").values())
    assert "that is no literature" in str(found[0])
    assert found[1] == b"A"
    file = tar(tmp_path / "t.tar.gz", {"bomb.ris": bytes(80 * 1024**2), "good.ris": b"A"})
    (error,) = find_sources([str(file)])
    assert "that is no literature" in str(error)


def test_a_workbook_is_one_source(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "w.xlsx", "w") as archive:
        archive.writestr("[Content_Types].xml", b"<Types/>")
        archive.writestr("xl/workbook.xml", b"<workbook/>")
    with zipfile.ZipFile(tmp_path / "w.ods", "w") as archive:
        archive.writestr("mimetype", b"application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", b"<document-content/>")
    assert list(contents(tmp_path / "w.xlsx")) == [str(tmp_path / "w.xlsx")]
    assert list(contents(tmp_path / "w.ods")) == [str(tmp_path / "w.ods")]


@pytest.mark.parametrize("damage", ["torn", "flipped"])
def test_damaged_archives_are_errors_of_their_own(tmp_path: Path, damage: str) -> None:
    file = tmp_path / "z.zip"
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.ris", os.urandom(1000))
    content = bytearray(file.read_bytes())
    if damage == "torn":
        file.write_bytes(b"PK\x03\x04" + bytes(20))
        assert list(contents(file)) == [str(file)]  # no archive any more: a file like any other
        return
    content[0] ^= 0xFF
    file.write_bytes(content)
    assert "cannot be opened" in str(contents(file)[f"{file}:a.ris"])


def test_what_is_not_there_is_said(tmp_path: Path) -> None:
    assert "no such file, folder or pattern" in str(contents(tmp_path / "nothing.ris")[""])


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"TY  - JOUR")))
    assert contents("-") == {"standard input": b"TY  - JOUR"}
