"""The simulated chip: the firmware's side of the wire, with load cells behind it, on a pty.

`SimulatedChip` is the firmware without a wire or a clock; `run` makes it a process. It is driven
by JSON Lines on standard input, and answers each with {"done": n}:

    {"load_mg": 400000}   put the true load to this at once; the basket rings
    {"jolt": 1.0}         hit the cart
    {"garbage": 200}      put junk bytes on the wire
    {"torn": true}        put half a frame on the wire
    {"reset": true}       start the chip anew
    {"quit": true}        end
"""

from __future__ import annotations

import argparse
import json
import os
import pty
import random
import selectors
import sys
import time
import tty
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cart import arguments
from firmware_bridge import frames, messages
from firmware_bridge.frames import Frame, FrameReader, WireError
from firmware_bridge.messages import AckResult, ResetCause
from rig.load_cell import SAMPLES_PER_SECOND, Cells, LoadCell, draw_traits
from rig.platform import Platform

VERSION = "simulated 1"
INTERVAL_US = 1_000_000 // SAMPLES_PER_SECOND
BATCH_MAX, COUNTS_A_FRAME = 16, 20
MOTION_EVERY = SAMPLES_PER_SECOND // 20
BATTERY_MV = 7_400
CONTROLS: dict[str, type] = {
    "load_mg": int,
    "jolt": float,
    "garbage": int,
    "torn": bool,
    "reset": bool,
    "quit": bool,
}
HOLE_US_MAX = 500_000  # a chip whose computer slept does not make up for the time


