"""How sure a gallery may be: its numbers chosen on photos that it was not made from.

Works on arrays alone; it must never see the photos that made the gallery, on which it would learn
to be too sure.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

TEMPERATURES = np.geomspace(0.01, 0.3, 60)
UNKNOWN_SIMILARITIES = np.linspace(0, 1, 101)
UNKNOWN_WIDTHS = np.geomspace(0.01, 0.3, 18)
ABSENT_SHARE = 0.1
"""How often an item of no known label is expected when "unknown" is calibrated."""
PRECISION_WANTED = 0.985


def log_softmax(logits: Floats) -> Floats:
    """Log-probabilities of the last axis."""
    shifted = logits - logits.max(axis=-1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True)))


def smooth_maximum(similarities: Floats, temperature: float) -> Floats:
    """The similarities' maximum along the last axis, a little more where several are near it."""
    return np.asarray(temperature * np.logaddexp.reduce(similarities / temperature, axis=-1))


def best_temperature(similarities: Floats, own: NDArray[np.int64]) -> float:
    """The temperature of least log loss; `own` is each row's right column."""
    rows = np.arange(len(own))
    losses = [-log_softmax(similarities / one)[rows, own].mean() for one in TEMPERATURES]
    return float(TEMPERATURES[np.argmin(losses)])


def best_unknown(
    present: Floats, absent: Floats, absent_share: float = ABSENT_SHARE
) -> tuple[float, float]:
    """Similarity and width of the logistic that tells items of known labels from others.

    `present` and `absent` are the smooth maxima of photos of known and of other labels. Least log
    loss, with `absent_share` of all items being others.
    """

    def loss(similarity: float, width: float) -> float:
        said_absent = np.logaddexp(0, (present - similarity) / width * -1).mean()
        said_present = np.logaddexp(0, (absent - similarity) / width).mean()
        return float((1 - absent_share) * said_absent + absent_share * said_present)

    choices = ((one, width) for one in UNKNOWN_SIMILARITIES for width in UNKNOWN_WIDTHS)
    similarity, width = min(choices, key=lambda choice: loss(*choice))
    return float(similarity), float(width)


def best_acceptance(probabilities: Floats, hits: Bools) -> float:
    """The lowest probability at and above which 98.5 of 100 first answers are right; else one."""
    order = np.argsort(-probabilities)
    precision = np.cumsum(hits[order]) / np.arange(1, len(hits) + 1)
    good = np.flatnonzero(precision >= PRECISION_WANTED)
    return float(probabilities[order[good[-1]]]) if len(good) else 1.0


def risk_at_coverage(probabilities: Floats, hits: Bools) -> list[tuple[float, float]]:
    """The selective-risk curve: (coverage, precision) as ever less probable answers are taken."""
    order = np.argsort(-probabilities)
    taken = np.arange(1, len(hits) + 1)
    return list(zip(taken / len(hits), np.cumsum(hits[order]) / taken, strict=True))


def reliability(
    probabilities: Floats, hits: Bools, bins: int
) -> Iterable[tuple[float, float, float]]:
    """For each occupied bin of probability: its mean, its share of hits, its share of all."""
    places = np.minimum((probabilities * bins).astype(int), bins - 1)
    for one in np.unique(places):
        inside = places == one
        yield float(probabilities[inside].mean()), float(hits[inside].mean()), float(inside.mean())
