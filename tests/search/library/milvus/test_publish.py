"""Publishing and following: a generation is loaded beside the old one, the alias switches."""

import json
import shutil
import threading
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlencode

import pytest
from click.testing import CliRunner

from indexer import publishing
from indexer.publishing import Publication, publish
from indexer.upkeep.curation import remove
from indexer.upkeep.generations import roll_back
from search.filters import Filters
from search.library.library import Library
from search.library.manifest import LibraryError
from search.library.milvus import MilvusAddress, MilvusRetrieval, MilvusServer
from search.library.milvus.leases import read_leases
from search.library.milvus.stored_generation import Published
from tests.search.library.milvus.servers import Process
from tests.search.library.milvus.test_contract import built, records
from tests.waiting import until
from tests.web.running import announced, start_server
from web.cli import main

Follow = Callable[[MilvusAddress], MilvusRetrieval]
# Of the two records of the small library: each has its title, and title and abstract.
PASSAGES = 4


def loaded(address: MilvusAddress) -> dict[str, bool]:
    """Which collections of passages a server holds, and whether it has them in memory."""
    server = MilvusServer(address)
    names = [p.passages for p in Published.among(server.call("list_collections"), address)]
    states = {n: server.call("get_load_state", n)["state"].name == "Loaded" for n in names}
    server.close()
    return {Published(name).generation: state for name, state in states.items()}


def test_processes_move_with_the_alias_once_their_replica_has_the_generation(
    lite_server: Process, small: Path, tmp_path: Path, following: Follow
) -> None:
    address = lite_server.address("moving")
    replica = tmp_path / "replica"
    publish(small, address)
    shutil.copytree(small, replica)
    library = Library(replica, following(address))
    first = library.generation()
    assert library.generation() is first
    assert library.published == "000001"

    remove(small, ["a"])
    publish(small, address)
    until(lambda: library.published == "000002")
    # Not replicated yet: it goes on with what it has.
    assert library.generation() is first
    assert first.best_by_words(["肺炎"], 10, Filters())

    shutil.copytree(small, replica, dirs_exist_ok=True)
    until(lambda: library.generation().name == "000002")
    assert not library.generation().best_by_words(["肺炎"], 10, Filters())


def test_a_replica_that_has_half_of_a_generation_is_waited_for(
    lite_server: Process, small: Path, tmp_path: Path, following: Follow
) -> None:
    address = lite_server.address("half")
    replica = tmp_path / "replica"
    shutil.copytree(small, replica)
    publish(small, address)
    library = Library(replica, following(address))
    assert library.generation().name == "000001"
    remove(small, ["a"])
    publish(small, address)
    shutil.copytree(small, replica, dirs_exist_ok=True)
    records = replica / "generations" / "000002" / "records.db"
    whole = records.read_bytes()
    records.unlink()
    until(lambda: library.published == "000002")
    assert library.generation().name == "000001"
    records.write_bytes(whole)
    until(lambda: library.generation().name == "000002")


def test_what_somebody_serves_is_kept_and_what_nobody_serves_takes_no_memory(
    lite_server: Process, small: Path, tmp_path: Path, following: Follow
) -> None:
    address = lite_server.address("leased")
    replica = tmp_path / "replica"
    publish(small, address)
    shutil.copytree(small, replica)
    library = Library(replica, following(address))
    first = library.generation()
    served = Published.of(address, first.path)
    server = MilvusServer(address)
    until(lambda: served in read_leases(server, [served])[0])

    # Two publications behind, and answered in full.
    assert publish_next(small, "a", address).still_served == ("000001",)
    assert publish_next(small, "b", address).still_served == ("000001",)
    until(lambda: library.published == "000003")
    assert library.generation() is first
    until(lambda: library.generation().trouble is None)
    assert loaded(address) == {"000001": True, "000002": False, "000003": True}
    nearest = first.nearest_records(first.vectors([0])[0], 10, Filters())
    assert len(nearest.ranking) == 2

    shutil.copytree(small, replica, dirs_exist_ok=True)
    until(lambda: library.generation().name == "000003")
    del first
    # It says that it has moved on, and the next publication tidies up.
    assert publish(small, address, wait=90).still_served == ()
    assert loaded(address) == {"000002": False, "000003": True}
    server.close()


