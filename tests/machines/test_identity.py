"""Who may come in, on a real mosquitto with a real store: claims, renewal, revocation."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from random import Random

import pytest
from cryptography import x509

from cart import mqtt
from cart.__main__ import main as cart_main
from cart.core.observations import LinkChanged
from cart.shell.clock import monotonic_ms
from rig.certificates import GuardedBroker
from store.denials import Denial, denials
from tests.store.shop import (
    CART,
    STORE,
    TENANT,
    CartLink,
    StoreProcess,
    import_catalog,
    item,
    store_command,
    trip_events,
)
from tests.waiting import until

pytestmark = pytest.mark.machines
CART_FILE = """
cart_id = "{cart}"
tenant = "acme"
store = "store-1"
data_folder = "data"
screen_socket = "screen.sock"
eyes_socket = "eyes.sock"
store_public_key = "store.pub"
[broker]
host = "127.0.0.1"
port = {port}
ca = "ca.pem"
certificate = "cart.pem"
key = "cart.pem"
"""


class Guarded:
    """A broker that asks for certificates, and a store behind it."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        assert shutil.which("mosquitto"), "install it with: apt-get install mosquitto"
        self.folder = folder
        names = [f"store-{STORE}", "cart-2"]
        self.broker = stack.enter_context(GuardedBroker(folder, TENANT, STORE, names))
        self.data = self.broker.certificates / "data"
        import_catalog(self.data)
        service = self.broker.ends(f"store-{STORE}")
        self.store = stack.enter_context(StoreProcess(self.data, service))

    def enrol(self, cart: str = CART) -> tuple[int, Path]:
        """Carry a claim to a new cart, and let it enrol; its status and its folder."""
        here = self.folder / cart
        here.mkdir(exist_ok=True)
        config = here / "cart.toml"
        config.write_text(CART_FILE.format(cart=cart, port=self.broker.port))
        claim = here / "claim.pem"
        if not claim.exists():
            made = store_command(self.data, "claim", cart, "--out", str(claim))
            assert made.returncode == 0, made.stderr
        status = cart_main(["enrol", "--config", str(config), "--claim", str(claim)])
        return status, here

    def ends(self, here: Path) -> tuple[str, int, Path, Path, Path]:
        """How an enrolled cart reaches the broker."""
        return "127.0.0.1", self.broker.port, here / "ca.pem", here / "cart.pem", here / "cart.pem"

    def stored(self) -> int:
        """How many rows the store has."""
        with closing(sqlite3.connect(self.data / "store.sqlite")) as database:
            return int(database.execute("SELECT COUNT(*) FROM events").fetchone()[0])

    def refused(self) -> list[Denial]:
        """What the broker's log says it turned away."""
        return list(denials(self.broker.log.read_text().splitlines(), TENANT, STORE))


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[Guarded]:
    """A guarded store that is ready."""
    with ExitStack() as stack:
        yield Guarded(tmp_path, stack)


def test_a_new_cart_enrols_and_is_served(
    guarded: Guarded, capsys: pytest.CaptureFixture[str]
) -> None:
    """A claim becomes a certificate of a key made on the cart; with it the cart's rows are stored.
    The claim is worth nothing after that, and the broker needs no new configuration."""
    status, here = guarded.enrol()
    assert status == 0
    pem = (here / "cart.pem").read_bytes()
    issued = guarded.broker.authority.issued(CART)
    assert x509.load_pem_x509_certificate(pem) in issued
    with CartLink(here / "data", guarded.ends(here), guarded.data / "store.pub") as cart:
        assert cart.hear(LinkChanged).online
        cart.write(trip_events("trip-1", 48))
        until(cart.is_all_acked, "all rows are acknowledged")
    assert guarded.stored() == 50
    capsys.readouterr()
    again, _ = guarded.enrol()
    assert again == 1
    assert "was used" in capsys.readouterr().err
    assert (here / "cart.pem").read_bytes() == pem


def test_a_renewed_certificate_is_taken_up_in_traffic(guarded: Guarded) -> None:
    """A cart asks for a new certificate while it sends; no row is lost, the old pair is gone from
    its disk, and both work until the old one ends."""
    _, here = guarded.enrol()
    before = (here / "cart.pem").read_bytes()
    with CartLink(here / "data", guarded.ends(here), guarded.data / "store.pub") as cart:
        assert cart.hear(LinkChanged).online
        for number in range(100):
            cart.write([item(number)])
            if number == 50:
                cart.link.renew()
        until(lambda: (here / "cart.pem").read_bytes() != before, "the new pair is in use")
        until(cart.is_all_acked, "all rows are acknowledged")
    assert guarded.stored() == 100
    assert len(guarded.broker.authority.issued(CART)) == 2
    (here / "old.pem").write_bytes(before)
    old = mqtt.Endpoint(*guarded.ends(here)[:3], here / "old.pem", here / "old.pem")
    with closing(mqtt.Connection(old, CART, [], monotonic_ms, Random(1))) as overlapping:
        until(lambda: overlapping.poll(50) and overlapping.up, "the old pair overlaps")


def test_a_revoked_cart_is_out(guarded: Guarded) -> None:
    """After `store revoke` and the broker's restart the cart's certificate opens nothing more."""
    _, here = guarded.enrol()
    own = mqtt.Endpoint(*guarded.ends(here))
    assert store_command(guarded.data, "revoke", CART).returncode == 0
    crl = guarded.data / "authority" / "crl.pem"
    (guarded.broker.certificates / "crl.pem").write_bytes(crl.read_bytes())
    guarded.broker.kill()
    guarded.broker.start()
    with (
        closing(mqtt.Connection(own, CART, [], monotonic_ms, Random(1))) as revoked,
        closing(
            mqtt.Connection(
                mqtt.Endpoint(*guarded.broker.ends("cart-2")), "cart-2", [], monotonic_ms, Random(1)
            )
        ) as other,
    ):
        until(lambda: other.poll(50) and other.up, "another cart comes in")
        refusals = until(lambda: revoked.poll(500), "the revoked one is told")
        assert isinstance(refusals[0], mqtt.Changed)
        assert not refusals[0].up
        until(lambda: any(each.kind == "tls" for each in guarded.refused()), "the refusal is seen")
