"""A place for one frame: a camera's thread puts, the eyes take, the newest wins.

A camera goes on whether we look or not, so the eyes never look at a queue of old frames. It must
never make the camera's thread wait.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

Thing = TypeVar("Thing")
END_S = 2.0


class Latest(Generic[Thing]):
    """Holds the newest thing put and not yet taken."""

    def __init__(self) -> None:
        self._came = threading.Condition()
        self._newest: Thing | None = None
        self._over = False

    def put(self, thing: Thing) -> None:
        """From now on the newest is this."""
        with self._came:
            self._newest = thing
            self._came.notify()

    def end(self) -> None:
        """Nothing will come any more."""
        with self._came:
            self._over = True
            self._came.notify()

    def take(self, timeout_s: float) -> Thing | None:
        """The newest, or None when none came in time. Raises EOFError when none will come."""
        with self._came:
            self._came.wait_for(lambda: self._newest is not None or self._over, timeout_s)
            newest, self._newest = self._newest, None
            if newest is None and self._over:
                raise EOFError
            return newest


def let_go(close: Callable[[], None], within_s: float = END_S) -> None:
    """Close a device, but wait only so long: one that hangs keeps a thread until the process
    ends."""
    thread = threading.Thread(target=close, name="camera_close", daemon=True)
    thread.start()
    thread.join(within_s)
