"""Ninety days after `store broker`: the service renews, a person brings the broker's file."""

from __future__ import annotations

import os
import shutil
import signal
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from cart import mqtt
from rig.certificates import HOSTS, GuardedBroker
from rig.hostile.intruder import Intruder, Papers
from store.authority import Authority, now_utc
from store.papers import shown_by
from tests.store.shop import CART, STORE, TENANT, StoreProcess
from tests.waiting import until

pytestmark = pytest.mark.machines
SERVICE = f"store-{STORE}"


def earlier() -> datetime:
    """Papers that were given then have ended."""
    return now_utc() - timedelta(days=91)


def test_ended_papers_of_broker_and_service_are_mended(tmp_path: Path) -> None:
    """The service renews its own and says which file the broker needs. Copied, and mosquitto sent
    SIGHUP: everybody is served again, with no new key and no restart."""
    guarded = GuardedBroker(tmp_path, TENANT, STORE, [CART])
    folder, data = guarded.certificates, guarded.certificates / "data"
    old = Authority(data / "authority", earlier)
    old.equip("broker", folder, "server", HOSTS)
    old.equip(SERVICE, folder)
    ends = guarded.ends(SERVICE)
    service = StoreProcess(data, ends)
    with guarded, ThreadPoolExecutor() as pool:
        ready = pool.submit(service.start)
        fresh, log = data / "authority" / "broker.pem", folder / "store.log"
        try:
            until(lambda: log.exists() and f"copy {fresh}" in log.read_text(), "it says what to do")
            assert not ready.done()
            shutil.copy(fresh, folder / "broker.pem")
            os.kill(guarded.process_id, signal.SIGHUP)
            ready.result(timeout=20)
            assert shown_by(mqtt.Endpoint(*ends)).not_valid_after_utc > now_utc()
            with Intruder(Papers(CART, folder, CART), guarded.port) as cart:
                assert cart.accepted
        finally:
            guarded.kill()
            service.kill()
