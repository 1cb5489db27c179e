"""What others put on the wire: captures played again, in another order, as another cart; rubbish.

Nothing of it may change what is stored, nor stop the store. Who may speak at all is the broker's
business (deploy/mosquitto); here everybody may.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from random import Random

from cart import mqtt
from cart.contract.store import CartState, Packet, packet, topic_of
from cart.shell.clock import monotonic_ms
from rig.faults.cart import STORE, TENANT
from rig.faults.trial import Trial

POLL_MS = 20
HEARD_S_MAX = 20.0
RUBBISH = (
    b"", b"{", b"\x00\xff\xfe", b"[" * 9_999, b'{"epoch":1,"entries":[]}', b"9" * 200_001,
    b'{"epoch":99999999999999999999,"entries":[{"seq":1,"event":{},"hash":"' + b"0" * 64 + b'"}]}',
    b'{"boot_id":"x","epoch":-1,"last_seq":1e99,"acked_seq":"0"}',
    b'{"boot_id":"x","epoch":1,"last_seq":0,"acked_seq":0,"app_version":"\\ud800"}',
    b'{"boot_id":"x","epoch":99999999999999999999,"last_seq":0,"acked_seq":0}',
)  # fmt: skip
TARGETS = ("birth", "cart_state", "events", "pair_offer", "pay_request", "store_state")


@contextmanager
def stranger(trial: Trial, name: str, filters: list[str]) -> Iterator[mqtt.Connection]:
    """Somebody else on the broker, connected."""
    broker = trial.shop.broker
    will = packet("cart_state", CartState("x", online=False), TENANT, STORE, cart=name)
    here = mqtt.Endpoint(broker.host, broker.port, mqtt=trial.shop.dialect)
    someone = mqtt.Connection(here, name, filters, monotonic_ms, Random(1), will)
    try:
        hear(someone, lambda _: someone.up)
        yield someone
    finally:
        someone.close()


def hear(
    someone: mqtt.Connection, enough: Callable[[list[mqtt.Incoming]], bool]
) -> list[mqtt.Incoming]:
    """What arrives until it is enough, or no more is to be expected."""
    heard: list[mqtt.Incoming] = []
    end_s = time.monotonic() + HEARD_S_MAX
    while not enough(heard) and time.monotonic() < end_s:
        heard += [each for each in someone.poll(POLL_MS) if isinstance(each, mqtt.Incoming)]
    return heard


def replays(trial: Trial) -> None:
    """Captured batches again, backwards, as another cart; the last will of an older boot."""
    first, second = (cart.name for cart in trial.shop.carts[:2])
    own = topic_of("events", TENANT, STORE, cart=first)
    other = topic_of("events", TENANT, STORE, cart=second)
    for _ in trial.each_round():
        with stranger(trial, "capture", [own]) as someone:
            trial.write(40)
            trial.settle()
            captured = hear(someone, lambda heard: len(heard) > 0)
            old_boot = CartState("0123456789abcdef", online=False)
            someone.publish(packet("cart_state", old_boot, TENANT, STORE, cart=first))
            for topic, batches in ((own, captured), (own, captured[::-1]), (other, captured)):
                for batch in batches:
                    someone.publish(Packet(topic, batch.payload))
                    someone.poll(0)
            trial.write(10)
            trial.settle()


def rubbish(trial: Trial) -> None:
    """Malformed, oversized and absurd payloads on every channel to the store."""
    for number in trial.each_round():
        with stranger(trial, "noise", []) as someone:
            for place in range(10):
                name = TARGETS[(number + place) % len(TARGETS)]
                names = {} if name == "store_state" else {"cart": f"noise-{number}"}
                topic = topic_of(name, TENANT, STORE, **names)
                someone.publish(Packet(topic, RUBBISH[(number * 10 + place) % len(RUBBISH)]))
                someone.poll(0)
            trial.write(2)
            trial.settle()


def broker_wiped(trial: Trial) -> None:
    """The broker loses everything it kept: the store says again what must stand there."""
    kept = [topic_of(name, TENANT, STORE) for name in ("store_state", "catalog_head")]
    for _ in trial.each_round():
        trial.write()
        trial.shop.broker.kill()
        began_s = time.monotonic()
        trial.killed("broker", "and all its data")
        trial.write(1)
        trial.shop.broker.start()
        trial.settle(began_s)
        with stranger(trial, "late-comer", []) as someone:
            for topic in kept:
                someone.subscribe(topic)
            heard = hear(someone, lambda heard: {each.topic for each in heard} == set(kept))
            trial.lost += len(set(kept) - {each.topic for each in heard})
