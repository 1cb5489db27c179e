"""A chain's broker: three RabbitMQ nodes for MQTT 3.1.1, each killed in turn in traffic."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from random import Random

import pytest

from rig.broker import Broker
from rig.faults import audit, goods
from rig.faults.command import run_table
from rig.faults.shop import Cart, Shop
from rig.faults.table import FAULTS, Fault
from rig.faults.trial import Trial
from tests.waiting import until

pytestmark = pytest.mark.machines
NOTICED_S_MAX = 30.0
NODES = 3
ROUNDS = {
    "broker killed": NODES, "cart killed": 6, "store killed": 4, "network half open": 4,
    "network reset": 4, "link down": 4, "8 h offline": 1, "replayed captures": 1,
    "rubbish": 1, "store from a backup": 1, "cart's journal lost": 1, "poison event": 1,
}  # fmt: skip


@pytest.fixture(autouse=True)
def rabbit() -> None:
    """The broker must be there: a skip would hide that nothing was tested."""
    assert shutil.which("rabbitmq-server"), "install it with: apt-get install rabbitmq-server"


def _rows() -> Iterator[Fault]:
    for fault in FAULTS:
        if fault.name in ROUNDS:
            assert fault.on_a_chain
            yield replace(fault, quick=ROUNDS[fault.name])


def _has_heard(cart: Cart) -> bool:
    return (cart.told.get("catalog"), cart.told.get("recalls")) == (1, 1)


def test_the_events_survive_a_cluster_whose_nodes_die(tmp_path: Path) -> None:
    """Every fault of the events, each node killed once: nothing lost, doubled or reordered, and
    the recount from the exports agrees."""
    results = run_table(tmp_path, "rabbitmq", list(_rows()), Random(7), lambda _: None, quick=True)
    assert [result.fault for result in results if not result.passed] == []
    assert results[0].kills == NODES
    verdict, differing = audit.audit(tmp_path)
    assert (verdict["passed"], differing) == (True, [])


def test_a_refused_publish_is_noticed(tmp_path: Path) -> None:
    """MQTT 3.1.1 has no word for "not allowed": the store's word after its commit does not come.
    The cart says so within 30 s; once it may publish again, every row arrives."""
    with Shop(tmp_path, "rabbitmq", ("cart-1",)) as shop:
        trial = Trial("refused", shop, 1, False, Random(1), tmp_path / "row", lambda _: None)
        cart, cluster = shop.carts[0], shop.broker
        assert not isinstance(cluster, Broker)
        trial.write(10)
        trial.settle()
        assert cart.online
        cluster.control("set_topic_permissions", "guest", "amq.topic", r"^(?!.*\.up\.ev$)", ".*")
        # A connection keeps what it was allowed before.
        cluster.control("close_all_connections", "other permissions")
        began_s = time.monotonic()
        trial.write(10)
        until(lambda: "confirms no row" in str(cart.told.get("refused")), "it is said", 60)
        assert time.monotonic() - began_s < NOTICED_S_MAX
        until(lambda: not cart.online, "the cart counts as offline")
        cluster.control("clear_topic_permissions", "guest")
        trial.settle()
        assert trial.settled
        until(lambda: cart.online, "it is online again")


def test_a_cart_on_another_node_hears_what_is_kept_there(tmp_path: Path) -> None:
    """What is retained stays on the store's node. A cart that is new on any of the nodes has the
    catalog and the recall all the same."""
    with Shop(tmp_path, "rabbitmq", ()) as shop:
        goods.publish(tmp_path, version=1, products=10)
        recalled = tmp_path / "recalls.csv"
        recalled.write_text("sku,reason\nsku-00003,glass\n")
        publish = ["store", "publish", "recall", str(recalled), "--data", str(tmp_path)]
        subprocess.run([sys.executable, "-m", *publish], check=True, stdout=subprocess.DEVNULL)
        late = [Cart(f"late-{each}", tmp_path, shop.carts_wire.port, shop.dialect) for each in
                range(NODES)]  # fmt: skip
        for cart in late:
            # Each connection goes to the next node.
            cart.begin()
            cart.await_ready()
        try:
            for cart in late:
                until(partial(_has_heard, cart), f"{cart.name} has catalog and recall")
        finally:
            for cart in late:
                cart.kill()
