"""Exact search and filtered ranked search over synthetic records, at the size asked for.

    python benchmarks/exact.py [--records 20000] [--library FOLDER] [--queries 400]

The records are synthetic and say so in their ids: sentences of the bundled sample whose noun
phrases (Japanese) or words (English, in three of ten records) are drawn anew, frequent ones often,
as language does. Titles and abstracts stand in several records (100 000 and 40 000 different ones
are made), and the words of BM25 are those of the pieces that a text was made of, so that the time
goes into the index and not into Sudachi. Passage vectors are random,
normalised, 384 numbers: times of ranked search are real, its results mean nothing.

Only what searching needs is built: ``lexical/`` by the indexer's own function (in three parts,
whose segments are then put side by side), the tables of
``records.db`` that are read, one passage a record, ``vectors.faiss``. With ``--library`` the folder
is kept and used again. Prints JSON: seconds and bytes of building, and for each kind of query the
median and the 95th percentile in ms, of the set with its count and its first page of record numbers
in order ("set"), and of the whole page with records, marks and sentences ("page"). On a machine
that does other work too, the time on the processor ("cpu") says more than the clock.
"""

import argparse
import json
import os
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

import indexer.store
import search.lexical
from indexer.lexical import write_lexical
from indexer.store import RecordStore
from indexer.vectors import VectorSettings, write_index
from search.exact import SORTS, ExactSearch, parse
from search.exact.search import _Asked
from search.filters import Filters
from search.library import Library
from search.manifest import CURRENT, FORMAT_VERSION, MANIFEST, Manifest, Segment
from search.ranking import rank
from search.records import Author, Record, Translation
from search.text.phrases import phrases
from search.text.profile import TextProfile
from search.text.sentences import sentence_spans
from search.text.terms import terms

_DIM = 384
# The index is built in so many parts at once, each by a process.
_PARTS = 3
_ABSTRACTS = 40_000
_TITLES = 100_000
_HEADINGS = 20_000
# The most frequent noun phrases stand in up to 96 % of these records, as no term of medicine does:
# they are not searched for.
_TOO_FREQUENT = 30
_JOURNALS = 100
_TYPES = ["原著論文", "症例報告", "会議録", "総説", "短報"]
_FAMILIES = [
    "佐藤",
    "鈴木",
    "高橋",
    "田中",
    "伊藤",
    "渡辺",
    "山本",
    "中村",
    "小林",
    "加藤",
    "吉田",
    "佐々木",
]
_GIVEN = [
    "太郎",
    "花子",
    "健一",
    "直子",
    "誠",
    "恵子",
    "隆",
    "由美",
    "真由美",
    "大輔",
    "翔太",
    "陽子",
]


class Texts:
    """Makes sentences out of those of the sample."""

    def __init__(self) -> None:
        file = Path(search.lexical.__file__).parent / "sample" / "records.jsonl"
        records = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
        japanese, english = [], []
        for record in records:
            japanese += [record["abstract"][a:b] for a, b in sentence_spans(record["abstract"])]
            for version in record.get("translations", []):
                spans = sentence_spans(version.get("abstract", ""), "en")
                english += [version["abstract"][a:b].split() for a, b in spans]
        self.titles = [record["title"] for record in records]
        found = [["".join(p) for p in phrases(text)] for text in japanese + self.titles]
        generator = random.Random(0)
        self.phrases = _shuffled({p for row in found for p in row if len(p) > 1}, generator)
        syllables = [c + v for c in "bcdfghklmnprstvz" for v in "aeiou"]
        rare = {"".join(generator.choices(syllables, k=4)) for _ in range(60_000)}
        self.words = _shuffled({w for row in english for w in row}, generator) + sorted(rare)
        self.japanese = [_slots(t, p) for t, p in zip(japanese, found, strict=False)]
        self.title_slots = [
            _slots(t, p) for t, p in zip(self.titles, found[len(japanese) :], strict=True)
        ]
        self.english = english
        self.terms_of: dict[str, list[str]] = {}
        self._terms = lru_cache(None)(terms)

    def remembered(self, sentences: list[list[str]], between: str = "") -> str:
        """A text out of sentences, each as its pieces, whose terms are kept in ``terms_of``."""
        text = between.join("".join(pieces) for pieces in sentences)
        self.terms_of[text] = [t for row in sentences for piece in row for t in self._terms(piece)]
        return text

    def japanese_sentence(self, generator: random.Random) -> list[str]:
        """A sentence with other noun phrases in it, in pieces."""
        return self._filled(generator.choice(self.japanese), generator)

    def title(self, generator: random.Random) -> list[str]:
        """A title, in pieces."""
        return self._filled(generator.choice(self.title_slots), generator)

    def english_sentence(self, generator: random.Random) -> list[str]:
        """A sentence of which a third of the words are others, in pieces."""
        words = [
            self.words[_rank(generator, len(self.words))] if generator.random() < 0.33 else word
            for word in generator.choice(self.english)
        ]
        return [piece for word in words for piece in (word, " ")][:-1]

    def phrase(self, generator: random.Random) -> str:
        """A noun phrase; one in five is two in one."""
        found = self.phrases[_rank(generator, len(self.phrases))]
        if generator.random() < 0.2:
            found += self.phrases[_rank(generator, len(self.phrases))]
        return found

    def _filled(self, pieces: list[str], generator: random.Random) -> list[str]:
        return [p or self.phrase(generator) for p in pieces]


