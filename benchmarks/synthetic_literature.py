"""A library of synthetic records, at the size asked for, for benchmarks of exact search.

    python benchmarks/synthetic_literature.py FOLDER --like LIBRARY [--records 1000000]

makes one that ``serve`` opens, with the encoder of LIBRARY.

The records are synthetic and say so in their ids: sentences of the bundled sample whose noun
phrases (Japanese) or words (English, in three of ten records) are drawn anew, frequent ones often,
as language does. Titles and abstracts stand in several records (100 000 and 40 000 different ones
are made), and the words of BM25 are those of the pieces that a text was made of, so that the time
goes into the index and not into Sudachi. Passage vectors are random,
normalised, 384 numbers: times of ranked search are real, its results mean nothing.

Only what searching needs is built: ``lexical/`` by the indexer's own function (in three parts,
whose segments are then put side by side), the tables of
``records.db`` that are read, one passage a record, ``vectors.faiss``. There are no terms to
suggest.
"""

import argparse
import json
import random
import shutil
import sqlite3
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

import indexer.store.record_store
import search.library.lexical_index
from indexer.run.pipeline import write_owners
from indexer.stages.lexical_writer import write_lexical
from indexer.stages.vector_index_writer import VectorSettings, write_index
from indexer.stages.vocabulary_writer import write_vocabulary
from indexer.store.record_store import RecordStore
from search.library.library import Library
from search.library.manifest import (
    CURRENT,
    FORMAT_VERSION,
    MANIFEST,
    Manifest,
    Segment,
    VectorIndexChoice,
    VectorIndexState,
)
from search.records import Author, Record, Translation
from search.text.phrases import phrases
from search.text.profile import TextProfile
from search.text.sentences import sentence_spans
from search.text.terms import terms

DIM = 384
# The index is built in so many parts at once, each by a process.
_PARTS = 3
_ABSTRACTS = 40_000
_TITLES = 100_000
_HEADINGS = 20_000
# The most frequent noun phrases stand in up to 96 % of these records, as no term of medicine does:
# they are not searched for.
TOO_FREQUENT = 30
JOURNALS = 100
TYPES = ["原著論文", "症例報告", "会議録", "総説", "短報"]
FAMILIES = [
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
GIVEN = [
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
        file = Path(search.__path__[0]) / "sample" / "records.jsonl"
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
            self.words[rank_of(generator, len(self.words))] if generator.random() < 0.33 else word
            for word in generator.choice(self.english)
        ]
        return [piece for word in words for piece in (word, " ")][:-1]

    def phrase(self, generator: random.Random) -> str:
        """A noun phrase; one in five is two in one."""
        found = self.phrases[rank_of(generator, len(self.phrases))]
        if generator.random() < 0.2:
            found += self.phrases[rank_of(generator, len(self.phrases))]
        return found

    def _filled(self, pieces: list[str], generator: random.Random) -> list[str]:
        return [p or self.phrase(generator) for p in pieces]


def rank_of(generator: random.Random, count: int) -> int:
    """A rank below ``count``, drawn as frequent as in language: its inverse, roughly."""
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
                Author(generator.choice(FAMILIES), generator.choice(GIVEN)) for _ in range(4)
            ),
            journal=f"架空医学雑誌{generator.randrange(JOURNALS)}",
            date=str(1985 + generator.randrange(40)),
            doi=f"10.99999/synthetic.{number}",
            keywords=tuple(headings[rank_of(generator, len(headings))] for _ in range(5)),
            publication_types=(generator.choice(TYPES),),
        )


def build(folder: Path, count: int, like: Path | None = None) -> dict[str, Any]:
    """Build what searching reads, in several processes; gives their seconds, and bytes. Its queries
    are encoded as those of the library ``like``, its vector index is the one that its size takes;
    without that it is asked for records alone, and compares every vector."""
    generation = folder / "generations" / "000001"
    (generation / "vectors").mkdir(parents=True)
    with ProcessPoolExecutor(_PARTS + 1) as processes:
        parts = [processes.submit(_build_lexical, generation, count, i) for i in range(_PARTS)]
        records = processes.submit(_build_records, generation, count)
        seconds = {"lexical": [p.result() for p in parts], "records.db": [records.result()]}
    _join(generation)
    began = time.perf_counter()
    segments, vectors = _write_vectors(generation, count, "auto" if like else "exact")
    seconds["vectors"] = [time.perf_counter() - began]
    published = publish(folder, count, segments)
    if like:
        # Read from the other library's, so that what serves it takes this one for its own.
        manifest = replace(
            Library(like).generation().manifest,
            generation=1,
            records=count,
            passages=count,
            segments=segments,
            notes=("synthetic",),
            files={},
            vectors=vectors,
        )
        (generation / "terms.db").unlink()
        write_vocabulary(generation / "terms.db", None, (), ())
        (generation / MANIFEST).write_text(manifest.to_json(), "utf-8")
    return {"seconds": seconds} | published


def publish(folder: Path, count: int, segments: tuple[Segment, ...]) -> dict[str, Any]:
    """Make what was built a library; gives bytes."""
    generation = folder / "generations" / "000001"
    manifest = Manifest(
        FORMAT_VERSION, 1, "", "none", "none", "none", DIM, "mean", TextProfile(), "weighted",
        0.5, count, count, count, segments, ("synthetic",), {},
    )  # fmt: skip
    (generation / "terms.db").touch()  # nothing is suggested here
    with closing(sqlite3.connect(generation / "records.db")) as database:
        write_owners(generation, database, count)
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
    search.library.lexical_index.area_tokens = lru_cache(None)(
        search.library.lexical_index.area_tokens
    )
    search.library.lexical_index.terms = lambda text: texts.terms_of.get(text, [])
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


def _write_vectors(
    generation: Path, count: int, choice: VectorIndexChoice
) -> tuple[tuple[Segment, ...], VectorIndexState]:
    generator = np.random.default_rng(0)
    segments = []
    for base in range(0, count, 50_000):
        size = min(50_000, count - base)
        vectors = generator.standard_normal((size, DIM), np.float32)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        name = f"{len(segments) + 1:06d}"
        parts = {
            "passages": vectors.astype(np.float16),
            "sentences": np.zeros((size, DIM), np.int8),
            "scales": np.ones(size, np.float32),
            "spans": np.zeros((size, 2), np.int32),
            "first": np.arange(size + 1),
        }
        for part, values in parts.items():
            np.save(generation / "vectors" / f"{name}.{part}.npy", values)
        segments.append(Segment(name, base, size, size))
    file, settings = generation / "vectors.faiss", VectorSettings(choice)
    return tuple(segments), write_index(file, None, settings, DIM, (), segments)


def main() -> None:
    """Make one that can be served, and print what it took."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--like", type=Path, required=True, help="the library with the encoder")
    parser.add_argument("--records", type=int, default=1_000_000)
    wanted = parser.parse_args()
    print(json.dumps(build(wanted.folder, wanted.records, wanted.like)))


if __name__ == "__main__":
    main()
