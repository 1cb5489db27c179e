"""Paints what the cart's camera sees: the basket from above, what lies in it, a hand that passes.

Sprites, light and noise are made beforehand, so that a frame costs a few milliseconds. The scene
knows pictures only: it must never know a code, a mass or a price.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from models.motion import Box
from rig.artist import hand

Pixels = NDArray[np.uint8]

WIDTH, HEIGHT = 1280, 720
ENTER_S, SHOW_S, LOWER_S, LEAVE_S = 0.25, 0.5, 0.25, 0.25
_NOISE_SIGMA = 2.5
_NOISE_MARGIN = 96
SEEN_LEVELS = 24


class Sprite:
    """A picture ready to be stamped: its colours times its opacity, and what it lets through."""

    def __init__(self, picture: Image.Image) -> None:
        pixels = np.asarray(picture.convert("RGBA"))
        alpha = pixels[..., 3:].astype(np.uint16)
        self.colour = (pixels[..., :3] * alpha // 255).astype(np.uint8)
        self.through = np.repeat(255 - pixels[..., 3:], 3, axis=2)
        self.height, self.width = self.colour.shape[:2]

    def blurred(self, pixels: int) -> Sprite:
        """The same while it moves: smeared vertically."""
        moved = Sprite.__new__(Sprite)
        kernel = np.full((pixels, 1), 1 / pixels, dtype=np.float32)
        moved.colour = cv2.filter2D(self.colour, -1, kernel).astype(np.uint8)
        moved.through = cv2.filter2D(self.through, -1, kernel).astype(np.uint8)
        moved.height, moved.width = self.height, self.width
        return moved

    def stamp(self, frame: Pixels, x: int, y: int) -> None:
        """Paint it centred on (x, y); what falls outside the frame is cut."""
        left, top = x - self.width // 2, y - self.height // 2
        first_column, first_row = max(left, 0), max(top, 0)
        last_column, last_row = min(left + self.width, WIDTH), min(top + self.height, HEIGHT)
        if first_column >= last_column or first_row >= last_row:
            return
        target = frame[first_row:last_row, first_column:last_column]
        own = (
            slice(first_row - top, last_row - top),
            slice(first_column - left, last_column - left),
        )
        cv2.multiply(target, self.through[own], dst=target, scale=1 / 255)
        cv2.add(target, self.colour[own], dst=target)


@dataclass
class Reach:
    """One movement of a hand with things in it: in at the top, held to the camera, down, away.

    `inward` False is a hand that fetches something out: the same backwards."""

    things: list[Sprite]
    started_s: float
    inward: bool = True
    wobble: random.Random = field(default_factory=lambda: random.Random(0))

    def __post_init__(self) -> None:
        self._smeared = [thing.blurred(23) for thing in self.things]

    @property
    def lasts_s(self) -> float:
        return ENTER_S + SHOW_S + LOWER_S + LEAVE_S

    def paint(self, frame: Pixels, now_s: float) -> None:
        """Paint the hand and what it holds, as they are at this moment."""
        elapsed_s = now_s - self.started_s
        at_s = elapsed_s if self.inward else self.lasts_s - elapsed_s
        if not 0 <= at_s < self.lasts_s:
            return
        held = at_s < ENTER_S + SHOW_S + LOWER_S
        still = ENTER_S <= at_s < ENTER_S + SHOW_S
        y = self._height_at(at_s)
        for place, (sharp, smeared) in enumerate(zip(self.things, self._smeared, strict=True)):
            x = round(WIDTH / 2 + (place - (len(self.things) - 1) / 2) * 480)
            if still:
                x, y = x + self.wobble.randint(-2, 2), y + self.wobble.randint(-2, 2)
            _SHADOW.stamp(frame, x + 40, y + 60)
            if held:
                (sharp if still else smeared).stamp(frame, x, y)
            _HAND.stamp(frame, x, y - 30 - (sharp.height + _HAND.height) // 2 + 110)

    def _height_at(self, at_s: float) -> int:
        show, low, out = HEIGHT * 0.56, HEIGHT * 0.74, -420.0
        for lasts_s, start, end in (
            (ENTER_S, out, show), (SHOW_S, show, show + 6), (LOWER_S, show, low),
            (LEAVE_S, low, out),
        ):  # fmt: skip
            if at_s < lasts_s:
                return round(start + (end - start) * at_s / lasts_s)
            at_s -= lasts_s
        return round(out)


class Scene:
    """The basket from above. `lay` and `lift` change it, `frame` paints it with its noise."""

    def __init__(self, seed: int = 1) -> None:
        self._dice = random.Random(seed)
        # Dice of their own: how many frames were painted must not change how a thing falls.
        self._flicker = random.Random(seed)
        self._lying: dict[str, tuple[Sprite, int, int]] = {}
        self._ground = _basket_floor()
        self._base = self._ground
        self.reach: Reach | None = None
        noise = np.random.default_rng(seed).normal(
            0, _NOISE_SIGMA, (HEIGHT + _NOISE_MARGIN, WIDTH + _NOISE_MARGIN, 3)
        )
        self._brighter = np.clip(noise, 0, 255).astype(np.uint8)
        self._darker = np.clip(-noise, 0, 255).astype(np.uint8)

    def lay(self, key: str, picture: Image.Image) -> None:
        """Something lies in the basket now, turned as it fell."""
        size = round(220 + 40 * self._dice.random())
        small = picture.resize((size, size * picture.height // picture.width))
        turned = small.rotate(self._dice.uniform(0, 360), Image.Resampling.BICUBIC, expand=True)
        x, y = self._dice.randint(230, WIDTH - 230), self._dice.randint(230, HEIGHT - 190)
        self._lying[key] = (Sprite(turned), x, y)
        self._compose()

    def where(self, key: str) -> Box:
        """The region that a thing and its shadow change, as far as it can be seen.

        Raises ValueError when nothing of it can be."""
        others = {name: placed for name, placed in self._lying.items() if name != key}
        assert len(others) < len(self._lying), f"{key} does not lie in the basket"
        change = cv2.absdiff(self._base, self._composed(others)).max(axis=2) > SEEN_LEVELS
        rows, columns = np.flatnonzero(change.any(axis=1)), np.flatnonzero(change.any(axis=0))
        if not rows.size:
            raise ValueError(f"{key} is hidden")
        return Box(int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)

    def lift(self, key: str) -> None:
        """It lies there no more (nothing happens if it never did)."""
        self._lying.pop(key, None)
        self._compose()

    def frame(self, now_s: float) -> Pixels:
        """One frame, 720 x 1280 x 3 uint8 RGB."""
        frame = self._base.copy()
        reach = self.reach
        if reach is not None:
            reach.paint(frame, now_s)
        across, down = (self._flicker.randrange(_NOISE_MARGIN) for _ in range(2))
        window = (slice(down, down + HEIGHT), slice(across, across + WIDTH))
        cv2.add(frame, self._brighter[window], dst=frame)
        cv2.subtract(frame, self._darker[window], dst=frame)
        return frame

    def _compose(self) -> None:
        self._base = self._composed(self._lying)

    def _composed(self, lying: dict[str, tuple[Sprite, int, int]]) -> Pixels:
        base = self._ground.copy()
        for sprite, x, y in lying.values():
            _SHADOW.stamp(base, x + 14, y + 20)
            sprite.stamp(base, x, y)
        return base


def _basket_floor() -> Pixels:
    """Grey plastic with a mesh, darker to the rim."""
    rows, columns = np.mgrid[0:HEIGHT, 0:WIDTH]
    reach = np.hypot((columns - WIDTH / 2) / WIDTH, (rows - HEIGHT / 2) / HEIGHT)
    tone = 168 - 70 * reach**1.5
    floor = np.repeat(tone[..., None], 3, axis=2) + np.array([-4, 0, 6])
    mesh = np.ascontiguousarray(np.clip(floor, 0, 255).astype(np.uint8))
    for place in range(-HEIGHT, WIDTH, 44):
        cv2.line(mesh, (place, 0), (place + HEIGHT, HEIGHT), (112, 118, 126), 5, cv2.LINE_AA)
        cv2.line(mesh, (place + HEIGHT, 0), (place, HEIGHT), (112, 118, 126), 5, cv2.LINE_AA)
    cv2.rectangle(mesh, (0, 0), (WIDTH - 1, HEIGHT - 1), (52, 60, 72), 46)
    return mesh


def _shadow() -> Image.Image:
    """A soft dark spot."""
    rows, columns = np.mgrid[-1:1:320j, -1:1:420j]
    depth = np.clip(1 - np.hypot(rows, columns), 0, 1) ** 0.8 * 110
    layers = np.zeros((*depth.shape, 4), dtype=np.uint8)
    layers[..., 3] = depth.astype(np.uint8)
    return Image.fromarray(layers, "RGBA")


_SHADOW = Sprite(_shadow())
_HAND = Sprite(hand())


def held(picture: Image.Image, dice: random.Random) -> Sprite:
    """A thing as it is held to the camera: a few degrees askew, a little out of focus."""
    turned = picture.rotate(dice.uniform(-4, 4), Image.Resampling.BICUBIC, expand=True)
    soft = cv2.GaussianBlur(np.asarray(turned), (0, 0), 0.6 + 0.2 * math.fabs(dice.gauss(0, 1)))
    return Sprite(Image.fromarray(np.asarray(soft, dtype=np.uint8), "RGBA"))
