"""`python -m rig place --bench FILE --port LINK`: the simulated cart with its load placer.

One JSON object a line on standard input, one answer a line:
{"done": n, "simulated": true} or {"error": "..."}.

    {"place_g": 5000, "at": "front_left"}   the whole load, and where it lies
    {"temperature_c": 40}, {"tilt_permille": 50}   the room and the floor, alone or with a load
    {"wait_s": 0.05}                        let time pass: samples appear on the port
    {"skip_s": 1800}                        let time pass between two samples: creep and drift go on

Time stands still between two lines, so a half hour of creep costs nothing and no figure depends on
how busy the computer is. "vessel" as the place is a load in a vessel; the first one is the vessel.
"""

from __future__ import annotations

import argparse
import json
import os
import pty
import random
import sys
import tty
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from cart import arguments
from rig.chip import INTERVAL_US, SimulatedChip
from rig.platform import FAULTS, PLACES, Fault, Platform

STEP_US = 4 * INTERVAL_US
WAIT_S_MAX = 5.0  # more would not fit into the port's buffer


class Order(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """One line."""

    place_g: Annotated[float, Meta(ge=0, le=45_000)] | None = None
    at: str = "centre"
    temperature_c: Annotated[float, Meta(ge=-40, le=85)] | None = None
    tilt_permille: Annotated[float, Meta(ge=0, le=200)] | None = None
    wait_s: Annotated[float, Meta(ge=0, le=WAIT_S_MAX)] = 0.0
    skip_s: Annotated[float, Meta(ge=0, le=1e6)] = 0.0

    def __post_init__(self) -> None:
        if self.at not in PLACES:
            raise ValueError(f"at: choose from {', '.join(PLACES)}")


class FaultTable(msgspec.Struct, forbid_unknown_fields=True):
    """[fault] of a bench file."""

    kind: str
    size: float

    def __post_init__(self) -> None:
        if self.kind not in FAULTS:
            raise ValueError(f"[fault] kind: choose from {', '.join(FAULTS)}")
        if self.kind == "stuck_bit" and self.size not in range(24):
            raise ValueError("[fault] size: a stuck bit is one of 0 to 23")


class World(msgspec.Struct, forbid_unknown_fields=True):
    """What of a bench file is the simulated world's."""

    fault: FaultTable | None = None
    seed: int = 1


class Placer:
    """The platform, its chip, and the master end of a pty."""

    def __init__(self, world: World, master: int) -> None:
        dice = random.Random(world.seed)
        fault = Fault(world.fault.kind, world.fault.size) if world.fault else None
        self._platform = Platform(dice, fault)
        self._chip = SimulatedChip(self._platform, dice)
        self._master = master
        self._now_us = 0

    def obey(self, order: Order) -> None:
        """Do all of one line: the room first, then the load, then time."""
        if order.temperature_c is not None:
            self._platform.temperature_c = order.temperature_c
        if order.tilt_permille is not None:
            self._platform.tilt_permille = order.tilt_permille
        if order.place_g is not None:
            self._platform.place(order.place_g * 1000, order.at, self._now_us / 1e6)
        self._platform.age(order.skip_s)
        self._wait(round(order.wait_s * 1e6))

    def _wait(self, wait_us: int) -> None:
        until_us = self._now_us + wait_us
        while self._now_us < until_us:
            self._now_us = min(until_us, self._now_us + STEP_US)
            asked = _read(self._master)
            said = self._chip.receive(asked) + self._chip.tick(self._now_us)
            while said:
                said = said[os.write(self._master, said) :]


def _read(master: int) -> bytes:
    try:
        return os.read(master, 4096)
    except BlockingIOError:
        return b""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `python -m rig place`."""
    parser.add_argument("--bench", type=Path, required=True, help="TOML file with seed and [fault]")
    parser.add_argument(
        "--port", type=arguments.new_link, required=True, help="link to make to the pty"
    )


def run(asked: argparse.Namespace) -> int:
    """Obey until the end of standard input; 2 when the bench file is wrong."""
    try:
        world = msgspec.toml.decode(asked.bench.read_bytes(), type=World)
    except (OSError, UnicodeDecodeError, msgspec.MsgspecError) as error:
        print(f"rig place: {asked.bench}: {error}", file=sys.stderr)
        return 2
    master, slave = pty.openpty()
    tty.setraw(slave)  # the slave stays open here: the wire outlives the programs that read it
    os.set_blocking(master, False)
    asked.port.symlink_to(os.ttyname(slave))
    try:
        _serve(Placer(world, master))
    finally:
        asked.port.unlink(missing_ok=True)
        os.close(slave)
        os.close(master)
    return 0


def _serve(placer: Placer) -> None:
    for number, line in enumerate(sys.stdin, 1):
        try:
            placer.obey(msgspec.json.decode(line, type=Order))
            answer: dict[str, object] = {"done": number, "simulated": True}
        except msgspec.MsgspecError as error:
            answer = {"error": str(error)}
        except BlockingIOError:
            answer = {"error": "nobody reads the port: its buffer is full"}
        print(json.dumps(answer), flush=True)
