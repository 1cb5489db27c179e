"""Is the camera's picture any good? Told from cheap statistics of luma, a few times a second.

Conditions: dark, glare, covered, dirty, frozen. Each must last before it is said and be over for a
while before it is withdrawn, so a hand that passes is no news. Pure: time comes in with each frame.
It must never guess who or what is to blame.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

Luma = NDArray[np.uint8]
Cells = NDArray[np.float64]
Condition = Literal["good", "dark", "glare", "covered", "dirty", "frozen"]

EVERY_MS = 250
BACK_MS = 1_000
"""A condition that is over for so long is withdrawn."""
LASTS_MS: dict[Condition, int] = {
    "frozen": 3_000,
    "covered": 3_000,
    "dark": 2_000,
    "glare": 3_000,
    "dirty": 0,
}
"""How long each must last before it is said; the first that holds wins. Dirt has waited already."""

BRIGHT_LEVEL = 250
VEIL_LEVEL = 175
"""A reflection fades into the picture: what surrounds it is veiled. White paper ends at an edge."""
VEIL_REACH = 7, 11
"""The sides of the squares between which is looked around it, in columns of the outlines."""
VEIL_PIXELS_MIN = 20
BACKGROUND_SHARE = 0.6
"""More white than this along the picture's rim is what the goods lie on."""
OUTLINE_COLUMNS = 160
OUTLINE_NOISE = 2.5
ROWS = 90
GRID = 9, 16
LAG_PIXELS = 4
SHARP_SHARE = 0.25
"""The sharpness of an ideal step: squared differences grow with the lag, 1 pixel against 4."""
SMOOTH_SHARE = 0.0625
"""The same of a ramp wider than the lag: they grow with its square."""
TEXTURE_NOISES = 6.0
"""A cell has texture if its squared differences exceed the noise's by this factor."""
LOOKS = 16
"""So many looks at passing things tell how sharp a cell of the grid usually is, or is now."""
PASSING_LEVELS = 8.0
SHARP_USUALLY = 10.0
SOFT_SHARE = 0.4
SOFT_CELLS_MIN = 6
"""Of 144: a smear over a smaller part of the picture spoils little."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What one picture shows: `bright` the luma that 5 % exceed, `saturated` a share, `outlines`
    the contrast of large shapes as a share of `bright`, `sharpness` 0 (soft) to 100 (a pixel),
    `veil` the luma around what is blown out, 0 where nothing or only the background is."""

    bright: float
    saturated: float
    outlines: float
    sharpness: float
    veil: float


def figures(luma: Luma) -> Figures:
    """The figures of an HxW uint8 frame, in about a millisecond."""
    sample = luma[::8, ::8]
    bright = float(np.percentile(sample, 95))
    rows = max(1, round(OUTLINE_COLUMNS * luma.shape[0] / luma.shape[1]))
    shapes = cv2.resize(luma, (OUTLINE_COLUMNS, rows), interpolation=cv2.INTER_AREA)
    steps = (np.abs(np.diff(shapes.astype(np.int16), axis=axis)) for axis in (0, 1))
    contrast = max(float(np.percentile(across, 99)) for across in steps) - OUTLINE_NOISE
    cells = sharpness(luma)
    return Figures(
        bright,
        float((sample >= BRIGHT_LEVEL).mean()),
        max(0.0, contrast) / max(bright, 1.0),
        0.0 if np.isnan(cells).all() else float(np.nanmedian(cells)),
        _veil(np.asarray(shapes, np.uint8)),
    )


def _veil(shapes: Luma) -> float:
    """The usual luma around areas that are blown out, specks left out."""
    white = shapes >= BRIGHT_LEVEL
    if np.concatenate([white[0], white[-1], white[:, 0], white[:, -1]]).mean() > BACKGROUND_SHARE:
        return 0.0
    areas = cv2.morphologyEx(white.astype(np.uint8), cv2.MORPH_OPEN, np.ones((5, 5), np.uint8))
    near, far = (cv2.dilate(areas, np.ones((side, side), np.uint8)) for side in VEIL_REACH)
    around = shapes[(far > 0) & (near == 0)]
    return float(np.median(around)) if around.size >= VEIL_PIXELS_MIN else 0.0


def shown_by(seen: Figures, said: Condition = "good") -> list[Condition]:
    """What one picture suffers from, the worst first. A condition that is `said` already holds on
    for a little longer than it takes to begin."""
    limits: tuple[tuple[Condition, bool, bool], ...] = (
        ("covered", seen.outlines < 0.1 or seen.bright < 16, seen.outlines < 0.14),
        ("dark", seen.bright < 40, seen.bright < 48),
        ("glare", seen.saturated > 0.15 and seen.veil >= VEIL_LEVEL, seen.saturated > 0.1),
    )
    return [one for one, begins, holds in limits if begins or (holds and one == said)]


