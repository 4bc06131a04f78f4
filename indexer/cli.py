"""The commands that build libraries: index, and eval, which can build what it evaluates. Those
that look after a library are in :mod:`indexer.upkeep`."""

import hashlib
import json
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, get_args

import click
import yaml

from indexer.build import build
from indexer.build import dry_run as try_sources
from indexer.imports import COUNTS, Export
from indexer.intake import Reading, Report
from indexer.progress import TerminalProgress
from indexer.train.cli import commands as training_commands
from indexer.upkeep import commands as upkeep_commands
from search.cli import ShownErrors, library_option, open_engine
from search.encoder.encoder import Device
from search.evaluate import MEASURES, evaluate, read_collection, run_queries, write_run
from search.formats import FORMATS


def _mapping(_: click.Context, __: click.Parameter, pairs: tuple[str, ...]) -> dict[str, str]:
    mapping = {}
    for pair in pairs:
        column, equals, field = pair.rpartition("=")
        if not column or not equals or not field:
            raise click.BadParameter(f"{pair!r} should be COLUMN=FIELD, as in 標題=title")
        mapping[column] = field
    return mapping


@click.command(cls=ShownErrors)
@click.argument("sources", nargs=-1, required=True)
@library_option
@click.option(
    "--model",
    help="Model: a directory or an id on the Hugging Face hub [default: the embedded model, or "
    "the library's own].",
)
@click.option(
    "--format",
    "format_name",
    type=click.Choice(sorted(FORMATS)),
    help="Format of the sources [default: recognised by content].",
)
@click.option(
    "--mapping",
    multiple=True,
    callback=_mapping,
    metavar="COLUMN=FIELD",
    help="What a column of a table holds, where its name does not say it. Can be repeated.",
)
@click.option("--database", default="", help="Where the sources were exported (医中誌Web …).")
@click.option(
    "--searched",
    type=click.DateTime(["%Y-%m-%d"]),
    help="When that database was searched (YYYY-MM-DD).",
)
@click.option("--note", default="", help="A note on this import, such as the search strategy.")
@click.option("--dry-run", is_flag=True, help="Report what would come in; write nothing.")
@click.option(
    "--device",
    type=click.Choice(get_args(Device)),
    default="auto",
    show_default=True,
    help="Where the encoder runs.",
)
def index(
    sources: tuple[str, ...],
    library: Path,
    model: str | None,
    format_name: str | None,
    mapping: dict[str, str],
    database: str,
    searched: datetime | None,
    note: str,
    dry_run: bool,
    device: Device,
) -> None:
    """Add the records of SOURCES to a library and publish a new generation.

    SOURCES are files, folders, patterns, .zip and .tar.gz archives, or - for standard input.

    Records are known by their id: one that changed is replaced, one that did not is left alone.
    The same record from two databases is merged; what might be the same is proposed (see
    duplicates).
    """
    reading = Reading(format_name, mapping)
    export = Export(database, searched.date().isoformat() if searched else "", note)
    progress = TerminalProgress()
    try:
        if dry_run:
            report = try_sources(
                sources, library, reading=reading, export=export, progress=progress
            )
        else:
            report = build(
                sources,
                library,
                model=model,
                device=device,
                reading=reading,
                export=export,
                progress=progress,
            )
    finally:
        progress.close()
    click.echo(summary(report))


def summary(report: Report) -> str:
    """What an indexing run did, in one line."""
    counts = ", ".join(f"{getattr(report, name)} {name}" for name in COUNTS[1:])
    if report.generation is None:
        return f"{report.read} read: {counts}; a dry run, nothing was written"
    return f"{report.read} read: {counts}; generation {report.generation.name} is live"


@dataclass(frozen=True)
class Result:
    """Measures of one leg on one collection."""

    collection: str
    leg: str
    scores: dict[str, float]
    dense_weight: float


