"""Query-term suggestion against pseudo-relevance feedback, co-occurrence and nearest terms.

    python benchmarks/suggest.py cloze LIBRARY DATA
    python benchmarks/suggest.py synonyms LIBRARY DATA
    python benchmarks/suggest.py use LIBRARY COLLECTION
    python benchmarks/suggest.py speed LIBRARY COLLECTION
    python benchmarks/suggest.py sample LIBRARY COLLECTION

LIBRARY holds the records of one of the nando collections or of jaquad, DATA is the folder of test
data (terms/manbyo.csv.gz, terms/hpo_ja.tsv), COLLECTION a BEIR folder over the library's records.
Every system orders the same candidates: the library's terms. Prints JSON.

cloze     A medical noun phrase (a name of Manbyo or HPO) in a title or first sentence is masked;
          is it among the first 10? The record itself counts as not there.
synonyms  For a name of Manbyo whose standard name is a term of the library, and for an English HPO
          label whose Japanese one is: is that among the first 10?
use       nDCG@10 of the query as it is, when an ideal user adds or swaps in the best of 8 (or
          none), and when a random one takes any: the mean over all 8.
speed     Milliseconds of a suggestion request in process, p50 and p95.
sample    The first --limit suggestions for queries of a collection as TSV, to be read one by one.

Items are split by a hash (of the concept, the record, the query): --split dev is what weights were
chosen on, test (the default) is what is reported.
"""

import argparse
import csv
import gzip
import hashlib
import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from search.evaluate import read_collection
from search.filters import Filters
from search.ranked.engine import Engine
from search.ranked.ranking import rank
from search.suggest import Suggester, Vocabulary
from search.suggest.masks import Context, fill
from search.suggest.proposals import HITS, incidence
from search.suggest.query_parts import parts_of
from search.suggest.synonyms import Likeness
from search.text.fold import nfkc
from search.text.phrases import phrases
from search.text.profile import MASK, without_masks
from search.text.sentences import sentence_spans
from search.text.terms import terms
from search.text.variants import fold
from web.cli.options import open_engine

FIRST = 10
OFFERED = 8
FEEDBACK = 10


@dataclass(frozen=True)
class Hits:
    """What a text finds: record numbers, fused scores, which term each contains (terms, hits), and
    the text's vector; ``without`` is the number of a record that counts as not there, or -1."""

    without: int
    numbers: list[int]
    scores: NDArray[np.float64]
    contained: NDArray[np.bool_]
    vector: NDArray[np.float32]


