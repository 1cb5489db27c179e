"""Reading a profile by likelihood: decode what it shows, or check a code that is claimed.

From each placement that the search finds, exact decoding and fitting alternate until neither
changes; `verify` does the same from the place and the digits that another decoder claims. Errors
are given relative to the profile's variance: 0 explains everything, 1 nothing.

It must never accept: it reports the error of the best code and of the next best, and the caller's
rule decides.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median

import numpy as np
from numpy.typing import NDArray

from models.barcodes.bars import (
    QUIET_MODULES,
    SAMPLES_PER_MODULE,
    darkness,
    edges_of,
    sample_places,
    templates,
)
from models.barcodes.fitting import Fit, Pose, fit, mirrored
from models.barcodes.layouts import DIGIT_MODULES, Layout
from models.barcodes.programme import Chain, best_choice, best_two, chain, errors_of
from models.barcodes.search import PLACEMENTS_MAX, Look, Placement, Profile, darkened, search

Floats = NDArray[np.float64]

HOPELESS_FINISHED_ERROR = 0.2
"""A placement that even its own best code explains no better ends the list of candidates."""
ROUNDS_MAX = 3

_VERIFY_MOVES = np.array(
    [(a * 0.6, b * 0.6, c * 0.04) for a in range(-2, 3) for b in range(-2, 3) for c in range(-4, 5)]
)
_VERIFY_LOOKS = (
    Look(0.4, 0.0, 1.0),
    Look(0.7, -0.2, 1.0),
    Look(0.8, 0.0, 1.0),
    Look(1.2, 0.0, 1.0),
)


@dataclass(frozen=True, eq=False)
class Candidate:
    """A code with its relative error, the relative error of the next best code, and the evidence.

    `chain` is scaled so that its errors are relative, like `error` and `next_error`; `parts` is
    what the seven modules of each digit add to the error (none where looks are joined).
    """

    layout: Layout
    code: str
    error: float
    next_error: float
    pose: Pose
    chain: Chain
    parts: tuple[float, ...] = ()

    @property
    def lead(self) -> float:
        """How many times larger the next best code's error is."""
        return self.next_error / max(self.error, 1e-6)

    @property
    def locality(self) -> float:
        """How many times larger the worst digit's error is than the usual digit's: what covers a
        digit is explained badly there and nowhere else. 1 where the parts are not known."""
        return max(self.parts) / max(median(self.parts), 1e-6) if self.parts else 1.0


def verify(profile: Profile, layout: Layout, code: str) -> tuple[float, Candidate]:
    """The relative error of a claimed code where it fits best, and the best code there.

    The claim holds if the best code is the claimed one. `profile.start` and `end` are the ends that
    the other decoder found.
    """
    claimed = layout.patterns_of(code)
    pose = _aligned(profile, layout, layout.bits(claimed))
    fitted = fit(profile.brightness, layout, layout.bits(claimed), pose, ROUNDS_MAX)
    evidence = _chain(layout, fitted.darkness, fitted.pose)
    error = float(errors_of(evidence, np.array([claimed]))[0])
    choice, next_error = best_two(evidence)
    if choice.patterns == claimed:
        parts = _parts(layout, claimed, fitted)
        return error, Candidate(layout, code, error, next_error, fitted.pose, evidence, parts)
    return error, _settled(profile, layout, fitted.pose, evidence)


def _aligned(profile: Profile, layout: Layout, bits: str) -> Pose:
    """The pose near the profile's ends under which known bars correlate best with it."""
    moved = _VERIFY_MOVES * np.array([1, 1, 0]) * (profile.end - profile.start) / layout.modules
    moved = moved + _VERIFY_MOVES * np.array([0, 0, 1]) + np.array([profile.start, profile.end, 0])
    rows = darkened(profile.brightness, layout, moved[None], np.zeros((1, 2)) + 255)[0]
    rows = rows - rows.mean(axis=1, keepdims=True)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True) + 1e-6
    best = Pose(profile.start, profile.end)
    highest = -np.inf
    for look in _VERIFY_LOOKS:
        places = sample_places(layout.modules)
        bars = darkness(places, *edges_of(bits), look.blur, look.growth)[0]
        bars -= bars.mean()
        agreement = rows @ (bars / np.linalg.norm(bars))
        first = int(agreement.argmax())
        if agreement[first] > highest:
            highest = float(agreement[first])
            start, end, bend = moved[first].tolist()
            best = Pose(start, end, bend, 0.0, look.blur, look.growth)
    return best


def candidates(profile: Profile, layout: Layout, most: int = PLACEMENTS_MAX) -> Iterator[Candidate]:
    """The codes that the profile may show, one a placement, likeliest placement first."""
    placements = search(profile, layout)
    for placement in placements[:most]:
        candidate = _finished(profile, layout, placement)
        yield candidate
        if candidate.error > HOPELESS_FINISHED_ERROR:
            return


def _finished(profile: Profile, layout: Layout, placement: Placement) -> Candidate:
    """Decode and fit in turn until the digits stay, then weigh them."""
    pose = placement.pose
    moved = np.array([[[pose.start, pose.end, pose.bend]]])
    dark = darkened(profile.brightness, layout, moved, np.array([placement.white]))[0, 0]
    dark = dark * np.float32(placement.depth)
    line = profile
    if placement.flipped:
        line, dark = profile.reversed(), dark[::-1]
        pose = mirrored(pose, len(profile.brightness))
    return _settled(line, layout, pose, _chain(layout, dark, pose))


def _settled(line: Profile, layout: Layout, pose: Pose, evidence: Chain) -> Candidate:
    choice = best_choice(evidence)
    for _ in range(ROUNDS_MAX):
        fitted = fit(line.brightness, layout, layout.bits(choice.patterns), pose, 2)
        pose, before = fitted.pose, choice.code
        evidence = _chain(layout, fitted.darkness, pose)
        choice = best_choice(evidence)
        if choice.code == before:
            break
    choice, next_error = best_two(evidence)
    parts = _parts(layout, choice.patterns, fitted)
    return Candidate(layout, choice.code, choice.error, next_error, pose, evidence, parts)


def _parts(layout: Layout, patterns: tuple[int, ...], fitted: Fit) -> tuple[float, ...]:
    """The relative error at each digit's own seven modules."""
    places, edges = sample_places(layout.modules), edges_of(layout.bits(patterns))
    bars = darkness(places, *edges, fitted.pose.blur, fitted.pose.growth)[0]
    squares = np.square(fitted.darkness - bars)
    squares /= max(float(fitted.darkness.var()) * len(squares), 1e-9)
    first = [(start + QUIET_MODULES) * SAMPLES_PER_MODULE for start in layout.starts]
    width = DIGIT_MODULES * SAMPLES_PER_MODULE
    return tuple(float(squares[begin : begin + width].sum()) for begin in first)


def _chain(layout: Layout, dark: NDArray[np.floating], pose: Pose) -> Chain:
    """The chain of these samples, scaled to relative errors."""
    rows = np.asarray(dark, np.float32)
    variance = max(float(rows.var()) * len(rows), 1e-9)
    return chain(layout, rows, templates(layout, pose.blur, pose.growth)).scaled(1 / variance)
