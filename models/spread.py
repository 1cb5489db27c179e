"""How photos of one thing differ: directions in which they do say little of what the thing is.

The closed-form second half of learning, from the enrolled photos alone: no training. It must never
see which photos will be asked about.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from models.recogniser import EMBEDDING_SIZE

PRIOR_PHOTOS = 200
"""So many photos that differ alike in all directions are thought beside the real ones; 200 of {20,
50, 100, 200, 500}, chosen by leaving classes out."""


def evening(looks: Sequence[NDArray[np.float32]]) -> NDArray[np.float32] | None:
    """The map (256, 256) after which photos of one label differ alike in all directions.

    `looks` are the embeddings of each label's photos, (photos, 256). None where no label has two.
    Whitening by the scatter within labels, drawn to the even one (as in Fisher's discriminant).
    """
    within = np.concatenate([one - one.mean(0) for one in looks]).astype(np.float64)
    freedom = len(within) - len(looks)
    scatter = within.T @ within
    level = float(np.trace(scatter)) / (max(freedom, 1) * EMBEDDING_SIZE)
    if level < 1e-9:
        return None
    drawn = (scatter + PRIOR_PHOTOS * level * np.eye(EMBEDDING_SIZE)) / (freedom + PRIOR_PHOTOS)
    variances, directions = np.linalg.eigh(drawn / level)
    return np.asarray(directions / np.sqrt(variances), np.float32)


def evened(
    embeddings: NDArray[np.float32], metric: NDArray[np.float32] | None
) -> NDArray[np.float32]:
    """Embeddings (…, 256) as that map sees them, of unit length again."""
    if metric is None:
        return embeddings
    seen = embeddings @ metric
    lengths = np.maximum(np.linalg.norm(seen, axis=-1, keepdims=True), 1e-6)
    return np.asarray(seen / lengths, np.float32)
