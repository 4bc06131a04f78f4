"""Screening replayed on labelled data, and how soon the order finds what was included.

Measures follow asreview-insights (github.com/asreview/asreview-insights, 1.6), records of the
beginning left out:

- recall after a share of the records;
- WSS (work saved over sampling, Cohen 2006): how many records earlier, as a share of all, a recall
  is reached than in random order;
- ATD (average time to discovery): the mean number of records read when one is found;
- loss: the area between the best possible recall curve and this one, over the area between the best
  and the worst.
"""

import csv
import gzip
import io
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from search.evaluate import CollectionError as EvaluationError
from search.evaluate import read_collection
from web.desk.screening.learning import Features, features, ranking

# Columns that hold the label, as the tools of the field call it.
LABELS = ("label_included", "included", "label", "asreview_label")
_TRUE, _FALSE = {"1", "1.0", "true", "yes"}, {"0", "0.0", "false", "no"}


class LabelledError(ValueError):
    """Labelled data that cannot be read: names the file, the place and what it should hold."""


@dataclass(frozen=True)
class Labelled:
    """Records with the reviewers' decisions. ``texts`` are title and abstract by id, in the file's
    order; ``labels`` say of each whether it was included."""

    name: str
    texts: dict[str, str]
    labels: dict[str, bool]


@dataclass(frozen=True)
class Replay:
    """One simulation. ``order`` holds the labels of all records but the first ones (``priors``), in
    the order in which they were read; after the last included one, in the file's."""

    name: str
    seed: int
    priors: tuple[str, ...]
    order: tuple[bool, ...]
    seconds: tuple[float, ...]

    @property
    def scores(self) -> dict[str, float]:
        """The measures."""
        return {
            "loss": loss(self.order),
            "WSS@95": wss(self.order, 0.95),
            "recall@10%": recall_after(self.order, 0.1),
            "ATD": discovery_time(self.order),
        }


def read_labelled(file: Path, column: str | None = None) -> Labelled:
    """Labelled data of a file: CSV or TSV with columns title, abstract and the label; JSON Lines
    (may be gzipped) with the same fields or ``labels`` in each; or a folder in BEIR's layout, as a
    test set of a collection is, where a gain above 0 is an inclusion.

    Raises:
        LabelledError: when it cannot be read, or nothing or everything was included.
    """
    rows: Iterator[tuple[str, str, bool]]
    if file.is_dir():
        rows, name = _beir(file), file.resolve().name
    else:
        name = file.name.split(".")[0]
        content = (gzip.decompress if file.suffix == ".gz" else bytes)(file.read_bytes())
        text = content.decode("utf-8-sig", "replace")
        is_json = text.lstrip().startswith("{")
        rows = _json_lines(file, text, column) if is_json else _table(file, text, column)
    texts, labels = {}, {}
    for record_id, written, label in rows:
        if record_id in texts:
            raise LabelledError(f"{file}: the id {record_id!r} stands there twice")
        texts[record_id], labels[record_id] = written, label
    included = sum(labels.values())
    if not 0 < included < len(labels):
        raise LabelledError(
            f"{file}: {included} of {len(labels)} records are included; a simulation needs both "
            "kinds"
        )
    return Labelled(name, texts, labels)


def priors(data: Labelled, seed: int) -> tuple[str, ...]:
    """One included and one excluded record to begin with, drawn by ``seed``."""
    draw = np.random.default_rng(seed)
    ids = np.array(list(data.labels), dtype=object)
    truth = np.array(list(data.labels.values()))
    return tuple(str(draw.choice(ids[truth == kind])) for kind in (True, False))


def replay(
    data: Labelled,
    seed: int,
    weighed: Features | None = None,
    clock: Callable[[], float] | None = None,
) -> Replay:
    """Screen labelled data, retraining at every decision, until all that was included is found.

    ``weighed`` saves weighing the same records again; ``clock`` times each training and choice.
    """
    weighed = weighed or features(data.texts)
    begun = priors(data, seed)
    known = {i: data.labels[i] for i in begun}
    left = [i for i in data.labels if i not in known]
    missing = sum(data.labels[i] for i in left)
    order: list[bool] = []
    seconds: list[float] = []
    while missing:
        started = clock() if clock else 0.0
        chosen = ranking(weighed, known).best(left)
        if clock:
            seconds.append(clock() - started)
        left.remove(chosen)
        known[chosen] = data.labels[chosen]
        order.append(known[chosen])
        missing -= known[chosen]
    order += [data.labels[i] for i in left]
    return Replay(data.name, seed, begun, tuple(order), tuple(seconds))