class SimulatedChip:
    """The chip's side of the conversation. `now_us` is the caller's clock and never goes back."""

    def __init__(
        self, cell: Cells, dice: random.Random, *, schema_hash: int = messages.SCHEMA_HASH
    ) -> None:
        self.cell = cell
        self.executed: list[messages.Command] = []
        self._dice = dice
        self._schema_hash = schema_hash
        self._boot(ResetCause.POWER_ON, 0)

    def _boot(self, cause: ResetCause, now_us: int) -> None:
        self._began_us = now_us
        self._next_us = now_us
        self._cause = cause
        self._starved = False  # RESTART was obeyed: the watchdog bites
        self._nonce = self._dice.getrandbits(32)
        self._reader = FrameReader()
        self._sequence = 0
        self._last_command = 0
        self._last_result = AckResult.DONE
        self._batch = 0  # rows a frame; 0: no stream
        self._rows: list[tuple[int, ...]] = []
        self._converted = 0
        self._overruns = 0

    def reset(self, cause: ResetCause, now_us: int) -> bytes:
        """Start anew: another nonce, no stream, and HELLO on the wire."""
        self._boot(cause, now_us)
        return self.hello()

    def overrun(self, conversions: int) -> None:
        """The wire took nothing: these conversions are thrown away, and counted."""
        self._overruns = (self._overruns + conversions) % 65536

    def receive(self, data: bytes) -> bytes:
        """Bytes from the host; the chip's answer."""
        return b"".join(self._answer(frame) for frame in self._reader.feed(data))

    def tick(self, now_us: int) -> bytes:
        """Convert what is due until `now_us`; the frames that makes."""
        if self._starved:
            return self.reset(ResetCause.WATCHDOG, now_us)
        if now_us - self._next_us > HOLE_US_MAX:
            self._next_us = now_us
        out = b""
        while self._next_us <= now_us:
            row = self.cell.row(self._next_us / 1e6)
            self._converted += 1
            if self._batch:
                self._rows.append(row)
                out += self._samples() if len(self._rows) >= self._batch else b""
                out += self._ambient()
            self._next_us += INTERVAL_US
        return out

    def _answer(self, frame: Frame) -> bytes:
        if frame.type == messages.HelloRequest.TYPE:
            return self.hello()
        return self._frame(messages.Ack(frame.sequence, self._obey(frame)))

    def _obey(self, frame: Frame) -> AckResult:
        kind = messages.TO_CHIP.get(frame.type)
        if kind is None:
            return AckResult.UNKNOWN_COMMAND
        try:
            command = kind.decode(frame.payload)
        except WireError:
            return AckResult.BAD_VALUE
        assert not isinstance(command, messages.HelloRequest), "answered before"
        if command.boot_nonce != self._nonce:
            return AckResult.WRONG_BOOT
        if frame.sequence == self._last_command:
            return self._last_result
        self._last_command = frame.sequence
        self._last_result = self._execute(command)
        return self._last_result

    def _execute(self, command: messages.Command) -> AckResult:
        if isinstance(command, messages.StartStream):
            if not 1 <= command.batch <= min(BATCH_MAX, COUNTS_A_FRAME // self.cell.channels):
                return AckResult.BAD_VALUE
            self._batch = command.batch
        if isinstance(command, messages.StopStream):
            self._batch = 0
        self._starved = isinstance(command, messages.Restart)
        self._rows.clear()
        self.executed.append(command)
        return AckResult.DONE

    def _samples(self) -> bytes:
        newest_us = self._next_us - self._began_us
        first_us = newest_us - (len(self._rows) - 1) * INTERVAL_US
        counts = tuple(count for row in self._rows for count in row)
        channels = (1 << self.cell.channels) - 1
        self._rows.clear()
        return self._frame(
            messages.Samples(first_us, INTERVAL_US, channels, self._overruns, counts)
        )

    def _ambient(self) -> bytes:
        """MOTION and ENVIRONMENT, when they are due and there are such sensors."""
        now = self.cell.ambient() if self._converted % MOTION_EVERY == 0 else None
        if now is None:
            return b""
        at_us = self._next_us - self._began_us
        tilt = now.tilt_permille
        out = self._frame(messages.Motion(at_us, tilt, 0, 1000, now.motion_milli_g, tilt))
        if self._converted % SAMPLES_PER_SECOND == 0:
            warmth = messages.Environment(at_us, BATTERY_MV, now.temperature_centi_c)
            out += self._frame(warmth)
        return out

    def hello(self) -> bytes:
        """Who the chip is, as a frame."""
        hello = messages.Hello(
            schema_hash=self._schema_hash,
            boot_nonce=self._nonce,
            reset_cause=self._cause,
            last_command=self._last_command,
            channels=self.cell.channels,
            sample_rate_millihertz=SAMPLES_PER_SECOND * 1000,
            firmware_version=VERSION,
        )
        return self._frame(hello)

    def _frame(self, message: messages.FromChip) -> bytes:
        frame = frames.encode(Frame(message.TYPE, self._sequence, message.encode()))
        self._sequence = (self._sequence + 1) % 256
        return frame


class ControlError(Exception):
    """A control line is malformed; the message names what is wrong with it."""


class ChipProcess:
    """A SimulatedChip between a pty's master end and lines of control."""

    def __init__(self, seed: int, clock_us: Callable[[], int], *, corners: bool) -> None:
        self._dice = random.Random(seed)
        self._clock_us = clock_us
        self._began_us = clock_us()
        self._cell: LoadCell | Platform
        if corners:
            self._cell = Platform(self._dice, drifts=True)
        else:
            self._cell = LoadCell(draw_traits(self._dice), self._dice)
        self.chip = SimulatedChip(self._cell, self._dice)
        self.quit = False

    def now_us(self) -> int:
        """The chip's world began at 0."""
        return self._clock_us() - self._began_us

    def control(self, line: str) -> bytes:
        """Obey one control line; bytes it puts on the wire. ControlError when it is none."""
        name, value = _control(line)
        now_us = self.now_us()
        out = self.chip.tick(now_us)
        match name:
            case "load_mg":
                self._cell.set_load(float(value), now_us / 1e6)
            case "jolt":
                self._cell.jolt(float(value), now_us / 1e6)
            case "garbage":
                out += self._dice.randbytes(int(value))
            case "torn":
                whole = self.chip.hello()
                out += whole[: len(whole) // 2]
            case "reset":
                out += self.chip.reset(ResetCause.EXTERNAL, now_us)
            case "quit":
                self.quit = True
        return out


def _control(line: str) -> tuple[str, Any]:
    try:
        entry = json.loads(line)
    except json.JSONDecodeError as error:
        raise ControlError(f"no JSON: {error}") from error
    if not isinstance(entry, dict) or len(entry) != 1:
        raise ControlError('one object with one key, such as {"load_mg": 400000}')
    name, value = next(iter(entry.items()))
    if name not in CONTROLS:
        raise ControlError(f"unknown key {name!r}: choose from {', '.join(CONTROLS)}")
    right = (
        type(value) in (int, float) if CONTROLS[name] is float else type(value) is CONTROLS[name]
    )
    if not right:
        raise ControlError(f"{name}: {value!r} is not of type {CONTROLS[name].__name__}")
    return name, value


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `run`."""
    parser.add_argument(
        "--link", type=arguments.new_link, required=True, help="symbolic link to make to the pty"
    )
    parser.add_argument("--seed", type=int, default=0, help="of the cart's traits and noise")

    parser.add_argument(
        "--corners", action="store_true",
        help="a load cell at each corner, an accelerometer and a thermometer",
    )  # fmt: skip


def run(args: argparse.Namespace) -> int:
    """Be the chip until {"quit": true} or the end of standard input; exit status."""
    master, slave = pty.openpty()
    tty.setraw(slave)  # the slave stays open here: the wire outlives the programs that read it
    os.set_blocking(master, False)
    link: Path = args.link
    try:
        _link_to(link, os.ttyname(slave))
    except OSError as error:
        print(f"rig chip: --link {link}: {error.strerror}", file=sys.stderr)
        return 2
    process = ChipProcess(args.seed, lambda: time.monotonic_ns() // 1000, corners=args.corners)
    try:
        _say({"ready": str(link)})
        _serve(process, master)
    finally:
        if link.is_symlink() and link.readlink() == Path(os.ttyname(slave)):
            link.unlink()
        os.close(slave)
        os.close(master)
    return 0


def _serve(process: ChipProcess, master: int) -> None:
    selector = selectors.DefaultSelector()
    selector.register(master, selectors.EVENT_READ)
    selector.register(sys.stdin, selectors.EVENT_READ)
    pending, done = b"", 0
    while not process.quit:
        ready = {key.fd for key, _ in selector.select(timeout=INTERVAL_US / 4e6)}
        if master in ready:
            _write(process, master, process.chip.receive(os.read(master, 4096)))
        _write(process, master, process.chip.tick(process.now_us()))
        if sys.stdin.fileno() not in ready:
            continue
        data = os.read(sys.stdin.fileno(), 65536)
        if not data:
            return
        *lines, pending = (pending + data).split(b"\n")
        for line in lines:
            done += 1
            _say(_obeyed(process, master, line.decode(errors="replace"), done))


def _obeyed(process: ChipProcess, master: int, line: str, number: int) -> dict[str, Any]:
    try:
        _write(process, master, process.control(line))
    except ControlError as error:
        return {"done": number, "error": str(error)}
    return {"done": number}


def _write(process: ChipProcess, master: int, data: bytes) -> None:
    """Put bytes on the wire; when nobody reads and it is full, the rest is lost and counted."""
    while data:
        try:
            data = data[os.write(master, data) :]
        except BlockingIOError:
            process.chip.overrun(1)
            return


def _link_to(link: Path, target: str) -> None:
    """Make the link in one step, also over an old one."""
    fresh = link.with_name(f"{link.name}.{os.getpid()}")
    fresh.symlink_to(target)
    fresh.replace(link)


def _say(message: dict[str, Any]) -> None:
    print(json.dumps(message), flush=True)
