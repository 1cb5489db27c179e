"""Who may come in, on a real mosquitto with a real store: claims, renewal, revocation."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from random import Random

import pytest
from cryptography import x509

from cart import mqtt
from cart.__main__ import main as cart_main
from cart.contract.store import packet
from cart.core.observations import LinkChanged
from cart.shell.clock import monotonic_ms
from rig.certificates import GuardedBroker
from rig.hostile.intruder import Intruder, Papers
from store.authority import Authority
from store.denials import Denial, denials
from tests.store.shop import (
    CART,
    STORE,
    TENANT,
    CartLink,
    StoreProcess,
    batch,
    import_catalog,
    item,
    rows,
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


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    """What a test opens, closed at its end."""
    with ExitStack() as opened:
        yield opened


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


def test_a_revoked_cart_is_out(guarded: Guarded, stack: ExitStack) -> None:
    """After `store revoke` the store hears nothing of the cart, though it is still connected, and
    after a SIGHUP to the broker the cart's certificate opens nothing more."""
    _, here = guarded.enrol()
    own = mqtt.Endpoint(*guarded.ends(here))
    connected = stack.enter_context(
        closing(mqtt.Connection(own, CART, [], monotonic_ms, Random(1)))
    )
    until(lambda: connected.poll(50) and connected.up, "it is in")
    assert store_command(guarded.data, "revoke", CART).returncode == 0
    crl = guarded.data / "authority" / "crl.pem"
    (guarded.broker.certificates / "crl.pem").write_bytes(crl.read_bytes())
    batch_of_one = batch(rows([item(0)]))
    assert connected.publish(packet("events", batch_of_one, TENANT, STORE, cart=CART))
    log = guarded.data.parent / "store.log"
    until(lambda: connected.poll(50) or "no cart of this store" in log.read_text(), "it is refused")
    os.kill(guarded.broker.process_id, signal.SIGHUP)
    until(lambda: not comes_in(own, CART), "the revoked one is out")
    assert comes_in(mqtt.Endpoint(*guarded.broker.ends("cart-2")), "cart-2")
    assert any(each.kind == "tls" for each in guarded.refused())
    assert guarded.stored() == 0


def comes_in(ends: mqtt.Endpoint, name: str) -> bool:
    """Whether the broker lets somebody in."""
    with closing(mqtt.Connection(ends, name, [], monotonic_ms, Random(1))) as someone:
        (answer, *_) = until(lambda: someone.poll(500), "an answer")
        return isinstance(answer, mqtt.Changed) and answer.up


def test_what_was_turned_away_is_all_that_is_kept(guarded: Guarded) -> None:
    """The broker's log through the pipe, under the configuration as it is generated: each refusal
    comes out, and of a guest who did nothing wrong neither name nor address."""
    config = (guarded.broker.certificates / "dashcart.conf").read_text()
    types = {line.split()[1] for line in config.splitlines() if line.startswith("log_type")}
    assert types == {"error", "notice", "debug", "subscribe"}
    folder, port = guarded.broker.certificates, guarded.broker.port
    here = f"sc/1/{TENANT}/{STORE}/"
    Authority(guarded.data / "authority").equip("app-ann", folder)
    with Intruder(Papers("app-ann", folder, "app-ann"), port) as good:
        good.say(f"{here}app/app-ann/up/pair", b"{}")
    will = (f"{here}cart/cart-1/state", b"x")
    Intruder(Papers("cart-2", folder, "cart-2"), port, will).die()
    with Intruder(Papers("cart-2", folder, "cart-2"), port) as bad:
        bad.listen(f"{here}cart/+/up/ev")
        bad.say(f"{here}store/state", b"{}")
        bad.say(f"{here}cart/cart-2/up/ev", b"x" * 300_000)
    for papers in (Papers("nobody"), Papers("nobody", folder)):
        assert not Intruder(papers, port).accepted
    wanted = {"will", "subscribe", "publish", "oversize", "tls"}
    until(lambda: {each.kind for each in guarded.refused()} == wanted, "all of it is in the log")
    with guarded.broker.log.open() as log:
        kept = subprocess.run(
            [sys.executable, "-m", "store", "denials", "-", "--json",
             "--tenant", TENANT, "--store", STORE],
            stdin=log, capture_output=True, text=True, check=True,
        ).stdout  # fmt: skip
    assert "app-ann" in guarded.broker.log.read_text()
    assert all(f'"{kind}"' in kept for kind in wanted)
    assert "app-ann" not in kept
    assert "127.0.0.1" not in kept


def test_a_guarded_store_is_certified(guarded: Guarded, capsys: pytest.CaptureFixture[str]) -> None:
    """Over TLS, with a cart's papers and an app's, our store keeps every rule."""
    folder = guarded.broker.certificates
    guarded.broker.authority.equip("app-check", folder)
    files = {"tls-ca": "ca.pem", "tls-certificate": "cart-2.pem", "tls-key": "cart-2.key",
             "app-certificate": "app-check.pem", "app-key": "app-check.key"}  # fmt: skip
    papers = [word for name, file in files.items() for word in (f"--{name}", str(folder / file))]
    where = ["--broker", f"mqtts://127.0.0.1:{guarded.broker.port}", "--cart", "cart-2"]
    names = ["--tenant", TENANT, "--store", STORE, "--key", str(guarded.data / "store.pub")]
    status = cart_main(["contract", "check", *where, *names, *papers])
    assert (status, capsys.readouterr().out.count("BROKEN")) == (0, 0)
