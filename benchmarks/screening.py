"""Simulated screening beside ASReview: the same records, the same first two, several seeds.

python benchmarks/screening.py REVIEW.jsonl.gz … [--seeds N] [--asreview PYTHON] [--keep FILE]
python benchmarks/screening.py --speed [--asreview PYTHON]

``--asreview`` is the Python of an environment with asreview and asreview-insights (see
benchmarks/peers/asreview_order.py); without it only jmedsearch runs. Every simulation ends when all
that was included is found; measures are asreview-insights', computed here and there. ``--keep``
names a file of results, so that a run that was broken off goes on where it was.

``--speed`` measures a decision with synthetic records (their terms drawn from Zipf's law): from
the decision on the disk to the next record, retrained, as the page asks for it.
"""

import argparse
import json
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np

from search.records import Record
from web.desk import items, shelf
from web.desk.screening.deciding import decide
from web.desk.screening.learning import features
from web.desk.screening.ordering import collection_features, next_record
from web.desk.screening.outcomes import screened
from web.desk.screening.simulation import Labelled, Replay, priors, read_labelled, replay
from web.desk.store import Store

PEER = Path(__file__).parent / "peers" / "asreview_order.py"
MEASURES = ("loss", "WSS@95", "recall@10%", "ATD")
STAGE = "title-abstract"
# Labels after which the other's speed is known well enough: it needs hours to find all of 50 000.
_THEIR_MOST = 1_088


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("reviews", nargs="*", type=Path)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--asreview", type=Path)
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--speed", action="store_true")
    asked = parser.parse_args()
    if asked.speed:
        speed(asked.asreview)
        return
    kept = _kept(asked.keep)
    for seed in range(asked.seeds):
        for file in asked.reviews:
            data = read_labelled(file)
            for system in ("jmedsearch", "asreview")[: 2 if asked.asreview else 1]:
                if (data.name, seed, system) not in kept:
                    found = (
                        _ours(data, seed)
                        if system == "jmedsearch"
                        else _theirs(data, seed, asked.asreview)
                    )
                    kept[data.name, seed, system] = found
                    if asked.keep:
                        with asked.keep.open("a") as stream:
                            stream.write(json.dumps(found) + "\n")
    report(kept)


def _ours(data: Labelled, seed: int) -> dict[str, object]:
    found = replay(data, seed, features(data.texts), time.process_time)
    return _result(data, found, "jmedsearch", found.scores)


def _theirs(data: Labelled, seed: int, python: Path) -> dict[str, object]:
    titles, abstracts = zip(*(t.partition("\n")[::2] for t in data.texts.values()), strict=True)
    task = {
        "name": data.name,
        "seed": seed,
        "ids": list(data.texts),
        "titles": titles,
        "abstracts": abstracts,
        "labels": list(data.labels.values()),
        "priors": priors(data, seed),
    }
    done = subprocess.run(
        [python, PEER], input=json.dumps(task), capture_output=True, text=True, check=True
    )
    answer = json.loads(done.stdout)
    order = tuple(bool(label) for label in answer["order"])
    found = Replay(data.name, seed, priors(data, seed), order, tuple(answer["seconds"]))
    for measure, value in answer["insights"].items():
        assert abs(found.scores[measure] - value) < 1e-9, (measure, found.scores[measure], value)
    return _result(data, found, "asreview", found.scores) | {"model": answer["model"]}


def _result(
    data: Labelled, found: Replay, system: str, scores: dict[str, float]
) -> dict[str, object]:
    return {
        "name": data.name,
        "seed": found.seed,
        "system": system,
        "records": len(data.labels),
        "included": sum(data.labels.values()),
        **scores,
        "step (CPU ms)": 1000 * statistics.mean(found.seconds),
    }


def _kept(file: Path | None) -> dict[tuple[str, int, str], dict[str, object]]:
    if not file or not file.exists():
        return {}
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    return {(r["name"], r["seed"], r["system"]): r for r in rows}


