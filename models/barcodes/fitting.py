"""Where exactly a symbol lies along a profile, and how blurred it is, if its bars are known.

The profile at module t is modelled as levels(t) * (1, darkness(t)): white and contrast vary
linearly along the symbol. Ends, bend, twist, blur and growth are found by Gauss-Newton; the levels
enter linearly and are solved exactly at every step (variable projection, Golub and Pereyra 1973,
with Kaufman's simplified derivative). It must never choose digits.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from models.barcodes.bars import BLUR_MAX, BLUR_MIN, GROWTH_MAX, darkness, edges_of, sample_places
from models.barcodes.layouts import Layout

Floats = NDArray[np.float64]

CONTRAST_MIN = 1e-3
IMPROVEMENT_MIN = 0.002
"""A step that takes less off the error ends the fit."""

# By parameter (start, end: modules; bend; blur, growth: modules): how far it may move in one step,
# and how far it strays from where it began before the prior pulls as hard as a residual of one.
_STEP_MAX = np.array([0.8, 0.8, 0.02, 0.02, 0.2, 0.12])
_PRIOR_SPREAD = np.array([1.5, 1.5, 0.03, 0.02, 0.5, 0.15])
_BEND_MAX = 0.2


@dataclass(frozen=True)
class Pose:
    """A symbol on a profile: `start` and `end` in samples of the profile, `blur` and `growth` in
    modules; `bend` and `twist` are its quadratic and cubic distortion, as shares of its length.
    """

    start: float
    end: float
    bend: float = 0.0
    twist: float = 0.0
    blur: float = 0.8
    growth: float = 0.0


@dataclass(frozen=True, eq=False)
class Fit:
    """A pose, the symbol's samples brought to white 0 and ink 1, and their error."""

    pose: Pose
    darkness: Floats


def _warped(share: Floats, pose: Pose) -> Floats:
    arch = share * (1 - share)
    return share + arch * (pose.bend + pose.twist * (1 - 2 * share))


def fit(profile: Floats, layout: Layout, bits: str, start: Pose, rounds: int) -> Fit:
    """The best pose for these bars near `start`."""
    problem = _Problem(profile, layout, bits, start)
    pose, state = start, problem.at(start)
    for _ in range(rounds):
        step = np.clip(-np.linalg.lstsq(state.slopes, state.errors)[0], -_STEP_MAX, _STEP_MAX)
        for share in (1.0, 0.4):
            tried = problem.moved(pose, share * step)
            after = problem.at(tried)
            if after.sum < state.sum * (1 - IMPROVEMENT_MIN):
                pose, state = tried, after
                break
        else:
            break
    return Fit(pose, problem.levelled(state))


@dataclass(frozen=True, eq=False)
class _State:
    errors: Floats
    slopes: Floats
    levels: Floats
    samples: Floats

    @property
    def sum(self) -> float:
        return float(self.errors @ self.errors)


class _Problem:
    """The residuals of one set of bars on one profile."""

    def __init__(self, profile: Floats, layout: Layout, bits: str, start: Pose) -> None:
        self._profile = profile
        self._slope = np.gradient(profile)
        self._grid = np.arange(len(profile))
        self._layout = layout
        self._places = sample_places(layout.modules)
        self._share = self._places / layout.modules
        self._edges, self._signs = edges_of(bits)
        self._start = _vector(start)
        self._module = (start.end - start.start) / layout.modules
        self._scale = np.array([self._module, self._module, 1, 1, 1, 1])

    def moved(self, pose: Pose, step: Floats) -> Pose:
        """The pose after a step (in modules), kept within what a symbol can be."""
        start, end, bend, twist, blur, growth = (_vector(pose) + step * self._scale).tolist()
        return Pose(
            start,
            end,
            min(max(bend, -_BEND_MAX), _BEND_MAX),
            min(max(twist, -_BEND_MAX), _BEND_MAX),
            min(max(blur, BLUR_MIN), BLUR_MAX),
            min(max(growth, -GROWTH_MAX), GROWTH_MAX),
        )

    def at(self, pose: Pose) -> _State:
        """Residuals and their derivatives by the parameters (in modules)."""
        length = pose.end - pose.start
        warped = _warped(self._share, pose)
        where = pose.start + length * warped
        samples = np.interp(where, self._grid, self._profile)
        model, by_blur, by_growth = darkness(
            self._places, self._edges, self._signs, pose.blur, pose.growth
        )
        basis = self._basis(model)
        solver = np.linalg.inv(basis.T @ basis + 1e-6 * np.eye(4)) @ basis.T
        levels = solver @ samples
        scale = 1 / (samples.std() + 1e-3)
        errors = (basis @ levels - samples) * scale
        contrast = levels[2] + levels[3] * self._middle
        slope = -np.interp(where, self._grid, self._slope)
        arch = self._share * (1 - self._share)
        slopes = np.stack(
            [
                slope * (1 - warped) * self._module,
                slope * warped * self._module,
                slope * length * arch,
                slope * length * arch * (1 - 2 * self._share),
                contrast * by_blur,
                contrast * by_growth,
            ],
            axis=1,
        )
        slopes = (slopes - basis @ (solver @ slopes)) * scale
        strays = (_vector(pose) - self._start) / self._scale / _PRIOR_SPREAD
        return _State(
            np.concatenate([errors, strays]),
            np.concatenate([slopes, np.diag(1 / _PRIOR_SPREAD)]),
            levels,
            samples,
        )

    def levelled(self, state: _State) -> Floats:
        """The samples with the fitted levels taken off: white 0, ink 1."""
        white, white_tilt, contrast, contrast_tilt = state.levels
        depth = contrast + contrast_tilt * self._middle
        depth = np.where(np.abs(depth) < CONTRAST_MIN, CONTRAST_MIN, depth)
        return np.asarray((state.samples - white - white_tilt * self._middle) / depth)

    @property
    def _middle(self) -> Floats:
        return self._share - 0.5

    def _basis(self, model: Floats) -> Floats:
        middle = self._middle
        return np.stack([np.ones_like(middle), middle, model, model * middle], axis=1)


def _vector(pose: Pose) -> Floats:
    return np.array([pose.start, pose.end, pose.bend, pose.twist, pose.blur, pose.growth])


def mirrored(pose: Pose, length: int) -> Pose:
    """The same place on a profile of `length` samples read from its other end."""
    return replace(pose, start=length - 1 - pose.end, end=length - 1 - pose.start, bend=-pose.bend)
