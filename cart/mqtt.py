"""One MQTT connection that one thread owns: poll it, and what happened comes back as a list.

Shared by the cart's store link, the store and the rig. It knows nothing of the messages it carries
and remembers none: what must not be lost is sent again by its owner (docs/HOUSE.md). Each attempt
is a fresh paho client without a session, so nothing stale is ever sent. It speaks MQTT 5, or 3.1.1
to a broker without it: then nothing expires, a last will comes at once, and a refusal has no words.
Only `wake` may be called from another thread.
"""

from __future__ import annotations

import ipaddress
import select
import socket
import ssl
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Any, Literal

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from cart.contract.broker import IN_FLIGHT_MAX
from cart.contract.store import Packet
from cart.core.value import Value
from cart.retries import Retries

KEEPALIVE_S = 5
RETRY_MS_FIRST = 100
# RabbitMQ 3.10 names the queue of a client by its id: a connection that ends late takes the queue
# of the next one with it, which then stands and hears nothing. So the next one comes later, and
# one that is doubted so often without hearing anything begins anew.
RETRY_MS_FIRST_OLD, DOUBTS_MAX = 800, 3
HAPPENINGS_MAX = 500
Dialect = Literal["5", "3.1.1"]
PROTOCOLS = {"5": MQTTProtocolVersion.MQTTv5, "3.1.1": MQTTProtocolVersion.MQTTv311}


class Endpoint(Value):
    """Where a broker listens, and the MQTT it speaks. All three TLS files, or none: plain text, on
    loopback only."""

    host: str
    port: int
    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    mqtt: Dialect = "5"

    def __post_init__(self) -> None:
        if not self.is_encrypted and any((self.ca, self.certificate, self.key)):
            raise ValueError("TLS needs all three: ca, certificate and key")
        if not self.is_encrypted and not _is_loopback(self.host):
            raise ValueError(
                f"plain text MQTT to {self.host} is refused; set ca, certificate and key"
            )

    def check_files(self) -> None:
        """Raises ValueError where no TLS can be made of its files now."""
        try:
            if self.is_encrypted:
                tls_context(self)
        except OSError as error:
            raise ValueError(
                f"ca, certificate, key: {error}; give PEM files that fit each other"
            ) from error

    @property
    def is_encrypted(self) -> bool:
        """Whether TLS guards the connection."""
        return bool(self.ca and self.certificate and self.key)

    @property
    def is_modern(self) -> bool:
        """Whether it speaks MQTT 5."""
        return self.mqtt == "5"


class Incoming(Value):
    """A message arrived."""

    topic: str
    payload: bytes


class Changed(Value):
    """The connection is up with all its subscriptions, or it is gone and will be tried again."""

    up: bool
    reason: str = ""


class Refused(Value):
    """The broker did not take a message of ours, and says so (MQTT 5)."""

    reason: str


Happening = Incoming | Changed | Refused


