"""The other way round: the cart's scale, spoken to a till as a scale that the till knows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from firmware_bridge.serve.display import Display
from firmware_bridge.serve.mt_sics import SicsLane
from firmware_bridge.serve.toledo8217 import ToledoLane


class Lane(Protocol):
    """A protocol from the scale's side. No IO; nothing in it raises on what the till says."""

    def receive(self, data: bytes, now_ms: int) -> bytes:
        """What to send now. Call it at least every 100 ms, also with nothing."""


@dataclass(frozen=True, slots=True)
class Service:
    """A row: what makes the lane, and the framing that is usual on its port."""

    make: Callable[[Display], Lane]
    framing: str


PROTOCOLS: dict[str, Service] = {
    "mt-sics": Service(SicsLane, "8N1"),
    "toledo8217": Service(ToledoLane, "7E1"),
}
