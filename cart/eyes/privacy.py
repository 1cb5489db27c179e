"""Makes pictures fit to leave the cart: nothing but the item's region keeps its detail.

No face or skin detector is used. Those that come with our libraries are none: OpenCV's wheels carry
no YuNet weights and no cascades any more, and a detector that misses one face in ten is no promise.
So everything outside the item's region becomes coarse blocks, always, and also the rim inside it,
where hands and faces come in. Blocks hold one mean each: nothing can bring the rest back.
It must never be skipped because nobody seems to be in the picture.
"""

from __future__ import annotations

import cv2
import numpy as np

from cart.eyes.frames import Pixels
from models.motion import Box

BLOCKS_ACROSS = 16
RIM_SHARE = 0.1
ITEM_SHARE_MAX = 0.35
"""A region larger than this share of the picture is no item: the light or the camera moved."""


def veiled(luma: Pixels, items: list[Box]) -> Pixels:
    """The HxW uint8 picture in blocks of one sixteenth of its width, but for the items' regions."""
    height, width = luma.shape
    blocks_down = max(1, round(BLOCKS_ACROSS * height / width))
    coarse = cv2.resize(luma, (BLOCKS_ACROSS, blocks_down), interpolation=cv2.INTER_AREA)
    safe = np.asarray(
        cv2.resize(coarse, (width, height), interpolation=cv2.INTER_NEAREST), np.uint8
    )
    for item in items:
        if item.area > ITEM_SHARE_MAX * luma.size:
            continue
        rows = slice(max(item.top, round(RIM_SHARE * height)),
                     min(item.bottom, round((1 - RIM_SHARE) * height)))  # fmt: skip
        columns = slice(max(item.left, round(RIM_SHARE * width)),
                        min(item.right, round((1 - RIM_SHARE) * width)))  # fmt: skip
        safe[rows, columns] = luma[rows, columns]
    return safe
