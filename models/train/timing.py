"""How long one crop takes through several networks, in turn, on one thread each."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from models.recogniser import prepare


def times_ms(files: Sequence[Path], photos: NDArray[np.uint8]) -> list[float]:
    """The median time of each network, preparation included, in processor milliseconds.

    Processor time, because others may use the machine; one thread, so it is the wall's time on an
    idle one. The networks take turns, so that what slows the machine slows all of them.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    sessions = [onnxruntime.InferenceSession(str(file), options) for file in files]
    taken: list[list[float]] = [[] for _ in sessions]
    for photo in photos:
        for session, times in zip(sessions, taken, strict=True):
            whole = session.get_inputs()[0]
            began = time.thread_time()
            session.run(None, {whole.name: prepare(photo, whole.shape[2])})
            times.append((time.thread_time() - began) * 1000)
    return [float(np.median(times)) for times in taken]
