"""`python -m cart contract check`: certify another vendor's store or cart against the contract.

It plays the opposite side with real messages on a real broker and prints a row a rule, and a row
with the reason for each channel that it could not exercise. A cart is checked on a broker without a
store, a store with a cart's name that is nobody's. It must never settle a real trip: what it does
is under names and epochs of its own.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from typing import Protocol
from urllib.parse import urlsplit

from msgspec import json

from cart import arguments, mqtt
from cart.commands import certify_cart, certify_store
from cart.commands.certify_peer import Keys, NotExercised, Peer, Rule, RuleBroken
from cart.contract.lines import ContractError
from cart.contract.store import CHANNELS
from cart.core.value import Value

ANSWER_MS, ANSWER_MS_MAX = 5_000, 3_600_000
PORTS = {"mqtt": 1_883, "mqtts": 8_883}
PROGRAM = "python -m cart contract check"
MARKS = {True: "kept  ", False: "BROKEN", None: "      "}
RELAY = (
    "what is checked reaches the broker over this port of ours: then its connection is cut, to"
    " see its last will"
)
KEY = "the store's Ed25519 key (PEM): public for a store, private for a cart"


class Row(Value):
    """One rule, whether it is kept (None: it was not exercised), and what was seen, or why not."""

    rule: str
    channels: tuple[str, ...]
    kept: bool | None
    seen: str


class Side(Protocol):
    """What is checked: its rules, and why each channel that none of them names is left out."""

    HEARS: tuple[str, ...]
    WILL: tuple[str, Value]
    RULES: tuple[Rule, ...]
    LEFT_OUT: Mapping[str, str]

    def name(self, options: argparse.Namespace) -> str:
        """Who we say we are."""

    def keys(self, options: argparse.Namespace) -> Keys:
        """What of the store's key we need. Raises ValueError."""


SIDES: Mapping[str, Side] = {"store": certify_store, "cart": certify_cart}


def checked(peer: Peer, side: Side) -> Iterator[Row]:
    """Try every rule in turn; one that is broken does not keep the others from being tried."""
    peer.connect()
    for name, channels, try_it in side.RULES:
        kept: bool | None = True
        try:
            seen = try_it(peer)
        except NotExercised as why:
            kept, seen = None, f"not exercised: {why}"
        except (RuleBroken, ContractError) as error:
            kept, seen = False, str(error)
        yield Row(name, channels, kept, seen)
    yield from left_out(side)


def left_out(side: Side) -> Iterable[Row]:
    """A row for each channel of the contract that no rule goes over."""
    tried = {name for rule in side.RULES for name in rule.channels}
    for channel in CHANNELS:
        if channel.name not in tried:
            why = side.LEFT_OUT[channel.name]
            yield Row(channel.summary, (channel.name,), None, f"not exercised: {why}")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what `check` takes."""
    name, file = arguments.name, arguments.file
    parser.add_argument("--broker", required=True, metavar="URL", help="mqtt[s]://host:port")
    parser.add_argument("--side", choices=tuple(SIDES), default="store", help="what to check")
    parser.add_argument("--tenant", type=name, required=True, help="the chain")
    parser.add_argument("--store", type=name, required=True, help="the store of the chain")
    cart = f"check-{int(time.time())}"
    parser.add_argument("--cart", type=name, default=cart, help="the cart's id")
    parser.add_argument("--key", type=file, help=KEY)
    for part in ("ca", "certificate", "key"):
        parser.add_argument(f"--tls-{part}", type=file, help="needed off loopback")
    parser.add_argument(
        "--shopper", type=name, default="check", help="who pairs: an app called app-SHOPPER"
    )
    for part in ("certificate", "key"):
        parser.add_argument(f"--app-{part}", type=file, help="of that app, where TLS is spoken")
    parser.add_argument(
        "--answer-ms", type=arguments.whole(1, ANSWER_MS_MAX), default=ANSWER_MS, metavar="N",
        help="how long an answer may take (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--mqtt", choices=tuple(mqtt.PROTOCOLS), default="5", help="what the broker speaks"
    )
    parser.add_argument("--relay", type=arguments.endpoint, metavar="HOST:PORT", help=RELAY)
    parser.add_argument(
        "--relay-to", type=arguments.endpoint, metavar="HOST:PORT", help="default: the broker"
    )
    parser.add_argument("--quick", action="store_true", help="leave out what takes over 10 s")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")


def run(options: argparse.Namespace) -> int:
    """Check; 0 if no rule is broken, 1 if one is, 2 for arguments that can't be."""
    side = SIDES[options.side]
    try:
        _find_broker(options)
        peer = Peer(options, side.name(options), side.HEARS, side.keys(options), side.WILL)
    except (ValueError, OSError) as error:
        arguments.say_error(PROGRAM, error, as_json=options.json)
        return 2
    rows = []
    with closing(peer):
        try:
            for row in checked(peer, side):
                rows.append(row)
                _print(row, as_json=options.json)
        except RuleBroken as error:
            arguments.say_error(PROGRAM, error, as_json=options.json)
            return 1
    if not options.json:
        kept, broken = (sum(row.kept is each for row in rows) for each in (True, False))
        sys.stdout.write(
            f"kept {kept}, broken {broken}, not exercised {len(rows) - kept - broken}\n"
        )
    return 1 if any(row.kept is False for row in rows) else 0


def _find_broker(options: argparse.Namespace) -> None:
    """Where to go, with which papers. Raises ValueError."""
    advice = f"--broker {options.broker}: write mqtt://host:port or mqtts://host:port"
    try:
        url = urlsplit(options.broker)
        ends = url.hostname or "", url.port or PORTS.get(url.scheme, 0)
    except ValueError as error:
        raise ValueError(f"{advice} ({error})") from error
    if not all(ends) or url.scheme not in PORTS or url.username or url.path + url.query:
        raise ValueError(advice)
    files = options.tls_ca, options.tls_certificate, options.tls_key
    if url.scheme == "mqtts" and not all(files):
        raise ValueError("mqtts:// needs --tls-ca, --tls-certificate and --tls-key")
    options.endpoint = mqtt.Endpoint(*ends, *files, options.mqtt)
    app = options.app_certificate or options.tls_certificate, options.app_key or options.tls_key
    options.app_endpoint = mqtt.Endpoint(*ends, options.tls_ca, *app, options.mqtt)
    for endpoint in (options.endpoint, options.app_endpoint):
        endpoint.check_files()


def _print(row: Row, *, as_json: bool) -> None:
    line = f"{MARKS[row.kept]}  {row.rule}: {row.seen}  [{' '.join(row.channels)}]"
    sys.stdout.write((json.encode(row).decode() if as_json else line) + "\n")
    sys.stdout.flush()
