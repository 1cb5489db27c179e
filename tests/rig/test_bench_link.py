"""The yardsticks of the link's figures: each peer really carries its events."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from cart.shell.journal import Journal
from rig.bench import link_floor, link_peers
from rig.broker import Broker
from rig.faults.cart import item


def test_raw_paho_is_a_yardstick(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A few hundred events through the window, each confirmed, give a rate."""
    monkeypatch.setattr(link_peers, "EVENTS", 300)
    with Broker(tmp_path) as broker:
        assert link_peers.PEERS["raw paho, QoS 1, nothing kept"](broker, tmp_path) > 0


def test_the_floor_is_on_two_disks(tmp_path: Path) -> None:
    """Each event that was answered lies in both files of the bare minimum."""
    with (
        Broker(tmp_path) as broker,
        link_floor.floor(broker.port, tmp_path, link_peers.payload(0)) as bare,
    ):
        assert min(bare.event_ms() for _ in range(3)) > 0
        for name in ("near", "far"):
            with closing(sqlite3.connect(tmp_path / f"{name}.sqlite")) as database:
                found = database.execute("SELECT event FROM events").fetchall()
            assert found == [(link_peers.payload(0),)] * 3


def test_peers_carry_what_the_journal_writes(tmp_path: Path) -> None:
    """An event of a peer is byte for byte what a cart would send."""
    journal = Journal(tmp_path)
    journal.append([item(1)])
    assert bytes(journal.entries_after(0, 1)[0].event) == link_peers.payload(1)
    journal.close()