class Bench:
    """A library opened, and the systems that are compared over it."""

    def __init__(self, library: Path) -> None:
        self.engine: Engine = open_engine(library)
        self.generation = self.engine.generation()
        self.suggester = Suggester(self.engine)
        self.vocabulary: Vocabulary = self.suggester.vocabulary(self.generation)

    def hits(self, text: str, without: int = -1, limit: int = HITS) -> Hits:
        """The first hits of a text, without one record."""
        vector = self.engine.encoder.encode_queries([text])[0]
        order = rank(self.generation, vector, terms(text), Filters()).order
        kept = [(n, s) for n, s in order[: limit + 1] if n != without][:limit]
        numbers = [n for n, _ in kept]
        return Hits(
            without,
            numbers,
            np.array([s for _, s in kept]),
            incidence(self.vocabulary, numbers),
            vector,
        )

    # Each baseline gives a score (terms,) from the hits and the text.

    def rm3(self, hits: Hits, _: str) -> NDArray[np.float64]:
        """The relevance model (Lavrenko and Croft 2001; Abdul-Jaleel et al. 2004): the probability
        of a term in the first ten hits, each weighed by its share of their scores. The query's own
        part of RM3 only speaks for its own terms, which are no suggestions."""
        contained = hits.contained[:, :FEEDBACK].astype(np.float64)
        weights = hits.scores[:FEEDBACK] / max(float(hits.scores[:FEEDBACK].sum()), 1e-9)
        return contained / np.maximum(contained.sum(axis=0), 1) @ weights

    def cooccurrence(self, hits: Hits, text: str) -> NDArray[np.float64]:
        """The Dice coefficient with the terms of the text, summed over them; where the library has
        none of them, over the records of the first ten hits."""
        of_record = self._records
        total = np.zeros(len(self.vocabulary))
        known = [self.vocabulary.index[t] for t in parts_of(text) if t in self.vocabulary.index]
        sets = [p for p in map(self._postings, known) if (p != hits.without).any()] or [
            np.array(hits.numbers[:FEEDBACK])
        ]
        for whole in sets:
            records = whole[whole != hits.without]
            both = np.zeros(len(self.vocabulary))
            for number in records.tolist():
                both[of_record[number]] += 1
            total += 2 * both / (self.vocabulary.records + len(records))
        return total

    def vector(self, hits: Hits, _: str) -> NDArray[np.float64]:
        """The cosine with the text's vector, both less the terms' mean."""
        return self.vocabulary.meaning(hits.vector[None, :], np.arange(len(self.vocabulary)))[0]

    @cached_property
    def _records(self) -> dict[int, NDArray[np.int64]]:
        numbers = [n for n, _ in self.generation.all_records()]
        found: dict[int, NDArray[np.int64]] = {}
        for start in range(0, len(numbers), 500):
            few = numbers[start : start + 500]
            found |= dict(zip(few, self.vocabulary.contained(few), strict=True))
        return found

    def _postings(self, term: int) -> NDArray[np.int64]:
        return np.array([n for n, found in self._records.items() if (found == term).any()])

    @property
    def baselines(self) -> dict[str, Callable[[Hits, str], NDArray[np.float64]]]:
        """The systems that ours is compared with."""
        return {"rm3": self.rm3, "cooccurrence": self.cooccurrence, "vector": self.vector}

    def first(
        self, scores: NDArray[np.float64], text: str, count: int, taken: Sequence[str] = ()
    ) -> list[str]:
        """The first terms that are not made of the text's words, no two that fold alike."""
        present = set(terms(text))
        folded = {fold(t) for t in taken}
        found: list[str] = []
        for i in np.argsort(-scores, kind="stable")[: count * 20].tolist():
            term = self.vocabulary.terms[i]
            words = set(terms(term))
            if not words or words <= present or fold(term) in folded:
                continue
            folded.add(fold(term))
            found.append(term)
            if len(found) == count:
                break
        return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("measure", choices=["cloze", "synonyms", "use", "speed", "sample"])
    parser.add_argument("library", type=Path)
    parser.add_argument("data", type=Path)
    parser.add_argument("--limit", type=int, default=500)
    parser.add_argument("--split", choices=["dev", "test"], default="test")
    arguments = parser.parse_args()
    bench = Bench(arguments.library)
    if arguments.measure == "sample":
        sample(bench, arguments.data, arguments.limit)
        return
    measure = {"cloze": cloze, "synonyms": synonyms, "use": use, "speed": speed}
    result = measure[arguments.measure](
        bench, arguments.data, arguments.limit, arguments.split == "test"
    )
    print(json.dumps({"measure": arguments.measure, **result}, ensure_ascii=False, indent=1))


def in_test(key: str) -> bool:
    """Whether an item is measured; three in four are, the others are for choosing weights."""
    return hashlib.sha256(key.encode()).digest()[0] % 4 > 0


def by_hash(items: Sequence[tuple[str, ...]], test: bool, limit: int) -> list[tuple[str, ...]]:
    """The items of a split, by the hash of their first field, in an order that says nothing."""
    chosen = [item for item in items if in_test(item[0]) == test]
    return sorted(chosen, key=lambda i: hashlib.sha256("\t".join(i).encode()).digest())[:limit]


# Cloze


