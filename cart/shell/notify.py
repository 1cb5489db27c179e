"""Tells systemd that the cart is ready and alive, when systemd asks for it. Nothing else."""

from __future__ import annotations

import os
import socket


def notify(state: str) -> None:
    """Send `READY=1`, `WATCHDOG=1` or `STOPPING=1` to $NOTIFY_SOCKET, if there is one."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if address:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as end:
            end.connect("\0" + address[1:] if address.startswith("@") else address)
            end.send(state.encode())