def publish_next(library: Path, record: str, address: MilvusAddress) -> Publication:
    remove(library, [record])
    return publish(library, address)


def test_the_lease_of_a_process_that_was_killed_runs_out(lite_server: Process, small: Path) -> None:
    address = lite_server.address("left")
    publish(small, address)
    first = Published.of(address, small / "generations" / "000001")
    server = MilvusServer(address)
    server.call("create_alias", first.passages, f"left_served_abcdef_{int(time.time()) - 1}")
    publish_next(small, "a", address)
    assert loaded(address) == {"000001": False, "000002": True}
    server.close()


def test_going_back_costs_no_loading(lite_server: Process, small: Path) -> None:
    address = lite_server.address("back")
    publish(small, address)
    publish_next(small, "a", address)
    roll_back(small, 1)
    came_in: list[int] = []
    assert publish(small, address, came_in.append).generation == "000001"
    assert sum(came_in) == PASSAGES
    assert loaded(address) == {"000001": True, "000002": False}


def test_a_run_that_was_broken_off_is_gone_on_with(
    lite_server: Process, small: Path, monkeypatch: pytest.MonkeyPatch, following: Follow
) -> None:
    monkeypatch.setattr(publishing, "_ROWS", 1)
    address = lite_server.address("broken")
    inserted: list[int] = []

    def break_off(rows: int) -> None:
        inserted.append(rows)
        if sum(inserted) == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        publish(small, address, break_off)
    came_in: list[int] = []
    assert publish(small, address, came_in.append).passages == PASSAGES
    # The first number is what was there.
    assert came_in[0] == 1
    library = Library(small, following(address))
    assert library.generation().name == "000001"
    found = library.generation().nearest_records(
        library.generation().vectors([0])[0], 10, Filters()
    )
    assert len(found.ranking) == 2


def test_rows_that_came_in_twice_are_noticed_and_loaded_anew(
    lite_server: Process, small: Path, monkeypatch: pytest.MonkeyPatch, following: Follow
) -> None:
    monkeypatch.setattr(publishing, "_ROWS", 1)
    address = lite_server.address("twice")
    rows: list[object] = []
    insert = MilvusServer.call

    def twice(server: MilvusServer, method: str, *arguments: object, **options: object) -> object:
        if method == "insert" and not rows:
            rows.append(arguments)
            insert(server, method, *arguments, **options)
            insert(server, method, *arguments, **options)
            raise KeyboardInterrupt
        return insert(server, method, *arguments, **options)

    monkeypatch.setattr(MilvusServer, "call", twice)
    with pytest.raises(KeyboardInterrupt):
        publish(small, address)
    assert publish(small, address).passages == PASSAGES
    generation = Library(small, following(address)).generation()
    assert len(generation.nearest_records(generation.vectors([0])[0], 9, Filters()).ranking) == 2


def test_a_server_that_goes_and_comes_back_is_waited_for(
    tmp_path: Path, small: Path, following: Follow
) -> None:
    pytest.importorskip("milvus_lite", reason="milvus-lite is not installed")
    process = Process.lite(tmp_path)
    process.start()
    address = process.address("away")
    said: list[str] = []
    away: list[threading.Thread] = []

    def go_away(_: int) -> None:
        if not away:
            process.kill()
            away.append(threading.Thread(target=process.start))
            away[0].start()

    try:
        assert publish(small, address, go_away, said.append).passages == PASSAGES
        assert any("no server listens" in reason for reason in said)
        generation = Library(small, following(address)).generation()
        until(lambda: generation.trouble is None)
    finally:
        away[0].join()
        process.kill()


