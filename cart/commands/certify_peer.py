"""The other side of the wire, as `cart.commands.certify` plays it: what it says, hears and checks.

It leaves nothing of its own at the broker. It must never know a rule.
"""

from __future__ import annotations

import argparse
import base64
import binascii
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import SystemRandom
from typing import NamedTuple, TypeVar

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from cart import mqtt
from cart.commands.certify_relay import Relay
from cart.contract.lines import ContractError
from cart.contract.store import (
    BY_NAME,
    Address,
    Packet,
    app_of,
    decode,
    packet,
    parse,
    topic_of,
)
from cart.core.value import Value
from cart.shell.clock import monotonic_ms

CONNECT_MS = 5_000
SILENCE_MS = 1_500
LEAVE_MS = 200
QUICK_MS = 10_000
JUNK = (b"{", b"\xff\xfe", b"[" * 5_000, b'{"epoch":"x"}', b"null")
Message = TypeVar("Message", bound=Value)


class RuleBroken(Exception):  # noqa: N818 - it says what happened
    """The other side does not keep a rule; the text says what it did instead."""


class NotExercised(Exception):  # noqa: N818 - it says what happened
    """A rule could not be tried here; the text says why."""


class Rule(NamedTuple):
    """What must hold, the channels that trying it goes over, and how: it returns what was seen.

    Raises RuleBroken, NotExercised or ContractError."""

    name: str
    channels: tuple[str, ...]
    try_it: Callable[[Peer], str]


class Keys(NamedTuple):
    """The store's Ed25519 keys, as far as this side has them."""

    public: Ed25519PublicKey | None = None
    private: Ed25519PrivateKey | None = None


