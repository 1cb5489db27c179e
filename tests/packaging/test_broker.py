"""deploy/mosquitto on a real mosquitto: a cart is who its certificate says, and no one else."""

from __future__ import annotations

import getpass
import queue
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from paho.mqtt.client import Client, ConnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from cart.contract.broker import filled
from rig.broker import listens
from store.__main__ import main as store_main
from store.authority import Authority
from tests.waiting import until

pytestmark = pytest.mark.machines

TEMPLATES = Path(__file__).resolve().parent.parent.parent / "deploy" / "mosquitto"
TOPICS = "sc/1/acme/7"
NOT_AUTHORIZED = 135
PATIENCE_S = 10.0


class Peer:
    """A client that shows the certificate of a name, and keeps what it hears."""

    def __init__(self, folder: Path, port: int, name: str, client_id: str = "") -> None:
        self.heard: queue.Queue[tuple[str, bytes]] = queue.Queue()
        self._answers: queue.Queue[ReasonCode] = queue.Queue()
        self._client = Client(
            CallbackAPIVersion.VERSION2, client_id or name, protocol=MQTTProtocolVersion.MQTTv5
        )
        self._client.tls_set(
            str(folder / "ca.pem"), str(folder / f"{name}.pem"), str(folder / f"{name}.key")
        )
        self._client.on_connect = self._connected
        self._client.on_publish = lambda _c, _u, _m, code, _p: self._answers.put(code)
        self._client.on_subscribe = lambda _c, _u, _m, codes, _p: self._answers.put(codes[0])
        self._client.on_message = self._message
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        assert not self._answer().is_failure

    def _connected(
        self, _c: Client, _u: object, _f: ConnectFlags, code: ReasonCode, _p: Properties | None
    ) -> None:
        self._answers.put(code)

    def _message(self, _client: Client, _userdata: object, message: MQTTMessage) -> None:
        self.heard.put((message.topic, bytes(message.payload)))

    def _answer(self) -> ReasonCode:
        return self._answers.get(timeout=PATIENCE_S)

    def say(self, topic: str, payload: bytes = b"{}") -> int:
        """Publish at quality of service 1 and return the broker's reason code."""
        self._client.publish(f"{TOPICS}/{topic}", payload, qos=1)
        return int(self._answer().value)

    def listen(self, topic: str) -> None:
        """Subscribe; a broker grants what it will later not deliver, so the answer says little."""
        self._client.subscribe(f"{TOPICS}/{topic}", qos=1)
        self._answer()

    def hear(self) -> tuple[str, bytes]:
        """Return the next message, its topic without the store's root."""
        topic, payload = self.heard.get(timeout=PATIENCE_S)
        return topic.removeprefix(f"{TOPICS}/"), payload

    def close(self) -> None:
        """Leave the broker and end the network thread."""
        self._client.disconnect()
        self._client.loop_stop()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Certificates for the broker, the store's service, two carts and a shopper's app."""
    folder = tmp_path_factory.mktemp("broker")
    authority = Authority(folder)
    authority.equip("broker", folder, "server", ["127.0.0.1"])
    for name in ("store-service", "cart-7", "cart-8", "app-ann"):
        authority.equip(name, folder)
    return folder


@pytest.fixture(scope="module")
def port(folder: Path) -> Iterator[int]:
    """A mosquitto with the deployed files, their words filled in, on a free port."""
    program = shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")
    assert program, "mosquitto is not installed: make ci-deps"
    with socket.create_server(("127.0.0.1", 0)) as probe:
        free = int(probe.getsockname()[1])
    words = {
        "PORT": str(free), "ADDRESS": "127.0.0.1", "CERTIFICATES": str(folder),
        "ACL": str(folder / "dashcart.acl"), "STORE_SERVICE": "store-service",
        "TENANT": "acme", "STORE": "7", "USER": getpass.getuser(),
    }  # fmt: skip
    for template in TEMPLATES.iterdir():
        text = filled(template.read_text(encoding="utf-8"), words)
        (folder / template.name).write_text(text, encoding="utf-8")
    log = folder / "mosquitto.log"
    with log.open("w") as told:
        broker = subprocess.Popen([program, "-c", str(folder / "dashcart.conf")], stderr=told)
    try:
        until(lambda: listens("127.0.0.1", free) or broker.poll() is not None, "mosquitto")
        assert broker.poll() is None, log.read_text()
        yield free
    finally:
        broker.terminate()
        broker.wait()


@pytest.fixture
def peers(folder: Path, port: int) -> Iterator[dict[str, Peer]]:
    """The store's service, two carts and a shopper's app, connected."""
    names = ("store-service", "cart-7", "cart-8", "app-ann")
    connected = {name: Peer(folder, port, name) for name in names}
    yield connected
    for peer in connected.values():
        peer.close()


def test_what_the_store_s_command_writes_serves(tmp_path: Path) -> None:
    """mosquitto starts from the folder of `store broker` as it is, also where root starts it and it
    becomes another user; no key but its own lies there."""
    data = tmp_path / "data"
    with tempfile.TemporaryDirectory() as opened:  # pytest's folder is nobody else's to enter
        Path(opened).chmod(0o755)
        out = Path(opened) / "dashcart"
        words = ["--tenant", "acme", "--store", "7", "--host", "127.0.0.1", "--out", str(out)]
        with socket.create_server(("127.0.0.1", 0)) as probe:
            free = int(probe.getsockname()[1])
        assert store_main(["broker", "--data", str(data), "--port", str(free), *words]) == 0
        assert [path.name for path in out.glob("*.key")] == ["broker.key"]
        assert (data / "service" / "store-7.key").is_file()
        log = Path(opened) / "log"
        with log.open("w") as told:
            broker = subprocess.Popen(["mosquitto", "-c", str(out / "dashcart.conf")], stderr=told)
        try:
            until(lambda: listens("127.0.0.1", free) or broker.poll() is not None, "mosquitto")
            assert broker.poll() is None, log.read_text()
            Peer(data / "service", free, "store-7").close()
            broker.send_signal(signal.SIGHUP)  # it reads its files again as the other user
            Peer(data / "service", free, "store-7").close()
        finally:
            broker.terminate()
            broker.wait()
        assert "Error: " not in log.read_text(), log.read_text()


def test_a_cart_speaks_to_the_store(peers: dict[str, Peer]) -> None:
    """What a cart says under its own name arrives at the store's service."""
    peers["store-service"].listen("cart/+/up/ev")
    assert peers["cart-7"].say("cart/cart-7/up/ev", b"one") < 128
    assert peers["store-service"].hear() == ("cart/cart-7/up/ev", b"one")


