"""kill -9 in the middle of a thousand decisions loses none that was confirmed."""

import subprocess
import sys
from pathlib import Path

import pytest

from search.records import Record
from web.desk import items, shelf
from web.desk.screening.outcomes import screened
from web.desk.store import Store

pytestmark = pytest.mark.slow

DECISIONS = 1000
_RUN = """
import sys
from pathlib import Path
from web.desk.screening.deciding import decide
from web.desk.store import Store
store = Store(Path(sys.argv[1]))
for n in range(int(sys.argv[2])):
    verdict = ("include", "exclude", "maybe")[n % 3]
    decide(store, "mori", int(sys.argv[3]), "title-abstract", f"r{n}", verdict)
    # Long lines: what nobody reads fills the pipe after some sixty.
    print(f"{n:1000}", flush=True)
"""


def test_kill_9_in_the_middle_of_a_thousand_decisions(tmp_path: Path) -> None:
    file = tmp_path / "collections.db"
    store = Store(file)
    number = shelf.create(store, "mori", "c")
    records = (Record(f"r{i}", title=f"t{i}", language="en") for i in range(DECISIONS))
    items.add(store, "mori", number, ((r, "library") for r in records))
    command = [sys.executable, "-c", _RUN, str(file), str(DECISIONS), str(number)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    confirmed = -1
    while confirmed < DECISIONS // 2:
        confirmed = int(process.stdout.readline())
    process.kill()
    rest = process.communicate()[0].split()
    confirmed = int(rest[-1]) if rest else confirmed
    found = screened(store, number, "title-abstract").by("mori")
    store.close()
    # One more can be on the disk whose confirmation never came out.
    assert confirmed + 1 <= len(found) <= confirmed + 2
    for n in range(confirmed + 1):
        assert found[f"r{n}"].verdict == ("include", "exclude", "maybe")[n % 3]
    assert confirmed < DECISIONS - 1
