"""The command that evaluates: jmedsearch beside other systems, and published figures re-run."""

import hashlib
import json
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import yaml

from indexer.run.pipeline import build
from search.evaluate import (
    LEGS,
    MEASURES,
    Collection,
    Comparison,
    Run,
    compare,
    evaluate,
    losses,
    read_collection,
    read_run,
    run_queries,
    write_run,
)
from web.cli.options import ShownErrors, open_engine
from web.cli.progress_bars import TerminalProgress

_SIGNIFICANT = 0.05


@dataclass(frozen=True)
class Result:
    """Measures of one system on one collection: a leg of jmedsearch, or another's run.

    ``dense_weight`` is the fused leg's; ``comparison`` is against the baseline, where one is named.
    """

    collection: str
    system: str
    scores: Mapping[str, float]
    dense_weight: float | None
    comparison: Comparison | None


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
    help="Folder for TREC run files, COLLECTION.LEG.trec.",
)
@click.option(
    "--peers",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="Folder of other systems' TREC run files, COLLECTION.SYSTEM.trec, to be measured too.",
)
@click.option(
    "--baseline",
    metavar="SYSTEM",
    help="The leg or peer that all others are compared with (paired t-test over the queries).",
)
@click.option(
    "--losses",
    "lost",
    type=click.IntRange(min=0),
    default=0,
    help="List so many queries of each collection that lose most against the baseline.",
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
    peers: Path | None,
    baseline: str | None,
    lost: int,
    as_json: bool,
    check_file: Path | None,
) -> None:
    """Evaluate a library on test COLLECTIONS in BEIR's layout.

    nDCG@10, MRR@10 and recall@100 of the dense leg, the lexical leg and both fused, and of other
    systems whose runs lie in --peers.
    """
    if check_file:
        if not check(check_file):
            raise click.ClickException("some published figures could not be reproduced")
        return
    if not collections:
        raise click.UsageError("name at least one collection, or --check FILE")
    if bool(library) == build_it:
        raise click.UsageError("give either --library DIR or --build")
    if lost and not baseline:
        raise click.UsageError("--losses needs --baseline SYSTEM")
    results: list[Result] = []
    listed: list[str] = []
    with tempfile.TemporaryDirectory(prefix="jmedsearch-eval-") as folder:
        for directory in collections:
            collection = read_collection(directory)
            found, weight = _own_runs(collection, library or Path(folder), build_it, model)
            if runs:
                runs.mkdir(parents=True, exist_ok=True)
                for leg, run in found.items():
                    write_run(run, runs / f"{collection.name}.{leg}.trec", f"jmedsearch-{leg}")
            if peers:
                found |= _peer_runs(collection, peers)
            results += _measured(collection, found, weight, baseline)
            if baseline:
                listed += lost_queries(collection, found["fused"], found[baseline], lost)
    if as_json:
        click.echo(json.dumps([as_row(r) for r in results], indent=1))
    else:
        click.echo(table(results, baseline))
    for line in listed:
        click.echo(line, err=as_json)


def _own_runs(
    collection: Collection, library: Path, build_it: bool, model: str | None
) -> tuple[dict[str, Run], float]:
    """The runs of the three legs, and the weight of the dense one."""
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
    found = {str(leg): run for leg, run in run_queries(engine, collection).items()}
    return found, engine.generation().manifest.dense_weight


def _peer_runs(collection: Collection, peers: Path) -> dict[str, Run]:
    """Other systems' runs for a collection, by name.

    Raises:
        click.ClickException: for a run that is named like a leg.
    """
    found = {}
    for file in sorted(peers.glob(f"{collection.name}.*.trec")):
        system = file.name.removeprefix(f"{collection.name}.").removesuffix(".trec")
        if system in LEGS:
            raise click.ClickException(
                f"{file}: {system!r} is the name of a leg of jmedsearch; give --runs and --peers "
                "different folders"
            )
        found[system] = read_run(file)
    return found


def _measured(
    collection: Collection, runs: Mapping[str, Run], weight: float, baseline: str | None
) -> list[Result]:
    if baseline and baseline not in runs:
        raise click.ClickException(
            f"{collection.name}: there is no {baseline!r} to compare with; there are "
            f"{', '.join(runs)}"
        )
    return [
        Result(
            collection.name,
            system,
            evaluate(collection.judged, run),
            weight if system == "fused" else None,
            compare(collection.judged, run, runs[baseline])
            if baseline and system != baseline
            else None,
        )
        for system, run in runs.items()
    ]


def as_row(result: Result) -> dict[str, Any]:
    """A result as JSON."""
    row: dict[str, Any] = {"collection": result.collection, "leg": result.system, **result.scores}
    if result.comparison:
        row["difference"] = round(result.comparison.difference, 4)
        row["p"] = result.comparison.p
    return row


def table(results: Sequence[Result], baseline: str | None) -> str:
    """Results as a Markdown table; with a baseline, the difference in nDCG@10 and its p."""
    columns = ["collection", "system", *MEASURES, "dense weight"]
    if baseline:
        columns += [f"nDCG@10 − {baseline}", "p"]
    lines = [f"| {' | '.join(columns)} |", "|---" * len(columns) + "|"]
    for r in results:
        cells = [r.collection, r.system, *(f"{r.scores[m]:.3f}" for m in MEASURES)]
        cells.append("" if r.dense_weight is None else f"{r.dense_weight:.2f}")
        if baseline:
            difference, p = ("", "") if r.comparison is None else _told(r.comparison)
            cells += [difference, p]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _told(comparison: Comparison) -> tuple[str, str]:
    star = " *" if comparison.p < _SIGNIFICANT else ""
    return f"{comparison.difference:+.3f}{star}", f"{comparison.p:.3g}"


def lost_queries(collection: Collection, run: Run, baseline: Run, number: int) -> list[str]:
    """The queries that lose most nDCG@10 against the baseline, a line each: what they ask, and at
    which rank either has its first relevant record."""
    lines = []
    for loss in losses(collection.judged, run, baseline)[:number]:
        ours, theirs = (str(rank or "–") for rank in (loss.rank, loss.baseline_rank))
        lines.append(
            f"{collection.name} {loss.query}: {loss.difference:+.3f}, first relevant at rank "
            f"{ours} (baseline {theirs}): {collection.queries[loss.query]}"
        )
    return lines


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
