"""What is printed on packs and what grows on trees: small drawings in our own hand.

Each function draws one motif around a place, `size` being its half height in pixels.
"""

from __future__ import annotations

import math

from rig.pen import Colour, Pen, Point, darker

LEAF: Colour = (58, 128, 60)
STALK: Colour = (92, 72, 40)


def tomatoes(pen: Pen, x: float, y: float, size: float) -> None:
    """Three ripe tomatoes."""
    for shift, lift, part in ((-0.75, 0.1, 0.62), (0.75, 0.15, 0.58), (0, -0.1, 0.8)):
        centre, radius = (x + shift * size, y + lift * size), size * part
        pen.oval(*centre, radius, radius * 0.92, (206, 32, 30))
        pen.oval(centre[0] - radius * 0.35, centre[1] - radius * 0.3, radius * 0.22, radius * 0.14,
                 (244, 120, 104), -35)  # fmt: skip
        for turn in range(0, 360, 72):
            tip = math.radians(turn - 90)
            pen.oval(centre[0] + math.cos(tip) * radius * 0.3,
                     centre[1] - radius * 0.72 + math.sin(tip) * radius * 0.14,
                     radius * 0.3, radius * 0.09, LEAF, turn - 90)  # fmt: skip


def spirals(pen: Pen, x: float, y: float, size: float) -> None:
    """Fusilli."""
    for row, turn in ((-0.6, -18), (0.1, 12), (0.75, -8)):
        for step in range(-5, 6):
            slant = math.radians(turn)
            centre_x = x + step * size * 0.2
            centre_y = y + row * size + step * size * 0.2 * math.sin(slant)
            pen.oval(centre_x, centre_y, size * 0.2, size * 0.07, (176, 116, 30), 62)
            pen.oval(centre_x - 2, centre_y - 2, size * 0.18, size * 0.055, (246, 204, 104), 62)


def grains(pen: Pen, x: float, y: float, size: float) -> None:
    """A bowl of rice."""
    pen.oval(x, y + size * 0.25, size * 1.1, size * 0.55, (24, 60, 110))
    for index in range(46):
        turn = index * 137.5
        reach = math.sqrt(index / 46) * size
        pen.oval(x + math.cos(math.radians(turn)) * reach * 0.95,
                 y + math.sin(math.radians(turn)) * reach * 0.42, size * 0.15, size * 0.05,
                 darker((255, 252, 240), 0.08 * (index % 3)), turn * 1.7)  # fmt: skip


def bean(pen: Pen, x: float, y: float, size: float) -> None:
    """Coffee beans."""
    for shift, lift, turn in ((-0.55, 0.25, -40), (0.6, 0.3, 35), (0, -0.35, -75)):
        centre_x, centre_y = x + shift * size, y + lift * size
        pen.oval(centre_x, centre_y, size * 0.6, size * 0.4, (88, 50, 26), turn)
        slant = math.radians(turn)
        groove = [
            (
                centre_x + math.cos(slant) * along * size
                - math.sin(slant) * size * 0.07 * math.sin(along * 6),
                centre_y + math.sin(slant) * along * size
                + math.cos(slant) * size * 0.07 * math.sin(along * 6),
            )
            for along in (step / 20 - 0.5 for step in range(21))
        ]  # fmt: skip
        pen.line(groove, (34, 18, 8), size * 0.07)


def olives(pen: Pen, x: float, y: float, size: float) -> None:
    """An olive branch."""
    pen.line([(x - size, y + size * 0.5), (x + size, y - size * 0.6)], STALK, size * 0.06)
    for step in range(-3, 4):
        for side in (-1, 1):
            pen.oval(x + step * size * 0.3 + side * size * 0.1,
                     y - step * size * 0.17 + side * size * 0.22,
                     size * 0.26, size * 0.08, LEAF, side * 60 - 25)  # fmt: skip
    for shift, lift in ((-0.3, 0.5), (0.35, 0.35)):
        pen.oval(x + shift * size, y + lift * size, size * 0.22, size * 0.3, (70, 82, 24), 12)
        pen.oval(x + (shift - 0.07) * size, y + (lift - 0.1) * size, size * 0.05, size * 0.08,
                 (180, 190, 110))  # fmt: skip


