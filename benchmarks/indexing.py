"""Indexing a source with the embedded model: records/s and peak memory, in a process of its own.

    python benchmarks/indexing.py SOURCE...

Each source is indexed into a fresh temporary library by the ``jmedsearch index`` command. Prints
JSON: records, seconds, records/s, and the process's peak resident memory in MB (mapped files
included).
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from search.library.library import Library


def main() -> None:
    """Measure and print."""
    results = []
    for source in sys.argv[1:]:
        with tempfile.TemporaryDirectory() as folder:
            library = Path(folder) / "library"
            command = [str(Path(sys.executable).with_name("jmedsearch")), "index", source]
            start = time.perf_counter()
            subprocess.run([*command, "--library", str(library)], check=True, stdout=sys.stderr)
            seconds = time.perf_counter() - start
            records = Library(library).generation().manifest.records
        # The largest child so far: sources are given from small to large.
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        results.append(
            {
                "source": Path(source).name,
                "records": records,
                "seconds": round(seconds, 1),
                "records_per_second": round(records / seconds, 1),
                "peak_mb": round(peak),
            }
        )
    print(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
