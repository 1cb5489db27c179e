"""When a code in view is said to the cart: once an appearance."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cart.eyes.appearances import GONE_MS, Appearances, Shown
from models.symbols import Read

CORNERS = ((0, 0), (9, 0), (9, 9), (0, 9))
TIN = Read("9520000000011", "EAN13", "09520000000011", CORNERS, proven=True)
POSTER = Read("4006381333931", "EAN13", "04006381333931", CORNERS, proven=True)
DOUBTFUL = replace(TIN, proven=False)


def catalogued() -> Appearances:
    """Told that the catalog has the tin."""
    appearances = Appearances()
    appearances.know(["09520000000011"])
    return appearances


def test_a_known_code_is_said_at_its_first_frame_and_not_again_while_in_view() -> None:
    """Ten frames of one tin are one read."""
    appearances = catalogued()
    said = [appearances.update([TIN], sensed_ms) for sensed_ms in range(0, 1_000, 100)]
    assert said[0] == [Shown(TIN, 1, 0, proven=True)]
    assert not any(said[1:])


def test_an_unknown_code_needs_a_second_frame_that_agrees() -> None:
    """One frame may be a misread."""
    appearances = Appearances()
    assert appearances.update([POSTER], 0) == []
    assert appearances.update([POSTER], 80) == [Shown(POSTER, 2, 80, proven=True)]


def test_the_same_good_again_is_said_again() -> None:
    """Out of view and back: a second tin."""
    appearances = catalogued()
    assert appearances.update([TIN], 0)
    assert appearances.update([], 500) == []
    again_ms = 500 + GONE_MS
    assert appearances.update([TIN], again_ms) == [Shown(TIN, 1, again_ms, proven=True)]


def test_two_codes_in_view_are_both_said() -> None:
    """Two goods in one hand."""
    appearances = Appearances()
    appearances.know([str(TIN.gtin), str(POSTER.gtin)])
    said = appearances.update([TIN, POSTER], 0)
    assert said == [Shown(TIN, 1, 0, proven=True), Shown(POSTER, 1, 0, proven=True)]


@pytest.mark.parametrize(
    "read", [DOUBTFUL, *(replace(TIN, format=weak) for weak in ("UPCE", "DATABAR", "DATABAR_EXP"))]
)
def test_a_weak_read_of_a_known_code_needs_a_second_frame(read: Read) -> None:
    """The catalog alone does not prove what is easily misread: the frames have to agree."""
    appearances = catalogued()
    assert appearances.update([read], 0) == []
    assert appearances.update([read, read], 66) == [Shown(read, 2, 66, proven=True)]


def test_two_views_of_one_frame_are_no_second_frame() -> None:
    """What overlapping views read twice was seen once."""
    assert catalogued().update([DOUBTFUL, DOUBTFUL], 0) == []


def test_what_one_frame_saw_is_said_as_evidence_once_it_has_gone() -> None:
    """The moment is the one it was seen at; codes that the catalog has not stay unsaid."""
    appearances = catalogued()
    stranger = replace(DOUBTFUL, text=POSTER.text, gtin=POSTER.gtin)
    assert appearances.update([DOUBTFUL, stranger], 100) == []
    assert appearances.update([], 100 + GONE_MS) == []
    assert appearances.update([], 101 + GONE_MS) == [Shown(DOUBTFUL, 1, 100, proven=False)]
    assert appearances.update([], 102 + GONE_MS) == []


def test_a_short_interleaved_code_is_never_proven() -> None:
    """However many frames agree: it may be a piece of a longer code."""
    short = Read("952000", "ITF", None, CORNERS)
    appearances = catalogued()
    said = [shown for now_ms in range(0, 500, 50) for shown in appearances.update([short], now_ms)]
    assert said == [Shown(short, 2, 50, proven=False)]
