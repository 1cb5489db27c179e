"""A client that does what it likes: any certificate, any client id, any will, any old protocol.

It keeps what it is answered and what it hears. Nothing here is careful, on purpose.
"""

from __future__ import annotations

import queue
import socket
import ssl
import warnings
from contextlib import suppress
from pathlib import Path
from typing import Self

from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from cart.core.value import Value

PATIENCE_S = 5.0
GONE = -1
Heard = tuple[str, bytes]


class Papers(Value):
    """What an intruder shows: files of TLS (none: plain text), and how old it wants to be."""

    name: str
    folder: Path | None = None
    certificate: str = ""
    protocol: MQTTProtocolVersion = MQTTProtocolVersion.MQTTv5
    tls: ssl.TLSVersion | None = None


class Intruder:
    """One connection; `accepted` says whether the broker let it in. Use it as a context manager."""

    def __init__(self, papers: Papers, port: int, will: Heard | None = None) -> None:
        self.heard: queue.Queue[Heard] = queue.Queue()
        self._answers: queue.Queue[int] = queue.Queue()
        self._client = paho.Client(
            CallbackAPIVersion.VERSION2,
            papers.name,
            protocol=papers.protocol,
            reconnect_on_failure=False,
        )
        if papers.folder is not None:
            self._client.tls_set_context(tls_context(papers, papers.folder))
        if will is not None:
            self._client.will_set(*will, qos=1)
        self._client.on_connect = lambda _c, _u, _f, code, _p: self._answers.put(_value(code))
        self._client.on_disconnect = lambda _c, _u, _f, _code, _p: self._answers.put(GONE)
        self._client.on_publish = lambda _c, _u, _m, code, _p: self._answers.put(_value(code))
        self._client.on_subscribe = lambda _c, _u, _m, codes, _p: self._answers.put(
            _value(codes[0])
        )
        self._client.on_message = lambda _c, _u, message: self.heard.put(
            (message.topic, bytes(message.payload))
        )
        self.accepted = self._connect(port)

    def say(self, topic: str, payload: bytes, *, retain: bool = False) -> int:
        """Publish at QoS 1; the broker's answer, `GONE` if it hung up instead."""
        properties: Properties | None = None
        self._client.publish(topic, payload, 1, retain, properties)
        return self._answer()

    def listen(self, topic_filter: str) -> int:
        """Subscribe; the broker's answer, which may promise what it will not give."""
        self._client.subscribe(topic_filter, 1)
        return self._answer()

    def hear(self, topic: str) -> bytes:
        """The next message of a topic. Raises TimeoutError."""
        with suppress(queue.Empty):
            while True:
                heard, payload = self.heard.get(timeout=PATIENCE_S)
                if heard == topic:
                    return payload
        raise TimeoutError(f"nothing came on {topic}")

    def die(self) -> None:
        """Vanish without a word, so that the broker speaks the last will."""
        wire = self._client.socket()
        if isinstance(wire, socket.socket):
            with suppress(OSError):
                wire.shutdown(socket.SHUT_RDWR)
        self._leave()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.disconnect()
        self._leave()

    def _leave(self) -> None:
        """End the network's thread, and let go of the client, which then closes its sockets."""
        client = self._client
        client.loop_stop()
        wire = client.socket()
        if isinstance(wire, socket.socket):
            wire.close()
        for callback in ("on_connect", "on_disconnect", "on_publish", "on_subscribe", "on_message"):
            setattr(client, callback, None)
        del self._client

    def _connect(self, port: int) -> bool:
        try:
            self._client.connect("127.0.0.1", port, keepalive=60)
        except OSError:  # of TLS too
            return False
        self._client.loop_start()
        return self._answer() == 0

    def _answer(self) -> int:
        try:
            return self._answers.get(timeout=PATIENCE_S)
        except queue.Empty:
            return GONE


def _value(code: ReasonCode | int) -> int:
    return code if isinstance(code, int) else int(code.value)


def tls_context(papers: Papers, folder: Path) -> ssl.SSLContext:
    """What these papers speak TLS with, however old."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(folder / "ca.pem")
    if papers.certificate:
        files = folder / f"{papers.certificate}.pem", folder / f"{papers.certificate}.key"
        context.load_cert_chain(*files)
    if papers.tls is not None:
        context.set_ciphers("ALL:@SECLEVEL=0")
        with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
            context.minimum_version = context.maximum_version = papers.tls  # old on purpose
    return context
