"""What `store revoke` writes, on a real mosquitto: who is connected is shut out, too."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from rig.certificates import GuardedBroker
from rig.hostile.intruder import Intruder, Papers
from store.__main__ import main as store_main
from tests.waiting import until

pytestmark = pytest.mark.machines
HERE = "sc/1/acme/7/"
DENIED = 135


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[GuardedBroker]:
    """A guarded broker with two carts."""
    with GuardedBroker(tmp_path, "acme", "7", ["cart-1", "cart-2"]) as running:
        yield running


def someone(broker: GuardedBroker, name: str, topic: str = "") -> Intruder:
    """A client with the certificate of a name, and a last will on a topic."""
    papers = Papers(name, broker.certificates, name)
    return Intruder(papers, broker.port, (HERE + topic, b"will") if topic else None)


def say_to_store(broker: GuardedBroker, command: str, *words: str) -> None:
    """Run a command of the store, then bring its files to the broker as a person would."""
    data = broker.certificates / "data"
    assert store_main([command, *words, "--data", str(data)]) == 0
    for name in ("crl.pem", "dashcart.acl"):
        shutil.copy(data / "authority" / name, broker.certificates / name)
    os.kill(broker.process_id, signal.SIGHUP)


def test_a_revoked_cart_that_is_connected_is_shut_out(broker: GuardedBroker) -> None:
    """It hears neither what is said to it nor to all, says nothing and leaves no last will; others
    go on. Claimed again, and another SIGHUP later, the name is heard again."""
    with someone(broker, "store-7") as store, someone(broker, "cart-2") as other:
        stolen = someone(broker, "cart-1", "cart/cart-1/state")
        store.listen(f"{HERE}#")
        for cart, name in ((stolen, "cart-1"), (other, "cart-2")):
            cart.listen(f"{HERE}store/#")
            cart.listen(f"{HERE}cart/{name}/down/ack")
            assert cart.say(f"{HERE}cart/{name}/up/tele", b"before") < DENIED
        store.say(f"{HERE}store/state", b"before")
        for cart in (stolen, other):
            assert cart.hear(f"{HERE}store/state") == b"before"
        say_to_store(broker, "revoke", "cart-1")
        own = f"{HERE}cart/cart-1/up/ev"
        until(lambda: stolen.say(own, b"{}") == DENIED, "it can say nothing")
        for topic in ("store/state", "cart/cart-1/down/ack", "cart/cart-2/down/ack"):
            store.say(HERE + topic, b"after")
        assert other.hear(f"{HERE}store/state") == b"after"
        assert other.hear(f"{HERE}cart/cart-2/down/ack") == b"after"
        assert stolen.heard.empty()
        stolen.die()
        until(lambda: "Client cart-1 closed" in broker.log.read_text(), "the broker knows it left")
        other.say(f"{HERE}cart/cart-2/up/tele", b"last")
        while (heard := store.heard.get(timeout=5)) != (f"{HERE}cart/cart-2/up/tele", b"last"):
            assert heard[0] != f"{HERE}cart/cart-1/state"
        assert not someone(broker, "cart-1").accepted
        claim = str(broker.certificates / "claim.pem")
        say_to_store(broker, "claim", "cart-1", "--broker-restarted", "--out", claim)
        broker.authority.equip("cart-1", broker.certificates)
        with someone(broker, "cart-1") as new:
            until(lambda: new.say(own, b"again") < DENIED, "the name is heard again")