class Connection:
    """Connects, subscribes, and connects again with growing pauses, whenever it is polled.

    `will` is what the broker says when this side is gone without a word, after `will_delay_s`.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        client_id: str,
        filters: Sequence[str],
        clock: Callable[[], int],
        random: Random,
        will: Packet | None = None,
        will_delay_s: int = 0,
        retry_ms_max: int = 5_000,
    ) -> None:
        self._endpoint = endpoint
        self._client_id = client_id
        self._filters = tuple(filters)
        self._clock = clock
        self._retries = Retries(clock, random, retry_ms_max)
        self._will = will
        self._will_delay_s = will_delay_s
        self._client: paho.Client | None = None
        self._happenings: list[Happening] = []
        self._unconfirmed: list[tuple[int, int]] = []
        self._give_up_ms = self._doubts = 0
        self._reason = ""
        self._bell, self._ear = socket.socketpair()
        self._bell.setblocking(False)
        self._ear.setblocking(False)
        self.up = False

    @property
    def is_modern(self) -> bool:
        """Whether it speaks MQTT 5."""
        return self._endpoint.is_modern

    def poll(self, timeout_ms: int) -> list[Happening]:
        """What happened, in order; empty after `timeout_ms` of silence or after `wake`.

        What the last poll gave is confirmed to the broker only now: its owner has dealt with it."""
        self._confirm()
        if self._client is None and self._clock() >= self._retries.at_ms:
            self._dial()
        self._wait(0 if self._happenings else timeout_ms)
        if self._client is not None:
            self._serve(self._client)
        happenings, self._happenings = self._happenings, []
        return happenings

    def publish(self, packet: Packet) -> bool:
        """Hand a message to the broker, at least once; False and forgotten while not up."""
        if self._client is None or not self.up:
            return False
        properties = None
        if packet.expiry_s is not None and self._endpoint.is_modern:
            properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]  # paho types all but this
            properties.MessageExpiryInterval = packet.expiry_s
        self._client.publish(packet.topic, packet.payload, packet.qos, packet.retain, properties)
        return True

    def subscribe(self, topic_filter: str) -> None:
        """Listen to more, until the connection is gone."""
        if self._client is not None and self.up:
            self._client.subscribe(topic_filter, qos=1)

    def unsubscribe(self, topic_filter: str) -> None:
        """Listen to it no longer."""
        if self._client is not None and self.up:
            self._client.unsubscribe(topic_filter)

    def use(self, endpoint: Endpoint) -> None:
        """Go by this from the next attempt on."""
        self._endpoint = endpoint

    def redial(self, endpoint: Endpoint) -> None:
        """Leave, which silences the will, and come back at once: with other files, or elsewhere."""
        if self._client is not None:
            self._client.disconnect()
            self._client = None
        self._endpoint = endpoint
        self.up = False
        self._retries.anew()

    def doubt(self) -> None:
        """The owner expects to hear something and does not. Over MQTT 3.1.1 such a connection is
        given up in the end."""
        self._doubts += 1
        is_deaf = self._doubts >= DOUBTS_MAX and not self.is_modern
        if is_deaf and self._client is not None and self.up:
            self._client.disconnect()
            self._lost("nothing is heard on this connection")

    def wake(self) -> None:
        """End a `poll` that waits. The one method for other threads."""
        # It may have been rung often enough, or be closed because nobody waits.
        with suppress(OSError):
            self._bell.send(b"!")

    def fall(self) -> None:
        """Be gone without a word, as when the network ends: the broker says the will."""
        if self._client is not None and isinstance(wire := self._client.socket(), socket.socket):
            with suppress(OSError):  # the other end may have gone first
                wire.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Say goodbye, which silences the will, and let go of everything."""
        if self._client is not None:
            self._client.disconnect()
            self._client = None
        self.up = False
        self._bell.close()
        self._ear.close()

    def _confirm(self) -> None:
        unconfirmed, self._unconfirmed = self._unconfirmed, []
        for number, qos in unconfirmed:
            if self._client is not None:
                self._client.ack(number, qos)

    def _dial(self) -> None:
        self._unconfirmed.clear()
        self._expect_progress()
        self._reason = "the connection broke"
        try:
            client = self._client = self._new_client()
            ends = (self._endpoint.host, self._endpoint.port, KEEPALIVE_S)
            if self._endpoint.is_modern:
                client.connect(*ends, clean_start=True)
            else:
                client.connect(*ends)
        except OSError as error:
            self._lost(f"{self._endpoint.host}:{self._endpoint.port}: {error}")

    def _expect_progress(self) -> None:
        self._give_up_ms = self._clock() + self._retries.step_ms_max

    def _new_client(self) -> paho.Client:
        version, protocol = CallbackAPIVersion.VERSION2, PROTOCOLS[self._endpoint.mqtt]
        client = paho.Client(version, self._client_id, protocol=protocol, manual_ack=True)
        client.connect_timeout = self._retries.step_ms_max / 1_000
        client.max_inflight_messages_set(IN_FLIGHT_MAX)
        client.on_socket_open = _send_at_once
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message
        client.on_publish = self._on_publish
        if (will := self._will) is not None:
            properties = None
            if self._endpoint.is_modern:
                properties = Properties(PacketTypes.WILLMESSAGE)  # type: ignore[no-untyped-call]  # paho types all but this
                properties.WillDelayInterval = self._will_delay_s
            client.will_set(will.topic, will.payload, 1, will.retain, properties)
        if self._endpoint.is_encrypted:
            client.tls_set_context(tls_context(self._endpoint))
        return client

    def _wait(self, timeout_ms: int) -> None:
        """Sleep until the socket, the bell or the time says otherwise."""
        wire = self._client.socket() if self._client else None
        readers: list[Any] = [self._ear]
        writers: list[Any] = []
        if wire is not None and self._client is not None:
            readers.append(wire)
            writers += [wire] if self._client.want_write() else []
            # Bytes that TLS has already taken in do not show in select.
            timeout_ms = 0 if _pending(wire) else timeout_ms
        else:
            timeout_ms = min(timeout_ms, max(0, self._retries.at_ms - self._clock()))
        ready, _, _ = select.select(readers, writers, [], timeout_ms / 1_000)
        if self._ear in ready:
            self._ear.recv(4_096)

    def _serve(self, client: paho.Client) -> None:
        """Let paho read and write what is there; its callbacks fill the list."""
        client.loop_misc()
        while len(self._happenings) < HAPPENINGS_MAX and _readable(client):
            _confirm_at_once(client.socket())
            client.loop_read()
        if client.want_write():
            client.loop_write()
        if client.socket() is None:
            self._lost(self._reason)
        elif not self.up and self._clock() > self._give_up_ms:
            client.disconnect()
            self._lost("the broker does not answer")

    def _lost(self, reason: str) -> None:
        if self.up or self._retries.failures == 0:
            self._happenings.append(Changed(up=False, reason=reason))
        self._client = None
        self.up = False
        self._retries.lost(RETRY_MS_FIRST if self.is_modern else RETRY_MS_FIRST_OLD)

    def _on_connect(
        self,
        client: paho.Client,
        _data: object,
        _flags: object,
        code: ReasonCode,
        _properties: object,
    ) -> None:
        if code.is_failure:
            self._reason = f"the broker refuses: {code}"  # it closes, and another attempt follows
            return
        self._expect_progress()
        if self._filters:
            client.subscribe([(topic_filter, 1) for topic_filter in self._filters])
        else:
            self._stands()

    def _on_subscribe(
        self,
        client: paho.Client,
        _data: object,
        _number: int,
        codes: list[ReasonCode],
        _properties: object,
    ) -> None:
        if any(code.is_failure for code in codes):
            self._reason = f"the broker refuses a subscription: {codes}"
            client.disconnect()
        elif not self.up:
            self._stands()

    def _stands(self) -> None:
        self.up = True
        self._doubts = 0
        self._retries.stands()
        self._happenings.append(Changed(up=True))

    def _on_message(self, _client: paho.Client, _data: object, message: paho.MQTTMessage) -> None:
        self._doubts = 0
        self._unconfirmed.append((message.mid, message.qos))
        self._happenings.append(Incoming(message.topic, bytes(message.payload)))

    def _on_publish(
        self,
        _client: paho.Client,
        _data: object,
        _number: int,
        code: ReasonCode,
        _properties: object,
    ) -> None:
        if code.is_failure:
            self._happenings.append(Refused(f"the broker refuses a message: {code}"))


