"""Shows kept snapshots one after another, in the place of a cart."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from pathlib import Path

from cart.contract.lines import decode
from cart.contract.screen import Snapshot
from ui.link import News

DRAWN_S = 5.0
"""A screen that takes longer to draw than this is passed over: a replay must come to its end."""


class Replay:
    """Tells the snapshots of a JSON Lines file, each `pace_ms` after the one before was drawn, then
    calls `at_end`.

    It has the same shape as a link; what is touched goes nowhere."""

    def __init__(
        self,
        path: Path,
        pace_ms: int,
        wake: Callable[[], object],
        at_end: Callable[[], object],
    ) -> None:
        self.news: deque[News] = deque()
        self.refused = 0
        self._snapshots = snapshots_of(path)
        self._pace_ms = pace_ms
        self._wake = wake
        self._at_end = at_end
        self._closing = threading.Event()
        self._drawn = threading.Event()
        self._thread = threading.Thread(target=self._run, name="replay", daemon=True)

    def start(self) -> None:
        """Show the first."""
        self._thread.start()

    def close(self) -> None:
        """Show no more."""
        self._closing.set()
        self._drawn.set()

    def drawn(self) -> None:
        """All that was told is on the screen; on a busy machine that takes longer than the pace."""
        self._drawn.set()

    def send(self, action: str, target: str = "", choice: str = "") -> bool:
        """Nobody is there to be told."""
        return False

    def _run(self) -> None:
        self.news.append("connected")
        for snapshot in self._snapshots:
            self._drawn.clear()
            self.news.append(snapshot)
            self._wake()
            self._drawn.wait(DRAWN_S)
            if self._closing.wait(self._pace_ms / 1_000):
                return
        self._at_end()


def snapshots_of(path: Path) -> list[Snapshot]:
    """Every snapshot of a JSON Lines file. Raises OSError, or ContractError naming the line."""
    lines = path.read_bytes().splitlines()
    return [
        decode(Snapshot, line, f"{path}:{number}")
        for number, line in enumerate(lines, 1)
        if line.strip()
    ]
