"""Makes a library of any size out of a real one: mixtures of its vectors, texts of its sentences.

    python benchmarks/mixture.py SOURCE_LIBRARY TARGET_FOLDER --passages 1000000

A vector is a random real passage's, moved by up to half of the way to one of its ten neighbours and
by the difference between two other neighbours, scaled so that two vectors made from one passage are
as far apart as nearest real neighbours are (median); then normalised. Its text is the title of the
passage's record and real sentences of it and of that neighbour, with their real 8-bit vectors; one
record in five has no abstract. BM25 ranks the real terms of that text. Records have a year, one of
1 000 journals, and nothing else; there are no terms for suggestions, and of exact search only the
fields that ranked search filters by. Nothing is kept in memory but the source.
"""

import argparse
import json
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import faiss
import numpy as np
import tantivy
from numpy.typing import NDArray

from indexer.run.pipeline import write_owners
from indexer.stages.vector_index_writer import VectorSettings, write_index
from indexer.stages.vocabulary_writer import write_vocabulary
from indexer.store.record_store import RecordStore, _row
from search.library.lexical_index import open_index, schema
from search.library.library import Library
from search.library.manifest import CURRENT, FORMAT_VERSION, MANIFEST, Segment, VectorIndexChoice
from search.library.segments import SEGMENT_PARTS
from search.ranked.engine import Generation
from search.records import Record
from search.text.terms import terms

_SEGMENT = 50_000
_SENTENCES = 3
_BARE = 5
_JOURNALS = 1000


@dataclass(frozen=True)
class Sentences:
    """The sentences of a passage's abstract: texts and 8-bit vectors with their scales."""

    title: str
    texts: list[str]
    codes: NDArray[np.int8]
    scales: NDArray[np.float32]


class Source:
    """A real library's passages: vectors, neighbours and sentences."""

    def __init__(self, generation: Generation) -> None:
        rows = generation.database.execute(
            "select p.number, p.record, p.language from passages p order by p.number"
        ).fetchall()
        self._generation = generation
        self._owners = [(row["record"], row["language"]) for row in rows]
        self._numbers = [row["number"] for row in rows]
        self.vectors = generation.vectors(self._numbers)
        flat = faiss.IndexFlatIP(self.vectors.shape[1])
        flat.add(self.vectors)
        scores, self.neighbours = flat.search(self.vectors, 11)
        pairs = np.random.default_rng(0).integers(len(self.vectors), size=5000)
        apart = self.vectors[pairs] - self.vectors[self.neighbours[pairs, 5]]
        nearest = 2 - 2 * float(np.median(scores[:, 1]))
        self.noise = float(np.sqrt(nearest / (2 * (apart**2).sum(axis=1).mean())))

    def mixed(
        self, generator: np.random.Generator, count: int
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]:
        """Passages, one neighbour of each, and the vectors made of both (count, dim)."""
        one, other = (generator.integers(len(self.vectors), size=count) for _ in range(2))
        beside, further = (
            self.neighbours[p, generator.integers(1, 11, count)] for p in (one, other)
        )
        way = 0.5 * generator.random((count, 1), np.float32)
        vectors = self.vectors[one] + way * (self.vectors[beside] - self.vectors[one])
        vectors += np.float32(self.noise) * (self.vectors[other] - self.vectors[further])
        return one, beside, vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

    def first_sentences(
        self, passages: NDArray[np.int64]
    ) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
        """The 8-bit vectors of the first sentences of passages, and their scales."""
        segment = self._generation._segments._open[0]
        first = segment._first[np.array(self._numbers)[passages]]
        return segment._codes[first], segment._scales[first]

    @lru_cache(20_000)  # noqa: B019 - lives as long as the program
    def sentences(self, passage: int) -> Sentences:
        """What a passage says."""
        number, language = self._owners[passage]
        record = self._generation.records([number])[number]
        version = record.version(language)
        segments = self._generation._segments
        segment = segments._open[0]
        first, last = segment._first[self._numbers[passage] : self._numbers[passage] + 2]
        spans = segment._spans[first:last]
        kept = np.flatnonzero(spans[:, 0] >= version.abstract_start)
        kept = kept if len(kept) else np.arange(len(spans))
        return Sentences(
            version.title or " ".join(version.text[:40].split()),
            [version.text[a:b] for a, b in spans[kept]],
            segment._codes[first:last][kept],
            segment._scales[first:last][kept],
        )


@lru_cache(200_000)
def _terms(text: str) -> str:
    return " ".join(terms(text))


def make(
    source: Path,
    target: Path,
    count: int,
    choice: VectorIndexChoice = "auto",
    memory: int | None = None,
) -> dict[str, float]:
    """Make the library; gives the seconds that its parts took."""
    origin = Library(source).generation()
    if len(origin.manifest.segments) != 1:
        sys.exit(f"{source}: build it anew, it has more than one segment")
    material = Source(origin)
    generation = target / "generations" / "000001"
    (generation / "vectors").mkdir(parents=True)
    began = time.perf_counter()
    segments = tuple(_write_records(material, generation, count))
    seconds = {"records": time.perf_counter() - began}
    began = time.perf_counter()
    state = write_index(
        generation / "vectors.faiss",
        None,
        VectorSettings(choice, memory),
        material.vectors.shape[1],
        (),
        segments,
    )
    seconds["index"] = time.perf_counter() - began
    write_vocabulary(generation / "terms.db", None, (), ())
    manifest = replace(
        origin.manifest,
        format_version=FORMAT_VERSION,
        generation=1,
        records=count,
        passages=count,
        segments=segments,
        notes=("mixture",),
        files={},
        vectors=state,
    )
    (generation / MANIFEST).write_text(manifest.to_json(), "utf-8")
    (target / CURRENT).write_text(generation.name)
    return {name: round(value, 1) for name, value in seconds.items()}


