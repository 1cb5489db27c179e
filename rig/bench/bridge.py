"""What the bridge costs at 80 rows a second of four cells, and how long a row takes through it.

The wire is a pty, its far end the simulated four-corner chip in this process; a row's way is from
the write of its frame to the event that the driver makes of it.
"""

from __future__ import annotations

import os
import pty
import random
import time
import tty
from dataclasses import dataclass, field

from firmware_bridge.metrology.calibration import NOMINAL_CORNERS
from firmware_bridge.port import Port
from firmware_bridge.scales.chip import ChipScale
from rig.bench.figures import Figure, percentile
from rig.chip import INTERVAL_US, SimulatedChip
from rig.platform import Platform

WARM_ROWS = 240
STEP_EVERY = 160  # rows: now and then a load comes, so that moving costs are in it too
LOADS_MG = (5_000_000, 5_200_000)


@dataclass
class Cost:
    """Seconds of processor time in the bridge, and milliseconds of each batch's way."""

    busy_s: float = 0.0
    ways_ms: list[float] = field(default_factory=list)


def figures(rows: int = 4_800) -> list[Figure]:
    """The bridge's share of one core, and the way of a row, over so many rows."""
    master, slave = pty.openpty()
    tty.setraw(slave)
    dice = random.Random(7)
    platform = Platform(dice)
    chip = SimulatedChip(platform, dice)
    cost = Cost()
    try:
        with Port(os.ttyname(slave)) as port:
            _run(rows, chip, platform, master, port, cost)
    finally:
        os.close(slave)
        os.close(master)
    share = 100 * cost.busy_s / (rows * INTERVAL_US / 1e6)
    return [
        Figure("bridge: one core at 80 rows/s of 4 cells", share, "%", "<= 3", samples=rows),
        Figure(
            "bridge: wire to event p99", percentile(cost.ways_ms, 99), "ms", "<= 5",
            samples=len(cost.ways_ms),
        ),
    ]  # fmt: skip


def _run(
    rows: int, chip: SimulatedChip, platform: Platform, master: int, port: Port, cost: Cost
) -> None:
    scale = ChipScale(NOMINAL_CORNERS)
    for number in range(WARM_ROWS + rows):
        now_us = number * INTERVAL_US
        if number % STEP_EVERY == 0:
            place = number // STEP_EVERY % 2
            platform.place(LOADS_MG[place], "centre", now_us / 1e6)
        asked = scale.to_send(now_us // 1000)
        said = chip.receive(asked) + chip.tick(now_us)
        if not said:
            continue
        os.write(master, said)
        began_s, busy_s = time.perf_counter(), time.process_time()
        scale.receive(port.read(), now_us // 1000)
        if number >= WARM_ROWS:
            cost.busy_s += time.process_time() - busy_s
            cost.ways_ms.append((time.perf_counter() - began_s) * 1000)
