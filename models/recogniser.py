"""What a picture looks like: one frame in, one embedding out.

The network is an EfficientNet-Lite (int8 ONNX); what the embedding means is the gallery's business.
It must never decide anything, and never open a weight file the manifest does not know.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import onnxruntime
from numpy.typing import NDArray
from onnxruntime.capi import onnxruntime_pybind11_state as onnxruntime_errors

from models.errors import ModelError
from models.weights_files import EMBEDDING_NAME, WEIGHTS_DIR, fingerprint, verified

Embedding = NDArray[np.float32]

EMBEDDING_SIZE = 256
MEAN, SPREAD = 127.0, 128.0  # the input scaling EfficientNet-Lite was trained with


# What onnxruntime raises on bytes that are no network, and on a network of another form.
_FOREIGN = (
    onnxruntime_errors.Fail,
    onnxruntime_errors.InvalidArgument,
    onnxruntime_errors.InvalidGraph,
    onnxruntime_errors.InvalidProtobuf,
    onnxruntime_errors.NotImplemented,
    onnxruntime_errors.RuntimeException,
    IndexError,
    TypeError,
    ValueError,
)


@dataclass(frozen=True, slots=True, eq=False)
class Sighting:
    """One look at one crop: a unit vector of shape (256,)."""

    embedding: Embedding


class Recogniser:
    """Turns RGB crops into sightings, on one thread unless told otherwise."""

    def __init__(self, weights: Path | None = None, threads: int = 1) -> None:
        """Load `weights` (default: the shipped network); `ModelError` if the manifest disagrees."""
        path = weights or WEIGHTS_DIR / EMBEDDING_NAME
        content = verified(path)
        self.fingerprint = fingerprint(content)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        try:
            self._session = onnxruntime.InferenceSession(
                content, options, providers=["CPUExecutionProvider"]
            )
            [picture] = self._session.get_inputs()
            self._name, self.side_pixels = picture.name, int(picture.shape[2])
            if (picture.type, picture.shape) != (
                "tensor(float)",
                [1, 3, self.side_pixels, self.side_pixels],
            ):
                raise ValueError("it takes no square picture of floats")
            if list(self._session.get_outputs()[0].shape) != [1, EMBEDDING_SIZE]:
                raise ValueError(f"it does not end in {EMBEDDING_SIZE} numbers")
        except _FOREIGN as trouble:
            raise ModelError(f"{path}: is no network of ours ({trouble}); restore it") from trouble

    def look(self, frame: NDArray[np.uint8]) -> Sighting:
        """The sighting of one crop, HxWx3 uint8 RGB, of any size; its central square is seen."""
        embeddings = self._session.run(None, {self._name: prepare(frame, self.side_pixels)})[0]
        return Sighting(np.asarray(embeddings[0], dtype=np.float32))

    def look_again(self, frame: NDArray[np.uint8], first: Sighting) -> Sighting:
        """The first look at a crop and one at its mirror image as one sighting."""
        return mean_sighting([first, self.look(frame[:, ::-1])])


def prepare(frame: NDArray[np.uint8], side: int) -> NDArray[np.float32]:
    """The network's input for an RGB frame: its central square, shape (1, 3, side, side)."""
    if frame.ndim != 3 or frame.shape[2] != 3 or 0 in frame.shape:
        raise ValueError(f"a frame is HxWx3 RGB, not {frame.shape}")
    scaled = (central_square(frame, side).astype(np.float32) - MEAN) / SPREAD
    return np.ascontiguousarray(scaled.transpose(2, 0, 1)[np.newaxis])


def central_square(frame: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """The central square of a frame, scaled to (side, side, 3)."""
    length = min(frame.shape[:2])
    top, left = (frame.shape[0] - length) // 2, (frame.shape[1] - length) // 2
    square = frame[top : top + length, left : left + length]
    # Area averaging keeps fine print from aliasing when it shrinks; it cannot enlarge.
    method = cv2.INTER_AREA if length > side else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(square, (side, side), interpolation=method), np.uint8)


def mean_sighting(sightings: Sequence[Sighting]) -> Sighting:
    """Several crops or frames of one item seen as one: their mean, of unit length."""
    if not sightings:
        raise ValueError("an item seen in no crop has no sighting")
    total = np.sum([one.embedding for one in sightings], axis=0)
    return Sighting((total / max(float(np.linalg.norm(total)), 1e-6)).astype(np.float32))
