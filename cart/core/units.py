"""Quantities of the core, all integers: money, mass, time and scores, and how they are rounded.

A name carries its unit last (`price_minor`, `mass_mg`, `age_ms`, `score_millinats`). Nothing here
or anywhere in the core may use a float: a float cannot hold a cent exactly.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Literal

MILLIGRAMS_PER_KILOGRAM = 1_000_000
PARTS_PER_MILLION = 1_000_000


def divide_half_up(numerator: int, denominator: int) -> int:
    """Divide and round to the nearest integer, halves away from zero (the rule of tills).

    Raises ZeroDivisionError for a zero denominator.
    """
    if denominator < 0:
        numerator, denominator = -numerator, -denominator
    magnitude = (2 * abs(numerator) + denominator) // (2 * denominator)
    return magnitude if numerator >= 0 else -magnitude


Rounding = Literal["half_up", "half_even", "half_down", "down", "up"]


def divide(numerator: int, denominator: int, rounding: Rounding) -> int:
    """Divide and round as named: "down" is towards zero, "up" away from it.

    The denominator must be positive.
    """
    whole, rest = divmod(abs(numerator), denominator)
    match rounding:
        case "half_up":
            more = 2 * rest >= denominator
        case "half_down":
            more = 2 * rest > denominator
        case "half_even":
            more = 2 * rest + whole % 2 > denominator
        case "down":
            more = False
        case "up":
            more = rest > 0
    magnitude = whole + more
    return magnitude if numerator >= 0 else -magnitude


def round_fraction(value: Fraction, rounding: Rounding) -> int:
    """An exact number rounded once."""
    return divide(value.numerator, value.denominator, rounding)


def round_to_step(value: int, step: int) -> int:
    """Round to the nearest multiple of `step`, halves away from zero (a scale's interval)."""
    return divide_half_up(value, step) * step


def decimal_text(value: int, digits: int) -> str:
    """An integer in units of 10**-digits as people write it: 1234 with 2 digits is "12.34"."""
    sign = "-" if value < 0 else ""
    whole, part = divmod(abs(value), 10**digits)
    return f"{sign}{whole}.{part:0{digits}}" if digits else f"{sign}{whole}"


def allocate(total: int, weights: Sequence[int]) -> list[int]:
    """Split `total` in proportion to `weights`, exactly: the parts sum to `total`.

    Largest remainder; ties go to the earlier weight. All weights zero: equal weights.
    Weights must not be negative; an empty sequence takes only a zero total.
    """
    assert all(weight >= 0 for weight in weights), "weights must not be negative"
    if not weights:
        assert total == 0, "nothing to allocate to"
        return []
    shares = list(weights) if any(weights) else [1] * len(weights)
    whole = sum(shares)
    sign = -1 if total < 0 else 1
    parts = [abs(total) * share // whole for share in shares]
    remainders = [abs(total) * share % whole for share in shares]
    by_remainder = sorted(range(len(shares)), key=lambda index: (-remainders[index], index))
    for index in by_remainder[: abs(total) - sum(parts)]:
        parts[index] += 1
    return [sign * part for part in parts]
