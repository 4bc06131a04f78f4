"""Which FAISS index for how many vectors: exact for now, whatever the size.

The number of a vector in the index is its passage number, so vectors are added in segment order
and none is ever removed; passages that are gone are masked out when searching.
"""

from collections.abc import Iterable
from pathlib import Path

import faiss
import numpy as np
from numpy.typing import NDArray


def write_index(
    file: Path, previous: Path | None, dim: int, blocks: Iterable[NDArray[np.float32]]
) -> None:
    """Write an exact inner-product index: ``previous`` (if any) and then ``blocks``, in order."""
    index = faiss.read_index(str(previous)) if previous else faiss.IndexFlatIP(dim)
    for block in blocks:
        index.add(block)
    faiss.write_index(index, str(file))