def cow(pen: Pen, x: float, y: float, size: float) -> None:
    """A cow's spots."""
    pen.oval(x, y, size, size * 0.72, (255, 255, 255))
    for shift, lift, wide, high, turn in (
        (-0.5, -0.25, 0.36, 0.26, 20), (0.45, 0.05, 0.34, 0.3, -30), (-0.1, 0.42, 0.26, 0.16, 0),
    ):  # fmt: skip
        pen.oval(x + shift * size, y + lift * size, wide * size, high * size, (30, 30, 34), turn)


def oats(pen: Pen, x: float, y: float, size: float) -> None:
    """Ears of oats."""
    for lean in (-0.45, 0, 0.45):
        foot, head = (x, y + size), (x + lean * size * 1.6, y - size * 0.9)
        pen.line([foot, head], (150, 112, 40), size * 0.05)
        for step in range(3, 10):
            at = step / 10
            for side in (-1, 1):
                pen.oval(foot[0] + (head[0] - foot[0]) * at + side * size * 0.11,
                         foot[1] + (head[1] - foot[1]) * at, size * 0.15, size * 0.06,
                         (222, 178, 84), side * -55 + lean * 40)  # fmt: skip


def swirl(pen: Pen, x: float, y: float, size: float) -> None:
    """A spoonful of yoghurt."""
    pen.oval(x, y + size * 0.3, size, size * 0.45, (255, 255, 255))
    for part, shade in ((0.8, 0.08), (0.55, 0.0), (0.3, 0.08)):
        pen.oval(x, y + size * (0.3 - 0.5 * (1 - part)), size * part, size * part * 0.42,
                 darker((250, 252, 255), shade))  # fmt: skip


def squares(pen: Pen, x: float, y: float, size: float) -> None:
    """Pieces of chocolate."""
    for row in range(2):
        for column in range(4):
            left, top = x + (column - 2) * size * 0.62, y + (row - 1) * size * 0.62
            pen.box(left, top, left + size * 0.58, top + size * 0.58, (70, 38, 20), 4)
            pen.box(left + 5, top + 5, left + size * 0.5, top + size * 0.5, (96, 54, 30), 3)


def mint(pen: Pen, x: float, y: float, size: float) -> None:
    """Mint leaves."""
    for turn in (-50, 50, -130, 130, -90):
        way = math.radians(turn)
        pen.oval(x + math.cos(way) * size * 0.5, y + math.sin(way) * size * 0.5, size * 0.55,
                 size * 0.22, (120, 214, 140), turn)  # fmt: skip
        pen.line([(x, y), (x + math.cos(way) * size, y + math.sin(way) * size)], LEAF, 2)


def bubbles(pen: Pen, x: float, y: float, size: float) -> None:
    """Soap bubbles."""
    for shift, lift, part in (
        (-0.5, 0.3, 0.4),
        (0.4, 0.35, 0.5),
        (0, -0.4, 0.46),
        (0.7, -0.5, 0.2),
    ):
        centre = x + shift * size, y + lift * size
        pen.oval(*centre, part * size, part * size, (198, 240, 255))
        pen.ring(*centre, part * size, (255, 255, 255), 4)
        pen.oval(centre[0] - part * size * 0.4, centre[1] - part * size * 0.4, part * size * 0.18,
                 part * size * 0.12, (255, 255, 255), -40)  # fmt: skip


