"""What the store orders of its carts: signed, sent until the cart says how it ended, kept as files.

One file an order, beside the database, so a person's command and the running service share it;
those that have ended lie in a folder of their own, which no look for work reads. An order that
nobody ended in time is timed out. It must never change an order that has ended.
"""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

from msgspec import json
from msgspec.structs import replace

from cart.contract import clips
from cart.contract.fleet import ENDED, Command, CommandState, CommandStatus
from cart.contract.signing import command_text
from cart.core.orders import ACTIONS
from cart.core.value import Value
from cart.files import replace_file
from store.kept import Kept
from store.keys import Signer

FOLDER, ENDED_FOLDER = "orders", "ended"
# What a person may order by its name alone; the others carry what their own commands know.
BY_HAND = tuple(sorted(ACTIONS.keys() - {"release", clips.ACTION}))
SEND_MS = 5_000
HOUR_MS = 3_600_000


class Order(Value):
    """An order and how it went so far."""

    cart: str
    command: Command
    status: CommandStatus = "queued"
    detail: str = ""


class Orders:
    """The orders in a store's folder of data. `utc_ms` is the wall clock."""

    def __init__(self, data: Path, signer: Signer, utc_ms: Callable[[], int]) -> None:
        self._folder = data / FOLDER
        self._signer = signer
        self._utc_ms = utc_ms
        self._kept = Kept(Order)
        self._sent_ms: defaultdict[str, dict[str, int]] = defaultdict(dict)
        (self._folder / ENDED_FOLDER).mkdir(mode=0o700, parents=True, exist_ok=True)

    def add(
        self,
        cart: str,
        action: str,
        arguments: dict[str, str] | None = None,
        valid_ms: int = HOUR_MS,
    ) -> Order:
        """Order something of a cart; the running service sends it."""
        command = Command(
            cmd_id=f"c-{secrets.token_hex(8)}",
            action=action,
            expires_utc_ms=self._utc_ms() + valid_ms,
            signature="",
            arguments=arguments or {},
        )
        signed = replace(command, signature=self._signer.sign(command_text(cart, command)))
        order = Order(cart, signed)
        self._keep(order)
        return order

    def all(self) -> list[Order]:
        """Every order, the one to end last first."""
        found = {order.command.cmd_id: order for order in (*self._in(""), *self._in(ENDED_FOLDER))}
        return sorted(found.values(), key=lambda order: -order.command.expires_utc_ms)

    def to_send(self) -> Iterator[Order]:
        """What is open and was not sent a while ago; what came to its time is timed out."""
        now_ms = self._utc_ms()
        for order in self._in(""):
            cmd_id = order.command.cmd_id
            if order.status in ENDED:
                self._keep(order)  # an older store left it here
            elif now_ms > order.command.expires_utc_ms:
                self._keep(replace(order, status="timed_out", detail="no answer in time"))
            elif abs(now_ms - self._sent_ms[order.cart].get(cmd_id, -SEND_MS)) >= SEND_MS:
                self._sent_ms[order.cart][cmd_id] = now_ms
                yield order

    def greeted(self, cart: str) -> None:
        """A cart has come: what was sent to it before was perhaps not heard, and is due at once."""
        self._sent_ms.pop(cart, None)

    def heard(self, cart: str, state: CommandState) -> bool:
        """A cart says how far it is; False if it was not asked, or has said how it ended."""
        path = self._path(state.cmd_id)
        order = self._kept.read(path)
        if order is None or order.cart != cart or order.status in ENDED:
            return False
        self._keep(replace(order, status=state.status, detail=state.detail))
        return True

    def _in(self, folder: str) -> Iterator[Order]:
        for path in self._folder.joinpath(folder).glob("*.json"):
            order = self._kept.read(path)
            if order is not None:  # else the service ended it while a person looks
                yield order

    def _keep(self, order: Order) -> None:
        path = self._path(order.command.cmd_id)
        replace_file(path, json.encode(order))
        if order.status in ENDED:  # a cut between the two leaves this to the next look
            path.rename(self._folder / ENDED_FOLDER / path.name)
            self._sent_ms[order.cart].pop(order.command.cmd_id, None)

    def _path(self, cmd_id: str) -> Path:
        return self._folder / f"{cmd_id}.json"
