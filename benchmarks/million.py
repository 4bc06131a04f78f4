"""What indexing costs besides the encoder: read, deduplicate, store, index, at the size asked for.

    python benchmarks/million.py [--records 10000] [--added 1000] [--stored-only]

Synthetic PubMed XML (30 000 records a file, random words, gzip) goes through the same indexing as
any source, and then a file of added records into that library. The encoder is replaced by
``StubEncoder``, whose vectors have 8 numbers and mean nothing: neither the time of embedding nor
the memory of real vectors is in the figures, nor is the relevance line, which takes a vocabulary.
One record in a hundred repeats the DOI and title of an earlier one and has to be merged. With
``--stored-only`` what takes Sudachi is left out: the lexical index, the terms and the fusion weight
are stubs too, and the output names them. Each step runs in a process of its own. Prints JSON:
seconds in all and by stage, seconds of processor time, records/s, peak resident memory in MB, and
for the added records also the bytes that the new generation does not share with the one before.
"""

import argparse
import gzip
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray

import indexer.run.pipeline
from indexer.learning.fusion_weight import FusionChoice
from indexer.run.intake import Progress
from indexer.store.record_store import RecordStore
from search.encoder import ModelDirectory, Window, open_model
from search.encoder.encoder import EncodedPassage
from search.encoder.text_side import Tokens

_A_FILE = 30_000
_DIM = 8


class StubEncoder:
    """Stands where an encoder and its text side do, and gives vectors that mean nothing."""

    dim = _DIM

    def __init__(self, model: ModelDirectory) -> None:
        self.model = model
        self.backend = SimpleNamespace(name="stub", chunk_records=256, prepares_apart=False)
        self.text_side = self

    def words(self) -> list[str]:
        """No vocabulary: the relevance line is not learnt."""
        return []

    def windows(self, text: str, language: str = "ja") -> list[Window]:
        """One window, one sentence."""
        del language
        return [Window(0, len(text), ((0, len(text)),))] if text else []

    def passage(self, text: str, window: Window) -> Tokens:
        """One token: the text's checksum."""
        del window
        return Tokens(np.array([zlib.crc32(text.encode())]), np.ones((2, 1), np.float32))

    def encode_prepared(self, chunks: Iterable[Sequence[Tokens]]) -> Iterator[list[EncodedPassage]]:
        """A vector for each text by its checksum."""
        for chunk in chunks:
            vectors = [_vector(int(tokens.ids[0])) for tokens in chunk]
            yield [EncodedPassage(v, v[None, :]) for v in vectors]

    def encode_passages(self, passages: Sequence[tuple[str, Window]]) -> list[EncodedPassage]:
        """The same for texts that were not prepared."""
        return next(self.encode_prepared([[self.passage(text, w) for text, w in passages]]))

    def encode_queries(self, queries: Sequence[str]) -> NDArray[np.float32]:
        """A vector for each query by its checksum."""
        return np.stack([_vector(zlib.crc32(q.encode())) for q in queries])


def _vector(checksum: int) -> NDArray[np.float32]:
    vector = np.random.default_rng(checksum).standard_normal(_DIM)
    return (vector / np.linalg.norm(vector)).astype(np.float32)


def articles(first: int, count: int) -> Iterator[str]:
    """Synthetic PubMed articles, always the same for the same numbers."""
    words = _words()
    for number in range(first, first + count):
        # One in a hundred says under a PMID of its own what another said before.
        of = number - 50 if number % 100 == 99 else number
        generator = random.Random(of)
        # Words as frequent as in language: the rank's inverse, roughly.
        ranks = [int(len(words) ** generator.random()) - 1 for _ in range(190)]
        text = [words[rank] for rank in ranks]
        people = "".join(
            f"<Author><LastName>{text[i].title()}</LastName><ForeName>{text[i + 1].title()}"
            "</ForeName></Author>"
            for i in range(4)
        )
        headings = "".join(
            f"<MeshHeading><DescriptorName>{words[generator.randrange(2_000)]}</DescriptorName>"
            "</MeshHeading>"
            for _ in range(10)
        )
        abstract = ". ".join(" ".join(text[i : i + 18]) for i in range(14, 190, 18))
        yield (
            f"<PubmedArticle><MedlineCitation><PMID>{number + 1}</PMID><Article><Journal>"
            f"<ISSN>0000-0000</ISSN><JournalIssue><Volume>{of % 90}</Volume><PubDate><Year>"
            f"{1980 + of % 45}</Year></PubDate></JournalIssue><Title>Journal {of % 5000}</Title>"
            f"</Journal><ArticleTitle>{' '.join(text[:14])} {of}.</ArticleTitle><Abstract>"
            f"<AbstractText>{abstract}.</AbstractText></Abstract><AuthorList>{people}</AuthorList>"
            f"<Language>eng</Language></Article><MeshHeadingList>{headings}</MeshHeadingList>"
            f"</MedlineCitation><PubmedData><ArticleIdList><ArticleId IdType='doi'>10.9999/{of}"
            "</ArticleId></ArticleIdList></PubmedData></PubmedArticle>\n"
        )


