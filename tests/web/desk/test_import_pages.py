"""Importing on the page: files handed in, looked at, imported by a process of its own, undone."""

import csv
import gzip
import io
import tarfile
import zipfile
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from werkzeug.datastructures import FileStorage
from werkzeug.test import TestResponse, encode_multipart

from tests.web.desk.conftest import Growing
from web.desk import job_process
from web.desk.jobs import Jobs
from web.desk.uploads import Uploads

MIB = 1024 * 1024
RIS = "".join(
    f"TY  - JOUR\nTI  - 転倒予防の看護 {i}\nAB  - 病棟での転倒を調べた。\nPY  - 2021\n"
    f"ID  - fall{i}\nER  - \n"
    for i in range(5)
).encode()
# A record without title and abstract, and one that the library has under another id.
DOUBTFUL = b"TY  - JOUR\nAU  - \xe5\xb1\xb1\xe7\x94\xb0\nER  - \n" + RIS[: RIS.index(b"ER") + 7]

pytestmark = pytest.mark.servers


def hand_in(client: FlaskClient, *files: tuple[bytes, str], language: str = "ja") -> TestResponse:
    data = {"file": [FileStorage(io.BytesIO(content), name) for content, name in files]}
    # The client itself would put a large body into a file that it does not close.
    boundary, body = encode_multipart(data)
    address = f"/library/import?lang={language}"
    content_type = f"multipart/form-data; boundary={boundary}"
    return client.post(address, data=body, content_type=content_type)


def looked_at(client: FlaskClient, *files: tuple[bytes, str], language: str = "ja") -> str:
    """The page of what files would bring; its address is in ``client.application``."""
    answer = hand_in(client, *files, language=language)
    assert answer.status_code == 303
    job_process.wait()
    found = client.get(answer.headers["Location"])
    assert found.status_code == 200
    return found.text


def test_files_are_looked_at_imported_and_undone(growing: Growing) -> None:
    client = growing.app.test_client()
    answer = hand_in(client, (RIS, "医中誌.ris"), (DOUBTFUL, "more.ris"), (b"%PDF-1.7", "scan.pdf"))
    address = answer.headers["Location"].partition("?")[0]
    job_process.wait()
    seen = client.get(f"{address}?lang=ja").text
    assert "タイトルも抄録もありません。" in seen
    assert "PDF です。" in seen
    assert "転倒予防の看護 0" in seen
    jobs = Jobs(growing.desk.store.path, growing.path)
    (preview,) = jobs.listed()
    told = {n: preview.result[n] for n in ("new", "inside", "duplicate", "unchanged", "rejected")}
    assert told == {"new": 5, "inside": 1, "duplicate": 0, "unchanged": 0, "rejected": 2}
    # Looking changes nothing.
    assert growing.engine.generation().name == "000001"

    asked = {"do": "import", "database": "医中誌Web", "searched": "2026-11-20", "note": "転倒/TH"}
    job_page = client.post(address, data=asked).headers["Location"]
    # A button that is pressed twice begins one import.
    assert client.post(address, data=asked).headers["Location"] == job_page
    job_process.wait()
    done = client.get(f"{job_page}?lang=en").text
    assert "Published as version 2" in done
    assert growing.engine.generation().manifest.records == 10
    assert not list(Uploads(growing.desk.store.path).folder.iterdir())

    listed = client.get("/library/imports/2?lang=ja").text
    assert "医中誌Web" in listed
    assert "転倒/TH" in listed
    saved = client.get("/library/imports/2/left-out.csv?lang=ja")
    rows = list(csv.reader(io.StringIO(saved.text.removeprefix("\ufeff"))))
    assert [row[0] for row in rows[1:]] == ["more.ris", "scan.pdf"]

    undo = client.post("/library/versions", data={"do": "go back", "version": "1"})
    job_process.wait()
    assert "Version 1 is searched again" in client.get(undo.headers["Location"] + "?lang=en").text
    assert growing.engine.generation().manifest.records == 5


def test_what_the_library_has_already_is_told(growing: Growing) -> None:
    growing.index({"id": "x", "title": "糖尿病の食事", "doi": "10.9999/x", "date": "2020"})
    client = growing.app.test_client()
    known = (
        '{"id": "x", "title": "糖尿病の食事", "doi": "10.9999/x", "date": "2020"}\n'
        '{"id": "y", "title": "糖尿病の食事", "doi": "10.9999/x", "date": "2020"}\n'
        '{"id": "a", "title": "肺炎の治療法", "date": "2018"}\n'
    ).encode()
    looked_at(client, (known, "again.jsonl"))
    (preview,) = Jobs(growing.desk.store.path, growing.path).listed()
    told = {n: preview.result[n] for n in ("new", "replaced", "unchanged", "duplicate", "inside")}
    assert told["duplicate"] == 1
    assert told["unchanged"] == 1
    assert told["inside"] == 0


def test_records_are_removed_and_come_back(growing: Growing) -> None:
    client = growing.app.test_client()
    chosen = client.get("/library/remove?lang=en&expression=肺炎").text
    assert "3 records are to be removed" in chosen
    begun = client.post("/library/remove", data={"ids": "a\nc\nnowhere"})
    job_process.wait()
    assert "2 records were removed" in client.get(begun.headers["Location"] + "?lang=en").text
    assert growing.engine.generation().manifest.records == 3
    assert client.post("/library/remove", data={"ids": ""}).status_code == 400
    unread = client.get("/library/remove?lang=en&expression=(肺炎")
    assert unread.status_code == 400


