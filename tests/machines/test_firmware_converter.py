"""How the firmware comes to trust a converter: eight good conversions in a row, and in a row."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from firmware_bridge.messages import FaultCode
from tests.machines.chips.boards import CHIPS, FIRMWARE, SANITIZERS, compiled, includes

pytestmark = pytest.mark.machines

Happening = tuple[str, int]  # one of trust.c's words, and how often


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The core's converter.c with a line that does as it is told."""
    target = tmp_path_factory.mktemp("converter") / "trust"
    flags = ("-std=c11", "-O1", "-Wconversion", "-pedantic", *SANITIZERS, *includes("core"))
    return compiled(
        "gcc", target, flags, FIRMWARE / "core/converter.c", CHIPS / "converter/trust.c"
    )


def after(program: Path, *happened: Happening) -> list[tuple[bool, FaultCode, int]]:
    """After each happening: whether it is trusted, its fault, how many conversions came through."""
    lines = "".join(f"{word} {times}\n" for word, times in happened)
    ended = subprocess.run([str(program)], input=lines, capture_output=True, text=True, check=True)
    assert not ended.stderr
    said = [json.loads(line) for line in ended.stdout.splitlines()]
    return [(bool(one["trusted"]), FaultCode(one["fault"]), one["passed"]) for one in said]


@pytest.mark.parametrize(
    "between", [("silence", 20_000), ("saturated", 1), ("saturated", 7), ("late", 1), ("ones", 1)]
)
@pytest.mark.parametrize("good", [1, 4, 7])
def test_good_conversions_are_counted_in_a_row(
    program: Path, good: int, between: Happening
) -> None:
    """After a tear, whatever comes between good conversions begins the count again."""
    said = after(
        program, ("good", 8), ("torn", 1), ("good", good), between, ("good", 7), ("good", 1)
    )
    assert [trusted for trusted, _, _ in said] == [True, False, False, False, False, True]
    assert [passed for _, _, passed in said] == [1, 0, 0, 0, 0, 1]
    assert [fault for _, fault, _ in said[1:]] == [FaultCode.CONVERSION_TORN] * 4 + [FaultCode.NONE]


def test_a_trusted_converter_may_miss_one(program: Path) -> None:
    """An impact, a late look or a glitch costs that conversion and no more."""
    for word in ("saturated", "late", "ones"):
        said = after(program, ("good", 8), (word, 1), ("good", 3))
        assert said[1:] == [(True, FaultCode.NONE, 0), (True, FaultCode.NONE, 3)]


def test_all_ones_is_no_conversion(program: Path) -> None:
    """A line that is high for all 24 bits gave none: never sent, and soon a fault."""
    assert after(program, ("good", 8), ("ones", 7), ("ones", 1)) == [
        (True, FaultCode.NONE, 1),
        (True, FaultCode.NONE, 0),
        (False, FaultCode.CONVERTER_STUCK, 0),
    ]


def test_silence_is_a_fault_of_its_own(program: Path) -> None:
    """Ten seconds without a conversion; eight good ones lift it."""
    said = after(program, ("good", 8), ("silence", 20_000), ("good", 7), ("good", 1))
    assert [(trusted, fault) for trusted, fault, _ in said] == [
        (True, FaultCode.NONE),
        (False, FaultCode.CONVERTER_SILENT),
        (False, FaultCode.CONVERTER_SILENT),
        (True, FaultCode.NONE),
    ]
