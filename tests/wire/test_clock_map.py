"""Chip time in our time: the least delay counts, and only lately."""

from __future__ import annotations

from firmware_bridge.clock_map import WINDOW_MS, ClockMap


def arrivals(clock: ClockMap, first_ms: int, last_ms: int, rate: float = 1.0) -> None:
    """One arrival each 25 ms, 3 ms after the chip stamped it; `rate` is the chip clock's speed."""
    for chip_ms in range(first_ms, last_ms, 25):
        clock.arrived(round(chip_ms * rate * 1000), 5_000 + chip_ms + 3)


def test_late_bytes_do_not_move_the_clock() -> None:
    """A busy second of ours does not make the chip's moments later, also where a window ends."""
    clock = ClockMap()
    arrivals(clock, 0, WINDOW_MS + 50)
    for chip_ms in range(WINDOW_MS + 50, 2 * WINDOW_MS + 100, 25):
        clock.arrived(chip_ms * 1000, 5_000 + chip_ms + 400)
        assert clock.host_ms(chip_ms * 1000) == 5_000 + chip_ms + 3


def test_a_clock_that_runs_wrong_is_followed() -> None:
    """Half a percent, as a cheap resonator has, for a minute: never more than 25 ms off."""
    for rate in (0.995, 1.005):
        clock = ClockMap()
        arrivals(clock, 0, 60_000, rate)
        true_ms = 5_000 + 59_975 + 3
        assert abs(clock.host_ms(round(59_975 * rate * 1000)) - true_ms) <= 25


def test_no_moment_lies_before_the_last_one() -> None:
    """A better offset learnt later does not turn time back."""
    clock = ClockMap()
    clock.arrived(0, 1_000)
    assert clock.host_ms(0) == 1_000
    clock.arrived(10_000, 1_002)
    assert clock.host_ms(10_000) == 1_002
    clock.arrived(20_000, 1_003)
    assert clock.host_ms(11_000) == 1_002
