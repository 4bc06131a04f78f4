"""What BM25 counts as words, tried otherwise: nDCG@10 by words alone, and fused with the vectors.

    python benchmarks/words.py LIBRARY BEIR_DIR... [--every N]

LIBRARY holds the corpus of the collections (see jmedsearch eval --build). Its records are cut and
indexed once more for each variant, queries in the same way; vectors, the weight of fusion and the
share of word pairs are the library's. Terms near in meaning are not looked for. Every Nth query is
asked. Prints JSON: for each collection and variant [words alone, fused].

- "as it is": Sudachi's longest words (mode C) beside their shortest parts (A), normalised forms,
  Latin and Greek expressions whole beside their parts; all fields of a record together, a title's
  words twice where there is an abstract;
- "A", "B", "C": one mode alone; "A+B+C": the union of all;
- "as written": NFKC-folded, in lower case, but not Sudachi's normalised form;
- "no expressions": IL-6 is il and 6, without il6;
- "title × N": the words of titles counted N times instead, as BM25F does with a weight of N
  (Robertson, Zaragoza and Taylor, CIKM 2004).
"""

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

import sudachipy
import tantivy
from stages import listed, measured, parsed

from search.evaluate import Run, read_collection
from search.filters import Filters
from search.library.generation import Generation
from search.library.lexical_index import LexicalIndex, open_index, schema
from search.library.scored_records import Ranking
from search.ranked.fusion import PAIRED, weighted, with_pairs
from search.ranked.ranking import DEPTH
from search.records import Record
from search.text.fold import to_lexical
from search.text.terms import Term, morphemes, terms, terms_with_offsets
from web.cli.options import open_engine

_CUTS = ("as it is", "A", "B", "C", "A+B+C", "as written", "no expressions")
_TITLES = (0, 1, 3, 5)
_AS_IT_IS = 2


def main() -> None:
    """Index, ask and print."""
    arguments = parsed(__doc__.splitlines()[0])
    engine = open_engine(arguments.library)
    generation = engine.generation()
    id_of = dict(generation.database.execute("select number, id from records").fetchall())
    records = generation.records(sorted(id_of))
    result: dict[str, object] = {"dense_weight": generation.manifest.dense_weight}
    with tempfile.TemporaryDirectory() as folder:
        indexes = {name: built(records, name, Path(folder)) for name in variants(records)}
        for directory in arguments.collections:
            collection = read_collection(directory)
            asked = sorted(collection.queries)[:: arguments.every]
            alone: dict[str, Run] = {name: {} for name in indexes}
            fused: dict[str, Run] = {name: {} for name in indexes}
            for query in asked:
                text = collection.queries[query]
                vector = engine.encoder.encode_queries([text])[0]
                dense = generation.nearest_records(vector, DEPTH, Filters()).ranking
                for name, index in indexes.items():
                    words = cut(text, name if name in _CUTS else _CUTS[0])
                    lexical = index.search(words, DEPTH, Filters())
                    order = combined(generation, index, words, dense, lexical)
                    alone[name][query] = listed(lexical, id_of)
                    fused[name][query] = listed(order, id_of)
            judged = {query: dict(collection.qrels[query]) for query in asked}
            result[collection.name] = {"queries": len(asked)} | {
                name: [round(measured(judged, runs[name]), 4) for runs in (alone, fused)]
                for name in indexes
            }
    print(json.dumps(result, ensure_ascii=False, indent=1))


def variants(records: dict[int, Record]) -> Iterator[str]:
    """The variants that mean something for these records."""
    yield from _CUTS
    if any(v.title for r in records.values() if has_abstract(r) for v in r.versions()):
        yield from (f"title × {times}" for times in _TITLES)


def has_abstract(record: Record) -> bool:
    """Whether a record has more than a title."""
    return any(version.abstract for version in record.versions())


def built(records: dict[int, Record], name: str, folder: Path) -> LexicalIndex:
    """An index of the records' words as this variant has them."""
    times = _AS_IT_IS if name in _CUTS else int(name.rpartition(" ")[2])
    how = name if name in _CUTS else _CUTS[0]
    index = open_index(folder / name, create=True)
    writer = index.writer(num_threads=1)
    for number, record in records.items():
        words: list[str] = []
        for version in record.versions():
            words += cut(version.title, how) * (times if has_abstract(record) else 1)
            words += cut(version.abstract, how)
        for keyword in record.keywords:
            words += cut(keyword, how)
        fields = {"number": number, "words": " ".join(words)}
        writer.add_document(tantivy.Document.from_dict(fields, schema()))
    writer.commit()
    writer.wait_merging_threads()
    return LexicalIndex(folder / name)


def combined(
    generation: Generation,
    index: LexicalIndex,
    words: list[str],
    dense: Ranking,
    lexical: Ranking,
) -> Ranking:
    """The fused list with the words of this variant."""
    weight = generation.manifest.dense_weight
    covered = weighted(dense, lexical, weight, index.full_match(words))
    return with_pairs(covered, index.pair_shares(words, covered.numbers[:PAIRED].tolist()))


def cut(text: str, how: str) -> list[str]:
    """The words of a text, cut as the variant ``how`` says."""
    if how == "as it is":
        return terms(text)
    text = to_lexical(text)
    # The compounds of the text, each with its parts in the modes A and B.
    compounds: dict[tuple[int, int], dict[str, list[Term]]] = {}
    borders: set[int] = set()
    for morpheme, start, end in morphemes(text):
        borders.add(start)
        if len(morpheme.split(sudachipy.SplitMode.A)) > 1:
            compounds[start, end] = {
                mode: _parts(morpheme, start - morpheme.begin(), split)
                for mode, split in (("A", sudachipy.SplitMode.A), ("B", sudachipy.SplitMode.B))
            }
    short = {(t.start, t.end) for c in compounds.values() for t in c["A"]} - compounds.keys()
    found = terms_with_offsets(text)
    match how:
        case "as written":
            return ["".join(text[t.start : t.end].split()) for t in found]
        case "no expressions":
            return [t.term for t in found if not any(t.start < b < t.end for b in borders)]
        case "A":
            return [t.term for t in found if (t.start, t.end) not in compounds]
        case "C":
            return [t.term for t in found if (t.start, t.end) not in short]
    words: list[str] = []
    for term in found:
        span = (term.start, term.end)
        if how == "B" and span in short:
            continue
        middle = compounds[span]["B"] if span in compounds else []
        if how == "A+B+C" or not middle:
            words.append(term.term)
        words += [
            t.term
            for t in middle
            if how == "B" or ((t.start, t.end) != span and (t.start, t.end) not in short)
        ]
    return words


def _parts(morpheme: sudachipy.Morpheme, shift: int, mode: sudachipy.SplitMode) -> list[Term]:
    return [
        Term(
            "".join(to_lexical(part.normalized_form()).split()),
            shift + part.begin(),
            shift + part.end(),
        )
        for part in morpheme.split(mode)
        if part.surface().strip()
    ]


if __name__ == "__main__":
    main()
