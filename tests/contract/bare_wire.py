"""Our connection, and the bare socket of a broker that a test plays byte by byte."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from random import Random

from cart import mqtt
from cart.shell.clock import monotonic_ms


@contextmanager
def dialled() -> Iterator[tuple[mqtt.Connection, socket.socket]]:
    """It has dialled, and nothing was answered yet."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        here = mqtt.Endpoint("127.0.0.1", listener.getsockname()[1])
        with closing(mqtt.Connection(here, "c", [], monotonic_ms, Random(1))) as link:
            link.poll(0)
            wire, _ = listener.accept()
            with wire:
                yield link, wire