def _rank(generator: random.Random, count: int) -> int:
    # As frequent as in language: the rank's inverse, roughly.
    return int(count ** generator.random()) - 1


def _shuffled(words: set[str], generator: random.Random) -> list[str]:
    found = sorted(words)
    generator.shuffle(found)
    return found


def _slots(text: str, found: list[str]) -> list[str]:
    """The text cut at its noun phrases; an empty piece is one of them."""
    pieces, position = [], 0
    for phrase in found:
        start = text.find(phrase, position)
        if start >= 0 and len(phrase) > 1:
            pieces += [text[position:start], ""]
            position = start + len(phrase)
    return [*pieces, text[position:] or "。"]


def synthetic_records(texts: Texts, count: int, first: int, last: int) -> Iterator[Record]:
    """Records ``first`` to ``last - 1`` of ``count``, always the same for the same numbers."""
    generator = random.Random(1)
    different = min(_ABSTRACTS, max(1, count // 2))
    abstracts = [
        texts.remembered(
            [texts.japanese_sentence(generator) for _ in range(generator.randrange(4, 9))]
        )
        for _ in range(different)
    ]
    titles = [
        texts.remembered([texts.title(generator)]) for _ in range(min(_TITLES, max(1, count // 2)))
    ]
    headings = [texts.remembered([[texts.phrase(generator)]]) for _ in range(_HEADINGS)]
    english_titles = [texts.remembered([texts.english_sentence(generator)]) for _ in range(20_000)]
    translations = [
        texts.remembered(
            [texts.english_sentence(generator) for _ in range(generator.randrange(4, 8))], " "
        )
        for _ in range(different // 3 + 1)
    ]
    for number in range(first, last):
        generator = random.Random(number + 2)
        translation = Translation(
            "en", generator.choice(english_titles), generator.choice(translations)
        )
        yield Record(
            id=f"synthetic-{number}",
            title=generator.choice(titles),
            abstract=generator.choice(abstracts) if generator.random() < 0.9 else "",
            language="ja",
            translations=(translation,) if generator.random() < 0.3 else (),
            authors=tuple(
                Author(generator.choice(_FAMILIES), generator.choice(_GIVEN)) for _ in range(4)
            ),
            journal=f"架空医学雑誌{generator.randrange(_JOURNALS)}",
            date=str(1985 + generator.randrange(40)),
            doi=f"10.99999/synthetic.{number}",
            keywords=tuple(headings[_rank(generator, len(headings))] for _ in range(5)),
            publication_types=(generator.choice(_TYPES),),
        )


def build(folder: Path, count: int) -> dict[str, Any]:
    """Build what searching reads, in several processes; gives their seconds, and bytes."""
    generation = folder / "generations" / "000001"
    (generation / "vectors").mkdir(parents=True)
    with ProcessPoolExecutor(_PARTS + 1) as processes:
        parts = [processes.submit(_build_lexical, generation, count, i) for i in range(_PARTS)]
        records = processes.submit(_build_records, generation, count)
        seconds = {"lexical": [p.result() for p in parts], "records.db": [records.result()]}
    _join(generation)
    began = time.perf_counter()
    segments = _write_vectors(generation, count)
    seconds["vectors"] = [time.perf_counter() - began]
    return {"seconds": seconds} | publish(folder, count, segments)


def publish(folder: Path, count: int, segments: tuple[Segment, ...]) -> dict[str, Any]:
    """Make what was built a library; gives bytes."""
    generation = folder / "generations" / "000001"
    manifest = Manifest(
        FORMAT_VERSION, 1, "", "none", "none", "none", _DIM, "mean", TextProfile(), "weighted",
        0.5, count, count, count, segments, ("synthetic",), {},
    )  # fmt: skip
    (generation / "terms.db").touch()  # nothing is suggested here
    (generation / MANIFEST).write_text(manifest.to_json(), "utf-8")
    (folder / CURRENT).write_text(generation.name)
    sizes = {
        part: sum(f.stat().st_size for f in (generation / part).rglob("*"))
        if (generation / part).is_dir()
        else (generation / part).stat().st_size
        for part in ("lexical", "records.db", "vectors.faiss")
    }
    return {"bytes": sizes, "segments": len(_meta(generation / "lexical")["segments"])}


def _build_lexical(generation: Path, count: int, part: int) -> float:
    """One part of the index, in a folder of its own."""
    texts = Texts()
    # Texts come up often: their tokens are worked out once, their terms are known.
    search.lexical.area_tokens = lru_cache(None)(search.lexical.area_tokens)
    search.lexical.terms = lambda text: texts.terms_of.get(text, [])
    began = time.perf_counter()
    first, last = (count * i // _PARTS for i in (part, part + 1))
    records = enumerate(synthetic_records(texts, count, first, last), first + 1)
    write_lexical(generation / f"lexical-{part}", None, (), _told(records))
    return round(time.perf_counter() - began, 1)


def _join(generation: Path) -> None:
    """One index of the parts: their segments side by side, none merged with another's."""
    whole = generation / "lexical"
    (generation / "lexical-0").rename(whole)
    segments, files = _meta(whole)["segments"], _managed(whole)
    for part in sorted(generation.glob("lexical-*")):
        segments += _meta(part)["segments"]
        files += _managed(part)
        for file in part.iterdir():
            if not (whole / file.name).exists():
                file.rename(whole / file.name)
        shutil.rmtree(part)
    (whole / "meta.json").write_text(json.dumps(_meta(whole) | {"segments": segments}))
    (whole / ".managed.json").write_text(json.dumps(sorted(set(files))))


def _meta(directory: Path) -> dict[str, Any]:
    return dict(json.loads((directory / "meta.json").read_text()))


def _managed(directory: Path) -> list[str]:
    return list(json.loads((directory / ".managed.json").read_text()))


def _build_records(generation: Path, count: int) -> float:
    began = time.perf_counter()
    _write_records(generation / "records.db", synthetic_records(Texts(), count, 0, count))
    return round(time.perf_counter() - began, 1)


def _told(items: Iterator[tuple[int, Record]]) -> Iterator[tuple[int, Record]]:
    for number, record in items:
        if number % 50_000 == 0:
            print(f"{time.strftime('%H:%M:%S')} {number}", file=sys.stderr)
        yield number, record


def _write_records(file: Path, records: Iterator[Record]) -> None:
    store = RecordStore(file, None)
    with store.db.atomic():
        for number, record in enumerate(records, 1):
            values = {"number": number, **indexer.store._row(record, record.content_hash())}
            names, marks = ", ".join(f'"{n}"' for n in values), ", ".join("?" * len(values))
            store.db.conn.execute(
                f"insert into records ({names}) values ({marks})", list(values.values())
            )
            store.db.conn.executemany(
                "insert into record_languages values (?, ?)",
                [(number, v.language) for v in record.versions()],
            )
            store.db.conn.execute(
                "insert into origins (id, record, content_hash) values (?, ?, 'x')",
                [record.id, number],
            )
            store.db.conn.execute(
                "insert into passages values (?, ?, 'ja', 0, 1)", [number - 1, number]
            )
    store.close()


def _write_vectors(generation: Path, count: int) -> tuple[Segment, ...]:
    generator = np.random.default_rng(0)
    segments = []
    for base in range(0, count, 50_000):
        size = min(50_000, count - base)
        vectors = generator.standard_normal((size, _DIM), np.float32)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        name = f"{len(segments) + 1:06d}"
        parts = {
            "passages": vectors.astype(np.float16),
            "sentences": np.zeros((size, _DIM), np.int8),
            "scales": np.ones(size, np.float32),
            "spans": np.zeros((size, 2), np.int32),
            "first": np.arange(size + 1),
        }
        for part, values in parts.items():
            np.save(generation / "vectors" / f"{name}.{part}.npy", values)
        segments.append(Segment(name, base, size, size))
    write_index(generation / "vectors.faiss", None, VectorSettings("exact"), _DIM, (), segments)
    return tuple(segments)


def expressions(texts: Texts, count: int) -> Iterator[tuple[str, str]]:
    """Kinds of expressions and expressions, as varied as they are typed."""
    generator = random.Random(7)
    two = [p for p in texts.phrases[_TOO_FREQUENT:] if len(p) == 2]

    def word() -> str:
        return two[_rank(generator, len(two))]

    searched = texts.phrases[_TOO_FREQUENT:]

    def phrase() -> str:
        return searched[_rank(generator, len(searched))].replace('"', "")

    english = [w.strip(".,();:") for w in texts.words[:4000] if w.strip(".,();:").isalpha()]

    def latin() -> str:
        return english[_rank(generator, len(english))]

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
        ("author", lambda: f"{generator.choice(_FAMILIES)}{generator.choice(_GIVEN)}/AU"),
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
        found, _ = _Asked(generation, parse(expression), Filters()).page(sort, 0, 10)
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
        filters = Filters(journal=f"架空医学雑誌{generator.randrange(_JOURNALS)}")
        vector = vectors.standard_normal(_DIM, np.float32)
        vector /= np.linalg.norm(vector)
        words = terms("".join(texts.title(generator)))
        began = _now()
        generation.best_passages(vector, 1000, filters)
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
