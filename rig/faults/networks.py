"""Faults of the network: half open, reset, down for long, slow and narrow, cut for eight hours."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

from cart import mqtt
from cart.contract.store import PairClaim, packet
from rig.faults.cart import STORE, TENANT
from rig.faults.foreign import stranger
from rig.faults.shop import Cart
from rig.faults.trial import SETTLE_S_MAX, Trial
from rig.proxy import FaultProxy

OFFLINE_EVENTS = 9_600  # eight hours at twenty events a minute
NARROW_BYTES_PER_S = 32_000  # 256 kbit/s
NARROW_DELAY_MS = 300
NARROW_SETTLE_S = 120.0
ASK_AGAIN_S = 0.03
ASK_S_MAX = 5.0


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
    """The link is cut while eight hours of events are journaled; then they drain, and meanwhile
    shoppers pair, one after the other."""
    shop = trial.shop
    for _ in trial.each_round():
        shop.carts_wire.cut()
        trial.write(OFFLINE_EVENTS, at_once=50)
        for cart in shop.carts:
            cart.wait(cart.has_written)
        with stranger(trial, "app", []) as app:
            shop.carts_wire.restore()
            began_s = time.monotonic()
            for cart in shop.carts:
                cart.wait(partial(_is_online, cart))
                while not cart.is_settled() and time.monotonic() - began_s < SETTLE_S_MAX:
                    trial.live_ms.append(_pair(cart, app, f"nonce-{len(trial.live_ms):06}"))
            trial.settle(began_s)


def _pair(cart: Cart, app: mqtt.Connection, nonce: str) -> float:
    """Milliseconds from the code on the screen to the trip; the app asks until it has it."""
    began_s = time.monotonic()
    cart.say(cart=cart.name, offer=nonce)
    claim = packet("pair_claim", PairClaim(cart.name, nonce, "ann"), TENANT, STORE, app="app-ann")
    has_it = partial(_has_paired, cart, nonce)
    while not cart.wait(has_it, ASK_AGAIN_S) and time.monotonic() - began_s < ASK_S_MAX:
        app.publish(claim)
        app.poll(0)
    return (time.monotonic() - began_s) * 1_000


def _is_online(cart: Cart) -> bool:
    return cart.online


def _has_paired(cart: Cart, nonce: str) -> bool:
    return cart.told.get("paired") == nonce


def narrow(trial: Trial) -> None:
    """256 kbit/s with 300 ms of delay."""
    shop = trial.shop
    for wire in (shop.carts_wire, shop.store_wire):
        wire.delay_ms, wire.bytes_per_s = NARROW_DELAY_MS // 2, NARROW_BYTES_PER_S
    for _ in trial.each_round():
        trial.write(100)
        trial.settle(within_s=NARROW_SETTLE_S)
    shop.restore_network()
