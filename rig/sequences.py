"""Rendered sequences: hands that put goods in and take them out, with what is true of each frame.

SYNTHETIC: painted by rig/scene.py with motion blur, hands, shadows and sensor noise. Figures
measured on them are never put beside figures of photographs. A sequence must never show what its
truth does not say.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cart.core.catalog import Product
from cart.eyes.frames import Frame
from models.motion import Box, Direction
from rig import artist
from rig.pictures import COUNTER_LABEL, side_of
from rig.scene import ENTER_S, LEAVE_S, LOWER_S, SHOW_S, Reach, Scene, held

FRAMES_PER_S = 15
STILL_S = 1.0
"""Rest before and after each movement: longer than the eyes need to call a picture still."""


@dataclass(frozen=True)
class Handling:
    """One movement: which products and codes, which way, and where they lie."""

    skus: tuple[str, ...]
    codes: frozenset[str]
    direction: Direction
    boxes: tuple[Box, ...]


@dataclass(frozen=True)
class Shown:
    """A frame, and the movement that is over with it (None: none is)."""

    frame: Frame
    done: Handling | None = None


class Frames:
    """A basket that fills and empties, 1280x720; the same seed, the same frames.

    Its clock starts at 0 and is the frames' own: it runs as fast as it is asked."""

    def __init__(
        self, products: Sequence[Product], seed: int, frames_per_s: int = FRAMES_PER_S
    ) -> None:
        self._frames_per_s = frames_per_s
        self._products = list(products)
        self._dice = random.Random(seed)
        self._scene = Scene(seed)
        self._lying: list[tuple[str, Product]] = []
        self._number = 0
        self._keys = 0

    def rest(self, period_s: float = STILL_S) -> Iterator[Shown]:
        """Nothing moves."""
        for _ in range(round(period_s * self._frames_per_s)):
            yield Shown(self._frame())

    def put(self, count: int = 1) -> Iterator[Shown]:
        """One good in each hand, at most two."""
        goods = self._dice.sample(self._products, count)
        began_ms = self._now_ms
        self._reach(goods, inward=True)
        yield from self._until(ENTER_S + SHOW_S + LOWER_S, began_ms)
        keys = [self._lay(product) for product in goods]
        yield from self._until(ENTER_S + SHOW_S + LOWER_S + LEAVE_S, began_ms)
        yield from self._done(goods, "in", tuple(self._scene.where(key) for key in keys))

    def take(self) -> Iterator[Shown]:
        """The newest good out again."""
        key, product = self._lying.pop()
        box, began_ms = self._scene.where(key), self._now_ms
        self._reach([product], inward=False)
        yield from self._until(LEAVE_S, began_ms)
        self._scene.lift(key)
        yield from self._until(LEAVE_S + LOWER_S + SHOW_S + ENTER_S, began_ms)
        yield from self._done([product], "out", (box,))

    @property
    def goods(self) -> int:
        """How many lie in the basket."""
        return len(self._lying)

    @property
    def _now_ms(self) -> int:
        return self._number * 1_000 // self._frames_per_s

    def _reach(self, goods: Sequence[Product], *, inward: bool) -> None:
        sprites = [held(side_of(product, shown=inward), self._dice) for product in goods]
        self._scene.reach = Reach(sprites, self._now_ms / 1_000, inward, self._dice)

    def _lay(self, product: Product) -> str:
        self._keys += 1
        key = f"{product.sku}-{self._keys}"
        self._scene.lay(key, side_of(product, shown=False))
        self._lying.append((key, product))
        return key

    def _until(self, after_s: float, began_ms: int) -> Iterator[Shown]:
        while self._now_ms < began_ms + after_s * 1_000:
            yield Shown(self._frame())

    def _done(
        self, goods: Sequence[Product], way: Direction, boxes: tuple[Box, ...]
    ) -> Iterator[Shown]:
        self._scene.reach = None
        codes = frozenset(filter(None, map(_code_on, goods))) if way == "in" else frozenset()
        done = Handling(tuple(product.sku for product in goods), codes, way, boxes)
        *still, last = self.rest()
        yield from still
        yield Shown(last.frame, done)

    def _frame(self) -> Frame:
        self._number += 1
        rgb = self._scene.frame(self._now_ms / 1_000)
        return Frame.of_rgb(rgb, self._now_ms, self._number)


def _code_on(product: Product) -> str:
    """The digits that `side_of` shows, "" if none."""
    if product.gtins:
        return product.gtins[0][1:]
    weighed = product.sold_by == "mass" and product.sku not in artist.PRODUCE
    return COUNTER_LABEL if weighed else ""
