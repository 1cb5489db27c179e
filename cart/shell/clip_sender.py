"""Puts a veiled clip to the store by HTTPS, once the store has ordered it: one clip, one address.

The order was signed for this cart (`store_orders`), the address serves once, and both sides show
the certificates of the broker. It must never send anything that nobody asked for, nor a clip whose
time is over, whether or not the eyes that sweep it run.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from functools import partial
from http.client import HTTPException, HTTPSConnection
from pathlib import Path
from urllib.parse import urlsplit

from cart.contract import clips
from cart.contract.fleet import ClipNote
from cart.contract.lines import ContractError
from cart.core.observations import CommandFinished
from cart.mqtt import Endpoint, tls_context
from cart.shell.guard import Beat, Guard
from cart.shell.inbox import Inbox
from cart.shell.newest import wall_utc_ms

SEND_S_MAX = 60
NAMED_MAX = 20


class ClipSender:
    """Sends from `folder`, where the eyes keep clips (None: nowhere); each in a thread, from which
    `tell` hears of each that has arrived. `wall` is the clock that clips are named by."""

    def __init__(
        self,
        folder: Path | None,
        endpoint: Endpoint,
        inbox: Inbox,
        guard: Guard,
        tell: Callable[[ClipNote], None],
        wall: Callable[[], int] = wall_utc_ms,
    ) -> None:
        self._folder = folder
        self._endpoint = endpoint
        self._inbox = inbox
        self._guard = guard
        self._tell = tell
        self._wall = wall

    def send(self, cmd_id: str, arguments: Mapping[str, str]) -> None:
        """Begin to send; how it went becomes an observation."""
        work = partial(self._send, cmd_id, arguments)
        self._guard.start(f"clip_{cmd_id}", work, 2 * SEND_S_MAX * 1_000)

    def _send(self, cmd_id: str, arguments: Mapping[str, str], _beat: Beat) -> None:
        try:
            path = self._chosen(arguments.get("clip", ""))
            clip = path.read_bytes()
            self._put(arguments.get("url", ""), path.name, clip)
        except (OSError, ValueError, HTTPException) as error:  # of an odd address, too
            self._inbox.put(CommandFinished(0, cmd_id, "failed", str(error)))
        else:
            self._inbox.put(CommandFinished(0, cmd_id, "succeeded", path.name))
            reason, sha256 = path.name.rpartition("-")[0], hashlib.sha256(clip).hexdigest()
            self._tell(ClipNote(path.name, reason, sha256, len(clip)))

    def _chosen(self, wanted: str) -> Path:
        if self._folder is None:
            raise ContractError("clip: this cart keeps none; its configuration names no clips")
        now_utc_ms = self._wall()
        kept = {path.name: path for path in self._folder.rglob("*.webp")}
        names = sorted(
            (name for name in kept if clips.ends_utc_ms(name) > now_utc_ms),
            key=lambda name: name.rpartition("-")[2],
        )
        for name in reversed(names):
            if wanted in {name, name.rpartition("-")[0]}:
                return kept[name]
        raise ContractError(f"clip: no {wanted!r} here; kept: {', '.join(names[-NAMED_MAX:])}")

    def _put(self, url: str, name: str, clip: bytes) -> None:
        address = urlsplit(url)
        if address.scheme != "https" or not address.hostname:
            raise ContractError("clip: its address is not of the kind https://host/...")
        if not self._endpoint.is_encrypted:
            raise ContractError("clip: this cart has no certificate to show; set [broker] ca ...")
        if len(clip) > clips.BYTES_MAX:
            raise ContractError(f"clip: {len(clip)} bytes, at most {clips.BYTES_MAX} are sent")
        context = tls_context(self._endpoint)
        ends = (address.hostname, address.port or 443)
        connection = HTTPSConnection(*ends, timeout=SEND_S_MAX, context=context)
        try:
            target = f"{address.path}?{address.query}"
            headers = {"Content-Type": clips.CONTENT_TYPE, clips.NAME_HEADER: name}
            connection.request("PUT", target, clip, headers)
            answer = connection.getresponse()
            said = answer.read(500).decode(errors="replace").strip()
        finally:
            connection.close()
        if answer.status != 201:
            raise ContractError(f"clip: the store refuses: {answer.status} {said}")
