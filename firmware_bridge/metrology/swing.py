"""A basket that swings free: a constant, a fading swing and a fading thud, fitted to the samples.

What the fit can't explain is something new: a second item that lands while the first still swings.
It must never be asked about a cart that is being rolled: there the floor drives the basket.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
LEARN_MG_MIN = 8_000.0  # a fainter swing says more about noise than about the basket
LEARN_ROUNDS = 4
LIMITS = {"period": (5.5, 14.0), "damping": (0.02, 0.15), "thud": (2.0, 8.0)}


@dataclass(frozen=True, slots=True)
class Swing:
    """One cart's basket: samples a swing, share of critical damping, samples a thud fades in."""

    period: float
    damping: float = 0.07
    thud: float = 4.0


@dataclass(frozen=True, slots=True)
class Fit:
    """`load_mg` without swing and thud; `residual_mg` (root mean square) is left unexplained."""

    load_mg: float
    swing_mg: float
    residual_mg: float
    expected_mg: Array  # of the samples after those fitted


@lru_cache(maxsize=512)
def _tables(swing: Swing, samples: int, ahead: int) -> tuple[Array, Array]:
    ages = np.arange(samples + ahead, dtype=float)
    omega = 2 * np.pi / swing.period
    fading = np.exp(-swing.damping * omega * ages)
    columns = (
        np.ones(len(ages)), fading * np.cos(omega * ages), fading * np.sin(omega * ages),
        np.exp(-ages / swing.thud),
    )  # fmt: skip
    basis = np.stack(columns, axis=1)
    return basis, np.linalg.pinv(basis[:samples])


def fit(swing: Swing, values: Array, ahead: int = 0) -> Fit:
    """Least squares over `values` (mg), and what the next `ahead` samples should be."""
    basis, inverse = _tables(swing, len(values), ahead)
    base = values[-1]  # keeps the sums small
    parts = inverse @ (values - base)
    shown = basis @ parts + base
    residual = values - shown[: len(values)]
    freedom = max(1, len(values) - basis.shape[1])
    return Fit(
        float(parts[0] + base),
        float(np.hypot(parts[1], parts[2])),
        float(np.sqrt(residual @ residual / freedom)),
        shown[len(values) :],
    )


def learn(swing: Swing, values: Array) -> Swing:
    """The swing that explains `values` best, looked for around `swing`."""
    best = fit(swing, values)
    if best.swing_mg < LEARN_MG_MIN:
        return swing
    step = 0.08
    for _ in range(LEARN_ROUNDS):
        for name, (low, high) in LIMITS.items():
            factor = step if name == "period" else 5 * step
            for direction in (1 - factor, 1 + factor):
                value = min(max(getattr(swing, name) * direction, low), high)
                tried = replace(swing, **{name: value})
                found = fit(tried, values)
                if found.residual_mg < best.residual_mg:
                    swing, best = tried, found
        step /= 2
    return swing
