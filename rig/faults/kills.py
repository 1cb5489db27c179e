"""Faults that are kills: SIGKILL to the broker, a cart or the store, at random and at set points.

A set point is a trap in the network: the bytes that would be next do not pass, and the process is
gone. So the store dies exactly after its commit and before its acknowledgement arrives.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from rig.faults.trial import Trial
from rig.proxy import FaultProxy

TRAP_S = 3.0
EVENTS, ACK = b"/up/ev", b"/down/ack"
# Of a cart: where it dies, and the bytes that show that it is there.
POINTS_OF_A_CART = {
    "at random": b"",
    "between commit and publish": EVENTS,
    "between publish and acknowledgement": ACK,
}
POINTS_OF_THE_STORE = {"between commit and acknowledgement": ACK, "at random": b""}


def broker(trial: Trial) -> None:
    """SIGKILL the broker in mid-traffic; it keeps nothing, so each time it comes back empty."""
    for _ in trial.each_round():
        trial.write()
        trial.pause()
        trial.shop.broker.kill()
        began_s = time.monotonic()
        trial.killed("broker")
        trial.write(1)
        trial.shop.broker.start()
        trial.settle(began_s)


def cart(trial: Trial) -> None:
    """SIGKILL a cart at random, before its rows leave, or before their acknowledgement comes."""
    shop, points = trial.shop, list(POINTS_OF_A_CART.items())
    for number in trial.each_round():
        point, needle = points[number % len(points)]
        victim = shop.carts[number % len(shop.carts)]
        _kill_at(trial, shop.carts_wire, needle, victim.kill)
        began_s = time.monotonic()
        trial.killed(victim.name, point)
        victim.begin()
        trial.write(1)
        victim.await_ready()
        trial.settle(began_s)


def store(trial: Trial) -> None:
    """SIGKILL the store, mostly between its commit and its acknowledgement."""
    shop = trial.shop
    for number in trial.each_round():
        point = "at random" if number % 4 == 3 else "between commit and acknowledgement"
        _kill_at(trial, shop.store_wire, POINTS_OF_THE_STORE[point], shop.store.kill)
        began_s = time.monotonic()
        trial.killed("store", point)
        shop.store.begin()
        trial.write(1)
        shop.store.await_ready()
        trial.settle(began_s)


def _kill_at(trial: Trial, wire: FaultProxy, needle: bytes, kill: Callable[[], None]) -> None:
    """Kill in mid-traffic: when the needle is to pass, or after a while without one."""
    sprung = threading.Event()
    if needle:
        wire.trap(needle, sprung.set)
    trial.write()
    if needle:
        sprung.wait(TRAP_S)
    else:
        trial.pause()
    kill()
