"""Draws a view of the eyes: the picture with its boxes and, beside it, scores and health.

Pure pixels. It must never look at anything but the view it is given.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from models.gallery import probability
from models.health import Figures, sharpness
from models.motion import Box, Direction
from models.pictures import Pixels
from models.symbols import Read

Colour = tuple[int, int, int]

PICTURE_WIDTH, PANEL_WIDTH, HEIGHT_MIN = 1_040, 400, 840
MARGIN = 24
GROUND, PANEL, LINE = (16, 19, 24), (24, 29, 36), (52, 60, 72)
TEXT, FAINT = (236, 240, 244), (146, 156, 168)
CODE, CHANGE, LOOK, BAD = (64, 214, 130), (255, 178, 60), (98, 168, 255), (255, 100, 92)
SHARP_FULL = 60.0
"""A bar is full here; photographs of goods reach 20 to 55."""


@dataclass(frozen=True)
class Change:
    """A region that differs from the last still picture, and whether something came or went."""

    box: Box
    direction: Direction


@dataclass(frozen=True)
class View:
    """What the eyes make of one frame. `candidates` are labels with their probability, best first;
    `unknown` is the probability of none of them."""

    name: str
    rgb: Pixels
    luma: Pixels
    condition: str
    figures: Figures
    changes: list[Change]
    reads: list[Read]
    read_ms: float
    candidates: list[tuple[str, float]]
    unknown: float


def page(view: View) -> Pixels:
    """The picture and its panel: (840 or more) x 1440 x 3 uint8 RGB."""
    rows, columns = view.luma.shape
    scale = min(PICTURE_WIDTH / columns, max(HEIGHT_MIN, PICTURE_WIDTH * 0.75) / rows)
    size = round(columns * scale), round(rows * scale)
    canvas = Image.new("RGB", (PICTURE_WIDTH + PANEL_WIDTH, max(HEIGHT_MIN, size[1])), GROUND)
    place = (PICTURE_WIDTH - size[0]) // 2, (canvas.height - size[1]) // 2
    canvas.paste(Image.fromarray(view.rgb).resize(size), place)
    pen = ImageDraw.Draw(canvas)
    for number, change in enumerate(view.changes, 1):
        box = change.box
        corners = ((box.left, box.top), (box.right, box.top), (box.right, box.bottom),
                   (box.left, box.bottom))  # fmt: skip
        _outline(pen, _placed(corners, scale, place), f"{number} {_words(change)}", CHANGE)
    for read in view.reads:
        _outline(pen, _placed(read.corners, scale, place), f"{read.format} {read.text}", CODE)
    _Panel(canvas, view).draw()
    return np.asarray(canvas)


def sheet(pages: list[Pixels]) -> Pixels:
    """Pages on one sheet: one below the other, in two columns from the third on."""
    columns = 1 if len(pages) < 3 else 2
    height = max(one.shape[0] for one in pages)
    blank = np.full((height, pages[0].shape[1], 3), GROUND, np.uint8)
    cells = []
    for one in pages:
        cell = blank.copy()
        cell[: one.shape[0]] = one
        cells.append(cell)
    cells += [blank] * (-len(cells) % columns)
    rows = [np.hstack(cells[at : at + columns]) for at in range(0, len(cells), columns)]
    return np.vstack(rows)


class _Panel:
    """The column of figures to the right; each part moves the pen down."""

    def __init__(self, canvas: Image.Image, view: View) -> None:
        self._canvas = canvas
        self._pen = ImageDraw.Draw(canvas)
        self._view = view
        self._left = PICTURE_WIDTH + MARGIN
        self._right = PICTURE_WIDTH + PANEL_WIDTH - MARGIN
        self._y = MARGIN

    def draw(self) -> None:
        """Everything, from the top."""
        ground = (PICTURE_WIDTH, 0, self._canvas.width, self._canvas.height)
        self._pen.rectangle(ground, fill=PANEL)
        rows, columns = self._view.luma.shape
        self._text(_short(self._view.name, 34), 18, TEXT)
        self._text(f"{columns} x {rows} pixels", 13, FAINT)
        self._health()
        self._codes()
        self._looks()
        self._changes()

    def _health(self) -> None:
        seen, condition = self._view.figures, self._view.condition
        self._title("PICTURE")
        self._row(condition, "", CODE if condition == "good" else BAD, 20)
        self._bar("sharpness", f"{seen.sharpness:.0f}", seen.sharpness / SHARP_FULL, TEXT)
        self._bar("light", f"{seen.bright:.0f} of 255", seen.bright / 255, TEXT)
        self._bar("glare", f"{100 * seen.saturated:.0f} %", seen.saturated / 0.3, TEXT)
        self._map()

    def _map(self) -> None:
        """Where the picture is sharp: the brighter the sharper, dark where there is no texture."""
        cells = np.nan_to_num(sharpness(self._view.luma) / SHARP_FULL).clip(0, 1)
        tints = 40 + cells[..., None] * (np.array(CODE) - 40)
        width = self._right - self._left
        height = width * 9 // 16 // 2
        tiles = cv2.resize(tints.astype(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST)
        self._canvas.paste(Image.fromarray(np.asarray(tiles, np.uint8)), (self._left, self._y))
        self._y += height + 4
        self._text("where it is sharp", 12, FAINT)

    def _codes(self) -> None:
        self._title("CODES", f"{self._view.read_ms:.0f} ms")
        for read in self._view.reads[:4]:
            sure = f"{read.format} {100 * probability(read.millinats):.0f} %"
            self._row(_short(read.text, 20), sure, CODE)
        if not self._view.reads:
            self._row("none", "", FAINT)

    def _looks(self) -> None:
        self._title("LOOKS LIKE")
        for label, share in self._view.candidates:
            self._bar(_short(label, 26), f"{100 * share:.0f} %", share, LOOK)
        self._bar("none of them", f"{100 * self._view.unknown:.0f} %", self._view.unknown, FAINT)

    def _changes(self) -> None:
        if not self._view.changes:
            return
        self._title("CHANGED")
        for number, change in enumerate(self._view.changes, 1):
            box = change.box
            size = f"{box.right - box.left} x {box.bottom - box.top}"
            self._row(f"{number}  {_words(change)}", size, CHANGE)

    def _title(self, words: str, note: str = "") -> None:
        self._y += 10
        self._pen.line((self._left, self._y, self._right, self._y), fill=LINE)
        self._y += 10
        self._row(words, note, FAINT, 12)

    def _bar(self, words: str, figure: str, share: float, colour: Colour) -> None:
        self._row(words, figure, TEXT)
        full = self._right - self._left
        top, bottom = self._y - 2, self._y + 3
        self._pen.rectangle((self._left, top, self._right, bottom), fill=LINE)
        filled = self._left + round(full * min(1.0, max(0.0, share)))
        if filled > self._left:
            self._pen.rectangle((self._left, top, filled, bottom), fill=colour)
        self._y += 10

    def _row(self, words: str, figure: str, colour: Colour, size: int = 15) -> None:
        font = ImageFont.load_default(size)
        self._pen.text((self._left, self._y), words, font=font, fill=colour)
        self._pen.text((self._right, self._y), figure, font=font, fill=FAINT, anchor="ra")
        self._y += size + 7

    def _text(self, words: str, size: int, colour: Colour) -> None:
        self._pen.text((self._left, self._y), words, font=ImageFont.load_default(size), fill=colour)
        self._y += size + 7


def _outline(
    pen: ImageDraw.ImageDraw, corners: list[tuple[int, int]], words: str, colour: Colour
) -> None:
    """A closed line, and its words on a chip above its highest corner."""
    pen.line([*corners, corners[0]], fill=colour, width=3, joint="curve")
    font = ImageFont.load_default(15)
    left = min(x for x, _ in corners)
    top = max(0, min(y for _, y in corners) - 24)
    right = left + round(pen.textlength(words, font)) + 12
    pen.rectangle((left, top, right, top + 22), fill=colour)
    pen.text((left + 6, top + 2), words, font=font, fill=GROUND)


def _placed(
    corners: tuple[tuple[int, int], ...], scale: float, place: tuple[int, int]
) -> list[tuple[int, int]]:
    """Corners in the picture as they are on the page."""
    return [(round(x * scale) + place[0], round(y * scale) + place[1]) for x, y in corners]


def _words(change: Change) -> str:
    return {"in": "came", "out": "went", "unclear": "changed"}[change.direction]


def _short(words: str, most: int) -> str:
    printable = "".join(one if one.isprintable() else "\N{MIDDLE DOT}" for one in words)
    return printable if len(printable) <= most else f"…{printable[1 - most :]}"
