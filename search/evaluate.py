"""Evaluation on test collections in BEIR's layout, by ir-measures."""

import csv
import gzip
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from search.filters import Filters
from search.ranked.engine import Engine
from search.ranked.ranking import Leg, rank
from search.text.latin import is_latin

# As ir-measures names them, which calls RR what the field writes as MRR. It and scipy are imported
# where they are called: every command is imported with this one, and they take half a second.
MEASURES = {"nDCG@10": "nDCG@10", "MRR@10": "RR@10", "recall@100": "R@100"}
LEGS: tuple[Leg, ...] = get_args(Leg)
_RUN_DEPTH = 100


class CollectionError(ValueError):
    """A test collection that cannot be read: names the file, the line and what it should hold."""


@dataclass(frozen=True)
class Collection:
    """A test collection: queries by id, and qrels: for each query, records with their gain."""

    name: str
    corpus: Path
    queries: Mapping[str, str]
    qrels: Mapping[str, Mapping[str, int]]

    @property
    def judged(self) -> dict[str, Mapping[str, int]]:
        """The qrels of the queries there are."""
        return {query: self.qrels[query] for query in self.queries}


Run = dict[str, dict[str, float]]


def read_collection(directory: Path, split: str = "test") -> Collection:
    """The collection in a BEIR folder: ``corpus.jsonl``, ``queries.jsonl`` (either may be
    gzipped) and ``qrels/<split>.tsv``. Queries without a judgement are left out.

    Raises:
        CollectionError: when a file is missing or a line is not what it should be.
    """
    qrels: dict[str, dict[str, int]] = {}
    file = directory / "qrels" / f"{split}.tsv"
    for number, row in _rows(file):
        if len(row) != 3 or not (row[2].lstrip("-").isdigit() or number == 1):
            raise CollectionError(f"{file}, line {number}: expected query-id, corpus-id, score")
        if row[2].lstrip("-").isdigit():
            qrels.setdefault(row[0], {})[row[1]] = int(row[2])
    queries = {}
    file = _either(directory / "queries.jsonl")
    for number, line in enumerate(_lines(file), 1):
        try:
            data = json.loads(line)
            query, text = str(data["_id"]), str(data["text"])
        except (ValueError, KeyError, TypeError) as error:
            raise CollectionError(f"{file}, line {number}: expected _id and text") from error
        if query in qrels:
            queries[query] = text
    if not queries:
        raise CollectionError(f"{directory}: no query has a judgement in qrels/{split}.tsv")
    return Collection(directory.resolve().name, _either(directory / "corpus.jsonl"), queries, qrels)


def run_queries(
    engine: Engine, collection: Collection, legs: Sequence[Leg] = LEGS, *, other_names: bool = True
) -> dict[Leg, Run]:
    """The top 100 of every leg for every query, records by id; ``other_names`` says whether other
    names of what the query names are looked for."""
    generation = engine.generation()
    id_of = dict(generation.database.execute("select number, id from records").fetchall())
    runs: dict[Leg, Run] = {leg: {} for leg in legs}
    names = list(collection.queries)
    for start in range(0, len(names), 64):
        batch = names[start : start + 64]
        vectors = engine.encoder.encode_queries([collection.queries[q] for q in batch])
        for query, vector in zip(batch, vectors, strict=True):
            words = generation.query_words(collection.queries[query]).terms
            called = engine.names_of(generation, collection.queries[query]) if other_names else ()
            for leg in legs:
                order = rank(
                    generation,
                    vector,
                    words,
                    Filters(),
                    leg,
                    latin=is_latin(collection.queries[query]),
                    names=called,
                ).order[:_RUN_DEPTH]
                # Scores of a run are read as ranks only: written so that ties cannot reorder it.
                runs[leg][query] = {
                    id_of[number]: float(_RUN_DEPTH - i) for i, (number, _) in enumerate(order)
                }
    return runs


def evaluate(qrels: Mapping[str, Mapping[str, int]], run: Run) -> dict[str, float]:
    """Each of :data:`MEASURES` as its mean over the queries of ``qrels``; one that ``run`` lacks
    counts 0."""
    import ir_measures

    measures = {name: ir_measures.parse_measure(told) for name, told in MEASURES.items()}
    values = ir_measures.calc_aggregate(list(measures.values()), _plain(qrels), _whole(qrels, run))
    return {name: float(values[measure]) for name, measure in measures.items()}


@dataclass(frozen=True)
class Comparison:
    """The mean difference in nDCG@10 between two runs, and how often chance would make one as
    large (``p`` of a two-sided paired t-test)."""

    difference: float
    p: float


