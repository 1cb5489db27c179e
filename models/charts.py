"""Pictures of figures: a curve, a reliability diagram, a table of confusions, as PNG.

Drawn with Pillow's own font, so that a report needs nothing installed. It must never compute a
figure: it draws what it is given.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

Point = tuple[float, float]

SIDE = 480
MARGIN = 64
CELL = 9
INK, FAINT, PAPER = (30, 30, 30), (200, 200, 200), (255, 255, 255)
COLOURS = ((30, 90, 200), (200, 70, 30), (40, 140, 70))


class Axes:
    """A square from `low` to one on both axes, with a grid and names."""

    def __init__(self, title: str, across: str, up: str, low: Point = (0.0, 0.0)) -> None:
        self.low = low
        self.picture = Image.new("RGB", (SIDE + 2 * MARGIN, SIDE + 2 * MARGIN), PAPER)
        self.draw = ImageDraw.Draw(self.picture)
        self.draw.text((MARGIN, 16), title, INK, font_size=18)
        self.draw.text((MARGIN, SIDE + MARGIN + 30), across, INK, font_size=15)
        self.draw.text((MARGIN, MARGIN - 24), up, INK, font_size=15)
        for step in range(6):
            x, y = (start + (1 - start) * step / 5 for start in low)
            self.draw.line([self.place((x, low[1])), self.place((x, 1))], FAINT)
            self.draw.line([self.place((low[0], y)), self.place((1, y))], FAINT)
            left, bottom = self.place(low)
            self.draw.text((self.place((x, 0))[0] - 10, bottom + 6), f"{x:.2f}", INK)
            self.draw.text((left - 34, self.place((0, y))[1] - 6), f"{y:.2f}", INK)

    def place(self, point: Point) -> Point:
        """Where a point of the axes lies in the picture, in pixels."""
        x, y = (
            SIDE * (value - start) / (1 - start)
            for value, start in zip(point, self.low, strict=True)
        )
        return MARGIN + x, MARGIN + SIDE - y

    def line(self, points: Sequence[Point], name: str, number: int = 0) -> None:
        """One curve, in the colour of its number, and its name in the corner."""
        colour = COLOURS[number % len(COLOURS)]
        self.draw.line([self.place(point) for point in points], colour, 2)
        self.draw.text((MARGIN + 12, MARGIN + SIDE - 24 - 18 * number), name, colour, font_size=15)

    def dots(self, points: Sequence[Point], areas: Sequence[float]) -> None:
        """Points whose discs have areas in proportion to `areas` (shares of all)."""
        for point, area in zip(points, areas, strict=True):
            self.draw.circle(self.place(point), 3 + 30 * area**0.5, outline=COLOURS[1], width=2)

    def save(self, path: Path) -> None:
        """Write the PNG."""
        self.picture.save(path)


def confusion_png(path: Path, labels: Sequence[str], counts: NDArray[np.int64]) -> None:
    """`counts[shown, said]` as a table of grey cells; what is off the diagonal is red."""
    name_width, side = 190, CELL * len(labels)
    picture = Image.new("RGB", (name_width + side + 8, side + 40), PAPER)
    draw = ImageDraw.Draw(picture)
    draw.text((8, 8), "shown (rows) and said (columns, same order)", INK, font_size=14)
    shares = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    for row, label in enumerate(labels):
        top = 32 + CELL * row
        draw.text((8, top - 1), label[:34], INK, font_size=CELL)
        for column in np.flatnonzero(counts[row]).tolist():
            left, faded = name_width + CELL * column, int(225 * (1 - shares[row, column]))
            colour: tuple[int, ...] = (
                (faded, faded, faded) if row == column else (255, faded, faded)
            )
            draw.rectangle((left, top, left + CELL - 2, top + CELL - 2), colour)
    draw.rectangle([name_width - 2, 30, name_width + side, 32 + side], outline=FAINT)
    picture.save(path)