class Peer:
    """Our side of the wire. Raises ContractError for a message that does not fit the contract."""

    def __init__(
        self,
        options: argparse.Namespace,
        name: str,
        hears: Iterable[str],
        keys: Keys,
        will: tuple[str, Value],
    ) -> None:
        self.tenant, self.store, self.cart = options.tenant, options.store, options.cart
        self.shopper: str = options.shopper
        self.answer_ms: int = options.answer_ms
        self._is_quick: bool = options.quick
        self.is_modern: bool = options.endpoint.is_modern
        self._keys = keys
        self._heard: deque[mqtt.Incoming] = deque()
        self._kept: set[str] = set()
        self.newest: dict[str, bytes] = {}  # of each channel, whether it was read or not
        self._reason = "nobody answers"
        ends = (options.endpoint.host, options.endpoint.port)
        self._relay = Relay(options.relay, options.relay_to or ends) if options.relay else None
        self._connection = mqtt.Connection(
            options.endpoint, name, [self.topic(each) for each in hears], monotonic_ms,
            SystemRandom(), packet(will[0], will[1], self.tenant, self.store, cart=self.cart),
        )  # fmt: skip
        self._kept.add(self.topic(will[0]))
        # A store's broker lets nobody speak as an app but who shows the app's certificate.
        self._app = self._connection
        if options.app_endpoint.certificate != options.endpoint.certificate:
            self._app = mqtt.Connection(
                options.app_endpoint, app_of(self.shopper), [], monotonic_ms, SystemRandom()
            )

    def topic(self, name: str, **names: str) -> str:
        """A channel's topic, with this cart for every name of a party, and "+" for a file's."""
        others = dict.fromkeys(("sha256", "number", "version", "file"), "+")
        return topic_of(name, self.tenant, self.store, **{**others, **self._names, **names})

    @property
    def _names(self) -> dict[str, str]:
        return {"cart": self.cart, "app": app_of(self.shopper), "claim": self.cart}

    def connect(self) -> None:
        """Wait until the broker lets us in. Raises RuleBroken."""
        if not self._wait(lambda: self._connection.up and self._app.up, CONNECT_MS):
            raise RuleBroken(f"no connection to the broker: {self._reason}")

    @contextmanager
    def other_cut(self) -> Iterator[None]:
        """The connection of the other side is cut. Raises NotExercised without a relay."""
        if self._relay is None:
            raise NotExercised("its connection can be cut with --relay alone")
        self._relay.cut()
        try:
            yield
        finally:
            self._relay.mend()

    def fall(self) -> None:
        """Lose the connection, so that the broker says our will, and come back. Raises
        RuleBroken."""
        self._connection.fall()
        self._wait(lambda: not self._connection.up, CONNECT_MS)
        self.connect()

    def say(self, name: str, message: Value | bytes, **names: str) -> None:
        """Send a message as its channel says."""
        said = packet(name, message, self.tenant, self.store, **{**self._names, **names})
        if said.retain:
            self._kept.add(said.topic)
        self._publish(said)

    def say_raw(self, name: str, payload: bytes) -> None:
        """Send bytes on a channel that it should not carry; nobody keeps them."""
        others = {"sha256": "0" * 64, "number": "0", "version": "1", "file": "x"}
        topic = self.topic(name, **others)
        self._publish(Packet(topic, payload, retain=False, expiry_s=BY_NAME[name].expiry_s))

    def listen(self, name: str, **names: str) -> None:
        """Listen to one more topic."""
        self._connection.subscribe(self.topic(name, **names))

    def hear(self, name: str, kind: type[Message], wanted: str) -> Message:
        """The next message of a channel. Raises RuleBroken when none comes."""
        return decode(kind, self.hear_bytes(name, wanted))

    def hear_bytes(self, name: str, wanted: str) -> bytes:
        """The next payload of a channel. Raises RuleBroken when none comes."""
        found = self._next(name, self.answer_ms)
        if found is None:
            raise RuleBroken(f"no {wanted} within {self.answer_ms} ms")
        return found.payload

    def has_heard(self, name: str, within_ms: int = 0) -> tuple[Address, bytes] | None:
        """What has come on a channel and was not read yet; None: nothing."""
        found = self._next(name, within_ms)
        return None if found is None else (parse(found.topic), found.payload)

    def hears_nothing(self, name: str, unless: str) -> None:
        """Raises RuleBroken when a message of a channel comes all the same."""
        if (found := self._next(name, min(SILENCE_MS, self.answer_ms))) is not None:
            raise RuleBroken(f"{unless}: {found.payload[:200].decode(errors='replace')}")

    def check_patience(self, needed_ms: int) -> None:
        """Raises NotExercised where this is longer than it may take."""
        if self._is_quick and needed_ms > QUICK_MS:
            raise NotExercised(f"it takes {needed_ms // 1_000} s; leave out --quick")

    def forget(self, *names: str) -> None:
        """Leave unread what has come so far on some channels."""
        self._wait(lambda: False, min(LEAVE_MS, self.answer_ms))
        kept = [each for each in self._heard if _channel(each.topic) not in names]
        self._heard = deque(kept)

    def judge(self, text: bytes, signature: str) -> str:
        """Words on a signature of the store. Raises RuleBroken where it does not fit the key."""
        if self._keys.public is None:
            return "its signature is not checked without --key"
        try:
            self._keys.public.verify(base64.b64decode(signature, validate=True), text)
        except (InvalidSignature, binascii.Error) as error:
            raise RuleBroken("the signature does not fit the store's key") from error
        return "signed"

    def sign(self, text: bytes) -> str:
        """A signature as the store's."""
        assert self._keys.private, "demanded at the start"
        return base64.b64encode(self._keys.private.sign(text)).decode()

    def close(self) -> None:
        """Take back what the broker keeps of ours, and leave."""
        if self._relay is not None:
            self._relay.close()
        for topic in sorted(self._kept):
            self._publish(Packet(topic, b"", retain=True))
        if self._connection.up:
            self._wait(lambda: False, min(LEAVE_MS, self.answer_ms))
        self._connection.close()
        if self._app is not self._connection:
            self._app.close()

    def _publish(self, sent: Packet) -> None:
        is_app = sent.topic == self.topic("pair_claim")
        (self._app if is_app else self._connection).publish(sent)
        self._wait(lambda: True, 0)

    def _next(self, name: str, within_ms: int) -> mqtt.Incoming | None:
        def found() -> mqtt.Incoming | None:
            return next((each for each in self._heard if _channel(each.topic) == name), None)

        self._wait(lambda: found() is not None, within_ms)
        if (message := found()) is not None:
            self._heard.remove(message)
        return message

    def _wait(self, holds: Callable[[], bool], within_ms: int) -> bool:
        end_ms = monotonic_ms() + within_ms
        while True:
            happened = self._connection.poll(20)
            if self._app is not self._connection:
                happened += [each for each in self._app.poll(0) if isinstance(each, mqtt.Changed)]
            for each in happened:
                if isinstance(each, mqtt.Incoming) and each.payload:
                    self._heard.append(each)
                    self.newest[_channel(each.topic)] = each.payload
                elif isinstance(each, mqtt.Changed) and not each.up:
                    self._reason = each.reason
            if holds() or monotonic_ms() >= end_ms:
                return holds()


def public_key(file: Path) -> Ed25519PublicKey:
    """The public half of a store's key. Raises ValueError."""
    try:
        key = load_pem_public_key(file.read_bytes())
    except (OSError, ValueError) as error:
        raise ValueError(
            f"--key {file}: no public key in PEM; give the store's store.pub"
        ) from error
    if not isinstance(key, Ed25519PublicKey):
        raise ValueError(f"--key {file}: not an Ed25519 key; give the store's store.pub")  # noqa: TRY004 - of a file
    return key


def private_key(file: Path) -> Ed25519PrivateKey:
    """A store's key, to play the store with. Raises ValueError."""
    try:
        key = load_pem_private_key(file.read_bytes(), password=None)
    except (OSError, ValueError, TypeError) as error:
        raise ValueError(f"--key {file}: no private key in PEM; give an Ed25519 key") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise ValueError(f"--key {file}: not an Ed25519 key; give one in PEM")  # noqa: TRY004 - of a file
    return key


def _channel(topic: str) -> str:
    try:
        return parse(topic).channel.name
    except ContractError:
        return ""
