"""Faults of the network: half open, reset, down for long, slow and narrow, cut for eight hours."""

from __future__ import annotations

from collections.abc import Callable

from rig.faults.trial import Trial
from rig.proxy import FaultProxy

OFFLINE_EVENTS = 9_600  # eight hours at twenty events a minute
NARROW_BYTES_PER_S = 32_000  # 256 kbit/s
NARROW_DELAY_MS = 300
NARROW_SETTLE_S = 120.0


def half_open(trial: Trial) -> None:
    """Bytes go nowhere without a word, on either side of the broker; then they come late."""
    _partition(trial, FaultProxy.stall, seconds_max=1.0)


def reset(trial: Trial) -> None:
    """Every connection is reset, and new ones too, for a moment."""
    _partition(trial, FaultProxy.cut, seconds_max=0.3)


def link_down(trial: Trial) -> None:
    """No link for a while: what was on its way never arrives."""
    _partition(trial, FaultProxy.down, seconds_max=1.0)


def _partition(trial: Trial, fault: Callable[[FaultProxy], None], seconds_max: float) -> None:
    shop = trial.shop
    for number in trial.each_round():
        wire = shop.store_wire if number % 4 == 3 else shop.carts_wire
        trial.write()
        trial.pause()
        fault(wire)
        trial.write()
        trial.pause(seconds_max)
        wire.restore()
        trial.settle()


def eight_hours(trial: Trial) -> None:
    """The link is cut while eight hours of events are journaled; then they drain."""
    shop = trial.shop
    for _ in trial.each_round():
        shop.carts_wire.cut()
        trial.write(OFFLINE_EVENTS, at_once=50)
        for cart in shop.carts:
            cart.wait(cart.has_written)
        shop.carts_wire.restore()
        trial.settle()


def narrow(trial: Trial) -> None:
    """256 kbit/s with 300 ms of delay."""
    shop = trial.shop
    for wire in (shop.carts_wire, shop.store_wire):
        wire.delay_ms, wire.bytes_per_s = NARROW_DELAY_MS // 2, NARROW_BYTES_PER_S
    for _ in trial.each_round():
        trial.write(100)
        trial.settle(within_s=NARROW_SETTLE_S)
    shop.restore_network()
