"""`python -m cart contract check`: certify another vendor's store or cart against the contract.

It plays the opposite side with real messages on a real broker and prints a row a rule. A cart is
checked on a broker without a store, a store with a cart's name that is nobody's. It must never
settle a real trip: what it does is under names and epochs of its own.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path
from random import SystemRandom
from typing import TypeVar
from urllib.parse import urlsplit

from msgspec import json

from cart import mqtt
from cart.contract.lines import ContractError
from cart.contract.store import BY_NAME, Packet, app_of, decode, packet, parse, topic_of
from cart.core.value import Value
from cart.shell.clock import monotonic_ms

CONNECT_MS = ANSWER_MS = 5_000
SILENCE_MS = 1_500
PORTS = {"mqtt": 1_883, "mqtts": 8_883}
Message = TypeVar("Message", bound=Value)


class RuleBroken(Exception):  # noqa: N818 - it says what happened
    """The other side does not keep a rule; the text says what it did instead."""


class Row(Value):
    """One rule, whether it is kept, and what was seen."""

    rule: str
    kept: bool
    seen: str


class Peer:
    """Our side of the wire. Raises ContractError for a message that does not fit the contract."""

    def __init__(self, options: argparse.Namespace, name: str, hears: Iterable[str]) -> None:
        self.tenant, self.store, self.cart = options.tenant, options.store, options.cart
        self.shopper: str = options.shopper
        self.key: Path | None = options.key
        self._answer_ms: int = options.answer_ms
        self._heard: deque[mqtt.Incoming] = deque()
        self._connection = mqtt.Connection(
            options.endpoint, name, [self.topic(each) for each in hears], monotonic_ms,
            SystemRandom(),
        )  # fmt: skip
        # A store's broker lets nobody speak as an app but who shows the app's certificate.
        self._app = self._connection
        if options.app_endpoint.certificate != options.endpoint.certificate:
            self._app = mqtt.Connection(
                options.app_endpoint, app_of(self.shopper), [], monotonic_ms, SystemRandom()
            )

    def topic(self, name: str) -> str:
        """A channel's topic, with this cart for every name of a party."""
        others = dict.fromkeys(("sha256", "number", "version", "file"), "+")
        return topic_of(name, self.tenant, self.store, **self._names, **others)

    @property
    def _names(self) -> dict[str, str]:
        return {"cart": self.cart, "app": app_of(self.shopper), "claim": self.cart}

    def connect(self) -> None:
        """Wait until the broker lets us in. Raises RuleBroken."""
        if not self._wait(lambda: self._connection.up and self._app.up, CONNECT_MS):
            raise RuleBroken("no connection to the broker")

    def say(self, name: str, message: Value) -> None:
        """Send a message as its channel says."""
        self._publish(packet(name, message, self.tenant, self.store, **self._names))

    def say_raw(self, name: str, payload: bytes) -> None:
        """Send bytes on a channel that it should not carry."""
        channel = BY_NAME[name]
        self._publish(Packet(self.topic(name), payload, channel.retain, channel.expiry_s))

    def hear(self, name: str, kind: type[Message], wanted: str) -> Message:
        """The next message of a channel. Raises RuleBroken when none comes."""
        found = self._next(name, self._answer_ms)
        if found is None:
            raise RuleBroken(f"no {wanted} within {self._answer_ms} ms")
        return decode(kind, found)

    def hears_nothing(self, name: str, unless: str) -> None:
        """Raises RuleBroken when a message of a channel comes all the same."""
        if (found := self._next(name, SILENCE_MS)) is not None:
            raise RuleBroken(f"{unless}: {found[:200].decode(errors='replace')}")

    def forget(self, *names: str) -> None:
        """Leave unread what has come so far on some channels."""
        self._wait(lambda: False, 200)
        kept = [each for each in self._heard if _channel(each.topic) not in names]
        self._heard = deque(kept)

    def close(self) -> None:
        """Leave the broker."""
        self._connection.close()
        if self._app is not self._connection:
            self._app.close()

    def _publish(self, sent: Packet) -> None:
        is_app = sent.topic == self.topic("pair_claim")
        (self._app if is_app else self._connection).publish(sent)
        self._wait(lambda: True, 0)

    def _next(self, name: str, within_ms: int) -> bytes | None:
        def found() -> mqtt.Incoming | None:
            return next((each for each in self._heard if _channel(each.topic) == name), None)

        self._wait(lambda: found() is not None, within_ms)
        if (message := found()) is None:
            return None
        self._heard.remove(message)
        return message.payload

    def _wait(self, holds: Callable[[], bool], within_ms: int) -> bool:
        end_ms = monotonic_ms() + within_ms
        while True:
            if self._app is not self._connection:
                self._app.poll(0)
            happened = self._connection.poll(20)
            self._heard += [each for each in happened if isinstance(each, mqtt.Incoming)]
            if holds() or monotonic_ms() >= end_ms:
                return holds()


