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

from cart import mqtt
from cart.contract.store import topic_of
from rig.broker import Broker
from rig.faults import audit, goods
from rig.faults.audit import Count, count_databases
from rig.faults.cart import STORE, TENANT
from rig.faults.command import run_table
from rig.faults.foreign import stranger
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


def _is_online(cart: Cart) -> bool:
    return cart.online


def _is_set(cart: Cart) -> bool:
    return cart.told.get("config") == 1


def _has_heard(cart: Cart) -> bool:
    # A recall's version is the time that it holds from.
    return cart.told.get("catalog") == 1 and "recalls" in cart.told


def test_the_events_survive_a_cluster_whose_nodes_die(tmp_path: Path) -> None:
    """Every fault of the events, each node killed once: nothing lost, doubled or reordered, and
    the recount from the exports agrees."""
    results = run_table(tmp_path, "rabbitmq", list(_rows()), Random(7), lambda _: None, quick=True)
    assert [result.fault for result in results if not result.passed] == []
    assert results[0].kills == NODES
    verdict, differing = audit.audit(tmp_path)
    assert (verdict["passed"], differing) == (True, [])


def test_a_store_on_a_cluster_is_certified(tmp_path: Path) -> None:
    """What is retained elsewhere it says again, and gives who asks: no rule is broken."""
    with Shop(tmp_path, "rabbitmq", ()) as shop:
        goods.publish(tmp_path, version=1, products=10)
        where = ["--broker", f"mqtt://127.0.0.1:{shop.broker.port}", "--mqtt", "3.1.1"]
        names = ["--tenant", TENANT, "--store", STORE, "--quick"]
        check = [sys.executable, "-m", "cart", "contract", "check", *where, *names]
        said = subprocess.run(check, check=False, capture_output=True, text=True)
        assert said.returncode == 0, said.stdout


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


def test_a_store_comes_back_whose_node_stays_away(tmp_path: Path) -> None:
    """The node that the store was on is killed and stays away: store and carts go on at the others
    and nothing is lost; whoever is new there hears the settings and the signed metadata."""
    names = tuple(f"cart-{number}" for number in range(NODES))
    with Shop(tmp_path, "rabbitmq", names) as shop:
        trial = Trial("gone", shop, 1, False, Random(1), tmp_path / "row", lambda _: None)
        goods.publish(tmp_path, version=1, products=10)
        trial.write()
        trial.settle()
        for cart in shop.carts:
            until(partial(_is_online, cart), f"{cart.name} was here")
        shop.broker.kill()
        trial.write()
        trial.settle()
        assert trial.settled
        _restart_with_settings(tmp_path, shop)
        metadata = {
            topic_of("trust", TENANT, STORE, file=role)
            for role in ("timestamp", "snapshot", "targets")
        }
        # As a cart subscribes.
        with stranger(trial, "listener", [topic_of("trust", TENANT, STORE, file="+")]) as listener:
            heard: set[str] = set()

            def all_is_said() -> bool:
                came = [each for each in listener.poll(50) if isinstance(each, mqtt.Incoming)]
                heard.update(each.topic for each in came)
                return metadata <= heard and all(map(_is_set, shop.carts))

            until(all_is_said, "settings and metadata at the nodes that are left", 60)
        trial.write()
        trial.settle()
        assert trial.settled
        assert count_databases(tmp_path) == Count(trial.events, 0, 0, 0)


def _restart_with_settings(folder: Path, shop: Shop) -> None:
    """End the carts, want settings of them, and bring them back."""
    for cart in shop.carts:
        cart.kill()
        setting = ["store", "config", cart.name, "--set", "thanks_s=9", "--data", str(folder)]
        subprocess.run([sys.executable, "-m", *setting], check=True, stdout=subprocess.DEVNULL)
        cart.told.clear()
    for cart in shop.carts:
        cart.begin()
        cart.await_ready()
