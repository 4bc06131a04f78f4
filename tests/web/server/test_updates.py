"""A running server answers all the while the library is updated, each answer from one state."""

import json
import re
import threading
import urllib.parse
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from indexer.run.pipeline import build
from indexer.upkeep.curation import remove
from indexer.upkeep.generations import prune, roll_back
from search.library import per_generation
from search.library.generation import Generation
from search.library.library import Library
from search.library.per_generation import PerGeneration
from tests.waiting import LONG, until
from tests.web.running import announced, start_server

RECORDS = 6
QUERY = urllib.parse.quote("架空の肺炎")


def edition(file: Path, number: int) -> Path:
    """Every record in its edition of this number: an answer that mixes two is seen."""
    records = (
        {"id": f"r{i}", "title": f"架空の肺炎{i} 第{number}版", "abstract": f"症例{i}を診た。" * 3}
        for i in range(RECORDS)
    )
    file.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in records))
    return file


@pytest.mark.servers
def test_answers_never_fail_and_never_mix_two_states(
    tmp_path: Path, published_layout: Path
) -> None:
    library = tmp_path / "library"

    def index(number: int) -> None:
        build([edition(tmp_path / "r.jsonl", number)], library, device="cpu", model=model)

    model: str | None = str(published_layout)
    index(1)
    model = None
    process = start_server("serve", "--library", str(library), "--port", "0")
    address = announced(process)
    stop = threading.Event()
    seen: list[list[set[str]]] = []
    failures: list[str] = []

    def editions(text: str) -> set[str]:
        return set(re.findall(r"第(\d+)版", text))

    def ask(path: str, check: Callable[[str], None]) -> None:
        answers: list[set[str]] = []
        seen.append(answers)
        while not stop.is_set():
            try:
                with urllib.request.urlopen(f"{address}{path}", timeout=LONG) as response:
                    text = response.read().decode()
                check(text)
                answers.append(editions(text))
            except Exception as error:  # noqa: BLE001 - whatever it is, it is a failure
                failures.append(f"{path}: {error!r}")

    def whole_list(text: str) -> None:
        body = json.loads(text)
        assert body["total"] == len(body["hits"]) >= RECORDS - 1, body

    def nothing_more(text: str) -> None:
        assert text

    threads = [
        threading.Thread(target=ask, args=(path, check))
        for path, check in (
            (f"/api/v1/search?q={QUERY}", whole_list),
            (f"/api/v1/search?q={QUERY}&page=1", whole_list),
            (f"/?q={QUERY}", nothing_more),
            ("/api/v1/records/r1", nothing_more),
            (f"/api/v1/suggest?q={QUERY}", nothing_more),
        )
    ]
    for thread in threads:
        thread.start()

    def answered(last: str) -> None:
        """Each has seen this edition."""
        until(lambda: failures or all(a and a[-1] <= {last} for a in seen))

    try:
        answered("1")
        for number in (2, 3, 4):
            index(number)
        answered("4")
        remove(library, ["r0"])
        prune(library, 1)
        index(5)
        roll_back(library, 5)
        index(6)
        prune(library, 0)
        answered("6")
    finally:
        stop.set()
        for thread in threads:
            thread.join()
        process.terminate()
        _, errors = process.communicate(timeout=LONG)
    assert failures == [], errors
    assert "Traceback" not in errors
    assert all(len(found) <= 1 for answers in seen for found in answers)
    assert {"1", "4", "6"} <= {number for found in seen[0] for number in found}


def test_a_new_generation_is_in_use_once_it_is_prepared(
    tmp_path: Path, published_layout: Path
) -> None:
    folder = tmp_path / "library"
    build([edition(tmp_path / "r.jsonl", 1)], folder, device="cpu", model=str(published_layout))
    library = Library(folder)
    first = library.generation()
    go_on = threading.Event()
    prepared: list[str] = []

    def prepare(generation: Generation) -> None:
        assert go_on.wait(LONG)
        prepared.append(generation.name)

    library.prepare = prepare
    build([edition(tmp_path / "r.jsonl", 2)], folder, device="cpu")
    for _ in range(3):
        assert library.generation() is first
    (taking,) = (t for t in threading.enumerate() if t.name == "next-generation")
    go_on.set()
    taking.join(LONG)
    assert [library.generation().name] == prepared != [first.name]


def test_what_was_prepared_is_not_made_again(
    tmp_path: Path, published_layout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(per_generation, "_UNDER_WAY", LONG)
    folder = tmp_path / "library"
    build([edition(tmp_path / "r.jsonl", 1)], folder, device="cpu", model=str(published_layout))
    old, new = (Library(folder).generation() for _ in range(2))
    kept = PerGeneration[str]()
    made: list[str] = []

    def make() -> str:
        made.append("made")
        return "made"

    assert kept.of(old, make) == "made"
    kept.prepare(new, "prepared")
    assert kept.of(old, make) == "made"
    assert kept.of(new, make) == "prepared"
    # A request that began with the generation before.
    assert kept.of(old, make) == "made"
    assert kept.of(new, make) == "prepared"
    assert made == ["made"]