@pytest.mark.parametrize(
    "topic", ["cart/cart-8/up/ev", "cart/cart-8/state", "cart/cart-7/down/ack", "store/state"]
)
def test_a_cart_cannot_speak_for_others(peers: dict[str, Peer], topic: str) -> None:
    """A cart is refused, aloud, under another cart's name and under the store's."""
    assert peers["cart-7"].say(topic) == NOT_AUTHORIZED


def test_a_shopper_s_app_asks_for_a_cart(peers: dict[str, Peer]) -> None:
    """What an app claims under its own name arrives at the store's service."""
    peers["store-service"].listen("app/+/up/pair")
    assert peers["app-ann"].say("app/app-ann/up/pair", b"claim") < 128
    assert peers["store-service"].hear() == ("app/app-ann/up/pair", b"claim")


@pytest.mark.parametrize(
    "topic",
    ["app/app-bob/up/pair", "app/app-ann/up/ev", "cart/cart-7/up/ev", "cart/cart-7/down/pair"],
)
def test_a_shopper_s_app_says_nothing_else(peers: dict[str, Peer], topic: str) -> None:
    """An app is refused, aloud, under another's name and for anything but a claim."""
    assert peers["app-ann"].say(topic) == NOT_AUTHORIZED


def test_a_cart_hears_only_what_is_for_it(peers: dict[str, Peer]) -> None:
    """A cart that listens to all carts hears its own messages and no others."""
    peers["cart-8"].listen("cart/+/down/#")
    peers["store-service"].say("cart/cart-7/down/ack", b"for seven")
    peers["store-service"].say("cart/cart-8/down/ack", b"for eight")
    assert peers["cart-8"].hear() == ("cart/cart-8/down/ack", b"for eight")


def test_a_cart_cannot_push_another_off_the_line(
    folder: Path, port: int, peers: dict[str, Peer]
) -> None:
    """A good certificate with another cart's client id leaves that cart connected."""
    intruder = Peer(folder, port, "cart-8", client_id="cart-7")
    peers["cart-7"].listen("cart/cart-7/down/ack")
    peers["store-service"].say("cart/cart-7/down/ack", b"still there")
    assert peers["cart-7"].hear() == ("cart/cart-7/down/ack", b"still there")
    intruder.close()


def test_no_certificate_no_word(folder: Path, port: int) -> None:
    """A client without a certificate is turned away before it can say anything."""
    context = ssl.create_default_context(cafile=folder / "ca.pem")
    with (
        socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S) as wire,
        pytest.raises((ssl.SSLError, ConnectionResetError)),
        context.wrap_socket(wire, server_hostname="127.0.0.1") as secured,
    ):
        secured.recv(1)
