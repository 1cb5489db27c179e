"""Faults between cart and store: real processes survive them, and the recount can tell."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from rig.faults.audit import Count, count
from rig.faults.deltas import judged
from rig.faults.exports import Row
from rig.faults.table import FAULTS
from rig.faults.trial import Result
from tests.data import ROOT

ROWS = [Row("cart-1", 1, seq, f"{seq:064}") for seq in range(1, 6)]


def rig(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `python -m rig` to its end."""
    return subprocess.run(
        [sys.executable, "-m", "rig", *arguments],
        capture_output=True, text=True, check=False, timeout=240, cwd=ROOT,
    )  # fmt: skip


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of a run in which a cart and the store were killed and the network broke."""
    folder = tmp_path_factory.mktemp("run") / "out"
    only = [word for name in ("cart killed", "store killed", "link down") for word in
            ("--only", name)]  # fmt: skip
    done = rig("faults", "--quick", "--broker", "iotcore", "--out", str(folder), "--json", *only)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["passed"] is True
    assert [row["fault"] for row in report["rows"]] == ["cart killed", "store killed", "link down"]
    for row in report["rows"]:
        assert (row["lost"], row["duplicated"], row["reordered"]) == (0, 0, 0)
        assert row["events"] > 40
        assert row["recovery_ms_p95"] > 0
    return folder


def audited(folder: Path) -> tuple[int, dict[str, object]]:
    """Exit status and verdict of `rig audit --json`."""
    done = rig("audit", str(folder), "--json")
    return done.returncode, json.loads(done.stdout)


@pytest.mark.machines
def test_audit_recounts_a_run(kept: Path) -> None:
    """The recount agrees: as many kills as were noted, and each event stored once, in order."""
    status, verdict = audited(kept)
    assert status == 0
    kills = (kept / "kills.jsonl").read_text().splitlines()
    assert verdict == {
        "carts": 2, "events": sum(len(path.read_text().splitlines()) for path in
                                  kept.glob("carts/*/journal.jsonl")),
        "lost": 0, "duplicated": 0, "reordered": 0, "kills": len(kills),
        "kills_shown": len(kills), "kills_played": 0, "passed": True,
    }  # fmt: skip
    assert {json.loads(line)["victim"] for line in kills} == {"cart-1", "cart-2", "store"}
    assert (kept / "broker.log").exists()


@pytest.mark.parametrize(
    ("spoil", "shows"),
    [
        (lambda lines: lines[:5] + lines[6:], "lost"),
        (lambda lines: lines[:5] + lines[4:], "duplicated"),
        (lambda lines: lines[::-1], "reordered"),
    ],
)
@pytest.mark.machines
def test_a_spoilt_export_is_found(kept: Path, spoil: object, shows: str) -> None:
    """A line deleted from, doubled in or moved within store.jsonl makes the audit fail."""
    assert callable(spoil)
    export = kept / "store.jsonl"
    whole = export.read_bytes()
    export.write_bytes(b"".join(spoil(whole.splitlines(keepends=True))))
    status, verdict = audited(kept)
    export.write_bytes(whole)
    assert status == 1
    assert verdict["passed"] is False
    assert verdict[shows]


@pytest.mark.machines
def test_an_export_is_held_against_its_database(kept: Path) -> None:
    """A row that vanished from journal and store export alike is still in the databases."""
    exports = [kept / "store.jsonl", *kept.glob("carts/*/journal.jsonl")]
    whole = {path: path.read_bytes() for path in exports}
    last = whole[exports[1]].splitlines(keepends=True)[-1]
    for path, text in whole.items():
        path.write_bytes(text.replace(last, b""))
    done = rig("audit", str(kept))
    for path, text in whole.items():
        path.write_bytes(text)
    assert done.returncode == 1
    assert "is not what its database holds" in done.stderr


def test_counts_of_what_can_go_wrong() -> None:
    """Lost, doubled, altered, foreign and moved rows each show in their column."""
    first, second, third, *rest = ROWS
    altered = Row("cart-1", 1, 1, "f" * 64)
    for stored, lost, duplicated, reordered in (
        (ROWS, 0, 0, 0),
        (ROWS[1:], 1, 0, 0),
        ([*ROWS, third], 0, 1, 0),
        ([altered, *ROWS[1:]], 1, 1, 0),
        ([*ROWS, Row("cart-9", 1, 1, "0" * 64)], 0, 1, 0),
        ([second, first, third, *rest], 0, 0, 1),
    ):
        assert count(ROWS, stored) == Count(5, lost, duplicated, reordered)


def test_a_mixed_catalog_and_one_that_goes_back_are_found() -> None:
    """A version with other bytes than the store's counts as lost, a step back as moved; the same
    one again, as after a restart, and versions that were skipped are right."""
    made = {1: "a", 2: "b", 3: "c"}
    assert judged([(1, "a"), (1, "a"), (3, "c")], made) == (0, 0)
    assert judged([(1, "a"), (2, "mixed"), (3, "c")], made) == (1, 0)
    assert judged([(1, "a"), (3, "c"), (2, "b"), (4, "d")], made) == (1, 1)


@pytest.mark.parametrize(
    "arguments", [("faults", "--only", "nothing"), ("faults", "--out", "."), ("audit",)]
)
def test_wrong_usage_is_status_2(arguments: tuple[str, ...]) -> None:
    """An unknown row, a folder in use and a missing folder are said before anything runs."""
    assert rig(*arguments).returncode == 2


def test_audit_of_nothing_is_said(tmp_path: Path) -> None:
    """A folder without a run is one clear line and exit status 1."""
    done = rig("audit", str(tmp_path))
    assert done.returncode == 1
    assert "rig faults --out" in done.stderr


def test_a_row_that_recovers_too_late_has_not_passed() -> None:
    """Beyond its limit it is named, with what it may take; so is a live message that waited."""
    row = Result("8 h offline", 9, 0, 0, 0, 0, 5_000, True, 1.0, recovery_ms_max=5_000)
    assert (row.passed, row.late) == (True, "")
    late = replace(row, recovery_ms_p95=5_001)
    assert (late.passed, late.late) == (False, "recovery_ms_p95 5001, at most 5000")
    assert not replace(row, live_ms_p99=251).passed
    assert replace(late, recovery_ms_max=0).passed, "a peer has no limit"
    limits = {fault.name: fault.recovery_ms_max for fault in FAULTS}
    assert (limits["8 h offline"], limits["carts reconnect"]) == (5_000, 30_000)
    assert max(limits.values()) <= 30_000