def test_what_is_no_publication_of_ours_is_loaded_anew(
    lite_server: Process, small: Path, following: Follow
) -> None:
    address = lite_server.address("killed")
    server = MilvusServer(address)
    left = Published.of(address, small / "generations" / "000001")
    server.call("create_collection", left.passages, dimension=4)
    assert publish(small, address).passages == PASSAGES
    # What is there already costs nothing, and stays.
    assert publish(small, address).dropped == ()
    assert Library(small, following(address)).generation().name == "000001"
    server.close()


def test_a_replica_of_another_library_is_refused(
    lite_server: Process,
    small: Path,
    tmp_path: Path,
    published_layout: Path,
    following: Follow,
) -> None:
    address = lite_server.address("other")
    publish(small, address)
    (tmp_path / "other").mkdir()
    other = built(tmp_path / "other", published_layout, records()[:3])
    with pytest.raises(LibraryError, match="no whole copy of generation 000001"):
        Library(other, following(address)).generation()


def test_nothing_published_says_what_to_run(
    lite_server: Process, small: Path, following: Follow
) -> None:
    address = lite_server.address("nothing")
    with pytest.raises(LibraryError, match="jmedsearch publish"):
        Library(small, following(address)).generation()


def test_the_commands(lite_server: Process, small: Path) -> None:
    address = str(lite_server.address("commands"))
    done = CliRunner().invoke(main, ["publish", str(small), "--to", address])
    assert done.exit_code == 0, done.output
    assert f"generation 000001 is live at {address}: vectors and term lists" in done.output
    serve = CliRunner().invoke(main, ["serve", "--library", address])
    assert serve.exit_code == 2
    assert "--replica" in serve.output
    folder = CliRunner().invoke(main, ["serve", "--library", str(small), "--replica", str(small)])
    assert folder.exit_code == 2


def test_serve_answers_from_there(lite_server: Process, small: Path) -> None:
    address = lite_server.address("served")
    publish(small, address)
    # Nobody needs what FAISS would read.
    (small / "generations" / "000001" / "vectors.faiss").unlink()
    process = start_server(
        "serve", "--library", str(address), "--replica", str(small), "--port", "0"
    )
    url = f"{announced(process)}/api/v1/search?{urlencode({'q': '肺炎'})}"
    with urllib.request.urlopen(url, timeout=30) as response:
        hits = json.load(response)["hits"]
    assert {hit["record"]["id"] for hit in hits} == {"a", "b"}
    process.terminate()
    output, errors = process.communicate(timeout=60)
    assert (output, errors) == ("", "")


@pytest.mark.parametrize(
    ("written", "uri", "name"),
    [
        ("milvus://db.example:19530/pubmed", "http://db.example:19530", "pubmed"),
        ("milvus://db.example/pubmed", "http://db.example:19530", "pubmed"),
        ("milvus+tls://db.example:443/pubmed_2026", "https://db.example:443", "pubmed_2026"),
        ("milvus://[::1]:19530/x", "http://[::1]:19530", "x"),
        ("milvus:///data/library.db", "/data/library.db", "library"),
    ],
)
def test_addresses(written: str, uri: str, name: str) -> None:
    address = MilvusAddress.parse(written)
    assert (address.uri, address.name, str(address)) == (uri, name, written)


@pytest.mark.parametrize(
    "written",
    [
        "milvus://db.example:19530",
        "milvus://db.example:19530/with-hyphen",
        "milvus://db.example:port/x",
        "milvus:///data/library",
        "milvus+tls:///data/library.db",
        "milvus://user:secret@db.example/x",
    ],
)
def test_what_is_no_address_is_refused_without_secrets(written: str) -> None:
    with pytest.raises(LibraryError) as refused:
        MilvusAddress.parse(written)
    assert "secret" not in str(refused.value)
