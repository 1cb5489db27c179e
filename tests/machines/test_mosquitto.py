"""The store link on Debian's mosquitto, the broker that a store runs: plain, and with TLS."""

from __future__ import annotations

import datetime as dt
import ipaddress
import shutil
from contextlib import closing
from pathlib import Path
from random import Random

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from cart import mqtt
from cart.contract.store import CartState, Packet, packet
from cart.shell.clock import monotonic_ms
from rig.broker import Broker
from tests.store.open_shop import open_shop
from tests.store.test_link import survive_kills_and_cuts
from tests.waiting import until

pytestmark = pytest.mark.machines

NOW = dt.datetime.now(dt.UTC)
DAY = dt.timedelta(days=1)
# Started by root it would become another user, who can't read the test's folder.
TLS = """
user root
cafile {folder}/ca.crt
certfile {folder}/broker.crt
keyfile {folder}/broker.key
require_certificate true
"""


@pytest.fixture(autouse=True)
def _mosquitto_is_installed() -> None:
    assert shutil.which("mosquitto"), "install it with: apt-get install mosquitto"


def test_events_survive_kills_and_cuts(tmp_path: Path) -> None:
    """200 events through killed store and broker and a cut network: stored once, in order."""
    with open_shop(tmp_path, "mosquitto") as shop:
        survive_kills_and_cuts(shop)


def test_only_our_certificates_get_in(tmp_path: Path) -> None:
    """Over TLS a message of many records comes through; a stranger's certificate does not."""
    authority(tmp_path / "ours", "broker", "cart-1")
    authority(tmp_path / "theirs", "cart-1")
    (tmp_path / "theirs" / "ca.crt").write_bytes((tmp_path / "ours" / "ca.crt").read_bytes())
    with (
        Broker(tmp_path, "mosquitto", TLS.format(folder=tmp_path / "ours")) as running,
        closing(connection(running.port, tmp_path / "ours")) as cart,
        closing(connection(running.port, tmp_path / "theirs")) as stranger,
    ):
        until(lambda: cart.poll(50) and cart.up, "the cart's own certificate is welcome")
        assert cart.publish(Packet("a/topic", b"x" * 150_000))
        heard = until(lambda: cart.poll(500), "the message comes back")
        assert heard == [mqtt.Incoming("a/topic", b"x" * 150_000)]
        refused = until(lambda: stranger.poll(500), "the stranger is told")
        assert isinstance(refused[0], mqtt.Changed)
        assert not refused[0].up


def connection(port: int, folder: Path) -> mqtt.Connection:
    """A connection with the certificate "cart-1" of a folder, listening to everything."""
    files = (folder / "ca.crt", folder / "cart-1.crt", folder / "cart-1.key")
    will = packet("cart_state", CartState("b", online=False), "t", "s", cart="cart-1")
    ends = mqtt.Endpoint("127.0.0.1", port, *files)
    return mqtt.Connection(ends, folder.name, ["#"], monotonic_ms, Random(1), will)


def authority(folder: Path, *names: str) -> None:
    """Make a certificate authority, and a certificate with its key for each name."""
    folder.mkdir()
    hand = Ed25519PrivateKey.generate()
    (folder / "ca.crt").write_bytes(certificate("ca", hand, hand))
    for name in names:
        key = Ed25519PrivateKey.generate()
        (folder / f"{name}.crt").write_bytes(certificate(name, key, hand))
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (folder / f"{name}.key").write_bytes(pem)


def certificate(name: str, key: Ed25519PrivateKey, hand: Ed25519PrivateKey) -> bytes:
    """A certificate for loopback, signed by the authority's hand."""
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    return (
        x509.CertificateBuilder()
        .subject_name(named(name))
        .issuer_name(named("ca"))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - DAY)
        .not_valid_after(NOW + DAY)
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(x509.BasicConstraints(ca=name == "ca", path_length=None), critical=True)
        .sign(hand, None)
        .public_bytes(Encoding.PEM)
    )


def named(name: str) -> x509.Name:
    """A certificate's name."""
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
