"""The boards that the firmware is built for, as programs a test can start. Nothing here ships.

A board is one row of BOARDS: how to build it for a number of load cells, and the command that
runs it. All of them obey the lines of control in firmware/hal/host/bench.h.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
FIRMWARE = ROOT / "firmware"
CHIPS = ROOT / "tests/machines/chips"
BENCH = [FIRMWARE / "hal/host" / name for name in ("bench.c", "hx711_model.c")]
STRICT = ["-Wall", "-Wextra", "-Werror"]
SANITIZERS = ["-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]


@dataclass(frozen=True, slots=True)
class Board:
    """`command(folder, link, channels)` builds what is missing in `folder`; the command to run."""

    command: Callable[[Path, Path, int], list[str]]
    accelerometer: bool
    millivolts: int  # how exactly it measures the battery


@cache
def compiled(compiler: str, target: Path, flags: tuple[str, ...], *sources: Path) -> Path:
    """Compile and link once a run of the tests."""
    command = [compiler, *STRICT, *flags, *map(str, sources), "-o", str(target)]
    subprocess.run(command, check=True)
    return target


def core() -> list[Path]:
    """The portable sources."""
    return sorted((FIRMWARE / "core").glob("*.c"))


def includes(*folders: str) -> tuple[str, ...]:
    """Where headers are, below firmware/."""
    return tuple(f"-I{FIRMWARE / folder}" for folder in folders)


def _host(folder: Path, link: Path, channels: int) -> list[str]:
    flags = ("-std=c11", "-O1", "-Wconversion", "-pedantic", *SANITIZERS, *includes("core"))
    sources = [*core(), *sorted((FIRMWARE / "hal/host").glob("*.c"))]
    target = compiled("gcc", folder / "firmware_host", flags, *sources)
    return [str(target), str(link), str(channels)]


def _avr(folder: Path, link: Path, channels: int) -> list[str]:
    flags = ("-std=gnu11", "-mmcu=atmega328p", "-Os", "-flto", *includes("core", "hal/avr"))
    flags += ("-DF_CPU=16000000UL", f"-DCHANNELS={channels}")
    sources = [*core(), *sorted((FIRMWARE / "hal/avr").glob("*.c"))]
    firmware = compiled("avr-gcc", folder / f"avr{channels}.elf", flags, *sources)
    harness = compiled(
        "gcc",
        folder / "simavr_board",
        ("-std=gnu11", "-O2", *includes("hal/host"), "-Wl,--no-as-needed", "-lsimavr", "-lelf"),
        CHIPS / "avr/simavr_board.c",
        *BENCH,
    )
    return [str(harness), str(link), str(channels), str(firmware)]


BOARDS = {
    "host": Board(_host, accelerometer=True, millivolts=0),
    "avr": Board(_avr, accelerometer=False, millivolts=60),
}
