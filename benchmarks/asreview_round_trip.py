"""Screened records to ASReview and back: what its reader makes of our files, and ours of its.

ASReview is no dependency. Install it by itself and name its Python:

    python -m venv asreview && asreview/bin/pip install asreview
    python benchmarks/asreview_round_trip.py --asreview asreview/bin/python

Prints a line for each format with the labels that came through, and ends with 1 where one did not.
"""

import io
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import click

from search.formats import read_stream
from search.formats.fields.remarks import Remarks
from search.records import Record
from web.desk import items, shelf
from web.desk.desk import open_desk
from web.desk.screening.deciding import decide
from web.desk.screening.ledger import Verdict
from web.desk.screening.screened_files import write_screened

# What each record is decided as, and the label that ASReview has for that.
_DECIDED: tuple[tuple[Verdict | None, int | None], ...] = (
    *[("include", 1)] * 5,
    *[("exclude", 0)] * 20,
    *[("maybe", None)] * 2,
    *[(None, None)] * 10,
)
# Run by ASReview's Python: its labels of our file, and its own RIS of the same.
_READ = """
import json, sys
from asreview.data.loader import load_records
print(json.dumps([[r.title, r.included] for r in load_records(sys.argv[1])]))
"""
_WRITE = """
import sys
import pandas as pd
from asreview.data import RISReader, RISWriter
data = RISReader.read_data(sys.argv[1])
data["asreview_label"] = data["included"].astype(object).where(data["included"].notna(), None)
RISWriter.write_data(data.drop(columns=["included"]), sys.argv[2])
"""


@click.command()
@click.option("--asreview", required=True, help="The Python that ASReview is installed for.")
def main(asreview: str) -> None:
    """Compare the labels that come through with the decisions that were made."""
    wanted = {f"Study {i}": label for i, (_, label) in enumerate(_DECIDED)}
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        files = _files(Path(folder))
        for file in files:
            told = _run(asreview, _READ, str(file))
            labels = dict(json.loads(told))
            right = labels == wanted
            failed |= not right
            click.echo(f"{file.suffix[1:]}: {'OK' if right else labels}")
        back = Path(folder) / "back.ris"
        _run(asreview, _WRITE, str(files[0]), str(back))
        found = _labels_of(back)
        right = found == {title: label for title, label in wanted.items() if label is not None}
        failed |= not right
        click.echo(f"ASReview's RIS, read here: {'OK' if right else found}")
    sys.exit(failed)


def _files(folder: Path) -> list[Path]:
    desk = open_desk(folder / "collections.db")
    number = shelf.create(desk.store, "a", "round trip")
    records = [
        Record(f"r{i}", title=f"Study {i}", abstract="We asked.", language="en")
        for i in range(len(_DECIDED))
    ]
    items.add(desk.store, "a", number, [(r, "a.ris") for r in records], "a.ris")
    for record, (verdict, _) in zip(records, _DECIDED, strict=True):
        if verdict is not None:
            decide(desk.store, "a", number, "title-abstract", record.id, verdict)
    written = []
    for name in ("ris", "csv", "xlsx"):
        stream = io.BytesIO()
        write_screened(desk.store, number, "title-abstract", "", name, stream)
        written.append(folder / f"all.{name}")
        written[-1].write_bytes(stream.getvalue())
    desk.store.close()
    return written


def _run(python: str, program: str, *arguments: str) -> str:
    done = subprocess.run(
        [python, "-c", program, *arguments], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise click.ClickException(done.stderr.strip().splitlines()[-1])
    return done.stdout


def _labels_of(file: Path) -> dict[str, int]:
    """The labels that our reader finds beside the records of a file."""
    labels: dict[str, int] = {}
    beside: dict[str, Remarks] = {}
    with file.open("rb") as stream:
        for item, _ in read_stream(stream, file.name, remarked=beside.setdefault):
            assert isinstance(item, Record)
            tags = beside.get(item.id, Remarks()).tags
            if "relevant" in tags or "irrelevant" in tags:
                labels[item.title] = int("relevant" in tags)
    return labels


if __name__ == "__main__":
    main()
