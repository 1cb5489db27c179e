"""Draws what the demo store sells: packs with real printed barcodes, produce, a parcel, a hand.

All drawings are our own. One table says how each product looks; a product that is missing there
is a plain brown parcel with its name. Sheets are 400 x 400 RGBA on a transparent ground.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
import zxingcpp
from PIL import Image

from rig import motifs
from rig.pen import SIDE, Colour, Pen, darker

WHITE: Colour = (255, 255, 255)
INK: Colour = (26, 26, 30)
KRAFT: Colour = (176, 134, 88)
MODULE_PIXELS = 3

Motif = Callable[[Pen, float, float, float], None]


@dataclass(frozen=True)
class Design:
    """How one pack looks: its shape, its two colours, the big words, the drawing on it."""

    shape: Callable[[Pen, Design], None]
    ground: Colour
    accent: Colour
    words: str
    motif: Motif
    motif_at: tuple[float, float, float] = (200, 250, 52)
    words_at: tuple[float, float, float] = (200, 140, 40)

    def print_on(self, pen: Pen) -> None:
        """The words and the motif, which every shape carries."""
        pen.words(*self.words_at[:2], self.words, self.words_at[2], WHITE)
        self.motif(pen, *self.motif_at)


def _tin(pen: Pen, design: Design) -> None:
    pen.box(88, 40, 312, 360, (176, 180, 186), 26)
    pen.box(92, 66, 308, 334, design.ground)
    pen.box(92, 172, 308, 186, design.accent)
    design.print_on(pen)
    pen.round_off(88, 312)
    pen.oval(200, 50, 106, 15, (226, 230, 234))
    pen.oval(200, 50, 92, 10, (190, 194, 200))


def _bag(pen: Pen, design: Design) -> None:
    pen.area([(88, 36), (312, 36), (322, 200), (310, 368), (90, 368), (78, 200)], design.ground)
    pen.box(88, 36, 312, 62, darker(design.ground, 0.3))
    pen.box(90, 346, 310, 368, darker(design.ground, 0.3))
    pen.oval(design.motif_at[0], design.motif_at[1], 92, 78, design.accent)
    design.print_on(pen)
    pen.round_off(70, 330, 0.3)


def _bottle(pen: Pen, design: Design) -> None:
    pen.box(176, 12, 224, 60, design.accent, 8)
    pen.area([(180, 56), (220, 56), (226, 104), (272, 152), (274, 384), (126, 384), (128, 152),
              (174, 104)], design.ground)  # fmt: skip
    pen.box(132, 176, 268, 344, (246, 242, 226), 6)
    pen.words(200, 206, design.words, design.words_at[2], darker(design.ground, 0.4))
    design.motif(pen, *design.motif_at)
    pen.round_off(126, 274, 0.4)


def _carton(pen: Pen, design: Design) -> None:
    pen.area([(118, 92), (282, 92), (258, 34), (142, 34)], darker(design.ground, 0.18))
    pen.box(138, 14, 262, 40, darker(design.ground, 0.3), 4)
    pen.box(118, 92, 282, 386, design.ground, 4)
    pen.area([(118, 300), (282, 260), (282, 386), (118, 386)], design.accent)
    design.print_on(pen)
    pen.box(266, 92, 282, 386, darker(design.ground, 0.25))


def _pot(pen: Pen, design: Design) -> None:
    pen.area([(84, 96), (316, 96), (286, 350), (114, 350)], design.ground)
    pen.area([(92, 168), (308, 168), (294, 290), (106, 290)], design.accent)
    design.print_on(pen)
    pen.round_off(84, 316, 0.35)
    pen.box(76, 72, 324, 102, (222, 228, 234), 12)


def _bar(pen: Pen, design: Design) -> None:
    pen.box(24, 116, 376, 292, (206, 170, 84), 6)
    pen.box(52, 110, 348, 298, design.ground, 4)
    pen.box(52, 190, 348, 196, design.accent)
    design.print_on(pen)


def _sachet(pen: Pen, design: Design) -> None:
    pen.box(40, 150, 360, 256, design.ground, 10)
    for tooth in range(13):
        for left in (40, 346):
            pen.area([(left, 150 + tooth * 8), (left + 14, 154 + tooth * 8),
                      (left, 158 + tooth * 8)], design.accent)  # fmt: skip
    design.print_on(pen)


def _coffee_brick(pen: Pen, design: Design) -> None:
    pen.box(104, 70, 296, 372, design.ground, 8)
    pen.area([(104, 74), (296, 74), (270, 26), (130, 26)], darker(design.ground, 0.35))
    pen.box(104, 196, 296, 330, design.accent)
    design.print_on(pen)
    pen.round_off(104, 296, 0.25)


def _wedge(pen: Pen, design: Design) -> None:
    pen.area(
        [(36, 286), (300, 116), (372, 206), (372, 330), (36, 344)], darker(design.ground, 0.15)
    )
    pen.area([(36, 286), (300, 116), (372, 206)], design.ground)
    pen.area([(36, 286), (372, 206), (372, 330), (36, 344)], darker(design.ground, -0.25))
    pen.area([(300, 116), (372, 206), (372, 330), (364, 330), (356, 212)], design.accent)
    for x, y, wide in (
        (120, 306, 14),
        (210, 286, 20),
        (300, 278, 13),
        (262, 318, 9),
        (250, 190, 15),
    ):
        pen.oval(x, y, wide, wide * 0.7, darker(design.ground, 0.22))


def _nothing(_pen: Pen, _x: float, _y: float, _size: float) -> None:
    """No motif."""


DESIGNS: dict[str, Design] = {
    "tomatoes-400g": Design(_tin, (156, 24, 28), (250, 204, 66), "POMA\nTOMATOES",
                            motifs.tomatoes, (200, 256, 48), (200, 118, 33)),
    "pasta-500g": Design(_bag, (22, 92, 168), (236, 244, 252), "FUSILLI", motifs.spirals),
    "rice-500g": Design(_bag, (236, 128, 24), (255, 236, 200), "BASMATI\nRICE", motifs.grains,
                        (200, 258, 52), (200, 118, 36)),
    "olive-oil-500ml": Design(_bottle, (62, 84, 28), (206, 164, 60), "OLIO", motifs.olives,
                              (200, 280, 50), (200, 206, 36)),
    "coffee-500g": Design(_coffee_brick, (58, 34, 26), (214, 60, 44), "CAFE\nFORTE", motifs.bean,
                          (200, 262, 46), (200, 132, 40)),
    "chocolate-100g": Design(_bar, (94, 24, 82), (240, 196, 90), "NOIR 70", motifs.squares,
                             (200, 250, 42), (200, 150, 48)),
    "gum-8g": Design(_sachet, (0, 140, 120), WHITE, "FRESH GUM", motifs.mint,
                     (308, 214, 28), (176, 200, 38)),
    "milk-1l": Design(_carton, (66, 150, 226), WHITE, "MILK", motifs.cow,
                      (192, 230, 58), (192, 138, 46)),
    "oat-drink-1l": Design(_carton, (206, 176, 128), (110, 132, 74), "OAT\nDRINK", motifs.oats,
                           (192, 262, 58), (192, 146, 40)),
    "yoghurt-500g": Design(_pot, (238, 242, 248), (190, 52, 122), "YOGHURT", motifs.swirl,
                           (200, 244, 40), (200, 196, 36)),
    "dish-soap-500ml": Design(_bottle, (20, 150, 200), (255, 120, 40), "CLEAN", motifs.bubbles,
                              (200, 284, 48), (200, 208, 32)),
    "cheese": Design(_wedge, (246, 206, 96), (190, 118, 40), "", _nothing),
}  # fmt: skip

PRODUCE: dict[str, Callable[[Pen], None]] = {
    "bananas": motifs.bananas,
    "apples": motifs.apples,
    "onions": motifs.onions,
}


@cache
def front(sku: str) -> Image.Image:
    """The face of a product: what it looks like on the shelf."""
    pen = Pen()
    if sku in PRODUCE:
        PRODUCE[sku](pen)
    elif sku in DESIGNS:
        DESIGNS[sku].shape(pen, DESIGNS[sku])
    else:
        return parcel()
    return pen.finished()


@cache
def parcel() -> Image.Image:
    """A plain brown paper parcel: the thing nobody knows."""
    pen = Pen()
    pen.area([(52, 96), (340, 74), (356, 312), (64, 336)], KRAFT)
    pen.area([(52, 96), (340, 74), (332, 98), (70, 120)], darker(KRAFT, -0.2))
    pen.area([(340, 74), (356, 312), (342, 300), (330, 98)], darker(KRAFT, 0.25))
    pen.line([(196, 84), (212, 324)], (232, 224, 200), 7)
    pen.line([(58, 216), (350, 194)], (232, 224, 200), 7)
    pen.oval(186, 190, 20, 10, (232, 224, 200), -30)
    pen.oval(224, 196, 20, 10, (232, 224, 200), 30)
    return pen.finished()


@cache
def bagged() -> Image.Image:
    """A closed dark bag: whatever is in it, nobody sees."""
    pen = Pen()
    bag = (44, 48, 60)
    pen.area([(90, 120), (310, 120), (352, 350), (300, 384), (100, 384), (48, 350)], bag)
    pen.area([(170, 124), (230, 124), (250, 70), (150, 70)], darker(bag, 0.3))
    for fold in range(-3, 4):
        pen.line([(200 + fold * 12, 126), (200 + fold * 38, 370)], darker(bag, 0.25), 3)
    return pen.finished()


def code_panel(text: str, kind: zxingcpp.BarcodeFormat = zxingcpp.BarcodeFormat.EAN13,
               module_pixels: int = MODULE_PIXELS, height: int = 96) -> Image.Image:  # fmt: skip
    """A white label with a printed code, quiet zones and its digits; RGB-opaque RGBA."""
    symbol = zxingcpp.create_barcode(text, kind)
    bars = np.asarray(symbol.to_image(scale=1, add_quiet_zones=False))
    linear = kind == zxingcpp.BarcodeFormat.EAN13
    row = bars[:1] if linear else bars
    size = (row.shape[1] * module_pixels, height if linear else row.shape[0] * module_pixels)
    printed = Image.fromarray(row).resize(size, Image.Resampling.NEAREST)
    quiet = 11 * module_pixels if linear else 4 * module_pixels
    label = Image.new("RGBA", (size[0] + 2 * quiet, size[1] + 46), (*WHITE, 255))
    label.paste(printed.convert("RGB"), (quiet, 14))
    if linear:
        pen = Pen()
        pen.words(SIDE / 2, 14, " ".join((text[0], text[1:7], text[7:])), 22, INK)
        digits = pen.finished().crop((40, 0, SIDE - 40, 28))
        label.alpha_composite(digits, (label.width // 2 - digits.width // 2, size[1] + 16))
    return label


@cache
def coded(sku: str, code: str) -> Image.Image:
    """A product turned so that its face and its barcode label below are in view.

    `code` is 13 digits of an EAN-13, printed at 3 pixels a module; a pack's own, or a label from
    the counter that holds a price.
    """
    label = code_panel(code)
    sheet = Image.new("RGBA", (label.width, 330 + label.height))
    sheet.alpha_composite(front(sku).resize((340, 340)), ((label.width - 340) // 2, 0))
    sheet.alpha_composite(label, (0, 330))
    return sheet


@cache
def hand() -> Image.Image:
    """A hand that reaches down from above with its sleeve, fingers round whatever is below it."""
    skin, sleeve = (222, 172, 138), (46, 70, 112)
    pen = Pen()
    pen.area([(128, 0), (272, 0), (264, 150), (136, 150)], sleeve)
    pen.box(126, 140, 274, 172, darker(sleeve, 0.3), 10)
    pen.area([(142, 166), (258, 166), (298, 280), (102, 280)], skin)
    for finger, (x, length) in enumerate(((120, 92), (162, 112), (206, 116), (250, 104))):
        pen.box(x - 20, 250, x + 22, 262 + length, darker(skin, 0.04 * (finger % 2)), 20)
        pen.box(x - 10, 236 + length, x + 12, 256 + length, (244, 208, 186), 9)
    pen.area([(268, 200), (330, 262), (346, 330), (318, 336), (286, 284), (262, 262)],
             darker(skin, 0.06))  # fmt: skip
    return pen.finished()