def compare(qrels: Mapping[str, Mapping[str, int]], run: Run, baseline: Run) -> Comparison:
    """A run against a baseline over the queries of ``qrels``.

    The paired t-test, as Urbano, Lima and Hanjalic recommend (Statistical Significance Testing in
    Information Retrieval, SIGIR 2019). ``p`` is 1 where no query differs.
    """
    from scipy.stats import ttest_1samp

    ours, theirs = (_by_query(qrels, r) for r in (run, baseline))
    differences = [ours[query] - theirs[query] for query in qrels]
    mean = sum(differences) / len(differences)
    if not any(differences):
        return Comparison(0.0, 1.0)
    if len(set(differences)) == 1:
        # No variance: the statistic is infinite, or undefined for a single query.
        return Comparison(mean, 0.0 if len(differences) > 1 else 1.0)
    return Comparison(mean, float(ttest_1samp(differences, 0.0).pvalue))


@dataclass(frozen=True)
class Loss:
    """A query on which a run falls behind a baseline: the difference in nDCG@10 (negative), and
    the rank of the first relevant record in either (None: not in the run)."""

    query: str
    difference: float
    rank: int | None
    baseline_rank: int | None


def losses(qrels: Mapping[str, Mapping[str, int]], run: Run, baseline: Run) -> list[Loss]:
    """The queries on which ``run`` falls behind ``baseline``, the greatest loss first."""
    ours, theirs = (_by_query(qrels, r) for r in (run, baseline))
    found = [
        Loss(
            query,
            ours[query] - theirs[query],
            _first(gains, run.get(query, {})),
            _first(gains, baseline.get(query, {})),
        )
        for query, gains in qrels.items()
        if ours[query] < theirs[query]
    ]
    return sorted(found, key=lambda loss: (loss.difference, loss.query))


def _first(gains: Mapping[str, int], scores: Mapping[str, float]) -> int | None:
    order = sorted(scores, key=lambda record: (-scores[record], record))
    return next((i for i, record in enumerate(order, 1) if gains.get(record, 0) > 0), None)


def _by_query(qrels: Mapping[str, Mapping[str, int]], run: Run) -> dict[str, float]:
    import ir_measures

    measures = [ir_measures.parse_measure("nDCG@10")]
    measured = ir_measures.iter_calc(measures, _plain(qrels), _whole(qrels, run))
    return {found.query_id: float(found.value) for found in measured}


def _plain(qrels: Mapping[str, Mapping[str, int]]) -> dict[str, dict[str, int]]:
    return {query: dict(gains) for query, gains in qrels.items()}


def _whole(qrels: Mapping[str, Mapping[str, int]], run: Run) -> Run:
    """A run that has an entry for every query: ir-measures leaves out those that it lacks."""
    return {query: run.get(query, {}) for query in qrels}


def write_run(run: Run, file: Path, tag: str) -> None:
    """Write a run in TREC's format: query, Q0, record, rank, score, tag."""
    with file.open("w", encoding="utf-8") as stream:
        for query, scores in run.items():
            for rank_, (record, score) in enumerate(scores.items(), 1):
                stream.write(f"{query} Q0 {record} {rank_} {score:g} {tag}\n")


def read_run(file: Path) -> Run:
    """A run in TREC's format: query, Q0, record, rank, score, tag.

    Raises:
        CollectionError: for a line that is none.
    """
    run: Run = {}
    for number, line in enumerate(_lines(file), 1):
        try:
            query, _, record, _, score, _ = line.split()
            run.setdefault(query, {})[record] = float(score)
        except ValueError as error:
            raise CollectionError(
                f"{file}, line {number}: expected query, Q0, record, rank, score, tag"
            ) from error
    return run


def _either(file: Path) -> Path:
    for candidate in (file, file.with_name(file.name + ".gz")):
        if candidate.is_file():
            return candidate
    raise CollectionError(f"{file}: not there (nor as .gz)")


def _lines(file: Path) -> Iterator[str]:
    opener = gzip.open if file.suffix == ".gz" else open
    with opener(file, "rt", encoding="utf-8") as stream:
        yield from (line for line in stream if line.strip())


def _rows(file: Path) -> Iterable[tuple[int, list[str]]]:
    if not file.is_file():
        raise CollectionError(f"{file}: not there")
    with file.open(encoding="utf-8", newline="") as stream:
        for number, row in enumerate(csv.reader(stream, delimiter="\t"), 1):
            if row:
                yield number, row