def report(kept: dict[tuple[str, int, str], dict[str, object]]) -> None:
    """Both systems review by review, means over the seeds, and the means of those."""
    shown = ("loss", "WSS@95", "recall@10%", "ATD", "step (CPU ms)")
    systems = list(dict.fromkeys(system for _, _, system in kept))
    heads = [f"{measure}: {' / '.join(systems)}" for measure in shown]
    print(f"| {' | '.join(['review', 'records', 'included', 'seeds', *heads])} |")
    print("|---" * (4 + len(shown)) + "|")
    means: dict[str, dict[str, list[float]]] = {s: {m: [] for m in shown} for s in systems}
    better = {"loss": 0, "WSS@95": 0}
    for name in dict.fromkeys(n for n, _, _ in kept):
        common = set.intersection(
            *({s for n, s, y in kept if n == name and y == z} for z in systems)
        )
        rows = {s: [kept[name, seed, s] for seed in sorted(common)] for s in systems}
        if not common:
            continue
        cells = []
        for measure in shown:
            values = {s: statistics.mean(float(r[measure]) for r in rows[s]) for s in systems}
            for s in systems:
                means[s][measure].append(values[s])
            digits = 1 if measure in ("ATD", "step (CPU ms)") else 4
            cells.append(" / ".join(f"{values[s]:.{digits}f}" for s in systems))
        if len(systems) > 1:
            ours, theirs = (means[s] for s in systems)
            better["loss"] += ours["loss"][-1] < theirs["loss"][-1]
            better["WSS@95"] += ours["WSS@95"][-1] > theirs["WSS@95"][-1]
        first = rows[systems[0]][0]
        about = [name, str(first["records"]), str(first["included"]), str(len(common))]
        print(f"| {' | '.join([*about, *cells])} |")
    cells = []
    for measure in shown:
        digits = 1 if measure in ("ATD", "step (CPU ms)") else 4
        cells.append(
            " / ".join(f"{statistics.mean(means[s][measure]):.{digits}f}" for s in systems)
        )
    print(f"| mean | | | | {' | '.join(cells)} |")
    if len(systems) > 1:
        told = " and ".join(f"{n} reviews by {measure}" for measure, n in better.items())
        print(f"\n{systems[0]} is better on {told}")


def synthetic(count: int, words: int = 180) -> list[Record]:
    """Records whose words follow Zipf's law, one in twenty about something of its own."""
    draw = np.random.default_rng(0)
    ranks = np.minimum((60_000 ** draw.random((count, words))).astype(int), 59_999)
    topic = draw.integers(0, 200, (count, 12))
    found = []
    for n in range(count):
        own = [f"w{r}" for r in ranks[n]] + ([f"topic{t}" for t in topic[n]] if n % 20 == 0 else [])
        found.append(
            Record(
                f"synthetic:{n}",
                title=" ".join(own[:12]),
                abstract=" ".join(own[12:]),
                language="en",
            )
        )
    return found


def speed(python: Path | None) -> None:
    """The next record at 10 000 and 50 000 records, after few and many decisions."""
    for count in (10_000, 50_000):
        with tempfile.TemporaryDirectory() as folder:
            store = Store(Path(folder) / "collections.db")
            number = shelf.create(store, "b", "synthetic")
            items.add(store, "b", number, ((r, "made up") for r in synthetic(count)))
            begun = time.perf_counter()
            collection_features(store, number, wait=True)
            print(f"{count} records: terms weighed in {time.perf_counter() - begun:.1f} s")
            done = 0
            for decided in (100, 1000, 3000):
                with store.writing():
                    while done < decided - 40:
                        verdict = "include" if done % 20 == 0 else "exclude"
                        _log(store, number, f"synthetic:{done}", verdict)
                        done += 1
                clock, cpu = [], []
                for _ in range(40):
                    found = screened(store, number, STAGE)
                    following = next_record(store, number, STAGE, "b", found)
                    assert following.record_id
                    verdict = "include" if following.record_id[10:].endswith("0") else "exclude"
                    began, spent = time.perf_counter(), time.process_time()
                    decide(store, "b", number, STAGE, following.record_id, verdict)
                    found = screened(store, number, STAGE)
                    next_record(store, number, STAGE, "b", found)
                    clock.append(1000 * (time.perf_counter() - began))
                    cpu.append(1000 * (time.process_time() - spent))
                    done += 1
                print(f"{count} records, {decided} decisions: {_p(clock)} ms, CPU {_p(cpu)} ms")
            store.close()
    if python:
        _their_speed(python)


def _log(store: Store, number: int, record_id: str, verdict: str) -> None:
    store.connection.execute(
        "insert into screening_decisions (collection, record_id, stage, kind, who, verdict, at) "
        "values (?, ?, ?, 'review', 'b', ?, '2026-01-01T00:00:00+00:00')",
        [number, record_id, STAGE, verdict],
    )


def _their_speed(python: Path) -> None:
    for count in (10_000, 50_000):
        records = synthetic(count)
        labels = [n % 20 == 0 and n < 2_000 for n in range(count)]
        task = {
            "name": "synthetic",
            "seed": 0,
            "ids": [r.id for r in records],
            "titles": [r.title for r in records],
            "abstracts": [r.abstract for r in records],
            "labels": labels,
            "priors": ["synthetic:0", *(f"synthetic:{n}" for n in range(1, 100) if n % 20)],
            "most": _THEIR_MOST,
        }
        done = subprocess.run(
            [python, PEER], input=json.dumps(task), capture_output=True, text=True, check=True
        )
        steps = [1000 * s for s in json.loads(done.stdout)["seconds"]]
        print(f"ASReview, {count} records, {len(steps)} steps: CPU {_p(steps)} ms")


def _p(values: list[float]) -> str:
    return f"{statistics.median(values):.0f} / {np.quantile(values, 0.95):.0f}"


if __name__ == "__main__":
    main()