def _write_records(source: Source, generation: Path, count: int) -> Iterator[Segment]:
    store = RecordStore(generation / "records.db", None)
    database = store.db.conn
    for setting in ("synchronous = off", "journal_mode = off"):
        database.execute(f"pragma {setting}")
    index = open_index(generation / "lexical", create=True)
    writer = index.writer(256_000_000, 1)
    generator = np.random.default_rng(0)
    sample = _row(Record(id="x", title="x", language="ja"), "")
    columns = ["number", *sample]
    names, marks = ", ".join(f"[{c}]" for c in columns), ", ".join("?" * len(columns))
    insert = f"insert into records ({names}) values ({marks})"
    for base in range(0, count, _SEGMENT):
        size = min(_SEGMENT, count - base)
        one, beside, vectors = source.mixed(generator, size)
        records, codes, scales, spans, counts = [], [], [], [], []
        for row in range(size):
            record, said, where = _record(source, base + row, int(one[row]), int(beside[row]))
            records.append(record)
            counts.append(len(said))
            spans += where
            codes += [s.codes[i] for s, i in said]
            scales += [s.scales[i] for s, i in said]
            texts = [s.texts[i] for s, i in said] if record.abstract else []
            own = source.sentences(int(one[row])).title
            writer.add_document(_document(base + row, record, [own, *texts]))
        database.executemany(
            insert,
            (
                [base + row, *{**sample, **_values(record)}.values()]
                for row, record in enumerate(records)
            ),
        )
        database.executemany(
            "insert into passages values (?, ?, 'ja', 0, ?)",
            (
                (base + row, base + row, len(r.title) + 1 + len(r.abstract))
                for row, r in enumerate(records)
            ),
        )
        parts = {
            "passages": vectors.astype(np.float16),
            "sentences": np.stack(codes),
            "scales": np.array(scales, np.float32),
            "spans": np.array(spans, np.int32),
            "first": np.concatenate([[0], np.cumsum(counts)]),
        }
        segment = Segment(f"{base // _SEGMENT + 1:06d}", base, size, len(codes))
        for part in SEGMENT_PARTS:
            np.save(generation / "vectors" / f"{segment.name}.{part}.npy", parts[part])
        print(f"{time.strftime('%H:%M:%S')} {base + size} of {count}", file=sys.stderr)
        yield segment
    database.commit()
    writer.commit()
    writer.wait_merging_threads()
    write_owners(generation, database, count)
    store.close()


def _record(
    source: Source, number: int, one: int, beside: int
) -> tuple[Record, list[tuple[Sentences, int]], list[tuple[int, int]]]:
    """A record, its sentences with their vectors, and their spans in its text."""
    own, near = source.sentences(one), source.sentences(beside)
    title = f"{own.title} {number}"
    said = [(own, number % len(own.texts)), (near, number % len(near.texts))]
    said.append((own, (number // 7) % len(own.texts)))
    said = said[:_SENTENCES]
    position = len(title) + 1
    spans = []
    for sentences, i in said:
        spans.append((position, position + len(sentences.texts[i])))
        position = spans[-1][1]
    abstract = "".join(s.texts[i] for s, i in said)
    if number % _BARE == 0:
        abstract, said, spans = "", said[:1], [(0, len(title))]
    record = Record(
        id=f"mixture-{number}",
        title=title,
        abstract=abstract,
        language="ja",
        journal=f"架空雑誌{number % _JOURNALS}",
        date=str(1985 + number % 40),
    )
    return record, said, spans


def _values(record: Record) -> dict[str, object]:
    return {
        "id": record.id,
        "title": record.title,
        "abstract": record.abstract,
        "language": record.language,
        "journal": record.journal,
        "date": record.date,
        "year": record.year,
        "has_abstract": int(bool(record.abstract)),
    }


def _document(number: int, record: Record, parts: Iterable[str]) -> tantivy.Document:
    return tantivy.Document.from_dict(
        {
            "number": number,
            "words": " ".join(map(_terms, parts)) + f" {number}",
            "journal": record.journal,
            "language": ["ja"],
            "has_abstract": bool(record.abstract),
            "year": record.year,
            "retraction": "",
        },
        schema(),
    )


def main() -> None:
    """Make one, and print what it took."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source", type=Path)
    parser.add_argument("target", type=Path)
    parser.add_argument("--passages", type=int, required=True)
    parser.add_argument("--vectors", default="auto")
    parser.add_argument("--vector-memory", type=int)
    wanted = parser.parse_args()
    taken = make(
        wanted.source, wanted.target, wanted.passages, wanted.vectors, wanted.vector_memory
    )
    print(json.dumps({"passages": wanted.passages, "seconds": taken}))


if __name__ == "__main__":
    main()
