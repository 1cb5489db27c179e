"""A serial cable between two programs: two ptys, and a thread that carries bytes both ways."""

from __future__ import annotations

import os
import pty
import select
import threading
import tty
from pathlib import Path
from typing import Self

from firmware_bridge.port import Port


class Cable:
    """`near` and `far` are the paths of its ends. `port` opens the far one, when first used."""

    def __init__(self, folder: Path) -> None:
        self.near, self.far = folder / "near", folder / "far"
        self._ends = [pty.openpty(), pty.openpty()]
        for (_, slave), path in zip(self._ends, (self.near, self.far), strict=True):
            tty.setraw(slave)
            path.symlink_to(os.ttyname(slave))
        self._stop, self._stopped = os.pipe()
        self._port: Port | None = None
        self._thread = threading.Thread(target=self._carry)
        self._thread.start()

    @property
    def port(self) -> Port:
        """The far end, open."""
        if self._port is None:
            self._port = Port(str(self.far))
        return self._port

    def _carry(self) -> None:
        (one, _), (other, _) = self._ends
        across = {one: other, other: one}
        while True:
            ready, _, _ = select.select([*across, self._stop], [], [])
            if self._stop in ready:
                return
            for end in ready:
                os.write(across[end], os.read(end, 4_096))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        if self._port is not None:
            self._port.close()
        os.close(self._stopped)
        self._thread.join(10)
        for path in (self.near, self.far):
            path.unlink()
        for descriptor in (self._stop, *self._ends[0], *self._ends[1]):
            os.close(descriptor)
