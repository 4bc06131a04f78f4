"""Files that are handed in: whatever they are called, they stay where they are put."""

import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from web.desk import uploads as uploads_module
from web.desk.uploads import UploadError, Uploads, safe_name


@pytest.fixture
def uploads(tmp_path: Path) -> Uploads:
    return Uploads(tmp_path / "collections.db")


@given(st.text(st.characters(), max_size=600))
def test_any_name_is_one_name_of_bounded_length(name: str) -> None:
    safe = safe_name(name)
    assert safe
    assert not safe.startswith(".")
    assert "/" not in safe
    assert "\\" not in safe
    assert "\0" not in safe
    assert len(safe.encode()) <= 180


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("export.ris", "export.ris"),
        ("../../etc/passwd", "etc – passwd"),
        ("C:\\Users\\mori\\export.ris", "C: – Users – mori – export.ris"),
        (".hidden", "hidden"),
        ("肺炎/医中誌.txt", "肺炎 – 医中誌.txt"),
        ("a" * 500 + ".ris", "a" * 176 + ".ris"),
        ("", "file"),
    ],
)
def test_names(name: str, safe: str) -> None:
    assert safe_name(name) == safe


def test_files_of_one_name_stay_apart(uploads: Uploads) -> None:
    token = uploads.new()
    for content in (b"1", b"22"):
        uploads.add(token, io.BytesIO(content), "export.ris")
    assert [(f.name, f.size) for f in uploads.files(token)] == [
        ("export (2).ris", 2),
        ("export.ris", 1),
    ]


def test_room_is_bounded(uploads: Uploads, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads_module, "MOST_BYTES", 10)
    monkeypatch.setattr(uploads_module, "MOST_FILES", 2)
    token = uploads.new()
    with pytest.raises(UploadError) as raised:
        uploads.add(token, io.BytesIO(b"x" * 11), "large.ris")
    assert raised.value.fault == "large"
    assert uploads.files(token) == []
    for _ in range(2):
        uploads.add(token, io.BytesIO(b"x"), "small.ris")
    with pytest.raises(UploadError) as raised:
        uploads.add(token, io.BytesIO(b"x"), "small.ris")
    assert raised.value.fault == "many"


@pytest.mark.parametrize("token", ["", "..", "../..", "0" * 16, "x" * 16])
def test_a_token_leads_to_an_upload_or_nowhere(uploads: Uploads, token: str) -> None:
    with pytest.raises(UploadError):
        uploads.path(token)
    uploads.forget(token)