def cloze(bench: Bench, data: Path, limit: int, test: bool) -> dict[str, object]:
    """Recall at 10 of a masked noun phrase."""
    items = by_hash(list(masked_texts(bench, medical_names(data))), test, limit)
    found: dict[str, list[bool]] = {}
    for number, text, answer in items:
        rest = without_masks(text)
        hits = bench.hits(rest, int(number)) if terms(rest) else None
        if hits is None or not hits.numbers:
            continue
        left, _, right = text.partition(MASK)
        context = Context(hits.scores, hits.contained, hits.vector)
        lists = {
            "jmedsearch": [
                bench.vocabulary.terms[i]
                for i, _ in fill(
                    bench.vocabulary, bench.engine.encoder, [left, right], 0, context, FIRST
                )
            ],
            "head": [
                bench.vocabulary.terms[i]
                for i, _ in fill(
                    bench.vocabulary, bench.engine.encoder, [left, right], 0, None, FIRST
                )
            ],
        }
        for name, system in bench.baselines.items():
            lists[name] = bench.first(system(hits, rest), rest, FIRST)
        for name, listed in lists.items():
            found.setdefault(name, []).append(fold(answer) in map(fold, listed))
    return {"texts": len(next(iter(found.values()))), **shares(found)}


def medical_names(data: Path) -> set[str]:
    """Names of diseases and findings, folded: Manbyo's and HPO's."""
    names = {fold(surface) for surface, _ in manbyo(data)}
    return names | {fold(japanese) for _, japanese, _ in hpo(data)}


def masked_texts(bench: Bench, names: set[str]) -> Iterator[tuple[str, str, str]]:
    """Record, its title or first sentence with one medical noun phrase masked, and the phrase,
    which another record has, too."""
    known = bench.vocabulary.index
    for number, record in bench.generation.all_records():
        version = next(iter(record.versions()))
        texts = [version.title]
        texts += [version.abstract[s:e] for s, e in sentence_spans(version.abstract)[:1]]
        for text in map(nfkc, texts):
            found = dict.fromkeys("".join(words) for words in phrases(text))
            for phrase in found:
                i = known.get(phrase, -1)
                if i < 0 or bench.vocabulary.records[i] < 2 or fold(phrase) not in names:
                    continue
                if text.count(phrase) == 1 and len(text) > len(phrase):
                    yield str(number), text.replace(phrase, MASK), phrase
                    break


# Synonyms


def manbyo(data: Path) -> list[tuple[str, str]]:
    """Names and their standard names."""
    with gzip.open(data / "terms" / "manbyo.csv.gz", "rt", encoding="utf-8") as stream:
        return [(row["surface"], row["standard_name"]) for row in csv.DictReader(stream)]


def hpo(data: Path) -> list[tuple[str, str, str]]:
    """English label, Japanese label, id."""
    with (data / "terms" / "hpo_ja.tsv").open(encoding="utf-8") as stream:
        rows = csv.DictReader(stream, delimiter="\t")
        return [(row["english"], row["japanese"], row["id"]) for row in rows]


def synonyms(bench: Bench, data: Path, limit: int, test: bool) -> dict[str, object]:
    """Recall at 10 of the standard name."""
    known = {fold(term) for term in bench.vocabulary.terms}
    every = np.arange(len(bench.vocabulary))
    sources = {
        "manbyo": [
            (standard, surface, standard)
            for surface, standard in manbyo(data)
            if fold(standard) in known and fold(surface) != fold(standard)
        ],
        "hpo": [
            (concept, english, japanese)
            for english, japanese, concept in hpo(data)
            if fold(japanese) in known and fold(english) != fold(japanese)
        ],
    }
    result: dict[str, object] = {}
    for source, pairs in sources.items():
        found: dict[str, list[bool]] = {}
        for _, name, answer in by_hash(pairs, test, limit):
            hits = bench.hits(name)
            records = bench.generation.records(hits.numbers).values()
            systems = {
                "jmedsearch": Likeness(bench.vocabulary, name, hits.vector, records).of(every),
                "spelling": bench.vocabulary.spellings.likeness(name),
                **{k: system(hits, name) for k, system in bench.baselines.items()},
            }
            for system_name, scores in systems.items():
                listed = ordered(bench, scores, name)
                found.setdefault(system_name, []).append(fold(answer) in listed)
        result[source] = {"names": len(next(iter(found.values()), [])), **shares(found)}
    return result


