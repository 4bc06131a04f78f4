"""Fixtures: every engine that can answer the legs of a library.

The real server is the one of PyPI's ``milvus``, in an environment of its own (``make milvus``, or
named by MILVUS_SERVER); a cluster of one's own is named by MILVUS_URI, as in
``milvus://localhost:19530``. What is absent is skipped.
"""

import json
import os
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from indexer.publishing import publish
from indexer.run.pipeline import build
from search.library.library import Library
from search.library.milvus import MilvusAddress, MilvusRetrieval, MilvusServer
from tests.indexer.conftest import RECORDS
from tests.search.library.milvus.servers import Process, real_reason

pytest.importorskip("pymilvus", reason="pymilvus is not installed: make test installs it")


@dataclass(frozen=True)
class Engine:
    """An engine, ``address`` of a new library in it (None where the folder answers itself)."""

    kind: str
    address: Callable[[], MilvusAddress | None]
    retrievals: list[MilvusRetrieval] = field(default_factory=list)

    def serve(self, folder: Path, address: MilvusAddress | None) -> Library:
        """The library in ``folder``, once it is published to ``address``."""
        if address is None:
            return Library(folder)
        publish(folder, address)
        self.retrievals.append(MilvusRetrieval(address))
        return Library(folder, self.retrievals[-1])

    def close(self) -> None:
        while self.retrievals:
            self.retrievals.pop().close()


def _name() -> str:
    return f"t{uuid.uuid4().hex[:12]}"


@pytest.fixture(scope="session")
def lite_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    pytest.importorskip("milvus_lite", reason="milvus-lite is not installed")
    process = Process.lite(tmp_path_factory.mktemp("milvus-lite"))
    process.start()
    yield process
    process.kill()


@pytest.fixture(scope="session")
def real_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    if reason := real_reason():
        pytest.skip(reason)
    process = Process.real(tmp_path_factory.mktemp("milvus"))
    process.start()
    yield process
    process.kill()


@pytest.fixture(scope="session", params=["embedded", "milvus-lite", "milvus-server", "MILVUS_URI"])
def answering(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Engine]:
    kind = request.param
    engine = Engine(kind, lambda: None)
    if kind == "embedded":
        yield engine
    elif kind == "milvus-lite":
        # A file for each library, opened by this process.
        pytest.importorskip("milvus_lite", reason="milvus-lite is not installed")
        folder = tmp_path_factory.mktemp("milvus-files")
        engine = Engine(kind, lambda: MilvusAddress.parse(f"milvus://{folder}/{_name()}.db"))
        yield engine
    elif kind == "milvus-server":
        process: Process = request.getfixturevalue("real_server")
        engine = Engine(kind, lambda: process.address(_name()))
        yield engine
    else:
        cluster = os.environ.get("MILVUS_URI")
        if not cluster:
            pytest.skip("MILVUS_URI names no cluster")
        used: list[MilvusAddress] = []

        def address() -> MilvusAddress:
            used.append(MilvusAddress.parse(f"{cluster.rstrip('/')}/{_name()}"))
            return used[-1]

        engine = Engine(kind, address)
        yield engine
        engine.close()
        for one in used:
            _forget(one)
    engine.close()


@pytest.fixture
def following() -> Iterator[Callable[[MilvusAddress], MilvusRetrieval]]:
    """Makes retrievals; their threads end with the test."""
    made: list[MilvusRetrieval] = []

    def follow(address: MilvusAddress) -> MilvusRetrieval:
        made.append(MilvusRetrieval(address))
        return made[-1]

    yield follow
    for retrieval in made:
        retrieval.close()


def _forget(address: MilvusAddress) -> None:
    """Leave a cluster that is not ours as it was."""
    server = MilvusServer(address)
    for name in server.call("list_collections"):
        if name.startswith(f"{address.name}_"):
            for alias in server.call("list_aliases", name)["aliases"]:
                server.call("drop_alias", alias)
            server.call("drop_collection", name)
    server.close()


@pytest.fixture
def small(tmp_path: Path, published_layout: Path) -> Path:
    """A library of two records, made with the tiny model."""
    source = tmp_path / "records.jsonl"
    source.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in RECORDS))
    build([source], tmp_path / "library", model=str(published_layout), device="cpu")
    return tmp_path / "library"