@click.command("eval", cls=ShownErrors)
@click.argument("collections", nargs=-1, type=click.Path(path_type=Path, exists=True))
@click.option(
    "--library",
    type=click.Path(path_type=Path, file_okay=False),
    help="The library to evaluate; it holds the collections' corpus.",
)
@click.option("--build", "build_it", is_flag=True, help="Build a library of each corpus first.")
@click.option("--model", help="Model for --build [default: the embedded one].")
@click.option(
    "--runs",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for TREC run files, one for each collection and leg.",
)
@click.option("--json", "as_json", is_flag=True, help="Write JSON instead of a table.")
@click.option(
    "--check",
    "check_file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Re-run every published figure of this file (benchmarks/expected.yaml): OK or FAIL.",
)
def eval_command(
    collections: tuple[Path, ...],
    library: Path | None,
    build_it: bool,
    model: str | None,
    runs: Path | None,
    as_json: bool,
    check_file: Path | None,
) -> None:
    """Evaluate a library on test COLLECTIONS in BEIR's layout.

    nDCG@10, MRR@10 and recall@100 of the dense leg, the lexical leg and both fused.
    """
    if check_file:
        if not check(check_file):
            raise click.ClickException("some published figures could not be reproduced")
        return
    if not collections:
        raise click.UsageError("name at least one collection, or --check FILE")
    if bool(library) == build_it:
        raise click.UsageError("give either --library DIR or --build")
    results: list[Result] = []
    with tempfile.TemporaryDirectory(prefix="jmedsearch-eval-") as folder:
        for directory in collections:
            results += _evaluate(directory, library or Path(folder), build_it, model, runs)
    if as_json:
        data = [{"collection": r.collection, "leg": r.leg, **r.scores} for r in results]
        click.echo(json.dumps(data, indent=1))
    else:
        click.echo(table(results))


def _evaluate(
    directory: Path, library: Path, build_it: bool, model: str | None, runs: Path | None
) -> list[Result]:
    collection = read_collection(directory)
    if build_it:
        # Collections over the same corpus share one library.
        with collection.corpus.open("rb") as stream:
            library /= hashlib.file_digest(stream, "sha256").hexdigest()[:16]
        progress = TerminalProgress()
        try:
            build([collection.corpus], library, model=model, progress=progress)
        finally:
            progress.close()
    engine = open_engine(library, model)
    found = run_queries(engine, collection)
    results = []
    for leg, run in found.items():
        weight = engine.generation().manifest.dense_weight
        results.append(Result(collection.name, leg, evaluate(collection.qrels, run), weight))
        if runs:
            runs.mkdir(parents=True, exist_ok=True)
            write_run(run, runs / f"{collection.name}.{leg}.trec", f"jmedsearch-{leg}")
    return results


def table(results: Sequence[Result]) -> str:
    """Results as a Markdown table."""
    lines = [
        "| collection | leg | " + " | ".join(MEASURES) + " | dense weight |",
        "|---|---|" + "---|" * (len(MEASURES) + 1),
    ]
    for r in results:
        scores = " | ".join(f"{r.scores[m]:.3f}" for m in MEASURES)
        weight = f"{r.dense_weight:.2f}" if r.leg == "fused" else ""
        lines.append(f"| {r.collection} | {r.leg} | {scores} | {weight} |")
    return "\n".join(lines)


def check(file: Path) -> bool:
    """Run each command of a file of expected figures and compare; True when all hold.

    The file is a YAML list of ``command`` (with ``--json``), ``tolerance`` and ``expected``: a
    mapping from collection to leg to measure to value. Commands run in the file's parent's parent,
    the repository.
    """
    all_hold = True
    for entry in yaml.safe_load(file.read_text(encoding="utf-8")):
        program, *arguments = shlex.split(entry["command"])
        process = subprocess.run(
            [str(Path(sys.executable).with_name(program)), *arguments],
            cwd=file.resolve().parent.parent,
            stdout=subprocess.PIPE,
            text=True,
            check=False,
        )
        if process.returncode:
            click.echo(f"FAIL  {entry['command']} exited with {process.returncode}")
            all_hold = False
            continue
        found = {(r["collection"], r["leg"]): r for r in json.loads(process.stdout)}
        for line, holds in _compared(entry, found):
            click.echo(line)
            all_hold = all_hold and holds
    return all_hold


def _compared(
    entry: dict[str, Any], found: dict[tuple[str, str], dict[str, Any]]
) -> list[tuple[str, bool]]:
    lines = []
    for collection, legs in entry["expected"].items():
        for leg, measures in legs.items():
            for measure, expected in measures.items():
                value = found.get((collection, leg), {}).get(measure, float("nan"))
                holds = abs(value - expected) <= entry["tolerance"]
                verdict = "OK  " if holds else "FAIL"
                lines.append(
                    (
                        f"{verdict}  {collection} {leg} {measure}: {value:.4f} "
                        f"(published {expected:.4f} ± {entry['tolerance']})",
                        holds,
                    )
                )
    return lines


commands: list[click.Command] = [index, eval_command, *upkeep_commands, *training_commands]
