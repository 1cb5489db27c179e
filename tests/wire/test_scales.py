"""What every driver of the table must do, whatever its scale speaks."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from firmware_bridge.metrology.calibration import NOMINAL
from firmware_bridge.scales import DRIVERS, open_driver
from firmware_bridge.scales.base import LossReason, Scale, ScaleEvent, ScaleLost


@pytest.fixture(params=sorted(DRIVERS))
def scale(request: pytest.FixtureRequest) -> Scale:
    """Each driver in turn, fresh."""
    return open_driver(request.param, calibration=NOMINAL)


def test_noise_on_the_wire_is_no_mass(scale: Scale) -> None:
    """Ten seconds of random bytes: nothing but the loss of the scale, said once."""
    dice = random.Random(6)
    events: list[ScaleEvent] = []
    for now_ms in range(0, 10_000, 50):
        events += scale.receive(dice.randbytes(200), now_ms)
        scale.to_send(now_ms)
    lost = [event.reason for event in events if isinstance(event, ScaleLost)]
    assert lost == [LossReason.SILENT]
    assert len(events) == 1


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (lambda _dice: b"", "says nothing"),
        (lambda dice: dice.randbytes(200), "bytes arrive, but they are no frames"),
        (lambda _dice: b"+0000.512 kg\r\n", "bytes arrive, but they are no frames"),
    ],
    ids=["silence", "noise", "another device"],
)
def test_a_wrong_device_is_no_silence(
    scale: Scale, said: Callable[[random.Random], bytes], words: str
) -> None:
    """Who looks for the fault is told whether anything comes over the wire at all."""
    dice = random.Random(6)
    events = [
        event for now_ms in range(0, 2_000, 20) for event in scale.receive(said(dice), now_ms)
    ]
    (lost,) = events
    assert isinstance(lost, ScaleLost)
    assert words in lost.detail


def test_a_port_that_goes_is_said_once(scale: Scale) -> None:
    """The caller may tell it again and again while it tries to open the port."""
    events = [event for now_ms in range(0, 2_000, 250) for event in scale.lost(now_ms)]
    assert [event.reason for event in events if isinstance(event, ScaleLost)] == [LossReason.PORT]
    assert len(events) == 1