def loss(order: Sequence[bool]) -> float:
    """Normalised loss: 0 is the best order, 1 the worst.

    Raises:
        ValueError: without both kinds of labels.
    """
    n, k = len(order), sum(order)
    if not 0 < k < n:
        raise ValueError("needs included and excluded records")
    best = k * (n - (k - 1) / 2)
    return float((best - np.cumsum(order).sum()) / (k * (n - k)))


def wss(order: Sequence[bool], recall: float) -> float:
    """Work saved over sampling at a recall. Random order is taken to find the included records
    evenly, rounded to whole ones, as asreview-insights does."""
    n, k = len(order), sum(order)
    found = np.cumsum(order)
    random = np.round(np.linspace(0, k, n))
    wanted = np.arange(1, k + 1)
    earlier = np.searchsorted(random, wanted) - np.searchsorted(found, wanted)
    # The last number of records that the recall covers: 19 of 20, and of 16 fifteen.
    place = np.searchsorted(wanted / k, recall, side="right") - 1
    return float(earlier[place] / n)


def recall_after(order: Sequence[bool], share: float) -> float:
    """Recall once a share of the records was read."""
    read = np.searchsorted(np.arange(1, len(order) + 1) / len(order), share, side="right")
    return float(sum(order[: int(read)]) / sum(order))


def discovery_time(order: Sequence[bool]) -> float:
    """The mean place of the included records, counted from 1."""
    return float((np.flatnonzero(order) + 1).mean())


def recall_curve(order: Sequence[bool]) -> NDArray[np.float64]:
    """Recall after each record, (len(order),)."""
    curve: NDArray[np.float64] = np.cumsum(order) / sum(order)
    return curve


def _json_lines(file: Path, text: str, column: str | None) -> Iterator[tuple[str, str, bool]]:
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        place = f"{file}, line {number}"
        try:
            data = json.loads(line)
            fields = {**data, **data.get("labels", {})}
        except (ValueError, AttributeError, TypeError) as error:
            raise LabelledError(f"{place}: expected a JSON object") from error
        name = _label_column(list(fields), column, place)
        yield _row(fields, name, str(data.get("id", number)), place)


def _table(file: Path, text: str, column: str | None) -> Iterator[tuple[str, str, bool]]:
    first = text.partition("\n")[0]
    separator = max("\t;,", key=first.count)
    reader = csv.DictReader(io.StringIO(text), delimiter=separator)
    names = {(n or "").strip().casefold(): n for n in reader.fieldnames or ()}
    label = _label_column(list(names), column.casefold() if column else None, str(file))
    for row in reader:
        fields = {key: row.get(name) for key, name in names.items()}
        given = fields.get("record_id") or fields.get("id") or str(reader.line_num)
        yield _row(fields, label, given, f"{file}, line {reader.line_num}")


def _beir(directory: Path) -> Iterator[tuple[str, str, bool]]:
    try:
        collection = read_collection(directory)
    except EvaluationError as error:
        raise LabelledError(str(error)) from error
    # Of several queries, one that all decisions stand under is as good as another.
    gains = next(iter(collection.judged.values()))
    opener = gzip.open if collection.corpus.suffix == ".gz" else open
    with opener(collection.corpus, "rt", encoding="utf-8") as stream:
        for line in stream:
            data = json.loads(line)
            if data["_id"] in gains:
                written = f"{data.get('title', '')}\n{data.get('text', '')}"
                yield data["_id"], written, gains[data["_id"]] > 0


def _label_column(names: Sequence[str], wanted: str | None, place: str) -> str:
    for name in (wanted,) if wanted else LABELS:
        if name in names:
            return name
    raise LabelledError(
        f"{place}: there is no column {wanted or ' or '.join(LABELS)}; there are {', '.join(names)}"
    )


def _row(fields: dict[str, object], label: str, given: str, place: str) -> tuple[str, str, bool]:
    value = str(fields.get(label, "")).strip().casefold()
    if value not in _TRUE | _FALSE:
        raise LabelledError(f"{place}: {label} is {value!r}; it should be 1 or 0")
    title, abstract = (str(fields.get(n) or "").strip() for n in ("title", "abstract"))
    return given, f"{title}\n{abstract}".strip(), value in _TRUE
