"""What a picture looks like: one frame in, one embedding out.

The network is a frozen EfficientNet-Lite0 (int8 ONNX); what the embedding means is the gallery's
business. It must never decide anything, and never open a weight file the manifest does not know.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import onnxruntime
from numpy.typing import NDArray

from models.weights_files import EMBEDDING_NAME, WEIGHTS_DIR, fingerprint, verified

Embedding = NDArray[np.float32]

SIDE_PIXELS = 224
EMBEDDING_SIZE = 256
_MEAN, _SPREAD = 127.0, 128.0  # the input scaling EfficientNet-Lite was trained with


@dataclass(frozen=True, slots=True, eq=False)
class Sighting:
    """One look at one crop: a unit vector of shape (256,)."""

    embedding: Embedding


class Recogniser:
    """Turns RGB crops into sightings, on one thread unless told otherwise."""

    def __init__(self, weights: Path | None = None, threads: int = 1) -> None:
        """Load `weights` (default: the shipped network); `ModelError` if the manifest disagrees."""
        content = verified(weights or WEIGHTS_DIR / EMBEDDING_NAME)
        self.fingerprint = fingerprint(content)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(
            content, options, providers=["CPUExecutionProvider"]
        )

    def look(self, frame: NDArray[np.uint8]) -> Sighting:
        """The sighting of one crop, HxWx3 uint8 RGB, of any size; its central square is seen."""
        embeddings = self._session.run(None, {"picture": prepare(frame)})[0]
        return Sighting(np.asarray(embeddings[0], dtype=np.float32))


def prepare(frame: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The network's input for an RGB frame: central square, 224 px, shape (1, 3, 224, 224)."""
    if frame.ndim != 3 or frame.shape[2] != 3 or 0 in frame.shape:
        raise ValueError(f"a frame is HxWx3 RGB, not {frame.shape}")
    side = min(frame.shape[:2])
    top, left = (frame.shape[0] - side) // 2, (frame.shape[1] - side) // 2
    square = frame[top : top + side, left : left + side]
    # Area averaging keeps fine print from aliasing when it shrinks; it cannot enlarge.
    method = cv2.INTER_AREA if side > SIDE_PIXELS else cv2.INTER_CUBIC
    small = cv2.resize(square, (SIDE_PIXELS, SIDE_PIXELS), interpolation=method)
    scaled = (small.astype(np.float32) - _MEAN) / _SPREAD
    return np.ascontiguousarray(scaled.transpose(2, 0, 1)[np.newaxis])


def mean_sighting(sightings: Sequence[Sighting]) -> Sighting:
    """Several crops or frames of one item seen as one: their mean, of unit length."""
    if not sightings:
        raise ValueError("an item seen in no crop has no sighting")
    total = np.sum([one.embedding for one in sightings], axis=0)
    return Sighting((total / max(float(np.linalg.norm(total)), 1e-6)).astype(np.float32))
