"""Writes pictures of the demo store's products: one for the touchscreen, many for the gallery.

`product_pictures` fills the folder the screen reads (`<image>.png`, 400 x 400, transparent ground);
`enrolment_views` fills `<folder>/<sku>/<number>.png`, what the camera may see of each product.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from cart.core.catalog import Product
from cart.eyes.episodes import crop
from cart.eyes.frames import Frame, Pixels
from models.motion import changed_box
from rig import artist
from rig.scene import Reach, Scene, held

VIEWS = 20
CLUTTER_MAX = 7
COUNTER_LABEL = "2800000000004"  # any label of the counter: its code is not looked at
MOMENTS_S = (0.3, 0.4, 0.5, 0.6, 0.7)  # held out: what passes is hardly looked at


def product_pictures(folder: Path, products: Iterable[Product]) -> None:
    """One PNG a product, named by its `image`."""
    folder.mkdir(parents=True, exist_ok=True)
    for product in products:
        artist.front(product.sku).save(folder / f"{product.image or product.sku}.png")


def enrolment_views(folder: Path, products: Iterable[Product], seed: int = 7) -> None:
    """`VIEWS` PNGs a product, as the camera sees it in a hand and lying, in changing light."""
    dice = random.Random(seed)
    scene = Scene(seed)
    products = list(products)
    for product in products:
        place = folder / product.sku
        place.mkdir(parents=True, exist_ok=True)
        for number in range(VIEWS):
            _rummage(scene, dice, products)
            view = _view(scene, side_of(product, shown=number % 4 < 2), number, dice)
            Image.fromarray(view).save(place / f"{number:02d}.png", compress_level=1)


def side_of(product: Product, *, shown: bool) -> Image.Image:
    """The thing with its barcode in view, or its face alone (also of what has no barcode)."""
    if shown and product.gtins:
        return artist.coded(product.sku, product.gtins[0][1:])
    if shown and product.sold_by == "mass" and product.sku not in artist.PRODUCE:
        return artist.coded(product.sku, COUNTER_LABEL)
    return artist.front(product.sku)


def _rummage(scene: Scene, dice: random.Random, products: Sequence[Product]) -> None:
    """Change what else lies in the basket: from nothing to `CLUTTER_MAX` things."""
    for place in range(CLUTTER_MAX):
        if dice.random() < 0.5:
            scene.lift(str(place))
        elif dice.random() < 0.4:
            scene.lay(str(place), artist.front(dice.choice(products).sku))


def _view(scene: Scene, side: Image.Image, number: int, dice: random.Random) -> Pixels:
    """What the eyes would cut out of one frame while a hand brings the thing in."""
    scene.reach = None
    before = Frame.of_rgb(scene.frame(0.0), 0, 0)
    turned = side.rotate(dice.uniform(-12, 12), Image.Resampling.BICUBIC, expand=True)
    share = dice.uniform(0.85, 1.05)
    size = round(turned.width * share), round(turned.height * share)
    scene.reach = Reach([held(turned.resize(size), dice)], started_s=0.0)
    during = Frame.of_rgb(scene.frame(MOMENTS_S[number % len(MOMENTS_S)]), 0, 1)
    box = changed_box(before.luma, during.luma)
    assert box is not None, "a hand in view changes the picture"
    seen = crop(during, box)
    lit = cv2.convertScaleAbs(seen, alpha=dice.uniform(0.85, 1.12), beta=dice.uniform(-10, 10))
    return np.asarray(cv2.resize(lit, (256, 256), interpolation=cv2.INTER_AREA), dtype=np.uint8)
