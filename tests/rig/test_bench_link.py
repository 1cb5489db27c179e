"""The yardsticks of the link's figures: each peer really carries its events."""

from __future__ import annotations

from pathlib import Path

import pytest

from rig.bench import link_peers
from rig.broker import Broker


def test_raw_paho_is_a_yardstick(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A few hundred events through the window, each confirmed, give a rate."""
    monkeypatch.setattr(link_peers, "EVENTS", 300)
    with Broker(tmp_path) as broker:
        assert link_peers.PEERS["raw paho, QoS 1, nothing kept"](broker, tmp_path) > 0


def test_an_event_has_its_size() -> None:
    """Every peer carries the same 200 bytes."""
    assert len(link_peers.payload(9_999)) == 200
