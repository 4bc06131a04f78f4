"""BM25 as most would build it for Japanese: bm25s over Sudachi's words (mode A).

    python benchmarks/peers/bm25.py RUNS COLLECTION...

Normalised forms; particles, auxiliaries, punctuation and white space dropped; bm25s's defaults
(k1 = 1.5, b = 0.75).
"""

import sys
from pathlib import Path

import bm25s
import sudachipy
from beir import DEPTH, corpus, queries, write

_DROPPED = {"助詞", "助動詞", "補助記号", "空白"}
_CHUNK = 10_000


def main() -> None:
    """Index, ask, write the runs."""
    runs, *collections = map(Path, sys.argv[1:])
    tokenizer = sudachipy.Dictionary(dict="core").tokenizer(mode=sudachipy.SplitMode.A)

    def words(text: str) -> list[str]:
        return [
            m.normalized_form().lower()
            for start in range(0, len(text), _CHUNK)
            for m in tokenizer.tokenize(text[start : start + _CHUNK])
            if m.part_of_speech()[0] not in _DROPPED
        ]

    for collection in collections:
        ids, texts = corpus(collection)
        index = bm25s.BM25()
        index.index([words(text) for text in texts], show_progress=False)
        names, asked = queries(collection)
        depth = min(DEPTH, len(ids))
        found = {}
        for name, text in zip(names, asked, strict=True):
            numbers, scores = index.retrieve([words(text)], k=depth, show_progress=False)
            pairs = zip(numbers[0], scores[0], strict=True)
            found[name] = {ids[i]: float(score) for i, score in pairs if score > 0}
        write(runs, collection, "bm25", found)


if __name__ == "__main__":
    main()
