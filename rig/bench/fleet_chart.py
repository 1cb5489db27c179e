"""Draws what a cart and an event cost against the number of carts: a PNG of small charts.

Drawn with Pillow's own font, so that it needs nothing installed. It must never compute a figure: it
draws what it is given.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from PIL import Image, ImageDraw

from rig.bench.figures import Figure

WIDTH, HEIGHT, ACROSS = 420, 270, 3
LEFT, RIGHT, TOP, BOTTOM = 70, 24, 52, 40
INK, FAINT, PAPER = (30, 30, 30), (215, 215, 215), (255, 255, 255)
COLOURS: dict[str, Colour] = {
    "broker": (30, 90, 200),
    "store": (200, 70, 30),
    "wire": (40, 140, 70),
}
GRID = 4
Colour = tuple[int, int, int]
Curves = dict[str, list[tuple[int, float]]]


def draw(measured: dict[int, list[Figure]], path: Path) -> None:
    """One chart a unit cost, one curve a part; `measured` by the number of carts."""
    charts = _charts(measured)
    rows = -(-len(charts) // ACROSS)
    picture = Image.new("RGB", (WIDTH * min(ACROSS, len(charts)), HEIGHT * rows), PAPER)
    pen = ImageDraw.Draw(picture)
    for place, ((what, unit), curves) in enumerate(charts.items()):
        corner = (WIDTH * (place % ACROSS), HEIGHT * (place // ACROSS))
        _Chart(pen, corner, curves).draw(f"{what}, {unit}")
    picture.save(path)


def _charts(measured: dict[int, list[Figure]]) -> dict[tuple[str, str], Curves]:
    """By what is measured and its unit: the points of each part."""
    charts: dict[tuple[str, str], Curves] = {}
    for carts, figures in sorted(measured.items()):
        for figure in figures:
            if figure.unit == "rows":
                continue  # one, always
            part, _, what = figure.name.partition(": ")
            curves = charts.setdefault((what, figure.unit), {})
            curves.setdefault(part, []).append((carts, figure.value))
    return charts


class _Chart:
    """One chart with its upper left corner there; the axes begin at nothing, or below."""

    def __init__(self, pen: ImageDraw.ImageDraw, corner: tuple[int, int], curves: Curves) -> None:
        self._pen = pen
        self._corner = corner
        self._curves = curves
        values = [value for points in curves.values() for _, value in points]
        self._low, self._high = min(0.0, *values), max(*values, 1e-9)
        self._carts = max(carts for points in curves.values() for carts, _ in points)

    def draw(self, title: str) -> None:
        """Grid, names and curves."""
        self._text(0, -TOP + 10, title, INK, 14)
        for step in range(GRID + 1):
            value = self._low + (self._high - self._low) * step / GRID
            carts = round(self._carts * step / GRID)
            self._line([(0, value), (self._carts, value)], FAINT, 1)
            x, y = self._at(0, value)
            self._pen.text((x - 8, y), f"{value:.3g}", INK, font_size=11, anchor="rm")
            x, y = self._at(carts, self._low)
            self._pen.text((x, y + 6), f"{carts}", INK, font_size=11, anchor="ma")
        self._text(WIDTH - LEFT - RIGHT - 30, HEIGHT - TOP - 16, "carts", INK, 11)
        for number, (part, points) in enumerate(self._curves.items()):
            self._line(points, COLOURS[part], 2)
            for place in self._placed(points):
                self._pen.circle(place, 3, COLOURS[part])
            self._text(60 * number, -22, part, COLOURS[part], 12)

    def _line(self, points: Iterable[tuple[float, float]], colour: Colour, wide: int) -> None:
        self._pen.line(self._placed(points), colour, wide)

    def _placed(self, points: Iterable[tuple[float, float]]) -> list[tuple[float, float]]:
        return [self._at(carts, value) for carts, value in points]

    def _at(self, carts: float, value: float) -> tuple[float, float]:
        """Pixels."""
        across = (WIDTH - LEFT - RIGHT) * carts / self._carts
        up = (HEIGHT - TOP - BOTTOM) * (value - self._low) / (self._high - self._low)
        return self._corner[0] + LEFT + across, self._corner[1] + HEIGHT - BOTTOM - up

    def _text(self, x: int, y: int, words: str, colour: Colour, size: int) -> None:
        """At so many pixels from the chart's own corner."""
        place = (self._corner[0] + LEFT + x, self._corner[1] + TOP + y)
        self._pen.text(place, words, colour, font_size=size)
