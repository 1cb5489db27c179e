"""Chip time to the host's monotonic time: bytes are never early, so the least delay is the offset.

Chip clocks run a little wrong, so only the last few seconds count.
"""

from __future__ import annotations

WINDOW_MS = 2_000


class ClockMap:
    """Learns from every arrival; `host_ms` is at most the arrival time and never goes back."""

    def __init__(self) -> None:
        self._older_ms: float | None = None  # least offset of the window before
        self._newer_ms: float | None = None  # least offset of this window
        self._window_began_ms = 0
        self._last_ms: int | None = None

    def arrived(self, chip_us: int, now_ms: int) -> None:
        """Bytes that the chip stamped `chip_us` were read at `now_ms`."""
        offset_ms = now_ms - chip_us / 1000
        if self._newer_ms is None or now_ms - self._window_began_ms >= WINDOW_MS:
            self._older_ms, self._newer_ms = self._newer_ms, offset_ms
            self._window_began_ms = now_ms
        self._newer_ms = min(self._newer_ms, offset_ms)

    def host_ms(self, chip_us: int) -> int:
        """When, in host time, the chip's clock showed `chip_us`. Needs one arrival before."""
        assert self._newer_ms is not None, "nothing arrived yet"
        offset_ms = self._newer_ms
        if self._older_ms is not None:
            offset_ms = min(offset_ms, self._older_ms)
        mapped = int(chip_us / 1000 + offset_ms)
        self._last_ms = mapped if self._last_ms is None else max(mapped, self._last_ms)
        return self._last_ms

    def restart(self) -> None:
        """The chip's clock started anew, or the port did."""
        self._older_ms = self._newer_ms = None
