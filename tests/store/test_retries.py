"""A connection comes back at once, unless it never stands for long: then it takes its time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from random import Random

import pytest

from cart import mqtt
from cart.retries import STEADY_MS, UNSTEADY_MS_MAX, Retries
from rig.broker import Broker

FIRST_MS, PAUSE_MS_MAX = 100, 5_000
STEP_MS = 50


class Clock:
    """Milliseconds, moved by hand."""

    def __init__(self) -> None:
        self.now_ms = 1_000_000

    def __call__(self) -> int:
        return self.now_ms


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    """One that keeps nothing."""
    with Broker(tmp_path, "iotcore") as began:
        yield began


def pauses_ms(retries: Retries, clock: Clock, *stood_ms: int | None) -> list[int]:
    """The pause after each loss: of a connection that stood so long, or (None) never came up."""
    pauses = []
    for stood in stood_ms:
        if stood is not None:
            retries.stands()
            clock.now_ms += stood
        retries.lost(FIRST_MS)
        pauses.append(retries.at_ms - clock.now_ms)
        clock.now_ms = retries.at_ms
    return pauses


def test_pauses_grow_until_a_connection_has_stood() -> None:
    """With jitter of up to a half: from 0.1 s to 5 s while nobody answers, to 1 s while each
    connection breaks soon; one that stood is back after 0.1 s, also once the others did not."""
    clock = Clock()
    retries = Retries(clock, Random(3), PAUSE_MS_MAX)
    for stood_ms, most_ms in ((None, PAUSE_MS_MAX), (STEADY_MS - 1, UNSTEADY_MS_MAX)):
        pauses = pauses_ms(retries, clock, *[stood_ms] * 40)
        assert pauses[0] <= 2 * FIRST_MS
        assert all(most_ms // 2 <= pause <= most_ms for pause in pauses[6:])
        assert len(set(pauses[6:])) > 20, "jitter"
        (steady_ms,) = pauses_ms(retries, clock, STEADY_MS)
        assert FIRST_MS // 2 <= steady_ms <= FIRST_MS
    pauses_ms(retries, clock, *[0] * 9)
    retries.anew()
    assert retries.at_ms == 0
    assert pauses_ms(retries, clock, 0)[0] <= 2 * FIRST_MS


def test_two_of_one_name_do_not_fight_at_full_speed(broker: Broker) -> None:
    """They drive each other off a real broker, over and over: seldom more than once a second, and
    whoever came last is served meanwhile."""
    clock, comebacks = Clock(), 0
    here = mqtt.Endpoint(broker.host, broker.port)
    with (
        closing(mqtt.Connection(here, "cart-1", [], clock, Random(1))) as one,
        closing(mqtt.Connection(here, "cart-1", [], clock, Random(2))) as other,
    ):
        for _ in range(20_000 // STEP_MS):
            happened = one.poll(1) + other.poll(1)
            comebacks += mqtt.Changed(up=True) in happened
            clock.now_ms += STEP_MS
    assert 10 < comebacks < 40
