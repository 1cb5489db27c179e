"""The screen's socket: whole snapshots out, intents in. Several screens may watch.

It must never decide what is shown, and a malformed intent must never cost more than itself.
"""

from __future__ import annotations

import logging
from pathlib import Path

from cart.contract.lines import ContractError, decode, encode
from cart.contract.screen import Intent, Snapshot
from cart.core.observations import InputRefused, Touch
from cart.shell.guard import Beat
from cart.shell.inbox import Inbox
from cart.shell.line_server import LineServer

INTENT_BYTES_MAX = 10_000

log = logging.getLogger(__name__)


class ScreenLink:
    """Shows the newest snapshot on every connected screen, and hears what is touched."""

    def __init__(self, path: Path, inbox: Inbox) -> None:
        self._inbox = inbox
        self._server = LineServer(path, INTENT_BYTES_MAX, self._heard, self._refused)

    def show(self, snapshot: Snapshot) -> None:
        """Replace what the screens show."""
        self._server.publish("snapshot", encode(snapshot))

    def serve(self, beat: Beat) -> None:
        """Serve until `stop`."""
        self._server.serve(beat)

    def stop(self) -> None:
        """End `serve`."""
        self._server.stop()

    def _heard(self, line: bytes) -> None:
        try:
            intent: Intent = decode(Intent, line, "intent")
        except ContractError as error:
            self._refused(str(error))
            return
        self._inbox.put(Touch(0, intent.intent_id, intent.action, intent.target, intent.choice))

    def _refused(self, reason: str) -> None:
        log.warning("input_refused from=screen: %s", reason)
        self._inbox.put(InputRefused(t_ms=0, boundary="contract", reason=reason[:500]))
