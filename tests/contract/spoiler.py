"""A peer that answers wrongly, as a process of its own: it stands between two brokers and spoils
what the side behind it says on one channel.

    python -m tests.contract.spoiler --side store --behind PORT --before PORT --channel NAME

The real store or cart is at the broker behind; who checks it is at the one before. It prints a line
when both connections stand, and serves until it is ended.
"""

from __future__ import annotations

import argparse
import base64
import json
import re
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Any, ClassVar

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from msgspec.structs import replace

from cart import mqtt
from cart.contract.fleet import Command, CommandState
from cart.contract.lines import ContractError
from cart.contract.signing import command_text, grant_text
from cart.contract.store import (
    BY_NAME,
    CHANNELS,
    Packet,
    PairGrant,
    PairOffer,
    decode,
    parse,
    topic_of,
)
from cart.core.value import Value
from cart.shell.clock import monotonic_ms
from tests.store.shop import STORE, TENANT

NAMES = ("cart", "app", "claim", "sha256", "number", "version", "file")
TRICKS = {
    "--no-will": "nobody is ever said to be offline",
    "--any-will": "a will of an older boot comes as one of the last",
    "--grants-all": "each claim gets the last grant",
    "--shows-on": "a claim finds its code shown still",
    "--pays-early": "each payment is answered at once as the last one was",
}
# What a trick makes of the messages of a channel; the number is another one for each message.
TWISTS: dict[str, tuple[str, Callable[[dict[str, Any], int], dict[str, Any]]]] = {
    "newer-epoch": ("ack", lambda ack, _: {"newest_epoch": ack["newest_epoch"] + 7}),
    "other-hash": ("ack", lambda _ack, _number: {"hash": "ab" * 32}),
    "other-trips": ("pair_grant", lambda _grant, number: {"trip_id": f"trip-{number}"}),
    "other-answers": ("pay_answer", lambda _answer, number: {"total_minor": number}),
}
BOOT = re.compile(rb'"boot_id":"[^"]*"')
TEN_YEARS_MS = 10 * 365 * 86_400_000


def spoilt(channel: str, payload: bytes) -> bytes:
    """The same message with other values, each of its kind; of a file one bit is turned."""
    if BY_NAME[channel].message is None:
        return payload[:-1] + bytes([payload[-1] ^ 1])
    return json.dumps(_other(json.loads(payload))).encode()


def _other(value: object) -> object:
    match value:
        case bool() | None:
            return value
        case int():
            return value + 1
        case str():
            return value[1:] + value[:1]
        case list():
            return [_other(each) for each in value]
        case dict():
            return {name: _other(each) for name, each in value.items()}
    return value


def filters(*, says: bool, side: str) -> list[str]:
    """The topics on which a side speaks, or is spoken to."""
    down = (side == "store") == says
    names = dict.fromkeys(NAMES, "+")
    return [
        topic_of(channel.name, TENANT, STORE, **names)
        for channel in CHANNELS
        if (channel.direction == "down") == down
    ]


def _connected(port: int, listens: list[str], name: str) -> mqtt.Connection:
    here = mqtt.Endpoint("127.0.0.1", port)
    return mqtt.Connection(here, name, listens, monotonic_ms, Random(1))


def main() -> None:
    """Carry messages both ways until this process is ended."""
    tricks = Tricks(_given())
    given = tricks.given
    before = _connected(given.before, filters(says=False, side=given.side), "spoiler-before")
    while not before.up:  # first: what is retained behind comes at once
        before.poll(5)
    behind = _connected(given.behind, filters(says=True, side=given.side), "spoiler-behind")
    is_ready = False
    while True:
        for source, target in ((behind, before), (before, behind)):
            for heard in source.poll(5):
                if isinstance(heard, mqtt.Incoming):
                    onward, back = tricks.played(heard, is_own=source is behind)
                    for each in onward:
                        target.publish(each)
                    for each in back:
                        source.publish(each)
        if not is_ready and behind.up:
            is_ready = True
            sys.stdout.write("ready\n")
            sys.stdout.flush()


def _given() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--side", choices=("store", "cart"), required=True)
    for name in ("--behind", "--before"):
        parser.add_argument(name, type=int, required=True)
    parser.add_argument("--channel", choices=tuple(BY_NAME), action="append", default=[])
    parser.add_argument("--resign", type=Path, help="store's key: what it signs lives for ever, "
                        "and a cart is told what it was told before as if it were new")  # fmt: skip
    for name, what in TRICKS.items():
        parser.add_argument(name, action="store_true", help=what)
    parser.add_argument("--twist", choices=tuple(TWISTS), action="append", default=[])
    return parser.parse_args()


