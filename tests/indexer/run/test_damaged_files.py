"""Every file of a library, with a bit flipped here or there, or cut short: verify names it, and it
is not opened."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from search.library import manifest as manifest_module
from search.library.generation import Generation
from search.library.library import Library
from search.library.manifest import CURRENT, MANIFEST, SEAL, LibraryError, live_folder, verify
from tests.indexer.conftest import RECORDS, index

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory, published_layout: Path) -> Path:
    """A library that was added to: two segments, and files that its generations share."""
    directory = tmp_path_factory.mktemp("damaged")
    file = directory / "records.jsonl"
    for record in RECORDS:
        file.write_text(json.dumps(record, ensure_ascii=False) + "\n", encoding="utf-8")
        index(file, directory / "library", published_layout)
    return directory / "library"


def damaged(content: bytes) -> Iterator[bytes]:
    """A bit flipped at the beginning, at the end and in between; the file cut, empty, longer."""
    for place in sorted({0, len(content) // 3, len(content) // 2, len(content) - 1}):
        if content:
            flipped = bytearray(content)
            flipped[place] ^= 1 << place % 8
            yield bytes(flipped)
    for length in sorted({0, len(content) // 2, max(len(content) - 1, 0)} - {len(content)}):
        yield content[:length]
    yield content + b"\x00"


def test_no_damage_to_any_file_is_opened(library: Path) -> None:
    live = live_folder(library)
    assert live is not None
    assert verify(live) == []
    tried = 0
    for file in sorted(f for f in live.rglob("*") if f.is_file() and not f.name.endswith(".lock")):
        content, name = file.read_bytes(), str(file.relative_to(live))
        # Files are shared by hard links: this one alone is exchanged.
        file.unlink()
        for wrong in damaged(content):
            file.write_bytes(wrong)
            tried += 1
            with pytest.raises(LibraryError, match=r"damaged|cannot be read") as error:
                Generation(live)
            assert str(live) in str(error.value)
            if name in (MANIFEST, SEAL):
                with pytest.raises(LibraryError, match="rebuild the library"):
                    verify(live)
            else:
                assert [problem.partition(":")[0] for problem in verify(live)] == [name]
        file.write_bytes(content)
    assert tried > 100
    assert Generation(live).manifest.records == len(RECORDS)


def test_a_damaged_pointer_leads_nowhere(library: Path, tmp_path: Path) -> None:
    copied = Path(shutil.copytree(library, tmp_path / "library"))
    content = (copied / CURRENT).read_bytes()
    for wrong in damaged(content.strip()):
        (copied / CURRENT).write_bytes(wrong)
        if wrong.strip(b"\x00").strip() != content.strip():
            with pytest.raises(LibraryError):
                Library(copied).generation()


def test_what_is_too_large_to_be_read_at_opening_is_still_measured(
    library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(manifest_module, "_SMALL", 0)
    live = live_folder(library)
    assert live is not None
    for file in sorted(f for f in live.rglob("*") if f.is_file()):
        if file.name in (MANIFEST, SEAL) or file.name.endswith(".lock"):
            continue
        content = file.read_bytes()
        file.unlink()
        file.write_bytes(content[:-1])
        with pytest.raises(LibraryError, match="damaged"):
            Generation(live)
        file.write_bytes(content)


def test_a_library_of_before_there_were_seals_is_opened(library: Path, tmp_path: Path) -> None:
    copied = Path(shutil.copytree(library, tmp_path / "library"))
    live = live_folder(copied)
    assert live is not None
    (live / SEAL).unlink()
    assert verify(live) == []
    assert Library(copied).generation().manifest.records == len(RECORDS)
