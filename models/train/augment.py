"""Other views of the same photo: cut, turned, lit and partly covered as another shopper's would be.

Colours change only a little: a lemon in warm light must not become a satsuma.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Views:
    """How far a view may differ from the photo; shares are of the photo or of full strength."""

    area_min: float = 0.3
    turn_degrees: float = 15
    mirrored: float = 0.5
    brightness: float = 0.25
    tint: float = 0.04
    contrast: float = 0.2
    saturation: float = 0.2
    blurred: float = 0.1
    covered: float = 0.2


def view(photo: Pixels, side: int, views: Views, dice: np.random.Generator) -> Pixels:
    """One random view of a photo, (side, side, 3)."""
    cut = cv2.warpAffine(
        photo,
        _placement(photo.shape[0], side, views, dice),
        (side, side),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REFLECT_101,
    )
    if dice.random() < views.blurred:
        cut = cv2.GaussianBlur(cut, (0, 0), dice.uniform(0.4, 1.2))
    lit = cv2.transform(cut, _light(float(cut.mean()), views, dice))
    if dice.random() < views.covered:
        height, width = dice.integers(side // 8, side // 2, 2)
        top, left = dice.integers(0, side - height), dice.integers(0, side - width)
        lit[top : top + height, left : left + width] = dice.integers(0, 256, 3)
    return np.asarray(lit, np.uint8)


def _placement(
    length: int, side: int, views: Views, dice: np.random.Generator
) -> NDArray[np.float64]:
    """The affine map (2x3) from pixels of the view to pixels of a photo `length` a side."""
    area = length**2 * dice.uniform(views.area_min, 1)
    stretch = math.exp(dice.uniform(math.log(3 / 4), math.log(4 / 3)))
    width, height = (
        min(math.sqrt(area * stretch), length),
        min(math.sqrt(area / stretch), length),
    )
    centre_x = dice.uniform(width / 2, length - width / 2)
    centre_y = dice.uniform(height / 2, length - height / 2)
    angle = math.radians(dice.uniform(-views.turn_degrees, views.turn_degrees))
    mirror = -1 if dice.random() < views.mirrored else 1
    cosine, sine = math.cos(angle), math.sin(angle)
    across, down = mirror * width / side, height / side
    linear = np.array([[cosine * across, -sine * down], [sine * across, cosine * down]])
    shift = np.array([centre_x, centre_y]) - linear @ np.array([side / 2, side / 2])
    return np.hstack([linear, shift[:, np.newaxis]])


def _light(mean: float, views: Views, dice: np.random.Generator) -> NDArray[np.float64]:
    """Saturation, tint, brightness and contrast as one colour transform (3x4)."""
    luma = np.tile([0.299, 0.587, 0.114], (3, 1))
    saturation = 1 + dice.uniform(-views.saturation, views.saturation)
    colour = saturation * np.eye(3) + (1 - saturation) * luma
    gains = math.exp(dice.uniform(-views.brightness, views.brightness)) * np.exp(
        dice.uniform(-views.tint, views.tint, 3)
    )
    contrast = 1 + dice.uniform(-views.contrast, views.contrast)
    shift = np.full((3, 1), (1 - contrast) * mean)
    return np.hstack([contrast * gains[:, np.newaxis] * colour, shift])
