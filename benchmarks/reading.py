"""How fast files are read, and in how much memory, beside another state of the project.

    python benchmarks/reading.py FILE... --against CHECKOUT [--times 15]

Both states are loaded into one process and read every file in turn, so that what else the machine
does meets both; of each the least processor time counts. Memory is the peak of a process that reads
the file. Prints for each file the records, the seconds and the MiB of both, and their ratios.
"""

import argparse
import importlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).resolve().parents[1]
_PEAK = """
import resource, sys
from pathlib import Path
from search.formats import read_records
for _ in read_records(Path(sys.argv[1])):
    pass
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


def reader(checkout: Path) -> Callable[[Path], int]:
    """How a state of the project reads a file, with modules of its own: how many items it has."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "search"]:
        del sys.modules[name]
    sys.path.insert(0, str(checkout))
    try:
        read = importlib.import_module("search.formats").read_records
    finally:
        sys.path.remove(str(checkout))
    return lambda file: sum(1 for _ in read(file))


def peak(checkout: Path, file: Path) -> float:
    """The peak memory of a process that reads a file, in MiB."""
    done = subprocess.run(
        [sys.executable, "-c", _PEAK, str(file.resolve())],
        cwd=checkout,
        env={**os.environ, "PYTHONPATH": str(checkout)},
        capture_output=True,
        text=True,
        check=True,
    )
    return float(json.loads(done.stdout))


def main() -> None:
    """Read every file in turn by both and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--against", type=Path, required=True)
    parser.add_argument("--times", type=int, default=15)
    arguments = parser.parse_args()
    states = (HERE, arguments.against.resolve())
    readers = {state: reader(state) for state in states}
    print("file\titems\tseconds\tbefore\tratio\tMiB\tbefore\tratio")
    for file in arguments.files:
        # The first reading of each also loads what is loaded once.
        counts = [readers[state](file) for state in states]
        seconds: dict[Path, list[float]] = {state: [] for state in states}
        for turn in range(arguments.times):
            for state in states if turn % 2 else reversed(states):
                begin = time.process_time()
                readers[state](file)
                seconds[state].append(time.process_time() - begin)
        now, before = (min(seconds[state]) for state in states)
        memory, memory_before = (peak(state, file) for state in states)
        print(
            f"{file.name}\t{counts[0]} ({counts[1]})\t{now:.3f}\t{before:.3f}\t{now / before:.2f}\t"
            f"{memory:.0f}\t{memory_before:.0f}\t{memory / memory_before:.2f}"
        )


if __name__ == "__main__":
    main()
