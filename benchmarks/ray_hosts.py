"""Embedding on Ray: growth with hosts, what is lost to kills, and what Ray itself costs.

    python -m benchmarks.ray_hosts growth [--hosts 1 2 3]
    python -m benchmarks.ray_hosts kills SOURCE LIBRARY
    python -m benchmarks.ray_hosts overhead SOURCE

The hosts are network namespaces of this machine, so it takes root; they share its cores. ``growth``
therefore embeds with a stand-in that sleeps as long as a GPU would work (0.5 s a chunk). ``kills``
indexes SOURCE on three hosts with the embedded model, kills one after a third of the chunks and the
driver after two thirds, starts the driver again, and compares with LIBRARY, which one process has
made of SOURCE. ``overhead`` indexes SOURCE with ``--ray local`` and without Ray. Prints JSON.
"""

import argparse
import functools
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from indexer.stages.preparation import RecordChunk
from indexer.stages.ray_embedding import Cluster, with_ray
from search.encoder import EncodedPassage, Encoder, load_encoder
from search.encoder.text_side import Tokens
from search.library.library import Library
from tests.indexer.stages.hosts import Hosts

COMMAND = [sys.executable, "-c", "from web.cli import main; main()", "index"]
SLEEP = 0.5
CHUNKS = 120


class Sleeping:
    """An encoder that takes its time and no processor."""

    dim = 384

    def __init__(self) -> None:
        whole = load_encoder()
        self.text_side = whole.text_side
        self.backend = SimpleNamespace(prepares_apart=False)

    def encode_prepared(self, chunks: Iterable[Sequence[Tokens]]) -> Iterator[list[EncodedPassage]]:
        """Vectors of ones."""
        ones = np.ones(self.dim, np.float32)
        for chunk in chunks:
            time.sleep(SLEEP)
            yield [EncodedPassage(ones, np.ones((len(t.weights) - 1, self.dim))) for t in chunk]


def sleeping(_: str) -> Encoder:
    """For the actors."""
    return Sleeping()  # type: ignore[return-value]


def growth(counts: list[int]) -> dict[str, object]:
    """Seconds for the same chunks on so many hosts, once their actors are ready."""
    found: dict[str, object] = {"chunks": CHUNKS, "seconds a chunk": SLEEP}
    for count in counts:
        with Hosts(count) as hosts:
            script = "from benchmarks.ray_hosts import measured; measured()"
            command = [sys.executable, "-c", script, hosts.address]
            driver = hosts.run(hosts.names[0], command, stdout=subprocess.PIPE)
            output, _ = driver.communicate()
            found[f"{count} hosts"] = json.loads(output.splitlines()[-1])
    return found


def measured() -> None:
    """What a driver on the first host does: prints seconds in all, and from the first chunk on."""
    with tempfile.TemporaryDirectory() as folder:
        waiting = []
        for number in range(CHUNKS):
            file = Path(folder) / f"{number}.npz"
            chunk = RecordChunk(1, [(number, "ja", f"第{number}例を診た。")])
            file.with_suffix(".json").write_text(json.dumps(asdict(chunk)))
            waiting.append(file)
        start, times = time.perf_counter(), []
        note = functools.partial(lambda _: times.append(time.perf_counter()))
        with_ray(Cluster(sys.argv[1], "", "cpu"), sleeping, waiting, note)
        rate = (len(times) - 1) / (times[-1] - times[0])
        whole = round(time.perf_counter() - start, 1)
        print(json.dumps({"seconds": whole, "chunks/s": round(rate, 2)}))


def kills(source: Path, alone: Path) -> dict[str, object]:
    """See the module."""
    with tempfile.TemporaryDirectory() as folder, Hosts(3) as hosts:
        library = Path(folder) / "library"
        command = [*COMMAND, str(source), "--library", str(library), "--ray", hosts.address]
        total = None

        def files() -> list[Path]:
            return list((library / "staging" / "embedded").glob("*.npz"))

        def wait_for(share: float) -> None:
            nonlocal total
            while True:
                if driver.poll() is not None:
                    sys.exit("the driver has ended")
                total = len(list((library / "staging" / "embedded").glob("*.json")))
                if total and len(files()) >= share * total:
                    return
                time.sleep(0.5)

        start = time.perf_counter()
        driver = hosts.run(hosts.names[0], command, stderr=subprocess.DEVNULL)
        wait_for(1 / 3)
        hosts.kill(hosts.names[2])
        host_killed = len(files())
        wait_for(2 / 3)
        driver.kill()
        driver.wait()
        kept = {file: file.stat().st_mtime_ns for file in files()}
        driver = hosts.run(hosts.names[0], command, stderr=subprocess.DEVNULL)
        again = 0
        while driver.poll() is None:
            again = (
                sum(
                    file.exists() and file.stat().st_mtime_ns != written
                    for file, written in kept.items()
                )
                or again
            )
            time.sleep(0.5)
        taken = time.perf_counter() - start
        return {
            "chunks": total,
            "there when a host was killed": host_killed,
            "there when the driver was killed": len(kept),
            "of these written again": again,
            "seconds": round(taken),
            "exit": driver.returncode,
            **compared(library, alone),
        }


def compared(library: Path, alone: Path) -> dict[str, object]:
    """How two libraries differ, record for record and vector for vector."""
    one, two = (Library(path).generation() for path in (library, alone))
    rows = [
        [tuple(r) for r in g.database.execute("select * from passages order by number")]
        for g in (one, two)
    ]
    same = rows[0] == rows[1]
    numbers = [row[0] for row in rows[0]]
    difference = float(np.abs(one.vectors(numbers) - two.vectors(numbers)).max()) if same else None
    return {
        "records": one.manifest.records,
        "records are the same": list(one.all_records()) == list(two.all_records()),
        "passages": len(numbers),
        "passages are the same": same,
        "largest difference of a vector's component": difference,
    }


def overhead(source: Path) -> dict[str, object]:
    """Seconds of a whole run without Ray and with it, on this machine."""
    found: dict[str, object] = {}
    for name, options in (("without Ray", []), ("--ray local", ["--ray", "local"])):
        with tempfile.TemporaryDirectory() as folder:
            start = time.perf_counter()
            subprocess.run(
                [*COMMAND, str(source), "--library", f"{folder}/library", *options],
                check=True,
                capture_output=True,
            )
            found[name] = round(time.perf_counter() - start, 1)
    return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["growth", "kills", "overhead"])
    parser.add_argument("paths", nargs="*", type=Path)
    parser.add_argument("--hosts", nargs="+", type=int, default=[1, 2, 3])
    arguments = parser.parse_args()
    if arguments.what == "growth":
        result = growth(arguments.hosts)
    elif arguments.what == "kills":
        result = kills(*arguments.paths)
    else:
        result = overhead(*arguments.paths)
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
