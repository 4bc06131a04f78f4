"""What a backend runs at once."""

import numpy as np
from numpy.typing import NDArray

# Ids (batch, tokens), mask (batch, tokens), row weights (batch, rows, tokens).
Batch = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]
