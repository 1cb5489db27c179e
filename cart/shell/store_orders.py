"""The link's desk for commands: checks who ordered and how late, and does what only the link can.

What passes becomes an observation; that it is done once is the mind's business, by the journal. It
must never do what the store did not sign for this cart.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from cart.contract.clips import ACTION
from cart.contract.fleet import (
    COMMAND_LIFETIME_MS_MAX,
    ClipNote,
    Command,
    CommandState,
    DesiredConfig,
)
from cart.contract.lines import ContractError
from cart.contract.signing import command_text, config_text
from cart.core.effects import RunCommand
from cart.core.observations import CommandArrived, CommandFinished, ConfigArrived
from cart.shell.clip_sender import ClipSender
from cart.shell.config import Config
from cart.shell.guard import Guard
from cart.shell.inbox import Inbox
from cart.shell.newest import Newest
from cart.shell.renewal import Renewal
from cart.shell.store_catalog import StoreKey

REFUSALS_KEPT = 8
LOG_CHARACTERS = 2_000


class OrderDesk:
    """One cart's. `refused` collects what the command "logs" tells; `tell` hears of a clip that was
    sent, from any thread."""

    def __init__(
        self,
        config: Config,
        key: StoreKey,
        inbox: Inbox,
        renewal: Renewal,
        guard: Guard,
        tell: Callable[[ClipNote], None],
        newest: Newest,
    ) -> None:
        assert config.broker, "orders come through it"
        self._cart = config.cart_id
        self._key = key
        self._inbox = inbox
        self._renewal = renewal
        self._clips = ClipSender(config.clips_folder, config.broker.endpoint(), inbox, guard, tell)
        self._newest = newest
        self._held: DesiredConfig | None = None
        self._rotating = ""
        self.refused: deque[str] = deque(maxlen=REFUSALS_KEPT)

    def came(self, command: Command, now_utc_ms: int) -> CommandState | None:
        """Hand it on; the answer, if it came too late. Raises ContractError."""
        if not self._key.has_signed(command_text(self._cart, command), command.signature):
            raise ContractError("Command: not signed by this store for this cart")
        if now_utc_ms > command.expires_utc_ms:
            return CommandState(command.cmd_id, "timed_out", "it came too late")
        if command.expires_utc_ms > now_utc_ms + COMMAND_LIFETIME_MS_MAX:
            raise ContractError("Command: it is good for longer than 31 days; no order may be")
        named = (command.cmd_id, command.action, dict(command.arguments))
        self._inbox.put(CommandArrived(0, *named, command.expires_utc_ms, now_utc_ms))
        return None

    def config_came(self, config: DesiredConfig) -> None:
        """Hand on how the cart shall be set. Raises ContractError."""
        if not self._key.has_signed(config_text(self._cart, config), config.signature):
            raise ContractError("DesiredConfig: not signed by this store for this cart")
        self._held = config
        self.time_passed()

    def time_passed(self) -> None:
        """Settings wait until the store's metadata names them, too."""
        held = self._held
        if held is not None and self._newest.sets(config_text(self._cart, held)):
            self._held = None
            self._inbox.put(ConfigArrived(0, held.version, held.settings))

    def run(self, order: RunCommand) -> None:
        """Do it; the mind hears how it went, of a rotation once the new pair has worked."""
        if order.action == ACTION:
            self._clips.send(order.cmd_id, order.arguments)
            return
        if order.action == "logs":
            told = "; ".join(self.refused) or "nothing was refused"
            self._inbox.put(CommandFinished(0, order.cmd_id, "succeeded", told[:LOG_CHARACTERS]))
            return
        try:
            self._renewal.want()
        except ContractError as error:
            self._inbox.put(CommandFinished(0, order.cmd_id, "failed", str(error)))
        else:
            self._rotating = order.cmd_id

    def rotated(self) -> None:
        """A new pair has worked."""
        if self._rotating:
            self._inbox.put(CommandFinished(0, self._rotating, "succeeded"))
            self._rotating = ""
