"""How to talk to it: pumps bytes between a serial port and a scale driver, and hands out events."""

from __future__ import annotations

import time
from collections.abc import Iterator

from firmware_bridge.port import Port
from firmware_bridge.scales.base import Scale, ScaleEvent


def events(port: Port, scale: Scale, timeout_s: float) -> Iterator[ScaleEvent]:
    """What the scale says, as it comes, for at most `timeout_s`."""
    deadline_s = time.monotonic() + timeout_s
    while time.monotonic() < deadline_s:
        yield from scale.receive(port.read(), time.monotonic_ns() // 1_000_000)
        port.write(scale.to_send(time.monotonic_ns() // 1_000_000))
