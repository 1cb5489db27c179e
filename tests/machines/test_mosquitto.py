"""The store link on Debian's mosquitto, the broker that a store runs."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.store.test_link import open_shop, survive_kills_and_cuts

pytestmark = pytest.mark.machines


def test_events_survive_kills_and_cuts(tmp_path: Path) -> None:
    """200 events through killed store and broker and a cut network: stored once, in order."""
    assert shutil.which("mosquitto"), "install it with: apt-get install mosquitto"
    with open_shop(tmp_path, "mosquitto") as shop:
        survive_kills_and_cuts(shop)