def test_the_first_import_makes_a_library_and_its_undo_an_empty_one(
    growing: Growing, tmp_path: Path
) -> None:
    # As after an undo of the first import.
    (growing.path / "CURRENT").unlink()
    client = growing.app.test_client()
    home = client.get("/", headers={"Accept": "text/html"})
    assert home.status_code == 303
    assert home.headers["Location"].startswith("/start")
    assert client.get("/api/v1/search?q=x").status_code == 503
    back = client.post("/library/versions", data={"do": "go back", "version": "1"})
    job_process.wait()
    assert client.get(back.headers["Location"]).status_code == 200
    assert client.get("/?q=肺炎").status_code == 200
    client.post("/library/versions", data={"do": "go back", "version": "0"})
    job_process.wait()
    assert client.get("/").status_code == 303


def bomb() -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("export.ris", b"x" * (300 * MIB))
        archive.writestr("good.ris", RIS)
    return written.getvalue()


def climbing() -> bytes:
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w:gz") as archive:
        for name in ("../../../tmp/climbed.ris", "/etc/climbed.ris", "ok.ris"):
            info = tarfile.TarInfo(name)
            info.size = len(RIS)
            archive.addfile(info, io.BytesIO(RIS))
        link = tarfile.TarInfo("link.ris")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    return written.getvalue()


def many() -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        for n in range(500):
            archive.writestr(f"{n}{'長' * 60}.ris", b"nothing")
    return written.getvalue()


@pytest.mark.slow
def test_hostile_files_cost_little_and_hurt_nobody(growing: Growing, tmp_path: Path) -> None:
    client = growing.app.test_client()
    text = looked_at(
        client,
        (bomb(), "bomb.zip"),
        (climbing(), "climbing.tar.gz"),
        (many(), "many.zip"),
        (bomb()[:2000], "broken.zip"),
        (gzip.compress(b"TY  - JOUR\n" + b"x" * (100 * MIB)), "bomb.ris.gz"),
        (b"TY", "長" * 3000 + ".ris"),
        (RIS, "../../../../escape.ris"),
        language="en",
    )
    assert "times its size. No literature does." in text
    # Names in archives are names: what they hold is read where it lies.
    assert "climbing.tar.gz:../../../tmp/climbed.ris" in text
    assert not (tmp_path / "escape.ris").exists()
    assert not Path("/tmp/climbed.ris").exists()
    (preview,) = Jobs(growing.desk.store.path, growing.path).listed()
    assert preview.state == "done"
    assert preview.result["new"] == 5
    assert len(preview.result["files"]) <= 300
    assert len(preview.result["problems"]) <= 200


def test_nothing_and_too_much_are_refused(growing: Growing) -> None:
    client = growing.app.test_client()
    nothing = client.post("/library/import?lang=en", data={}, content_type="multipart/form-data")
    assert nothing.status_code == 400
    assert "No file was chosen." in nothing.text
    large = client.post(
        "/library/import",
        data=b"x",
        content_type="multipart/form-data; boundary=b",
        environ_overrides={"CONTENT_LENGTH": str(300 * MIB)},
    )
    assert large.status_code == 413
    assert client.get("/library/import/0000000000000000").status_code == 404
    assert client.get("/library/jobs/99").status_code == 404
    assert client.post("/library/jobs/99", data={"do": "cancel"}).status_code == 404


def test_the_other_pages_answer(growing: Growing) -> None:
    client = growing.app.test_client()
    for address in (
        *("/library", "/library/imports", "/library/imports/1", "/library/versions"),
        *("/library/jobs", "/library/remove", "/library/terminology", "/library/measure"),
        *("/library/use", "/library/backups", "/start"),
    ):
        for language in ("ja", "en"):
            assert client.get(f"{address}?lang={language}").status_code == 200, address


def test_a_terminology_is_added_and_removed(
    growing: Growing, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("JMEDSEARCH_TERMINOLOGY", str(tmp_path / "names"))
    client = growing.app.test_client()
    table = "ja,en\n架空病,imaginary disease\n".encode()
    data = {"file": (io.BytesIO(table), "院内 用語.csv"), "licence": "CC0"}
    added = client.post("/library/terminology", data=data, content_type="multipart/form-data")
    job_process.wait()
    assert "院内-用語" in client.get(added.headers["Location"] + "?lang=ja").text
    assert "CC0" in client.get("/library/terminology").text
    client.post("/library/terminology/remove", data={"name": "院内-用語"})
    job_process.wait()
    assert list((tmp_path / "names").iterdir()) == []
    assert client.post("/library/terminology/remove", data={"name": "../x"}).status_code == 400


def test_collections_are_backed_up_and_restored(growing: Growing) -> None:
    client = growing.app.test_client()
    client.post("/collections", data={"name": "転倒"})
    client.post("/library/backups")
    job_process.wait()
    (backup,) = Path(growing.desk.store.path.parent).glob("*-backups/*.db")
    saved = client.get(f"/library/backups/{backup.name}", buffered=True)
    assert saved.data.startswith(b"SQLite format 3")
    client.post("/collections", data={"name": "後から"})
    assert client.get(f"/library/backups/{backup.name}/restore?lang=en").status_code == 200
    begun = client.post(f"/library/backups/{backup.name}/restore")
    assert begun.status_code == 303, begun.text
    job_process.wait()
    last = Jobs(growing.desk.store.path, growing.path).listed()[0]
    assert (last.kind, last.state, last.told) == ("restore", "done", "")
    shown = client.get("/collections").text
    assert "転倒" in shown
    assert "後から" not in shown
    assert client.get("/library/backups/..%2Fcollections.db").status_code == 404
