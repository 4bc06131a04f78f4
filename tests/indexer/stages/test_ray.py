"""Embedding on a Ray cluster gives the library that one process gives, whatever is killed."""

import json
import sqlite3
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from indexer.run.pipeline import build
from indexer.stages.staging import BuildError
from search.library.library import Library
from tests.indexer.stages.hosts import Hosts, reason
from tests.waiting import LONG, until

pytest.importorskip("ray.data", reason="Ray is not installed: make test installs it")

# Ray starts processes of its own.
pytestmark = pytest.mark.servers

RECORDS = 96
CHUNK = 8
# Runs on a host: chunks are small, each is written down, and goes on once as many are allowed.
DRIVER = f"""
import sys, time
from pathlib import Path
from indexer.stages import ray_embedding
from indexer.run.pipeline import build
from search.encoder.openvino_backend import OpenVinoBackend

log, allowed, embedded = Path(sys.argv[4]), Path(sys.argv[5]), Path(sys.argv[2], "staging/embedded")

def load(model, fingerprint, release, device):
    from search.encoder import load_encoder
    encoder = load_encoder(model, device)
    encode = encoder.encode_prepared

    def slowly(chunks):
        def noted():
            for chunk in chunks:
                with log.open("a") as stream:
                    stream.write(f"{{hash(tuple(chunk[0].ids.tolist()))}}\\n")
                while len(list(embedded.glob("*.npz"))) >= int(allowed.read_text()):
                    time.sleep(0.05)
                yield chunk
        return encode(noted())

    encoder.encode_prepared = slowly
    return encoder

ray_embedding._load = load
OpenVinoBackend.chunk_records = {CHUNK}
build([sys.argv[1]], Path(sys.argv[2]), model=sys.argv[3], device="cpu", ray=sys.argv[6])
"""


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("source") / "records.jsonl"
    made = (
        {"id": f"r{n}", "title": f"肺炎の症例{n}", "abstract": f"第{n}例を診た。" * (1 + n % 9)}
        for n in range(RECORDS)
    )
    file.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in made))
    return file


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory, source: Path, published_layout: Path) -> Path:
    """The library as one process makes it."""
    library = tmp_path_factory.mktemp("alone") / "library"
    build([source], library, model=str(published_layout), device="cpu")
    return library


@pytest.fixture
def hosts() -> Iterator[Hosts]:
    if why := reason():
        pytest.skip(why)
    with Hosts(3) as three:
        yield three


def same(library: Path, other: Path) -> None:
    """Record for record, passage for passage, vector for vector."""
    one, two = (Library(path).generation() for path in (library, other))
    assert list(one.all_records()) == list(two.all_records())
    tables = [
        sqlite3.connect(g.path / "records.db").execute("select * from passages").fetchall()
        for g in (one, two)
    ]
    assert tables[0] == tables[1]
    numbers = [row[0] for row in tables[0]]
    assert numbers == list(range(len(numbers)))
    np.testing.assert_allclose(one.vectors(numbers), two.vectors(numbers), atol=2e-3)
    for number in numbers[::10]:
        np.testing.assert_array_equal(one.sentences(number)[1], two.sentences(number)[1])


def test_a_killed_host_and_a_killed_driver_cost_what_they_had_in_hand(
    hosts: Hosts, tmp_path: Path, source: Path, alone: Path, published_layout: Path
) -> None:
    library, log = tmp_path / "library", tmp_path / "log"
    allowed = tmp_path / "allowed"
    arguments = [source, library, published_layout, log, allowed, hosts.address]
    command = [sys.executable, "-W", "ignore", "-c", DRIVER, *map(str, arguments)]

    def done() -> int:
        return len(list((library / "staging" / "embedded").glob("*.npz")))

    def allow(chunks: int) -> None:
        (tmp_path / "next").write_text(str(chunks))
        (tmp_path / "next").rename(allowed)

    def wait_for(chunks: int) -> None:
        until(lambda: driver.poll() is not None or done() >= chunks)
        assert driver.poll() is None, "the driver has ended"

    allow(3)
    driver = hosts.run(hosts.names[0], command)
    wait_for(3)
    hosts.kill(hosts.names[2])
    allow(6)
    wait_for(6)
    driver.kill()
    driver.wait()
    assert not (library / "CURRENT").exists()
    allow(RECORDS)
    driver = hosts.run(hosts.names[0], command)
    assert driver.wait(LONG) == 0

    same(library, alone)
    tried = Counter(log.read_text().split())
    assert len(tried) == RECORDS // CHUNK
    # One chunk of the host, one of each of the two others when the driver went.
    assert sum(tried.values()) <= RECORDS // CHUNK + 3


# Ray warns of options of its own that nobody has set.
@pytest.mark.filterwarnings("ignore::DeprecationWarning:ray")
def test_one_machine_alone(
    tmp_path: Path, source: Path, alone: Path, published_layout: Path
) -> None:
    build([source], tmp_path / "library", model=str(published_layout), device="cpu", ray="local")
    same(tmp_path / "library", alone)


def test_a_cluster_that_is_not_there_is_a_clear_error(
    tmp_path: Path, source: Path, published_layout: Path
) -> None:
    with pytest.raises(BuildError, match=r"Ray at 127\.0\.0\.1:1 cannot be reached"):
        build(
            [source],
            tmp_path / "library",
            model=str(published_layout),
            device="cpu",
            ray="127.0.0.1:1",
        )
