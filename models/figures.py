"""What people should read: a share with its confidence interval, a name that is safe to print."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Z_95 = 1.96
CALIBRATION_BINS = 15


def wilson(right: int, total: int) -> tuple[float, float]:
    """The 95 % interval of a share (Wilson's score interval), as two numbers in 0..1."""
    if total == 0:
        return 0.0, 1.0
    share = right / total
    middle = share + Z_95**2 / (2 * total)
    half = Z_95 * math.sqrt(share * (1 - share) / total + Z_95**2 / (4 * total**2))
    scale = 1 + Z_95**2 / total
    return max(0.0, (middle - half) / scale), min(1.0, (middle + half) / scale)


def share_text(right: int, total: int) -> str:
    """For example "390 of 441 = 88.4 % (85.1-91.1)"."""
    low, high = wilson(right, total)
    share = right / total if total else 0.0
    return f"{right} of {total} = {100 * share:.1f} % ({100 * low:.1f}-{100 * high:.1f})"


def calibration_error(confidences: NDArray[np.float64], hits: NDArray[np.bool_]) -> float:
    """Expected calibration error in 15 equal bins: mean gap between confidence and hit rate."""
    bins = np.minimum((confidences * CALIBRATION_BINS).astype(int), CALIBRATION_BINS - 1)
    members = [bins == one for one in range(CALIBRATION_BINS)]
    gaps = (
        abs(float(confidences[inside].mean() - hits[inside].mean())) * float(inside.mean())
        for inside in members
        if inside.any()
    )
    return float(sum(gaps))


def printable(text: str) -> str:
    """The text without anything that could move a terminal's cursor, or that it cannot show."""
    return "".join(one if one.isprintable() else "\N{MIDDLE DOT}" for one in text)
