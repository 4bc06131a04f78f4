"""Vectors in a plane: what a map of records shows of their likeness."""

import numpy as np
from numpy.typing import NDArray


def in_plane(vectors: NDArray[np.float32], of: NDArray[np.float32]) -> NDArray[np.float64]:
    """Where each row of ``vectors`` (n, dim) lies in the plane of the two main directions of ``of``
    (PCA): (n, 2), between 0 and 1 both ways. The same vectors always lie in the same places."""
    from sklearn.decomposition import PCA

    plane = PCA(2, random_state=0).fit(of).transform(vectors)
    low, high = plane.min(axis=0), plane.max(axis=0)
    placed: NDArray[np.float64] = (plane - low) / np.maximum(high - low, 1e-9)
    return placed
