"""Integers that hold money and mass: rounding, and splitting a sum without losing a cent."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as some

from cart.core.units import (
    allocate,
    decimal_text,
    divide_half_up,
    round_to_step,
)
from cart.core.weights import price_of_weight_minor

numbers = some.integers(-(10**12), 10**12)
weights = some.lists(some.integers(0, 10**9), min_size=1, max_size=30)


@given(numbers, some.integers(1, 10**9))
def test_division_is_never_off_by_more_than_a_half(numerator: int, denominator: int) -> None:
    """The quotient is the nearest integer; an exact half moves away from zero."""
    exact = Fraction(numerator, denominator)
    rounded = divide_half_up(numerator, denominator)
    assert abs(rounded - exact) <= Fraction(1, 2)
    if abs(rounded - exact) == Fraction(1, 2):
        assert abs(rounded) > abs(exact)


@given(numbers, some.integers(1, 10**9))
def test_division_is_the_same_below_zero(numerator: int, denominator: int) -> None:
    """A refund rounds as the sale did, whichever side the sign stands on."""
    assert divide_half_up(-numerator, denominator) == -divide_half_up(numerator, denominator)
    assert divide_half_up(numerator, -denominator) == -divide_half_up(numerator, denominator)


def test_division_by_zero_is_refused() -> None:
    """There is no price for a share of nothing."""
    with pytest.raises(ZeroDivisionError):
        divide_half_up(1, 0)


@pytest.mark.parametrize(
    ("mass_mg", "price_minor", "expected_minor"),
    [(1_000_000, 149, 149), (250_000, 1250, 313), (742_000, 149, 111), (0, 149, 0)],
)
def test_price_of_mass(mass_mg: int, price_minor: int, expected_minor: int) -> None:
    """A weighed good costs its share of the price of a kilogram, half a cent up."""
    assert price_of_weight_minor(mass_mg, price_minor) == expected_minor


@given(numbers, some.integers(1, 10_000))
def test_steps(value: int, step: int) -> None:
    """A rounded reading is a whole number of steps, at most half a step away."""
    rounded = round_to_step(value, step)
    assert rounded % step == 0
    assert 2 * abs(rounded - value) <= step


@given(numbers, weights)
def test_allocation_loses_nothing(total: int, shares: list[int]) -> None:
    """The parts sum to the total, and none is a whole unit away from its exact share."""
    parts = allocate(total, shares)
    assert sum(parts) == total
    used = shares if any(shares) else [1] * len(shares)
    for part, share in zip(parts, used, strict=True):
        assert abs(part - Fraction(total * share, sum(used))) < 1


@given(weights.filter(any), some.data())
def test_allocation_never_takes_more_than_there_is(
    prices: list[int], data: some.DataObject
) -> None:
    """A saving no greater than the sum of the prices takes no price below zero."""
    saving = data.draw(some.integers(0, sum(prices)))
    parts = allocate(saving, prices)
    assert all(0 <= part <= price for part, price in zip(parts, prices, strict=True))


def test_allocation_ties_go_to_the_earlier() -> None:
    """The odd cent has a fixed place, so a replay gives the same receipt."""
    assert allocate(100, [1, 1, 1]) == [34, 33, 33]
    assert allocate(-100, [1, 1, 1]) == [-34, -33, -33]
    assert allocate(1000, [1299, 849, 1999, 1150]) == [245, 160, 378, 217]
    assert allocate(0, []) == []


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [(1234, 2, "12.34"), (-5, 2, "-0.05"), (0, 2, "0.00"), (-7, 0, "-7"), (404_000, 6, "0.404000")],
)
def test_decimals_are_written_without_a_float(value: int, digits: int, text: str) -> None:
    """The sign and every zero stand where people expect them."""
    assert decimal_text(value, digits) == text