def _words() -> list[str]:
    generator = random.Random(0)
    syllables = [c + v for c in "bcdfghklmnprstvz" for v in "aeiou"]
    return [
        "".join(generator.choices(syllables, k=generator.randrange(1, 5))) for _ in range(60_000)
    ]


def write_source(folder: Path, first: int, count: int) -> None:
    """Files as PubMed's, gzip."""
    folder.mkdir()
    for start in range(first, first + count, _A_FILE):
        size = min(_A_FILE, first + count - start)
        with gzip.open(folder / f"synthetic{start:08d}.xml.gz", "wt", compresslevel=1) as file:
            file.write("<PubmedArticleSet>\n")
            file.writelines(articles(start, size))
            file.write("</PubmedArticleSet>\n")


class _Stages(Progress):
    """When each stage began."""

    def __init__(self) -> None:
        self.began: list[tuple[str, float]] = []

    def stage(self, name: str, total: int | None) -> None:
        del total
        self.began.append((name, time.perf_counter()))
        print(f"{time.strftime('%H:%M:%S')} {name}", file=sys.stderr)

    def seconds(self) -> dict[str, float]:
        ends = [t for _, t in self.began[1:]] + [time.perf_counter()]
        return {name: round(end - t, 2) for (name, t), end in zip(self.began, ends, strict=True)}


def _leave_out_the_index() -> None:
    def write_lexical(directory: Path, *_: object) -> None:
        directory.mkdir()

    def write_vocabulary(file: Path, *_: object) -> None:
        file.touch()

    def write_term_vectors(*_: object) -> None:
        pass

    def learn_fusion(store: RecordStore, *_: object) -> FusionChoice:
        return FusionChoice("rrf", 0.5, 0.5, store.counts()[0])

    def _relevance(*_: object) -> None:
        """No line: it is learnt from the index that is left out."""

    for stub in (write_lexical, write_vocabulary, write_term_vectors, learn_fusion, _relevance):
        setattr(indexer.run.pipeline, stub.__name__, stub)


def step(source: Path, library: Path, stored_only: bool) -> None:
    """Index ``source`` in this process, and print what it cost."""
    if stored_only:
        _leave_out_the_index()
    model = replace(open_model(), name="StubEncoder", fingerprint="stub", dim=_DIM)
    indexer.run.pipeline.open_model = lambda _: model  # type: ignore[assignment]
    indexer.run.pipeline.load_encoder = lambda *_: StubEncoder(model)  # type: ignore[assignment,return-value]
    stages = _Stages()
    began = time.perf_counter()
    report = indexer.run.pipeline.build([source], library, progress=stages)
    seconds = time.perf_counter() - began
    assert report.generation is not None
    own = [f for f in report.generation.rglob("*") if f.is_file() and f.stat().st_nlink == 1]
    sizes = {str(f.relative_to(report.generation)): f.stat().st_size for f in own}
    result: dict[str, Any] = {
        "read": report.read,
        "new": report.new,
        "duplicate": report.duplicate,
        "seconds": round(seconds, 2),
        "cpu_seconds": round(time.process_time(), 2),
        "records_per_second": round(report.read / seconds, 1),
        "seconds_by_stage": stages.seconds(),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "new_bytes": sum(sizes.values()),
        "new_bytes_by_file": dict(sorted(sizes.items(), key=lambda i: -i[1])[:4]),
    }
    print(json.dumps(result))


def main() -> None:
    """Write the sources, run the steps, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=10_000)
    parser.add_argument("--added", type=int, default=1_000)
    parser.add_argument("--stored-only", action="store_true")
    parser.add_argument("--step", nargs=2, type=Path, help=argparse.SUPPRESS)
    wanted = parser.parse_args()
    if wanted.step:
        step(*wanted.step, wanted.stored_only)
        return
    stubs = ["encoder", *(["lexical index", "terms", "fusion"] if wanted.stored_only else [])]
    results: dict[str, Any] = {"source": "synthetic PubMed XML", "stubs": stubs}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        first = 0
        for what, count in (("built", wanted.records), ("added", wanted.added)):
            write_source(folder / what, first, count)
            first += count
            command = [sys.executable, __file__, "--step", str(folder / what), f"{folder}/library"]
            command += ["--stored-only"] if wanted.stored_only else []
            done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
            results[what] = json.loads(done.stdout)
    print(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