def sharpness(luma: Luma) -> Cells:
    """The sharpness 0..100 of each cell of `GRID`; NaN where there is no texture to tell by.

    Mean squared differences at lags of 1 and 4 pixels along the rows, less the noise's, which is
    the smallest of any cell's: their ratio is 1/4 for steps and 1/16 for ramps, whatever the
    contrast."""
    rows = luma[:: max(1, luma.shape[0] // ROWS)].astype(np.float32)
    near = _by_cell(np.square(rows[:, 1:] - rows[:, :-1]))
    far = _by_cell(np.square(rows[:, LAG_PIXELS:] - rows[:, :-LAG_PIXELS]))
    noise = float(near.min())
    share = (near - noise) / np.maximum(far - noise, 1.0)
    scale = (share - SMOOTH_SHARE) / (SHARP_SHARE - SMOOTH_SHARE)
    textured = far > TEXTURE_NOISES * noise + 1.0
    return np.where(textured, np.clip(100 * scale, 0.0, 100.0), np.nan)


class CameraHealth:
    """Watches one camera. Feed it every frame; it looks at one in `EVERY_MS`."""

    def __init__(self) -> None:
        self._said: Condition = "good"
        self._since: dict[Condition, int] = {}
        self._held_ms = 0
        self._looked_ms: int | None = None
        self._last: Luma | None = None
        self._lens = _LensClarity()

    def update(self, luma: Luma, sensed_ms: int, *, moving: bool) -> Condition:
        """The condition after this frame. Only moving frames tell dirt from a plain thing."""
        if self._looked_ms is not None and sensed_ms - self._looked_ms < EVERY_MS:
            return self._said
        self._looked_ms = sensed_ms
        holds = self._holding(luma, moving=moving)
        self._since = {one: self._since.get(one, sensed_ms) for one in holds}
        for one, lasts_ms in LASTS_MS.items():
            if one in holds and sensed_ms - self._since[one] >= lasts_ms:
                self._said, self._held_ms = one, sensed_ms
                return one
        if self._said in holds:
            self._held_ms = sensed_ms
        elif sensed_ms - self._held_ms >= BACK_MS:
            self._said = "good"
        return self._said

    def _holding(self, luma: Luma, *, moving: bool) -> set[Condition]:
        """The conditions that this frame shows. One that is said already holds a little longer."""
        holding = set(shown_by(figures(luma), self._said))
        if self._is_frozen(luma):
            holding.add("frozen")
        if not holding and moving:
            self._lens.look(luma)
        if self._lens.is_dirty:
            holding.add("dirty")
        return holding

    def _is_frozen(self, luma: Luma) -> bool:
        """A sensor's noise never repeats; black and white have none, so they prove nothing."""
        last, self._last = self._last, luma[::8, ::8].copy()
        return (
            last is not None
            and np.array_equal(last, self._last)
            and float(((last > 8) & (last < BRIGHT_LEVEL)).mean()) > 0.1
        )


class _LensClarity:
    """Learns how sharp each cell of the picture is when something passes there, and notices cells
    in which everything passes softly.

    What lies there may be as plain as it likes; what passes has outlines. A lens that was dirty
    from the start is not noticed: there is nothing to compare with."""

    def __init__(self) -> None:
        self._looks = np.zeros((LOOKS, *GRID))
        self._count = np.zeros(GRID, np.int64)
        self._usual = np.zeros(GRID)
        self._last: NDArray[np.float32] | None = None
        self.is_dirty = False

    def look(self, luma: Luma) -> None:
        """One frame in which something moves."""
        sample = luma[::8, ::8].astype(np.float32)
        last, self._last = self._last, sample
        if last is None or last.shape != sample.shape:
            return
        passes = _by_cell(np.abs(sample - last)) > PASSING_LEVELS
        self._looks[(self._count % LOOKS)[passes], *np.nonzero(passes)] = np.nan_to_num(
            sharpness(luma)[passes]
        )
        self._count += passes
        learned = passes & (self._count == LOOKS)
        self._usual[learned] = np.quantile(self._looks[:, learned], 0.75, axis=0)
        known = (self._count >= 2 * LOOKS) & (self._usual > SHARP_USUALLY)
        soft = known & (self._looks.max(axis=0) < SOFT_SHARE * self._usual)
        self.is_dirty = int(soft.sum()) >= SOFT_CELLS_MIN


def _by_cell(values: NDArray[np.float32]) -> Cells:
    """Means over the cells of `GRID`."""
    columns, rows = GRID[1], GRID[0]
    return np.asarray(cv2.resize(values, (columns, rows), interpolation=cv2.INTER_AREA), np.float64)