Rule = tuple[str, Callable[[Peer], str]]


def _channel(topic: str) -> str:
    try:
        return parse(topic).channel.name
    except ContractError:
        return ""


def checked(peer: Peer, rules: Iterable[Rule]) -> Iterable[Row]:
    """Try every rule in turn; one that is broken does not keep the others from being tried."""
    peer.connect()
    for name, try_it in rules:
        try:
            yield Row(name, kept=True, seen=try_it(peer))
        except (RuleBroken, ContractError) as error:
            yield Row(name, kept=False, seen=str(error))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what `check` takes."""
    parser.add_argument("--broker", required=True, metavar="URL", help="mqtt[s]://host:port")
    parser.add_argument("--side", choices=("store", "cart"), default="store", help="what to check")
    parser.add_argument("--tenant", required=True, help="the chain")
    parser.add_argument("--store", required=True, help="the store of the chain")
    parser.add_argument("--cart", default=f"check-{int(time.time())}", help="the cart's id")
    parser.add_argument(
        "--key", type=Path, help="the store's Ed25519 key (PEM): public for a store, private for a"
        " cart",
    )  # fmt: skip
    for part in ("ca", "certificate", "key"):
        parser.add_argument(f"--tls-{part}", type=Path, help="needed off loopback")
    parser.add_argument("--shopper", default="check", help="who pairs: an app called app-SHOPPER")
    for part in ("certificate", "key"):
        parser.add_argument(f"--app-{part}", type=Path, help="of that app, where TLS is spoken")
    help_text = "how long an answer may take (default: %(default)s)"
    parser.add_argument(
        "--answer-ms", type=_milliseconds, default=ANSWER_MS, metavar="N", help=help_text
    )
    parser.add_argument("--json", action="store_true", help="one JSON object a line")


def _milliseconds(text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text} is not a whole number of milliseconds above 0")
    return int(text)


def run(options: argparse.Namespace) -> int:
    """Check; 0 if every rule is kept, 1 if not, 2 for arguments that can't be."""
    from cart.commands import certify_cart, certify_store  # noqa: PLC0415 - they need this module

    url = urlsplit(options.broker)
    if url.scheme not in PORTS or not url.hostname:
        sys.stderr.write(f"{options.broker}: write mqtt://host:port or mqtts://host:port\n")
        return 2
    files = options.tls_ca, options.tls_certificate, options.tls_key
    try:
        if url.scheme == "mqtts" and not all(files):
            raise ValueError("mqtts:// needs --tls-ca, --tls-certificate and --tls-key")
        ends = url.hostname, url.port or PORTS[url.scheme]
        options.endpoint = mqtt.Endpoint(*ends, *files)
        app = options.app_certificate or options.tls_certificate, options.app_key or options.tls_key
        options.app_endpoint = mqtt.Endpoint(*ends, options.tls_ca, *app)
        side = {"store": certify_store, "cart": certify_cart}[options.side]
        peer = Peer(options, side.name(options), side.HEARS)
    except ValueError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    kept = True
    with closing(peer):
        try:
            for row in checked(peer, side.RULES):
                kept &= row.kept
                _print(row, as_json=options.json)
        except RuleBroken as error:
            sys.stderr.write(f"{error}\n")
            return 1
    return 0 if kept else 1


def _print(row: Row, *, as_json: bool) -> None:
    mark = "kept  " if row.kept else "BROKEN"
    line = json.encode(row).decode() if as_json else f"{mark}  {row.rule}: {row.seen}"
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
