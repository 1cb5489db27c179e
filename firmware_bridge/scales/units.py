"""Units of mass, exactly: what a scale writes as a decimal text, in whole milligrams.

Only integers; one rounding, at the very end. It must never guess a unit that it doesn't know.
"""

from __future__ import annotations

# Milligrams in one unit, as a fraction: the international pound is 0.45359237 kg by definition.
MG_IN: dict[str, tuple[int, int]] = {
    "mg": (1, 1),
    "g": (1_000, 1),
    "kg": (1_000_000, 1),
    "t": (1_000_000_000, 1),
    "lb": (45_359_237, 100),
    "oz": (28_349_523_125, 1_000_000),
}


def mass_mg(digits: int, decimals: int, unit: str) -> int:
    """Milligrams of `digits` x 10^-`decimals` units, rounded half away from zero.

    `decimals` may be negative. The unit must be one of `MG_IN`.
    """
    over, under = MG_IN[unit]
    over *= 10 ** max(0, -decimals)
    under *= 10 ** max(0, decimals)
    return divided(digits * over, under)


def parsed(text: str) -> tuple[int, int]:
    """The digits and the decimals of a decimal text such as "-01.250". ValueError if it is none."""
    whole, _, part = text.strip().partition(".")
    if not (whole + part).lstrip("-").isascii():
        raise ValueError(f"{text!r} is no decimal number")
    return int(whole + part), len(part)


def divided(over: int, under: int) -> int:
    """A quotient rounded half away from zero."""
    size = (2 * abs(over) + under) // (2 * under)
    return size if over >= 0 else -size
