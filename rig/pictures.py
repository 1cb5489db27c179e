"""Writes pictures of the demo store's products: one for the touchscreen, many for the gallery.

`product_pictures` fills the folder the screen reads (`<image>.png`, 400 x 400, transparent ground);
`enrolment_views` fills `<folder>/<sku>/<number>.png`, what the camera may see of each product.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from cart.core.catalog import Product
from rig import artist
from rig.scene import HEIGHT, WIDTH, Frame, Reach, Scene, held

VIEWS = 10
_CROP = 430


def product_pictures(folder: Path, products: Iterable[Product]) -> None:
    """One PNG a product, named by its `image`."""
    folder.mkdir(parents=True, exist_ok=True)
    for product in products:
        artist.front(product.sku).save(folder / f"{product.image or product.sku}.png")


def enrolment_views(folder: Path, products: Iterable[Product], seed: int = 7) -> None:
    """`VIEWS` PNGs a product, as the camera sees it in a hand and lying, in changing light."""
    dice = random.Random(seed)
    scene = Scene(seed)
    for product in products:
        place = folder / product.sku
        place.mkdir(parents=True, exist_ok=True)
        for number in range(VIEWS):
            view = _view(scene, side_of(product, shown=number % 2 == 1), number, dice)
            Image.fromarray(view).save(place / f"{number:02d}.png", compress_level=1)


def side_of(product: Product, *, shown: bool) -> Image.Image:
    """The side with the printed barcode, or the face (also of what has no barcode)."""
    if shown and product.gtins:
        return artist.back(product.sku, product.gtins[0][1:])
    return artist.front(product.sku)


def _view(scene: Scene, side: Image.Image, number: int, dice: random.Random) -> Frame:
    """The middle of a frame while a hand holds the thing, the light changed a little."""
    turned = side.rotate(dice.uniform(-25, 25), Image.Resampling.BICUBIC, expand=True)
    share = dice.uniform(0.75, 1.05)
    size = round(turned.width * share), round(turned.height * share)
    scene.reach = Reach([held(turned.resize(size), dice)], started_s=0.0)
    frame = scene.frame(0.4 if number % 3 else 0.6)
    scene.reach = None
    left, top = (WIDTH - _CROP) // 2, round(HEIGHT * 0.56) - _CROP // 2
    crop = frame[top : top + _CROP, left : left + _CROP]
    lit = cv2.convertScaleAbs(crop, alpha=dice.uniform(0.8, 1.15), beta=dice.uniform(-12, 12))
    return np.asarray(cv2.resize(lit, (256, 256), interpolation=cv2.INTER_AREA), dtype=np.uint8)
