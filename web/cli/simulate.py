"""The command that replays screenings whose outcome is known."""

import json
from pathlib import Path
from statistics import mean, stdev

import click

from web.cli.options import ShownErrors
from web.desk.screening.learning import features
from web.desk.screening.simulation import Replay, read_labelled, recall_curve, replay
from web.pages.simulation_plot import plot

_SHOWN = {"loss": "{:.4f}", "WSS@95": "{:.4f}", "recall@10%": "{:.4f}", "ATD": "{:.1f}"}


@click.command("simulate", cls=ShownErrors)
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True))
@click.option(
    "--seeds",
    type=click.IntRange(1),
    default=3,
    show_default=True,
    help="So many simulations of each file; each begins with another included and excluded record.",
)
@click.option(
    "--label", "column", help="Column of the label [default: label_included, included …]."
)
@click.option(
    "--plot",
    "plot_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="SVG file for the recall curves.",
)
@click.option("--json", "as_json", is_flag=True, help="Write JSON instead of a table.")
def simulate(
    files: tuple[Path, ...], seeds: int, column: str | None, plot_file: Path | None, as_json: bool
) -> None:
    """Replay labelled screenings and measure how soon the order finds what was included.

    FILES are CSV, TSV or JSON Lines with title, abstract and a label (1 or 0), or folders in BEIR's
    layout (the test set of a collection). Measures are defined as in asreview-insights.
    """
    replays: list[Replay] = []
    for file in files:
        data = read_labelled(file, column)
        weighed = features(data.texts)
        replays += [replay(data, seed, weighed) for seed in range(seeds)]
    if plot_file:
        plot_file.write_text(plot([(r.name, recall_curve(r.order)) for r in replays]), "utf-8")
    if as_json:
        rows = [{"name": r.name, "seed": r.seed, "priors": r.priors, **r.scores} for r in replays]
        click.echo(json.dumps(rows, ensure_ascii=False, indent=1))
        return
    click.echo(table(replays))


def table(replays: list[Replay]) -> str:
    """The measures of each file, the mean over its seeds and their standard deviation."""
    head = ["data", "records", "included", *_SHOWN]
    lines = [f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    means: list[dict[str, float]] = []
    for name in dict.fromkeys(r.name for r in replays):
        own = [r for r in replays if r.name == name]
        scores = [r.scores for r in own]
        means.append({m: mean(s[m] for s in scores) for m in _SHOWN})
        cells = [name, str(len(own[0].order)), str(sum(own[0].order))]
        for measure, shape in _SHOWN.items():
            values = [s[measure] for s in scores]
            spread = f" ± {shape.format(stdev(values))}" if len(values) > 1 else ""
            cells.append(shape.format(mean(values)) + spread)
        lines.append(f"| {' | '.join(cells)} |")
    if len(means) > 1:
        cells = ["mean", "", "", *(s.format(mean(v[m] for v in means)) for m, s in _SHOWN.items())]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)
