"""What is durable about the cart as a machine: whether it is locked, and what it was told to do.

A fold of the journal like the basket, which carries it from trip to trip. It must never know why a
command came.
"""

from __future__ import annotations

from msgspec import field
from msgspec.structs import replace

from cart.core.events import CommandEnded, CommandStatus, CommandTaken, ConfigTaken, Setting
from cart.core.value import Value

COMMANDS_MAX = 1_000  # a store with more open orders for one cart is mistaken
LOCKS = {"lock": True, "unlock": False}


class Order(Value):
    """One command and how it went; "in_progress" until a `CommandEnded`."""

    cmd_id: str
    action: str
    status: CommandStatus = "in_progress"
    detail: str = ""
    expires_utc_ms: int = 0


class Machine(Value):
    """The orders that may still come again, oldest first, whether trips may begin, and how the
    store set the cart. What expires up to `forgotten_utc_ms` may be an order that was forgotten."""

    locked: bool = False
    orders: tuple[Order, ...] = ()
    forgotten_utc_ms: int = 0
    settings_version: int = 0
    settings: dict[str, Setting] = field(default_factory=dict)
    settings_refused: dict[str, str] = field(default_factory=dict)

    def order(self, cmd_id: str) -> Order | None:
        """A command by its id; None if it never came, or has expired."""
        return next((order for order in self.orders if order.cmd_id == cmd_id), None)


def forgetting(machine: Machine, now_utc_ms: int) -> Machine:
    """Without the orders that have ended and expired. Were the clock set back, they would be in
    time again: so no other that expires as early is taken from then on."""
    past = [each for each in machine.orders if each.status != "in_progress"
            and each.expires_utc_ms < now_utc_ms]  # fmt: skip
    if not past:
        return machine
    forgotten = (machine.forgotten_utc_ms, *(order.expires_utc_ms for order in past))
    gone = {order.cmd_id for order in past}
    orders = tuple(order for order in machine.orders if order.cmd_id not in gone)
    return replace(machine, orders=orders, forgotten_utc_ms=max(forgotten))


def taken(machine: Machine, event: CommandTaken) -> Machine:
    """Remember a command that was taken, until it expires."""
    order = Order(event.cmd_id, event.action, expires_utc_ms=event.expires_utc_ms)
    kept = forgetting(machine, event.taken_utc_ms)
    return replace(kept, orders=(*kept.orders, order))


def ended(machine: Machine, event: CommandEnded) -> Machine:
    """Remember how a command went; a lock that succeeded holds."""
    orders = tuple(
        replace(order, status=event.status, detail=event.detail)
        if order.cmd_id == event.cmd_id
        else order
        for order in machine.orders
    )
    order = machine.order(event.cmd_id)
    locked = machine.locked
    if order is not None and event.status == "succeeded":
        locked = LOCKS.get(order.action, locked)
    return replace(machine, orders=orders, locked=locked)


def config_taken(machine: Machine, event: ConfigTaken) -> Machine:
    """Settings hold whole: what is not among them has its default again."""
    settings = {"settings": event.settings, "settings_refused": event.refused}
    return replace(machine, settings_version=event.version, **settings)