def tls_context(endpoint: Endpoint) -> ssl.SSLContext:
    """TLS 1.2 or later, both sides known by certificate, the broker by its host name, too.

    Raises OSError for a file that can't be used. The files are read anew for each attempt, so a
    renewed certificate is taken up."""
    assert endpoint.certificate, "TLS has all three files"
    context = ssl.create_default_context(cafile=str(endpoint.ca))
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(endpoint.certificate, endpoint.key)
    return context


def _is_loopback(host: str) -> bool:
    """Whether a host is this machine, by its address or as "localhost"."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _send_at_once(_client: paho.Client, _data: object, wire: object) -> None:
    """Nagle's algorithm with delayed acknowledgements costs 40 ms a message."""
    assert isinstance(wire, socket.socket), "no other kind of socket was asked for"
    wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _confirm_at_once(wire: object) -> None:
    """A broker that leaves Nagle's algorithm on holds its next message until we confirm the last.

    Linux forgets this wish after a while, so it is said with each read."""
    assert isinstance(wire, socket.socket), "what is readable has a socket"
    wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)


def _pending(wire: object) -> bool:
    return isinstance(wire, ssl.SSLSocket) and wire.pending() > 0


def _readable(client: paho.Client) -> bool:
    wire = client.socket()
    if wire is None:
        return False
    return _pending(wire) or bool(select.select([wire], [], [], 0)[0])
