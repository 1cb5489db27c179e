"""Which parts of a frame the reader looks at: the regions that changed, upright first, then turned.

Orientations are spread over frames, so that no frame costs much: one turned view of a small region
where nothing was read upright. It must never look at the whole of a frame whose changes it knows.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import cv2
import numpy as np

from cart.eyes.frames import Pixels
from models.motion import Box

MARGIN_PIXELS = 32
REGIONS_READ = 2
WHOLE_FROM_SHARE = 0.6
"""Regions that cover more of a frame than this are not worth cutting out."""
TURNS_DEGREES = (45, -45, 30, -30)
"""The reader itself finds codes upright, upside down and on their side."""
TURNED_PIXELS_MAX = 500_000


class Gaze:
    """Gives the views of one frame after the other."""

    def __init__(self) -> None:
        self._turns = itertools.cycle(TURNS_DEGREES)

    def upright(self, luma: Pixels, regions: list[Box]) -> Iterator[Pixels]:
        """The regions, each with a margin; the whole frame where that is no more work."""
        views = [_cut(luma, box) for box in regions[:REGIONS_READ]]
        if not views or sum(view.size for view in views) > WHOLE_FROM_SHARE * luma.size:
            yield luma
        else:
            yield from views

    def turned(self, luma: Pixels, regions: list[Box]) -> Iterator[Pixels]:
        """The largest region turned by this frame's angle, if it is small enough to be worth it."""
        degrees = next(self._turns)
        for view in (_cut(luma, box) for box in regions[:1]):
            if view.size <= TURNED_PIXELS_MAX:
                yield turned(view, degrees)


def turned(luma: Pixels, degrees: float) -> Pixels:
    """The picture turned about its middle, on a canvas that holds all of it; corners are pale."""
    rows, columns = luma.shape
    turn = cv2.getRotationMatrix2D((columns / 2, rows / 2), degrees, 1.0)
    cosine, sine = abs(turn[0, 0]), abs(turn[0, 1])
    width, height = int(rows * sine + columns * cosine), int(rows * cosine + columns * sine)
    turn[:, 2] += (width - columns) / 2, (height - rows) / 2
    canvas = cv2.warpAffine(luma, turn, (width, height), flags=cv2.INTER_LINEAR, borderValue=240)
    return np.asarray(canvas, np.uint8)


def _cut(luma: Pixels, box: Box) -> Pixels:
    top, left = max(0, box.top - MARGIN_PIXELS), max(0, box.left - MARGIN_PIXELS)
    return luma[top : box.bottom + MARGIN_PIXELS, left : box.right + MARGIN_PIXELS]
