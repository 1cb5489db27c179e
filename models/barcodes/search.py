"""Where on a line of brightness a symbol may lie: placements tried coarse to fine.

Candidate ends are falls from a quiet stretch of paper. Around each pair of them the ends and the
bend are moved over a small grid; a placement is scored by relaxed decoding, the error of the best
digits if parity and check digit are ignored. It must never decide what the digits are.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from models.barcodes.bars import QUIET_MODULES, SAMPLES_PER_MODULE, sample_places, templates
from models.barcodes.fitting import Pose
from models.barcodes.layouts import Layout
from models.barcodes.programme import relaxed_errors

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Profile:
    """Brightness across the bars, and where the symbol roughly begins and ends in it (samples)."""

    brightness: Floats
    start: float
    end: float

    def reversed(self) -> Profile:
        """The same line from its other end."""
        last = len(self.brightness) - 1
        flipped = np.ascontiguousarray(self.brightness[::-1])
        return Profile(flipped, last - self.end, last - self.start)


@dataclass(frozen=True)
class Look:
    """A blur and growth to try, and how dark the darkest bars then become."""

    blur: float
    growth: float
    depth: float


@dataclass(frozen=True, eq=False)
class Round:
    """One round of the search: moves of start and end (modules) and of the bend around each
    placement that is left, under each look; the best `kept` go on."""

    moves: Floats
    looks: tuple[Look, ...]
    kept: int


def _moves(step: float, bends: tuple[float, ...]) -> Floats:
    ends = (-step, 0.0, step)
    return np.array([(start, end, bend) for start in ends for end in ends for bend in bends])


ROUNDS = (
    Round(
        _moves(1.0, (-0.05, 0.0, 0.05)),
        (Look(0.5, 0.0, 0.97), Look(0.8, -0.4, 1.05), Look(1.1, -0.06, 0.95)),
        kept=6,
    ),
    Round(
        _moves(0.4, (-0.025, 0.0, 0.025)),
        (
            Look(0.35, 0.0, 0.98),
            Look(0.65, 0.0, 0.95),
            Look(0.65, -0.12, 0.92),
            Look(0.8, 0.0, 0.92),
            Look(0.8, -0.4, 1.05),
            Look(0.9, -0.12, 0.97),
            Look(1.1, 0.0, 0.86),
            Look(1.2, -0.12, 1.02),
            Look(1.4, 0.0, 0.8),
        ),
        kept=4,
    ),
)

ENDS_A_SIDE_MAX = 5
ENDS_APART_SHARE = 0.02
"""Ends nearer to each other than two modules are one end."""
PAIRS_MAX = 8
PLACEMENTS_MAX = 4
QUIET_SHARE = 0.075
"""Seven modules of paper, as a share of the symbol."""
DEPTH_MERIT = 1.5
HOPELESS_ERROR, HOPELESS_ERROR_A_TURN = 0.14, 0.0062
"""Where no digits, even freely chosen, explain a profile this well, it is no symbol. Sharp bars are
harder to explain while the search is coarse, and sharp profiles turn often."""
HOPELESS_SHARES = (1.0, 0.85)
"""After each round; the finer placements have to be better."""


@dataclass(frozen=True)
class Placement:
    """A place where the symbol may lie; `white` is the brightness of the paper at either end."""

    error: float
    flipped: bool
    pose: Pose
    white: tuple[float, float]
    depth: float = 1.0


def search(profile: Profile, layout: Layout) -> list[Placement]:
    """Placements of the symbol, coarse to fine, best first; empty where nothing fits."""
    hopeless = HOPELESS_ERROR + HOPELESS_ERROR_A_TURN * turns(profile.brightness)
    left = _end_pairs(profile, layout)
    for one, share in zip(ROUNDS, HOPELESS_SHARES, strict=True):
        left = _tried(profile, layout, left, one)
        if not left or left[0].error > hopeless * share:
            return []
        limit = 2 * left[0].error + 0.1
        left = [placement for placement in left if placement.error <= limit][: one.kept]
    return left


def turns(brightness: Floats) -> int:
    """How often a profile turns by more than a sixteenth of its range: twice its visible bars."""
    smooth = cv2.GaussianBlur(brightness[None].astype(np.float32), (0, 0), 1.5)[0]
    levels = np.round(smooth / max(float(np.ptp(smooth)) / 16, 1e-6))
    steps = np.sign(np.diff(levels))
    return int(np.count_nonzero(np.diff(steps[steps != 0])))


def _tried(
    profile: Profile,
    layout: Layout,
    around: list[Placement],
    search_round: Round,
) -> list[Placement]:
    """Each placement moved to the best place around it, under the best look; best first."""
    grid, looks = search_round.moves, search_round.looks
    if not around:
        return []
    starts = np.array([(one.pose.start, one.pose.end, one.pose.bend) for one in around])
    modules = (starts[:, 1] - starts[:, 0]) / layout.modules
    scale = np.stack([modules, modules, np.ones_like(modules)], axis=1)
    moved = starts[:, None] + scale[:, None] * grid
    rows = darkened(profile.brightness, layout, moved, np.array([one.white for one in around]))
    flipped = np.array([one.flipped for one in around])
    rows[flipped] = rows[flipped, :, ::-1]
    flat = rows.reshape(-1, rows.shape[2])
    variance = flat.var(axis=1) * flat.shape[1]
    errors = np.stack(
        [
            relaxed_errors(
                layout, flat * np.float32(look.depth), templates(layout, look.blur, look.growth)
            )
            / (variance * look.depth**2)
            for look in looks
        ]
    )
    errors = errors.reshape(len(looks), len(around), len(grid))
    placements = []
    for index, one in enumerate(around):
        best = errors[:, index]
        look, move = np.unravel_index(int(best.argmin()), best.shape)
        start, end, bend = moved[index, move].tolist()
        chosen = looks[look]
        pose = Pose(start, end, bend, 0.0, chosen.blur, chosen.growth)
        placements.append(Placement(float(best.min()), one.flipped, pose, one.white, chosen.depth))
    return sorted(placements, key=lambda one: one.error)


def darkened(
    brightness: Floats, layout: Layout, moved: Floats, white: Floats
) -> NDArray[np.float32]:
    """(placements, moves, samples): darkness, with the darkest bars brought to one.

    `moved` (placements, moves, 3): start, end and bend; `white` (placements, 2).
    """
    share = sample_places(layout.modules) / layout.modules
    start, end, bend = (moved[..., index, None] for index in range(3))
    where = start + (end - start) * (share + bend * share * (1 - share))
    bright = np.interp(where.ravel(), np.arange(len(brightness)), brightness).reshape(where.shape)
    paper = (white[:, :1] + (white[:, 1:] - white[:, :1]) * share)[:, None]
    dark = (paper - bright) / np.maximum(paper, 1)
    edge = QUIET_MODULES * SAMPLES_PER_MODULE
    deepest = np.partition(dark[..., edge:-edge], -6, axis=-1)[..., -6:-5]
    return np.asarray(dark / np.maximum(deepest, 0.02), np.float32)


def _end_pairs(profile: Profile, layout: Layout) -> list[Placement]:
    """Where the symbol may begin and end, read either way: edges that lead from paper to bars."""
    bright, middle = profile.brightness, (profile.start + profile.end) / 2
    last = len(bright) - 1
    length = profile.end - profile.start
    lefts = _ends(bright, middle, length)
    rights = [
        (merit, last - place, white)
        for merit, place, white in _ends(bright[::-1], last - middle, length)
    ]
    pairs = [
        (left[0] + right[0], Pose(left[1], right[1]), (left[2], right[2]))
        for left in lefts
        for right in rights
        if right[1] - left[1] > max(0.5 * length, 0.7 * layout.modules)
    ]
    pairs.sort(key=lambda pair: -pair[0])
    return [
        Placement(1.0, flipped, pose, white)
        for _, pose, white in pairs[:PAIRS_MAX]
        for flipped in (False, True)
    ]


def _ends(bright: Floats, limit: float, length: float) -> list[tuple[float, float, float]]:
    """Falls from a quiet stretch before `limit`: (merit, place, brightness of the paper).

    Inside a symbol no space is wider than four modules, so what counts is how far the paper goes
    on before the fall, more than how dark the first bar is.
    """
    smooth = cv2.GaussianBlur(bright[None].astype(np.float32), (0, 0), 1.5)[0].astype(np.float64)
    slope = np.gradient(smooth)
    quiet = max(int(QUIET_SHARE * length), 2)
    contrast = float(np.ptp(bright)) + 1e-6
    inner = slope[1:-1]
    falls = (inner < -0.003 * contrast) & (inner <= slope[:-2]) & (inner <= slope[2:])
    found = []
    for place in np.flatnonzero(falls) + 1:
        if place > limit:
            break
        above, below = _fall(slope, int(place))
        depth = bright[above] - bright[below]
        paper = bright[max(0, above - quiet // 2) : above + 1]
        before = bright[max(0, above - 2 * quiet) : above + 1]
        merit = depth - np.ptp(paper) - 0.3 * (before.max() - bright[above])
        broken = np.flatnonzero(before[-quiet:] < bright[above] - max(0.4 * depth, 0.06 * contrast))
        run = min(len(before), quiet) - 1 - broken[-1] if len(broken) else quiet
        merit = DEPTH_MERIT * merit / contrast + run / quiet
        found.append((float(merit), float(place), float(bright[above])))
    found.sort(key=lambda end: -end[0])
    apart: list[tuple[float, float, float]] = []
    for end in found:
        if all(abs(end[1] - other[1]) > ENDS_APART_SHARE * length for other in apart):
            apart.append(end)
    return apart[:ENDS_A_SIDE_MAX]


def _fall(slope: Floats, place: int) -> tuple[int, int]:
    """The first and last sample of the fall around `place`."""
    steep = 0.12 * slope[place]
    above = below = place
    while above > 0 and slope[above - 1] < steep:
        above -= 1
    while below < len(slope) - 1 and slope[below + 1] < steep:
        below += 1
    return above, below
