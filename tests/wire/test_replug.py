"""The plug pulled and put into another socket: another device, the same by-id link, every wire."""

from __future__ import annotations

import contextlib
import os
import pty
import random
import select
import threading
import time
import tty
from collections.abc import Iterator
from pathlib import Path

import pytest

from firmware_bridge.scales.base import LossReason, ScaleBack, ScaleLost
from rig.chip import SimulatedChip
from rig.load_cell import LoadCell, draw_traits
from tests.wire.chip_process import Reader
from tests.wire.wires import WIRES

GRAM = 1_000
SETTLES_MAX = 8  # what a bad wire loses is a hole in the samples, and so a change of nothing


class Plugged:
    """A simulated chip behind a wire at the far end of a pty, in real time."""

    def __init__(self, wire: str, load_mg: int) -> None:
        dice = random.Random(3)
        self._chip = SimulatedChip(LoadCell(draw_traits(dice), dice, load_mg), dice)
        self._down, self._up = WIRES[wire](1), WIRES[wire](2)
        self._master, self._slave = pty.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        self.device = os.ttyname(self._slave)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        began_s = time.monotonic()
        while not self._stopping.is_set():
            ready = select.select([self._master], [], [], 0.005)[0]
            asked = os.read(self._master, 4_096) if ready else b""
            now_ms = round((time.monotonic() - began_s) * 1000)
            said = self._chip.receive(self._down.carry(asked, now_ms))
            said += self._chip.tick(now_ms * 1000)
            with contextlib.suppress(BlockingIOError):  # nobody reads: the bytes are gone
                os.write(self._master, self._up.carry(said, now_ms))

    def pull(self) -> None:
        """The reader's end hangs up; the device's name stays taken, so the next has another."""
        if self._stopping.is_set():
            return
        self._stopping.set()
        self._thread.join()
        os.close(self._master)

    def forget(self) -> None:
        """Give the name back."""
        os.close(self._slave)


def plug(link: Path, device: str) -> None:
    """What udev does: the link of this scale leads to where it is now."""
    link.unlink(missing_ok=True)
    link.symlink_to(device)


@pytest.fixture(params=list(WIRES))
def plugged(request: pytest.FixtureRequest) -> Iterator[list[Plugged]]:
    """The same scale in one socket (400 g on it), then in another (250 g)."""
    chips = [Plugged(request.param, 400 * GRAM), Plugged(request.param, 250 * GRAM)]
    yield chips
    for chip in chips:
        chip.pull()
        chip.forget()


def test_a_scale_comes_back_under_another_name(plugged: list[Plugged], tmp_path: Path) -> None:
    """Lost once, back at the new device through its link, and what changed meanwhile is found."""
    link = tmp_path / "scale"
    plug(link, plugged[0].device)
    reader = Reader(link)
    try:
        reader.settles_at(400 * GRAM, SETTLES_MAX)
        plugged[0].pull()
        lost = reader.until(ScaleLost)
        assert isinstance(lost, ScaleLost)
        assert lost.reason is LossReason.PORT
        assert plugged[1].device != plugged[0].device
        plug(link, plugged[1].device)
        reader.until(ScaleBack)
        assert reader.settles_at(250 * GRAM, SETTLES_MAX) == pytest.approx(-150 * GRAM, abs=1500)
    finally:
        reader.close()
