"""Exploded headings over many records and a MeSH-shaped thesaurus.

    python benchmarks/explode.py [--records 200000] [--descriptors 30000]

Records carry eight random headings of a made-up thesaurus, a tree in which each descriptor has up
to eight below it, and a title of one word; only the index is built, record by record as indexing
does. Prints JSON: seconds of adding the thesaurus, and for headings by how much lies under them the
median and the 95th percentile in ms of the exact count and the first page of record numbers, the
first time ("cold": names are read and folded) and again ("warm").
"""

import argparse
import json
import random
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from indexer.terminology.adding import add_terminology
from search.exact.parser import parse
from search.exact.queries import QueryBuilder
from search.exact.thesaurus import MOST_NARROWER, Thesaurus
from search.library.lexical_index import LexicalIndex, document, open_index
from search.records import Heading, Record
from search.terminology.terminology import Terminology, shipped_file

_BELOW = 8
_RECORD = (
    "<DescriptorRecord><DescriptorUI>D{n}</DescriptorUI><DescriptorName><String>{name}</String>"
    "</DescriptorName><TreeNumberList><TreeNumber>{tree}</TreeNumber></TreeNumberList><ConceptList>"
    '<Concept PreferredConceptYN="Y"><TermList>{terms}</TermList></Concept></ConceptList>'
    "</DescriptorRecord>\n"
)
_TERM = "<Term><String>{}</String></Term>"


def main() -> None:
    """Make thesaurus and index, ask, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=200_000)
    parser.add_argument("--descriptors", type=int, default=30_000)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        told = _measured(Path(folder), asked.records, asked.descriptors)
    sys.stdout.write(json.dumps(told, indent=1) + "\n")


def _measured(folder: Path, records: int, descriptors: int) -> dict[str, object]:
    file = folder / "desc.xml"
    file.write_text("".join(_thesaurus(descriptors)), encoding="utf-8")
    began = time.perf_counter()
    added = add_terminology(file, folder / "terminology", "mesh")
    told: dict[str, object] = {"adding_s": round(time.perf_counter() - began, 1)}
    index = open_index(folder / "index", create=True)
    writer = index.writer(heap_size=500_000_000, num_threads=1)
    generator = random.Random(1)
    for number in range(records):
        headings = tuple(Heading(_name(generator.randrange(descriptors))) for _ in range(8))
        names = tuple(h.descriptor for h in headings)
        record = Record(
            id=f"r{number}",
            title="x",
            language="en",
            date="2020",
            headings=headings,
            keywords=names,
        )
        writer.add_document(document(number, record))
    writer.commit()
    writer.wait_merging_threads()
    lexical = LexicalIndex(folder / "index")
    terminology = Terminology([shipped_file(), added.path])
    rows: dict[str, list[tuple[float, float]]] = {}
    for n in [*range(1, 200), *generator.sample(range(200, descriptors), 200)]:
        (concept,) = terminology.meant(_name(n))
        under = terminology.under(concept, MOST_NARROWER)
        size = len(under) if under is not None else MOST_NARROWER
        kind = next(f"up to {most}" for most in (10, 100, 1000, MOST_NARROWER) if size <= most)
        cold = _asked(lexical, terminology, n)
        rows.setdefault(kind, []).append((cold, _asked(lexical, terminology, n)))
    for kind, times in rows.items():
        cold, warm = np.array(times).T
        told[kind] = {
            "headings": len(times),
            **{
                name: [round(float(np.percentile(t, p)), 1) for p in (50, 95)]
                for name, t in (("cold_p50_p95", cold), ("warm_p50_p95", warm))
            },
        }
    return told


def _asked(lexical: LexicalIndex, terminology: Terminology, n: int) -> float:
    began = time.perf_counter()
    thesaurus = Thesaurus(terminology, mapping=False)
    tree = parse(f'"{_name(n)}"[mh]', thesaurus=thesaurus).tree
    query = QueryBuilder(lexical, lambda _: (), lambda _: ()).query(tree)
    lexical.sorted_page(query, "year", 0, 10)
    return (time.perf_counter() - began) * 1000


def _thesaurus(descriptors: int) -> list[str]:
    trees: list[str] = []
    written = ["<DescriptorRecordSet>\n"]
    for n in range(descriptors):
        above = (n - 1) // _BELOW
        trees.append(f"{trees[above]}.{n % 1000:03d}" if n else "C01")
        terms = "".join(_TERM.format(f"{_name(n)} synonym {k}") for k in range(5))
        written.append(_RECORD.format(n=n, name=_name(n), tree=trees[n], terms=terms))
    return [*written, "</DescriptorRecordSet>\n"]


def _name(n: int) -> str:
    return f"Madeup Disease Q{n:05d}"


if __name__ == "__main__":
    main()
