"""The boards that the firmware is built for, as programs a test can start. Nothing here ships.

A board is one row of BOARDS: how to build it for a number of load cells, and the command that
runs it. All of them obey the lines of control in firmware/hal/host/bench.h.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
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
def compiled(compiler: str, target: Path, flags: tuple[str, ...], *sources: Path | str) -> Path:
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
    chip = ("-mmcu=atmega328p", "-DF_CPU=16000000UL", f"-DCHANNELS={channels}")
    flags = ("-std=gnu11", "-Os", "-flto", *chip, *includes("core", "hal/avr"))
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


@cache
def node_modules() -> Path:
    """The emulator, at the version that the lock file names; installed once a checkout."""
    folder = ROOT / "build/rp2040"
    lock = CHIPS / "rp2040/package-lock.json"
    done = folder / "node_modules/.package-lock.json"
    if not done.is_file() or (folder / lock.name).read_bytes() != lock.read_bytes():
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", lock.name):
            shutil.copy(CHIPS / "rp2040" / name, folder / name)
        install = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
        subprocess.run(install, cwd=folder, check=True)
    return folder / "node_modules"


def _rp2040(folder: Path, link: Path, channels: int) -> list[str]:
    layout = FIRMWARE / "hal/rp2040/rp2040.ld"
    language = ("-std=gnu11", "-Os", "-ffreestanding", "-fno-tree-loop-distribute-patterns")
    chip = ("-mcpu=cortex-m0plus", "-mthumb", "-nostdlib", f"-T{layout}", f"-DCHANNELS={channels}")
    flags = (*language, *chip, *includes("core", "hal/rp2040"))
    sources = [*core(), *sorted((FIRMWARE / "hal/rp2040").glob("*.c"))]
    linked = folder / f"rp2040_{channels}.elf"
    compiled("arm-none-eabi-gcc", linked, flags, *sources, "-lgcc")
    firmware = linked.with_suffix(".bin")
    command = ["arm-none-eabi-objcopy", "-O", "binary", str(linked), str(firmware)]
    subprocess.run(command, check=True)
    harness = str(CHIPS / "rp2040/rp2040_board.py")
    return [sys.executable, harness, str(node_modules()), str(link), str(channels), str(firmware)]


BOARDS = {
    "host": Board(_host, accelerometer=True, millivolts=0),
    "avr": Board(_avr, accelerometer=False, millivolts=60),
    "rp2040": Board(_rp2040, accelerometer=False, millivolts=20),
}
