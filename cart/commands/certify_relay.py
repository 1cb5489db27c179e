"""The way between a broker and what is checked: a port of ours, so that its connection can be cut.

Its bytes pass as they are, TLS too. It must never read them.
"""

from __future__ import annotations

import select
import socket
from contextlib import suppress

from cart.shell.clock import monotonic_ms
from cart.shell.guard import Beat, Guard

CONNECT_S = 5.0
LOOK_S = 0.05
READ_BYTES = 65_536
Ends = tuple[str, int]


class Relay:
    """Leads from `listens` to `target`, until it is closed. Raises OSError for a port in use."""

    def __init__(self, listens: Ends, target: Ends) -> None:
        self._listener = socket.create_server(listens)
        self._target = target
        self._beyond: dict[socket.socket, socket.socket] = {}
        self._is_cut = self._is_closed = False
        self._thread = Guard(monotonic_ms).start("relay", self._live)

    def cut(self) -> None:
        """Break its connections, and every new one, until `mend`."""
        self._is_cut = True

    def mend(self) -> None:
        """Let through who comes from now on."""
        self._is_cut = False

    def close(self) -> None:
        """Break all and go."""
        self._is_closed = True
        self._thread.join()
        self._listener.close()

    def _live(self, beat: Beat) -> None:
        while not self._is_closed:
            beat()
            ready, _, _ = select.select([self._listener, *self._beyond], [], [], LOOK_S)
            for wire in ready:
                if wire is self._listener:
                    self._let_in()
                elif wire in self._beyond:
                    self._pass_on(wire)
            if self._is_cut:
                self._break_all()
        self._break_all()

    def _let_in(self) -> None:
        wire, _ = self._listener.accept()
        try:
            beyond = socket.create_connection(self._target, CONNECT_S)
        except OSError:
            wire.close()
            return
        self._beyond |= {wire: beyond, beyond: wire}

    def _pass_on(self, wire: socket.socket) -> None:
        beyond = self._beyond[wire]
        try:
            data = wire.recv(READ_BYTES)
            beyond.sendall(data)
        except OSError:
            data = b""
        if not data:
            self._break(wire, beyond)

    def _break_all(self) -> None:
        while self._beyond:
            self._break(*next(iter(self._beyond.items())))

    def _break(self, *wires: socket.socket) -> None:
        for wire in wires:
            self._beyond.pop(wire, None)
            with suppress(OSError):
                wire.close()
