"""What is durable about the cart as a machine: whether it is locked, and what it was told to do.

A fold of the journal like the basket, which carries it from trip to trip. It must never know why a
command came.
"""

from __future__ import annotations

from msgspec import field
from msgspec.structs import replace

from cart.core.events import CommandEnded, CommandStatus, CommandTaken, ConfigTaken, Setting
from cart.core.value import Value

COMMANDS_REMEMBERED = 64
LOCKS = {"lock": True, "unlock": False}


class Order(Value):
    """One command and how it went; "in_progress" until a `CommandEnded`."""

    cmd_id: str
    action: str
    status: CommandStatus = "in_progress"
    detail: str = ""


class Machine(Value):
    """The newest orders, oldest first, whether trips may begin, and how the store set the cart."""

    locked: bool = False
    orders: tuple[Order, ...] = ()
    settings_version: int = 0
    settings: dict[str, Setting] = field(default_factory=dict)
    settings_refused: dict[str, str] = field(default_factory=dict)

    def order(self, cmd_id: str) -> Order | None:
        """A command by its id; None if it never came, or long ago."""
        return next((order for order in self.orders if order.cmd_id == cmd_id), None)


def taken(machine: Machine, event: CommandTaken) -> Machine:
    """Remember a command that was taken."""
    orders = (*machine.orders, Order(event.cmd_id, event.action))
    return replace(machine, orders=orders[-COMMANDS_REMEMBERED:])


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
