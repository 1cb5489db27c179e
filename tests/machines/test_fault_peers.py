"""What other links lose under the same kills: the comparison itself works."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from rig.faults import peers
from rig.faults.command import run_beside_peers
from rig.faults.table import FAULTS

pytestmark = pytest.mark.machines
ROUNDS = 2


def test_kills_beside_raw_paho(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ours loses, doubles and moves nothing; raw paho gets as many kills and is counted alike."""
    monkeypatch.setattr(peers, "ROUNDS_QUICK", ROUNDS)
    monkeypatch.setattr("rig.faults.peer_ends.PEERS", {"raw paho": None})
    killed = [fault for fault in FAULTS if fault.name in {"broker killed", "cart killed"}]
    ours, paho = run_beside_peers(
        tmp_path, "mosquitto", killed, Random(3), lambda _: None, quick=True
    )
    assert ours.passed
    assert (ours.fault, paho.fault) == ("dashcart", "raw paho")
    assert ours.kills == paho.kills == ROUNDS * 2
    assert paho.events > 0
    assert (tmp_path / "raw_paho" / "mosquitto.db").exists()  # its broker really saves


def test_what_a_peer_owes_is_counted(tmp_path: Path) -> None:
    """Kept twice, kept late and not kept show each; what was never taken on is not owed."""
    sender = peers.Sender("raw paho", tmp_path, 1)
    sender.tried, sender.owed = [0, 1, 2, 3, 4, 5], {0, 1, 2, 3}
    counted = peers.count_of(sender, [0, 2, 1, 1, 5])
    assert (counted.events, counted.lost) == (5, 1)
    assert (counted.duplicated, counted.reordered) == (1, 1)
