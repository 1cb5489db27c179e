"""When a code in view is said to the cart: once an appearance."""

from __future__ import annotations

from cart.eyes.appearances import GONE_MS, Appearances
from models.symbols import Read

CORNERS = ((0, 0), (9, 0), (9, 9), (0, 9))
TIN = Read("9520000000011", "EAN13", "09520000000011", CORNERS)
POSTER = Read("4006381333931", "EAN13", "04006381333931", CORNERS)


def test_a_known_code_is_said_at_its_first_frame_and_not_again_while_in_view() -> None:
    """Ten frames of one tin are one read."""
    appearances = Appearances()
    appearances.know(["09520000000011"])
    said = [appearances.update([TIN], sensed_ms) for sensed_ms in range(0, 1_000, 100)]
    assert said[0] == [(TIN, 1)]
    assert not any(said[1:])


def test_an_unknown_code_needs_a_second_frame_that_agrees() -> None:
    """One frame may be a misread."""
    appearances = Appearances()
    assert appearances.update([POSTER], 0) == []
    assert appearances.update([POSTER], 80) == [(POSTER, 2)]


def test_the_same_good_again_is_said_again() -> None:
    """Out of view and back: a second tin."""
    appearances = Appearances()
    appearances.know(["09520000000011"])
    assert appearances.update([TIN], 0)
    assert appearances.update([], 500) == []
    assert appearances.update([TIN], 500 + GONE_MS) == [(TIN, 1)]


def test_two_codes_in_view_are_both_said() -> None:
    """Two goods in one hand."""
    appearances = Appearances()
    appearances.know([str(TIN.gtin), str(POSTER.gtin)])
    assert appearances.update([TIN, POSTER], 0) == [(TIN, 1), (POSTER, 1)]
