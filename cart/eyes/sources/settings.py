"""What a camera on a fixed mount is told once, when it is opened; it must never know which camera.

A code that is held close wants a short exposure and a fixed focus: automatics hunt exactly when a
hand brings something in.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import TypeVar

Number = TypeVar("Number", int, float)


@dataclass(frozen=True, slots=True)
class Settings:
    """None leaves a matter to the camera. White balance: the gains of red and of blue."""

    size: tuple[int, int] = (1280, 720)
    fps: int = 15
    exposure_us: int | None = None
    gain: float | None = None
    white_balance: tuple[float, float] | None = None
    focus_dioptres: float | None = None


def add_arguments(command: argparse.ArgumentParser) -> None:
    """One option a setting."""
    group = command.add_argument_group(
        "camera", "said once to a camera when it is opened; without them it decides by itself"
    )
    for name, kind, metavar, what in (
        ("size", _pair(int, "x", 64, 8192), "WxH", "pixels of a frame"),
        ("fps", _within(int, 1, 120), "N", "frames a second"),
        ("exposure-us", _within(int, 10, 100_000), "N", "exposure in microseconds; 1000 to 4000"),
        ("gain", _within(float, 1.0, 64.0), "X", "analogue gain"),
        ("white-balance", _pair(float, ",", 0.1, 32.0), "R,B", "gains of red and of blue"),
        ("focus-dioptres", _within(float, 0.0, 32.0), "X", "4 is 25 cm, 0 is far away"),
    ):
        group.add_argument(f"--{name}", type=kind, metavar=metavar, help=what)


def settings_of(arguments: argparse.Namespace) -> Settings:
    """The settings that were given, and the defaults of the rest."""
    given = {field.name: getattr(arguments, field.name) for field in fields(Settings)}
    return Settings(**{name: value for name, value in given.items() if value is not None})


def _within(kind: Callable[[str], Number], low: Number, high: Number) -> Callable[[str], Number]:
    def number(text: str) -> Number:
        try:
            value = kind(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(f"{text!r} is no number") from error
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(f"{text} is not within {low} and {high}")
        return value

    return number


def _pair(
    kind: Callable[[str], Number], between: str, low: Number, high: Number
) -> Callable[[str], tuple[Number, Number]]:
    number = _within(kind, low, high)

    def pair(text: str) -> tuple[Number, Number]:
        first, found, second = text.partition(between)
        if not found:
            raise argparse.ArgumentTypeError(f"{text!r} are not two numbers with {between!r}")
        return number(first), number(second)

    return pair
