"""A million frames against the core under sanitizers, and planted bugs that they must find."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
from pathlib import Path

import pytest

from firmware_bridge.port import Port
from tests.machines.chips.boards import BOARDS, CHIPS, FIRMWARE, SANITIZERS, compiled
from tests.machines.chips.talk import Talk
from tests.wire.chip_process import ChipProcess

pytestmark = pytest.mark.machines

FRAMES = 1_000_000
CANARY_FRAMES = 20_000
FLAGS = ("-std=c11", "-O2", "-Wconversion", "-pedantic", *SANITIZERS)

# One line of the core, and the same with a mistake that somebody could make.
CANARIES = {
    "a frame one byte too long": (
        "frame.c",
        "if (reader->size == sizeof reader->stuffed) {",
        "if (reader->size == sizeof reader->stuffed + 1) {",
    ),
    "a block that reaches past the end": (
        "frame.c",
        "if (block == 0 || read + block - 1 > size) {",
        "if (block == 0) {",
    ),
    "a frame too short for its checksum": ("frame.c", "if (size < 4 || ", "if ("),
    "a batch too long for a frame": (
        "stream.c",
        "batch == 0 || batch > BATCH_MAX || batch * hal_channels() > COUNTS_MAX",
        "batch == 0",
    ),
    "a beep of no length": ("core.c", "tone.duration_ms == 0 || ", ""),
}


def build(core: Path, target: Path) -> Path:
    """The fuzzer over the core in this folder."""
    flags = (*FLAGS, f"-I{core}")
    return compiled("gcc", target, flags, CHIPS / "fuzz/fuzz.c", *sorted(core.glob("*.c")))


def run(program: Path, frames: int) -> subprocess.CompletedProcess[str]:
    """Run it; a slow machine needs about a minute for a million."""
    return subprocess.run(
        [str(program), str(frames)], capture_output=True, text=True, timeout=300, check=False
    )


def test_a_million_frames_do_no_harm(tmp_path: Path) -> None:
    """Sealed and unsealed, half and half: nothing out of bounds, and it always answers."""
    ended = run(build(FIRMWARE / "core", tmp_path / "fuzz"), FRAMES)
    assert ended.returncode == 0, ended.stderr
    count = json.loads(ended.stdout)
    assert count["frames"] == FRAMES
    assert count["answers"] > FRAMES // 4


@pytest.mark.parametrize("canary", CANARIES)
def test_a_planted_bug_is_found(tmp_path: Path, canary: str) -> None:
    """The same fuzzer, fewer frames, and a core with one mistake: it does not come through."""
    name, right, wrong = CANARIES[canary]
    core = tmp_path / "core"
    shutil.copytree(FIRMWARE / "core", core)
    text = (core / name).read_text(encoding="utf-8")
    assert text.count(right) == 1, f"{name} no longer holds {right!r}"
    (core / name).write_text(text.replace(right, wrong), encoding="utf-8")
    ended = run(build(core, tmp_path / "fuzz"), CANARY_FRAMES)
    assert ended.returncode != 0
    assert any(word in ended.stderr for word in ("Sanitizer", "runtime error", "fuzz: "))


def test_a_megabyte_of_junk_on_the_wire(tmp_path: Path) -> None:
    """The whole host board, under sanitizers; and after it the scale still streams."""
    dice = random.Random(4)
    link = tmp_path / "scale"
    with ChipProcess(link, command=BOARDS["host"].command(tmp_path, link, 4)) as chip:
        with Port(str(link)) as port:
            for _ in range(1000):
                port.write(dice.randbytes(1000))
                port.read()
        talk = Talk(chip.link)
        talk.hello()
        talk.close()
