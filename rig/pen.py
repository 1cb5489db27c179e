"""A pen on a 400 x 400 sheet: shapes in plain coordinates, drawn large and shrunk to be smooth.

It knows shapes only; what a pack or a banana looks like stands in `rig.artist` and `rig.motifs`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

SIDE = 400
_FINE = 2  # how many times larger than the result the pen draws

Colour = tuple[int, int, int]
Point = tuple[float, float]


def darker(colour: Colour, share: float) -> Colour:
    """Return a colour moved towards black by `share` (negative: towards white)."""
    goal = 0 if share >= 0 else 255
    red, green, blue = (round(part + (goal - part) * abs(share)) for part in colour)
    return red, green, blue


def font(size: float) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Pillow's own font at a size in pixels: the same on every machine."""
    return ImageFont.load_default(size)


class Pen:
    """Draws on a transparent square sheet; all lengths are in pixels of the finished sheet."""

    def __init__(self) -> None:
        self._sheet = Image.new("RGBA", (SIDE * _FINE, SIDE * _FINE))
        self._draw = ImageDraw.Draw(self._sheet)

    def finished(self) -> Image.Image:
        """The sheet at its real size, RGBA."""
        return self._sheet.resize((SIDE, SIDE), Image.Resampling.LANCZOS)

    def box(self, left: float, top: float, right: float, bottom: float, fill: Colour,
            radius: float = 0) -> None:  # fmt: skip
        corners = [left * _FINE, top * _FINE, right * _FINE, bottom * _FINE]
        self._draw.rounded_rectangle(corners, radius * _FINE, fill)

    def oval(self, x: float, y: float, width: float, height: float, fill: Colour,
             turned_degrees: float = 0) -> None:  # fmt: skip
        """An ellipse of half axes `width` and `height` around (x, y)."""
        turn = math.radians(turned_degrees)
        points = []
        for step in range(72):
            along = width * math.cos(step * math.tau / 72), height * math.sin(step * math.tau / 72)
            points.append(
                (
                    x + along[0] * math.cos(turn) - along[1] * math.sin(turn),
                    y + along[0] * math.sin(turn) + along[1] * math.cos(turn),
                )
            )
        self.area(points, fill)

    def area(self, points: Sequence[Point], fill: Colour) -> None:
        self._draw.polygon([(x * _FINE, y * _FINE) for x, y in points], fill)

    def line(self, points: Sequence[Point], fill: Colour, width: float) -> None:
        scaled = [(x * _FINE, y * _FINE) for x, y in points]
        self._draw.line(scaled, fill, round(width * _FINE), joint="curve")

    def ring(self, x: float, y: float, radius: float, fill: Colour, width: float) -> None:
        corners = [(value + side * radius) * _FINE for side in (-1, 1) for value in (x, y)]
        self._draw.ellipse(corners, outline=fill, width=round(width * _FINE))

    def horn(self, spine: Callable[[float], Point], half_width: float, fill: Colour,
             shift: float = 0) -> None:  # fmt: skip
        """A shape that follows a curve (0..1), thick in the middle and thin at both ends."""
        upper, lower = [], []
        for step in range(41):
            at = step / 40
            x, y = spine(at)
            ahead_x, ahead_y = spine(at + 0.01)
            length = math.hypot(ahead_x - x, ahead_y - y) or 1
            normal_x, normal_y = (y - ahead_y) / length, (ahead_x - x) / length
            half = half_width * (0.24 + 0.76 * math.sin(math.pi * min(at, 1)) ** 0.6)
            upper.append((x + normal_x * (half + shift), y + normal_y * (half + shift)))
            lower.append((x - normal_x * (half - shift), y - normal_y * (half - shift)))
        self.area([*upper, *reversed(lower)], fill)

    def words(self, x: float, y: float, text: str, size: float, fill: Colour) -> None:
        """Text centred on (x, y), made bold by a stroke of its own colour."""
        self._draw.multiline_text(
            (x * _FINE, y * _FINE), text, fill, font(size * _FINE), anchor="mm", align="center",
            stroke_width=size * _FINE * 0.018, stroke_fill=fill,
        )  # fmt: skip

    def round_off(self, left: float, right: float, depth: float = 0.45) -> None:
        """Shade what stands between two columns as if it were a cylinder lit from the left."""
        pixels = np.asarray(self._sheet).astype(np.float32)
        columns = np.clip((np.arange(SIDE * _FINE) / _FINE - left) / (right - left), 0, 1)
        light = (
            1
            - depth * np.abs(columns - 0.35) ** 1.6 * 2
            + 0.12 * np.exp(-(((columns - 0.27) / 0.07) ** 2))
        )
        pixels[..., :3] = np.clip(pixels[..., :3] * light[None, :, None], 0, 255)
        self._sheet = Image.fromarray(pixels.astype(np.uint8), "RGBA")
        self._draw = ImageDraw.Draw(self._sheet)
