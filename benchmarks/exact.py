"""Exact search and filtered ranked search over synthetic records, at the size asked for.

    python benchmarks/exact.py [--records 20000] [--library FOLDER] [--queries 400]

The library is made by ``synthetic_literature.py``, which says what is synthetic about it; with
``--library`` the folder is kept and used again. Prints JSON: seconds and bytes of building, and for
each kind of query the median and the 95th percentile in ms, of the set with its count and its first
page of record numbers in order ("set"), and of the whole page with records, marks and sentences
("page"). On a machine that does other work too, the time on the processor ("cpu") says more than
the clock.
"""

import argparse
import json
import os
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from synthetic_literature import DIM, FAMILIES, GIVEN, JOURNALS, TOO_FREQUENT, Texts, build, rank_of

from search.exact import SORTS, ExactSearch, Lines, parse
from search.exact.exact_search import _BoundExpression
from search.filters import Filters
from search.library.library import Library
from search.library.manifest import CURRENT
from search.ranked.ranking import rank
from search.text.terms import terms


def expressions(texts: Texts, count: int) -> Iterator[tuple[str, str]]:
    """Kinds of expressions and expressions, as varied as they are typed."""
    generator = random.Random(7)
    two = [p for p in texts.phrases[TOO_FREQUENT:] if len(p) == 2]

    def word() -> str:
        return two[rank_of(generator, len(two))]

    searched = texts.phrases[TOO_FREQUENT:]

    def phrase() -> str:
        return searched[rank_of(generator, len(searched))].replace('"', "")

    english = [w.strip(".,();:") for w in texts.words[:4000] if w.strip(".,();:").isalpha()]

    def latin() -> str:
        return english[rank_of(generator, len(english))]

    def year() -> int:
        return 1985 + generator.randrange(35)

    kinds: list[tuple[str, Callable[[], str]]] = [
        ("two characters", word),
        ("one character", lambda: generator.choice(["癌", "肝", "がん", "腎", "脳", "薬"])),
        ("string", lambda: f'"{phrase()}"'),
        ("title", lambda: f'"{phrase()}"[ti]'),
        ("and", lambda: f'{word()} AND "{phrase()}"'),
        (
            "nested",
            lambda: (
                f'({word()}/TI or {word()}/AB or "{phrase()}"[mh]) and ({word()} or {word()}) '
                f"not {word()}"
            ),
        ),
        (
            "limits",
            lambda: f"({word()}/AL) and (PT=原著論文,症例報告 DT={year()}:2020 AB=Y)",
        ),
        ("English phrase", lambda: f'"{latin()} {latin()}"[tiab]'),
        ("truncated", lambda: f"{latin()[:4]:s}*[tiab]"),
        ("author", lambda: f"{generator.choice(FAMILIES)}{generator.choice(GIVEN)}/AU"),
        ("proximity", lambda: f"{word()} NEAR/5 {word()}"),
        ("not", lambda: f"{word()} NOT {word()}"),
    ]
    while count:
        kind, make = kinds[count % len(kinds)]
        expression = make()
        try:
            parse(expression)
        except ValueError:
            continue
        yield kind, expression
        count -= 1


def measure_exact(library: Library, texts: Texts, queries: int) -> dict[str, Any]:
    """Every kind of expression, each in the sort that is next."""
    engine = ExactSearch(library)
    generation = library.generation()
    times: dict[str, dict[str, list[_Took]]] = {"set": {}, "page": {}}
    counts: dict[str, list[int]] = {}
    for i, (kind, expression) in enumerate(expressions(texts, queries)):
        sort = SORTS[i % len(SORTS)]
        began = _now()
        found, _ = _BoundExpression(Lines(generation), parse(expression), Filters()).page(
            sort, 0, 10
        )
        times["set"].setdefault(kind, []).append(_since(began))
        began = _now()
        engine.search(expression, sort=sort)
        times["page"].setdefault(kind, []).append(_since(began))
        counts.setdefault(kind, []).append(found)
    result: dict[str, Any] = {}
    for what, by_kind in times.items():
        result[what] = {"all": _summary([t for row in by_kind.values() for t in row])}
        result[what] |= {kind: _summary(row) for kind, row in by_kind.items()}
    result["median count"] = {kind: int(np.median(row)) for kind, row in counts.items()}
    whole = time.perf_counter()
    size = len(engine.numbers("PT=原著論文"))
    result["whole set"] = {"records": size, "ms": round((time.perf_counter() - whole) * 1000)}
    return result


def measure_filtered(library: Library, texts: Texts, queries: int) -> dict[str, Any]:
    """Ranked search, both legs, among the one record in a hundred that a journal has."""
    generation = library.generation()
    generator, vectors = random.Random(3), np.random.default_rng(3)
    times: dict[str, list[_Took]] = {"dense": [], "lexical": [], "both": []}
    for _ in range(queries):
        filters = Filters(journal=f"架空医学雑誌{generator.randrange(JOURNALS)}")
        vector = vectors.standard_normal(DIM, np.float32)
        vector /= np.linalg.norm(vector)
        words = terms("".join(texts.title(generator)))
        began = _now()
        generation.nearest_records(vector, 1000, filters)
        times["dense"].append(_since(began))
        middle = _now()
        generation.lexical.search(words, 1000, filters)
        times["lexical"].append(_since(middle))
        # As the engine does it: side by side, and fused.
        began = _now()
        rank(generation, vector, words, filters)
        times["both"].append(_since(began))
    return {what: _summary(row) for what, row in times.items()}


# Seconds by the clock, and of this process on a processor.
_Took = tuple[float, float]


def _now() -> _Took:
    return time.perf_counter(), time.process_time()


def _since(began: _Took) -> _Took:
    return time.perf_counter() - began[0], time.process_time() - began[1]


def _summary(took: list[_Took]) -> dict[str, float]:
    values = {
        f"{name}{of}": np.quantile([t[i] for t in took], quantile)
        for i, of in enumerate(("", " cpu"))
        for name, quantile in (("p50", 0.5), ("p95", 0.95))
    }
    return {name: round(float(value) * 1000, 1) for name, value in values.items()}


def main() -> None:
    """Build if needed, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=20_000)
    parser.add_argument("--library", type=Path)
    parser.add_argument("--queries", type=int, default=400)
    wanted = parser.parse_args()
    texts = Texts()
    result: dict[str, Any] = {"records": wanted.records}
    with tempfile.TemporaryDirectory() as name:
        folder = wanted.library or Path(name)
        if not (folder / CURRENT).exists():
            result["built"] = build(folder, wanted.records)
        library = Library(folder)
        library.generation()
        # Once to warm up: a library that is searched is in memory.
        measure_exact(library, texts, 24)
        measure_filtered(library, texts, 3)
        result["load before"] = os.getloadavg()[0]
        result["exact"] = measure_exact(library, texts, wanted.queries)
        result["filtered ranked, 1 %"] = measure_filtered(library, texts, wanted.queries // 4)
        result["load after"] = os.getloadavg()[0]
    print(json.dumps(result, ensure_ascii=False, indent=1))


if __name__ == "__main__":
    main()