class Tricks:
    """What one bad peer does to what passes."""

    def __init__(self, given: argparse.Namespace) -> None:
        self.given = given
        self._resigner = Resigner(given.resign, given.side) if given.resign else None
        self._boot = b""
        self._offered: list[Packet] = []
        self._granted: list[Packet] = []
        self._paid: list[Packet] = []
        self._twisted = 0

    def played(self, heard: mqtt.Incoming, *, is_own: bool) -> tuple[list[Packet], list[Packet]]:
        """What goes on in place of this message, and what goes back; `is_own`: the peer said it."""
        carried = self._twist(_carried(heard, self.given.channel if is_own else []))
        if self._resigner is not None:
            carried = self._resigner.carried(carried)
        match parse(carried.topic).channel.name:
            case "birth":
                if found := BOOT.search(carried.payload):  # else it is junk
                    self._boot = found[0]
            case "cart_state" | "store_state" if b'"online":false' in carried.payload:
                return self._of_will(carried), []
            case "pair_offer":
                self._offered = [carried]
            case "pair_grant":
                self._granted = [carried]
            case "pay_answer":
                self._paid = [carried]
            case "pay_request":
                return [carried], self._early(carried) if self.given.pays_early else []
            case "pair_claim":
                shown = self._offered if self.given.shows_on else []
                return [*shown, carried], self._granted if self.given.grants_all else []
        return [carried], []

    def _early(self, asked: Packet) -> list[Packet]:
        if not self._paid:  # what asks may be junk until then
            return []
        attempt = json.loads(asked.payload)["attempt"]
        answer = {**json.loads(self._paid[0].payload), "attempt": attempt}
        return [replace(self._paid[0], payload=json.dumps(answer).encode())]

    def _twist(self, carried: Packet) -> Packet:
        for channel, change in (TWISTS[name] for name in self.given.twist):
            if parse(carried.topic).channel.name == channel:
                self._twisted += 1
                said = json.loads(carried.payload)
                changed = json.dumps({**said, **change(said, self._twisted)})
                carried = replace(carried, payload=changed.encode())
        return carried

    def _of_will(self, carried: Packet) -> list[Packet]:
        if self.given.any_will:
            carried = replace(carried, payload=BOOT.sub(self._boot, carried.payload))
        return [] if self.given.no_will else [carried]


class Resigner:
    """A store whose grants and orders never end, or a cart that takes what it took before."""

    def __init__(self, key: Path, side: str) -> None:
        self._key = load_pem_private_key(key.read_bytes(), None)
        self._side = side
        self._nonce = ""
        self._ids: dict[str, str] = {}

    def carried(self, packet: Packet) -> Packet:
        """The packet, with what it says made anew and signed."""
        address = parse(packet.topic)
        change = self._changes.get(address.channel.name) if packet.payload else None
        if change is None or address.channel.message is None:
            return packet
        with suppress(ContractError):  # junk that whoever checks says goes on as it is
            message = change(self, decode(address.channel.message, packet.payload), address.names)
            return replace(packet, payload=msgspec.json.encode(message))
        return packet

    def _grant(self, grant: PairGrant, names: dict[str, str]) -> PairGrant:
        if self._side == "store":
            grant = replace(grant, expires_utc_ms=grant.expires_utc_ms + TEN_YEARS_MS)
        else:
            grant = replace(grant, nonce=self._nonce)
        return replace(grant, signature=self._sign(grant_text(names["cart"], grant)))

    def _command(self, command: Command, names: dict[str, str]) -> Command:
        if self._side == "store":
            command = replace(command, expires_utc_ms=command.expires_utc_ms + TEN_YEARS_MS)
        else:
            fresh = f"fresh-{len(self._ids)}"
            self._ids[fresh] = command.cmd_id
            command = replace(command, cmd_id=fresh)
        return replace(command, signature=self._sign(command_text(names["cart"], command)))

    def _state(self, state: CommandState, _: dict[str, str]) -> CommandState:
        return replace(state, cmd_id=self._ids.get(state.cmd_id, state.cmd_id))

    def _offer(self, offer: PairOffer, _: dict[str, str]) -> PairOffer:
        self._nonce = offer.nonce
        return offer

    def _sign(self, text: bytes) -> str:
        assert isinstance(self._key, Ed25519PrivateKey)
        return base64.b64encode(self._key.sign(text)).decode()

    _changes: ClassVar[dict[str, Callable[..., Value]]] = {
        "pair_grant": _grant, "command": _command, "command_state": _state, "pair_offer": _offer,
    }  # fmt: skip


def _carried(heard: mqtt.Incoming, channels: list[str]) -> Packet:
    channel, payload = parse(heard.topic).channel, heard.payload
    if channel.name in channels and payload:
        payload = spoilt(channel.name, payload)
    return Packet(heard.topic, payload, channel.retain, channel.expiry_s)


if __name__ == "__main__":
    main()
