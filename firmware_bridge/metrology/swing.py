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
NOISE_MG = 1_000.0  # root mean square: twice what the cells make
NOISE_SHARE = 0.002  # of the swing: no basket is quite as simple as its model
NOTHING = 0.6  # left unexplained: only noise
ROUNDS, NUDGE, STEP_MAX = 6, 1e-3, 0.1  # of a refinement: shares of each value
ENOUGH = 0.98  # less gain is not worth another round
LIMITS = {"period": (5.5, 14.0), "damping": (0.02, 0.15), "thud": (2.0, 8.0)}


@dataclass(frozen=True, slots=True)
class Swing:
    """One cart's basket: samples a swing, share of critical damping, samples a thud fades in."""

    period: float
    damping: float = 0.07
    thud: float = 4.0


GUESSES = tuple(Swing(period) for period in (9.0, 7.6, 10.6, 8.2, 11.4))  # 7 to 11 Hz at 80 SPS


@dataclass(frozen=True, slots=True)
class Fit:
    """`load_mg` without swing and thud; `residual_mg` (root mean square) is left unexplained."""

    load_mg: float
    swing_mg: float
    residual_mg: float
    expected_mg: Array  # of the samples after those fitted


@lru_cache(maxsize=512)
def _tables(swing: Swing, samples: int, ahead: int) -> tuple[Array, Array]:
    basis = _basis(swing, samples + ahead)
    return basis, np.asarray(np.linalg.pinv(basis[:samples]), dtype=np.float64)


def _basis(swing: Swing, samples: int) -> Array:
    ages = np.arange(samples, dtype=float)
    omega = 2 * np.pi / swing.period
    fading = np.exp(-swing.damping * omega * ages)
    columns = (
        np.ones(len(ages)), fading * np.cos(omega * ages), fading * np.sin(omega * ages),
        np.exp(-ages / swing.thud),
    )  # fmt: skip
    return np.stack(columns, axis=1)


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


def learn(known: Swing | None, values: Array) -> Swing | None:
    """The swing that explains `values`, looked for around the known one; None for a faint one."""
    found, left = explain(known, [values])
    loud = fit(found, values).swing_mg >= LEARN_MG_MIN
    return found if loud and left <= 1 else None


def explain(known: Swing | None, parts: list[Array]) -> tuple[Swing, float]:
    """The swing that explains `parts` best, and what it leaves, see `unexplained`."""
    found = []
    for guess in [known] if known else GUESSES:
        better = refine(guess, parts)
        found.append((unexplained(better, parts), better))
        if found[-1][0] <= NOTHING:
            break
    left, better = min(found, key=lambda one: one[0])
    return better, left


def unexplained(swing: Swing, parts: list[Array]) -> float:
    """What free swings leave of the worst part, as a multiple of what noise may."""
    fits = [fit(swing, part) for part in parts]
    return max(one.residual_mg / (NOISE_MG + NOISE_SHARE * one.swing_mg) for one in fits)


def refine(swing: Swing, parts: list[Array]) -> Swing:
    """The swing that explains all `parts` best, each of which swings free: Gauss and Newton."""
    best, left = swing, _left(swing, parts)
    for _ in range(ROUNDS):
        slopes = [(_left(_moved(best, name, NUDGE), parts) - left) / NUDGE for name in LIMITS]
        steps = np.linalg.lstsq(np.stack(slopes, axis=1), -left, rcond=1e-4)[0]
        tried = best
        for name, step in zip(LIMITS, steps, strict=True):
            tried = _moved(tried, name, float(np.clip(step, -STEP_MAX, STEP_MAX)))
        found = _left(tried, parts)
        if found @ found > ENOUGH * (left @ left):
            break
        best, left = tried, found
    return best


def _moved(swing: Swing, name: str, share: float) -> Swing:
    low, high = LIMITS[name]
    return replace(swing, **{name: min(max(getattr(swing, name) * (1 + share), low), high)})


def _left(swing: Swing, parts: list[Array]) -> Array:
    """What the best fit of each part leaves, sample by sample."""
    left = []
    for values in parts:
        basis = _basis(swing, len(values))
        near = values - values[-1]
        left.append(near - basis @ np.linalg.lstsq(basis, near, rcond=None)[0])
    return np.concatenate(left)
