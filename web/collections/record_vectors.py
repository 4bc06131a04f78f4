"""The vectors of a library's records, as what needs one for a whole record sees them."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from search.library import Generation

_Matrix = NDArray[np.float32]


def record_vectors(generation: Generation, numbers: Sequence[int]) -> _Matrix:
    """The mean passage vector of each record, (len(numbers), dim) float32, of unit length; zeros
    for a record without a passage."""
    vectors = np.zeros((len(numbers), generation.manifest.dim), np.float32)
    for place, number in enumerate(numbers):
        passages = generation.passages_of(number)
        if passages:
            vectors[place] = generation.vectors([p.number for p in passages]).mean(axis=0)
    return unit(vectors)


def unit(vectors: _Matrix) -> _Matrix:
    """Rows of length 1; zeros stay zeros."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    found: _Matrix = (vectors / np.maximum(lengths, 1e-12)).astype(np.float32)
    return found
