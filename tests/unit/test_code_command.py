"""`python -m cart code` without a catalog, as a program or a person calls it."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from cart.__main__ import main
from cart.commands.code import answer

ROOT = Path(__file__).resolve().parent.parent.parent
TODAY = date(2026, 11, 22)


def command(lines: list[bytes], *arguments: str) -> list[dict[str, Any]]:
    """What the command writes for these lines."""
    done = subprocess.run(
        [sys.executable, "-m", "cart", "code", "--jsonl", *arguments],
        cwd=ROOT,
        input=b"\n".join(lines) + b"\n",
        capture_output=True,
        check=True,
        timeout=60,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_each_line_in_has_its_line_out() -> None:
    """Right, wrong, empty and broken lines: an answer each, in their order."""
    said = command(
        [
            b'{"kind":"rcn","input":"283810818250","region":"US"}',
            b'{"kind":"rcn","input":"2188060112340"}',
            b'{"input":"]C117280131"}',
            b'{"kind":"dl_canonical","input":"x","expect":{"ok":true}}',
            b"",
            b"{",
            b'{"input":"\xff"}',
            b'{"kind":null,"input":"4011","symbology":null,"region":null}',
        ],
        "--market",
        "SE",
        "--today",
        "2026-11-22",
    )
    assert [line["ok"] for line in said] == [True, True, False, False, False, False, False, True]
    assert (said[0]["price"], said[0]["currency"]) == ("18.25", "USD")
    assert (said[1]["price"], said[1]["currency"]) == ("123.4", "SEK")
    assert (said[2]["syntax_ok"], said[2]["use_by"]) == (True, "2028-01-31")
    assert said[3] == {"ok": False, "error": "unsupported kind"}
    assert said[4]["error"].startswith("line 5")
    assert said[7]["plu"] == "4011"


def test_the_region_of_a_line_may_be_unknown() -> None:
    """A market that nobody knows is named, with those that are known."""
    said = answer(b'{"input":"4011","region":"ATLANTIS"}', "line 1", "", TODAY)
    assert not said.ok
    assert "ATLANTIS" in (said.error or "")


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["4011", "--jsonl"],
        ["4011", "--market", "ATLANTIS"],
        ["4011", "--today", "22.11.2026"],
    ],
)
def test_wrong_arguments_are_said(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """One line of what is wrong, and exit status 2."""
    try:
        status = main(["code", *arguments])
    except SystemExit as ended:
        status = int(str(ended.code))
    assert status == 2
    assert "python -m cart code" in capsys.readouterr().err


def test_a_person_asks_with_the_clocks_day(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    """Without --today the century comes from the clock, which only the entry point reads."""
    assert main(["code", "(01)09520004000178(17)991231"]) == 0
    said = json.loads(capsysbinary.readouterr().out)
    assert said["use_by"] in {"1999-12-31", "2099-12-31"}
