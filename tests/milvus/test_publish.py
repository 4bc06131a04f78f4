"""Publishing and following: a generation is loaded beside the old one, the alias switches."""

import json
import shutil
import urllib.request
from pathlib import Path
from urllib.parse import urlencode

import pytest
from click.testing import CliRunner

from indexer.curation import remove
from indexer.publishing import publish
from search.filters import Filters
from search.library import Library
from search.manifest import LibraryError
from search.milvus import MilvusAddress, MilvusRetrieval, MilvusServer, retrieval
from search.milvus.collections import Published
from tests.milvus.servers import Process, free_port
from tests.waiting import LONG
from tests.web.running import announced, start_server
from web.cli import main


@pytest.fixture
def looked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The alias is looked at with every request: nobody waits for a second to pass."""
    monkeypatch.setattr(retrieval, "_FOLLOWED", 0.0)


@pytest.mark.usefixtures("looked_at_once")
def test_processes_move_with_the_alias_once_their_replica_has_the_generation(
    lite_server: Process, small: Path, tmp_path: Path
) -> None:
    address = lite_server.address("moving")
    replica = tmp_path / "replica"
    publish(small, address)
    shutil.copytree(small, replica)
    library = Library(replica, MilvusRetrieval(address))
    first = library.generation()
    assert library.generation() is first

    remove(small, ["a"])
    publish(small, address)
    # Not replicated yet: the old collection is still there for it.
    assert library.generation() is first
    assert first.best_by_words(["肺炎"], 10, Filters())

    shutil.copytree(small, replica, dirs_exist_ok=True)
    assert library.generation().name == "000002"
    assert not library.generation().best_by_words(["肺炎"], 10, Filters())

    remove(small, ["b"])
    assert publish(small, address).dropped == ("000001",)


def test_what_a_killed_run_left_is_loaded_anew(lite_server: Process, small: Path) -> None:
    address = lite_server.address("killed")
    server = MilvusServer(address)
    left = Published.of(address, small / "generations" / "000001")
    server.call("create_collection", left.passages, dimension=4)
    assert publish(small, address).passages == 2
    # What is there already costs nothing, and stays.
    assert publish(small, address).dropped == ()
    assert Library(small, MilvusRetrieval(address)).generation().name == "000001"
    server.close()


def test_a_replica_of_another_library_is_refused(
    lite_server: Process, small: Path, sample_library: Path
) -> None:
    address = lite_server.address("other")
    publish(small, address)
    with pytest.raises(LibraryError, match="no copy of generation 000001"):
        Library(sample_library, MilvusRetrieval(address)).generation()


def test_nothing_published_says_what_to_run(lite_server: Process, small: Path) -> None:
    address = lite_server.address("nothing")
    with pytest.raises(LibraryError, match="jmedsearch publish"):
        Library(small, MilvusRetrieval(address)).generation()


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
    with urllib.request.urlopen(url, timeout=LONG) as response:
        hits = json.load(response)["hits"]
    assert {hit["record"]["id"] for hit in hits} == {"a", "b"}
    process.terminate()
    output, errors = process.communicate(timeout=LONG)
    assert (output, errors) == ("", "")


def test_a_server_that_is_not_there_is_an_error_of_one_line(small: Path) -> None:
    address = f"milvus://127.0.0.1:{free_port()}/x"
    done = CliRunner().invoke(
        main, ["serve", "--library", address, "--replica", str(small), "--port", "0"]
    )
    assert done.exit_code == 1
    assert done.output.startswith(f"Error: {address}: Milvus does not answer as it should")
    assert "Traceback" not in done.output


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