def bananas(pen: Pen) -> None:
    """Three bananas of one hand, bent, with their common stalk."""
    for lift, bend, colour in (
        (0, 120, (214, 166, 26)), (34, 150, (236, 192, 40)), (72, 176, (250, 214, 64)),
    ):  # fmt: skip

        def spine(at: float, lift: float = lift, bend: float = bend) -> Point:
            x = 62 + 292 * at - 20 * math.sin(math.pi * at)
            return x, 92 + lift + bend * math.sin(math.pi * (0.12 + 0.76 * at)) - 60 * at

        pen.horn(spine, 39, darker(colour, 0.35))
        pen.horn(spine, 36, colour)
        pen.horn(spine, 9, darker(colour, -0.4), shift=8)
        pen.line([spine(0.2), spine(0.5), spine(0.8)], darker(colour, 0.16), 2.5)
        pen.oval(*spine(1.0), 11, 8, (70, 52, 22), 40)
        for spot in (0.33, 0.52, 0.71):
            pen.oval(*spine(spot), 5, 2, (130, 88, 22), 20)
    pen.area([(42, 60), (74, 50), (92, 128), (84, 196), (52, 196), (44, 120)], (150, 128, 36))
    pen.area([(40, 40), (74, 36), (76, 62), (42, 70)], (92, 72, 30))


def apples(pen: Pen) -> None:
    """Three Gala apples: red over yellow, with stalk and leaf."""
    for x, y, radius in ((128, 250, 94), (272, 256, 92), (200, 168, 98)):
        pen.area(_apple(x, y, radius + 4), (120, 18, 16))
        pen.area(_apple(x, y, radius), (196, 40, 34))
        for stripe in range(-4, 5):
            pen.oval(x + stripe * radius * 0.2, y + radius * 0.08, radius * 0.035,
                     radius * (0.72 - abs(stripe) * 0.09), (226, 128, 62), -stripe * 7)  # fmt: skip
        pen.oval(x, y - radius * 0.66, radius * 0.34, radius * 0.12, (214, 176, 60))
        pen.oval(x - radius * 0.4, y - radius * 0.28, radius * 0.2, radius * 0.12, (250, 170, 150),
                 -40)  # fmt: skip
        pen.line([(x, y - radius * 0.62), (x + radius * 0.12, y - radius * 1.08)], STALK, 7)
        pen.oval(x + radius * 0.36, y - radius * 0.96, radius * 0.28, radius * 0.11, LEAF, -22)


def _apple(x: float, y: float, radius: float) -> list[Point]:
    points = []
    for step in range(90):
        turn = step * math.tau / 90
        dent = math.exp(-(((turn - math.tau * 0.75) / 0.34) ** 2))
        foot = math.exp(-(((turn - math.tau * 0.25) / 0.3) ** 2))
        reach = radius * (1 - 0.3 * dent - 0.1 * foot)
        points.append((x + reach * math.cos(turn), y + reach * math.sin(turn)))
    return points


def onions(pen: Pen) -> None:
    """Three yellow onions: papery bulbs with a dry neck and a beard of roots."""
    for x, y, radius in ((124, 262, 84), (280, 266, 82), (202, 182, 90)):
        skin = (198, 134, 58)
        neck = y - radius * 1.35
        bulb: list[Point] = [(x - 6, neck), (x + 6, neck)]
        bulb += [
            (x + radius * math.cos(math.radians(turn)) * (1.02 if turn > -30 else 0.96),
             y + radius * 0.9 * math.sin(math.radians(turn)))
            for turn in range(-50, 231, 5)
        ]  # fmt: skip
        pen.area(bulb, skin)
        for meridian in (-0.85, -0.6, -0.33, 0.0, 0.33, 0.6, 0.85):
            line = [
                (x + meridian * radius * math.cos(math.radians(turn)),
                 y + radius * (0.88 if turn > 0 else 1.12) * math.sin(math.radians(turn)))
                for turn in range(-84, 85, 6)
            ]  # fmt: skip
            pen.line(line, darker(skin, 0.28), 2.6)
        pen.oval(
            x - radius * 0.42, y - radius * 0.1, radius * 0.12, radius * 0.34, (240, 196, 128), 14
        )
        for root in range(-3, 4):
            pen.line([(x + root * 3, y + radius * 0.86), (x + root * 7, y + radius * 1.06)],
                     (226, 206, 160), 2.4)  # fmt: skip
        pen.line([(x, neck + 12), (x - 4, neck - 16)], (150, 104, 48), 8)