def ordered(bench: Bench, scores: NDArray[np.float64], name: str) -> set[str]:
    """The first 10 terms, folded, that do not fold as the name itself."""
    listed: dict[str, None] = {}
    for i in np.argsort(-scores, kind="stable")[: FIRST * 20].tolist():
        folded = fold(bench.vocabulary.terms[i])
        if folded != fold(name):
            listed[folded] = None
        if len(listed) == FIRST:
            break
    return set(listed)


def shares(found: dict[str, list[bool]]) -> dict[str, float]:
    """The share of each system's successes."""
    return {name: round(float(np.mean(values)), 4) for name, values in found.items()}


# Use


def use(bench: Bench, data: Path, limit: int, test: bool) -> dict[str, object]:
    """nDCG@10 before, for an ideal user and for a random one, with the terms of each system."""
    collection = read_collection(data)
    id_of = dict(bench.generation.database.execute("select number, id from records").fetchall())
    items = by_hash(list(collection.queries.items()), test, limit)
    before: list[float] = []
    ideal: dict[str, list[float]] = {}
    chance: dict[str, list[float]] = {}
    for name, query in items:
        gains = collection.qrels[name]
        base = ndcg(bench, query, gains, id_of)
        before.append(base)
        hits = bench.hits(query)
        offers: dict[str, list[str]] = {
            "jmedsearch": [s.query for s in bench.suggester.suggest(query, OFFERED)]
        }
        for system, score in bench.baselines.items():
            offers[system] = [
                f"{query} {term}" for term in bench.first(score(hits, query), query, OFFERED)
            ]
        for system, queries in offers.items():
            after = [ndcg(bench, q, gains, id_of) for q in queries]
            ideal.setdefault(system, []).append(max([base, *after]))
            chance.setdefault(system, []).append(float(np.mean(after)) if after else base)
    mean = float(np.mean(before))
    return {
        "collection": collection.name,
        "queries": len(before),
        "nDCG@10": round(mean, 4),
        "ideal": {k: round(float(np.mean(v)) - mean, 4) for k, v in ideal.items()},
        "random": {k: round(float(np.mean(v)) - mean, 4) for k, v in chance.items()},
    }


def ndcg(bench: Bench, query: str, gains: dict[str, int], id_of: dict[int, str]) -> float:
    """nDCG@10 of one query."""
    vector = bench.engine.encoder.encode_queries([query])[0]
    order = rank(bench.generation, vector, terms(query), Filters()).order[:10]
    discounts = 1 / np.log2(np.arange(2, 12))
    got = [gains.get(id_of[number], 0) for number, _ in order]
    best = sorted(gains.values(), reverse=True)[:10]
    return float(np.dot(got, discounts[: len(got)]) / np.dot(best, discounts[: len(best)]))


# Speed


def speed(bench: Bench, data: Path, limit: int, test: bool) -> dict[str, object]:
    """Milliseconds of one request after another, after a warm-up of 20; BLAS keeps to one thread,
    as in ``jmedsearch serve``."""
    threadpool_limits(1, user_api="blas")
    collection = read_collection(data)
    queries = [query for _, query in by_hash(list(collection.queries.items()), test, limit + 20)]
    took = []
    for query in queries:
        start = time.perf_counter()
        bench.suggester.suggest(query, OFFERED)
        took.append((time.perf_counter() - start) * 1000)
    p50, p95 = np.percentile(took[20:], [50, 95])
    return {
        "library": bench.generation.manifest.records,
        "queries": len(took) - 20,
        "p50 ms": round(float(p50), 1),
        "p95 ms": round(float(p95), 1),
    }


def sample(bench: Bench, data: Path, limit: int) -> None:
    """Print suggestions with all that a reader needs to judge them, but the verdict."""
    queries = read_collection(data).queries
    print("query", "group", "term", "records", "reasons", "verdict", sep="\t")
    for _, query in by_hash(list(queries.items()), True, limit):
        for found in bench.suggester.suggest(query, OFFERED):
            if not limit:
                return
            limit -= 1
            told = (query, found.group, found.term, str(found.grounding.records))
            print(*told, ",".join(found.reasons), "", sep="\t")


if __name__ == "__main__":
    main()
